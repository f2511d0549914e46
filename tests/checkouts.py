"""Small checkouts for the tests of start.py."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
PINS = ["torch==2.13.0", "torchvision==0.28.0"]
FILES = {
    "requirements.txt": "-c constraints.txt\ntorch>=2.11\ntorchvision\n-e .\n",
    "requirements-dev.txt": "-r requirements.txt\npytest\n",
    "constraints.txt": "torch==2.13.0\ntorchvision==0.28.0\nuv==0.13.9\n",
    "pyproject.toml": "[project]\n",
}


def write_checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "start.py", folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def load_start(path: Path) -> ModuleType:
    """Import a copy of start.py, as a module of its own."""
    spec = importlib.util.spec_from_file_location("start", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
