"""A fresh clone in a path with spaces installs, runs and starts as a newcomer's would.

It gets an environment of its own, made by its own ``start.py`` from the package index:
about 3 GB and a few minutes. Borrowing this environment would be faster, but its
editable install points back at this checkout: the clone's code would never run.
"""

import functools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

import needs
from processes import kill_tree

pytestmark = pytest.mark.install
ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test"
INSTALL_TIMEOUT_S = 1800
LAB_TIMEOUT_S = 120
LAB_URL = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+/\S*token=\w+")
FOREIGN = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")  # lead to this environment


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    """A clone of what is committed; it is large, so nothing is kept of it."""
    with tempfile.TemporaryDirectory(
        prefix="inference workshop ", ignore_cleanup_errors=True
    ) as folder:
        clone = Path(folder) / "a clone"
        if not (ROOT / ".git").exists():
            needs.missing("this folder is no git checkout")
        git = needs.program("git")
        subprocess.run([git, "clone", "--quiet", ROOT, clone], check=True)
        yield clone


@contextmanager
def start(clone: Path, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Call the clone's ``start.py``; in the end all of its processes are gone."""
    kept = {name: text for name, text in os.environ.items() if name not in FOREIGN}
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        kept[f"JUPYTER_{kind}_DIR"] = str(clone.parent / "jupyter" / kind.lower())
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "start.py", *words],
            cwd=clone,
            env=kept,
            stdout=stream,
            stderr=stream,
        )
        try:
            yield process
        finally:
            kill_tree(process.pid)
            process.wait()


@pytest.fixture(scope="module")
def installed(clone: Path) -> Path:
    """The clone after its first command."""
    log = LOGS / "install-run.log"
    with start(clone, log, "run", "00") as process:
        status = process.wait(INSTALL_TIMEOUT_S)
    assert status == 0, log.read_text()
    return clone


def test_the_first_command_installs_and_runs_a_lesson(installed: Path) -> None:
    assert (installed / "build" / "run" / "report.json").is_file()
    assert "[1/" in (LOGS / "install-run.log").read_text(), "nothing was installed"


def test_lab_answers_and_nothing_is_installed_again(installed: Path) -> None:
    log = LOGS / "install-lab.log"
    end = time.monotonic() + LAB_TIMEOUT_S
    with start(installed, log, "lab", "--no-browser", "--port=0") as process:
        while not (address := LAB_URL.search(log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.5)
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the address is this machine's
            page = session.get(address[0], timeout=LAB_TIMEOUT_S)
    assert "JupyterLab" in page.text
    assert not re.search(r"^\[\d/\d\]", log.read_text(), re.MULTILINE)


RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
import notebook_utils
print(notebook_utils.__file__)
"""


def test_the_wheel_alone_runs_the_cells_of_the_first_lesson(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    kept = {name: text for name, text in os.environ.items() if name not in FOREIGN}
    call = functools.partial(subprocess.run, cwd=tmp_path, env=kept, check=True)
    environment = tmp_path / "an environment"
    call([sys.executable, "-m", "venv", environment])
    folder = "Scripts" if os.name == "nt" else "bin"
    python = environment / folder / "python"
    call([python, "-m", "pip", "install", "--quiet", wheel])
    lesson = ROOT / "notebooks" / "00-start-here.ipynb"
    command = [python, "-c", RUN_CELLS, lesson]
    done = call(command, capture_output=True, text=True)
    assert str(environment) in done.stdout.splitlines()[-1]
