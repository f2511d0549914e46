"""What people get who install the package instead of working in the checkout."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ("catalogue.toml", "catalogue.lock.json")
HEAVY = ("numpy", "cv2", "openvino", "torch", "IPython", "matplotlib", "requests")


def python(code, *, executable=sys.executable, cwd=None, **variables):
    done = subprocess.run(
        [executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | variables,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_heavy():
    code = f"import notebook_utils, sys; print(*sys.modules.keys() & set({HEAVY}))"
    assert python(code) == ""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this checkout; the tree must be as it was before."""
    folder = tmp_path_factory.mktemp("wheel")
    before = tree()
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    # The build backend of this environment: a build needs no package index then.
    build += ["--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    assert tree() == before, "building left something in the tree"
    return next(folder.glob("*.whl"))


def tree():
    skipped = {".git", ".venv", "build", "work", "__pycache__"}
    return sorted(
        path
        for path in ROOT.rglob("*")
        if not skipped & set(path.relative_to(ROOT).parts) and "cache" not in path.name
    )


def test_the_wheel_holds_the_package_and_the_kits_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"notebook_utils/kits/{n}" for n in CATALOGUE} <= set(names)
    assert "notebook_utils/__init__.pyi" in names
    kits = {path.parent.name for path in (ROOT / "data" / "kits").glob("*/card.json")}
    carried = {name.split("/")[3] for name in names if "/data/kits/" in name}
    assert carried == kits
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"notebook_utils"}


def test_a_notebook_outside_the_checkout_finds_its_kits(wheel, tmp_path):
    """A fresh environment that sees this one's packages but not its checkout."""
    environment = tmp_path / "environment with a space"
    venv.create(environment, with_pip=False, symlinks=os.name == "posix")
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    executable = scripts / "python"
    site = python(
        "import sysconfig; print(sysconfig.get_paths()['purelib'])",
        executable=executable,
    )
    zipfile.ZipFile(wheel).extractall(site)
    others = python("import sysconfig; print(sysconfig.get_paths()['purelib'])")
    # Plain paths in a .pth file are not searched for .pth files of their own, so the
    # editable install of the checkout stays out.
    (Path(site) / "others.pth").write_text(others)
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "from notebook_utils import load_kit, output_dir\n"
                "kit = load_kit('classification-ir', origin='included')\n"
                "print(kit.folder)\nprint(output_dir('01'))\nkit"
            )
        ]
    )
    nbformat.write(notebook, tmp_path / "alone.ipynb")
    python(
        "import nbformat\n"
        "from nbclient import NotebookClient\n"
        "n = nbformat.read('alone.ipynb', 4)\n"
        "NotebookClient(n, timeout=60).execute()\n"
        "nbformat.write(n, 'done.ipynb')",
        executable=executable,
        cwd=tmp_path,
        PYTHONPATH="",  # or it may name another checkout
        HOME=str(tmp_path / "home"),
        XDG_DATA_HOME=str(tmp_path / "home" / "data"),
    )
    done = json.loads((tmp_path / "done.ipynb").read_text(encoding="utf-8"))
    printed = "".join(done["cells"][0]["outputs"][0]["text"]).splitlines()
    assert Path(printed[0]).is_relative_to(environment.resolve())
    assert Path(printed[1]).is_relative_to(tmp_path / "home")


def test_openvino_sends_no_reports():
    code = (
        "import notebook_utils, openvino\n"
        "from openvino.tools.ovc import convert_impl, telemetry_utils\n"
        "print(convert_impl.tm.__name__, telemetry_utils.tm.__name__)"
    )
    variables = {"CI": ""}  # OpenVINO sends nothing from a CI job anyway
    stub = "openvino.tools.ovc.telemetry_stub"
    assert python(code, **variables) == f"{stub} {stub}"
