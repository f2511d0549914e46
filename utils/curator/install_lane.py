"""Proves that a fresh clone installs and starts, as a newcomer's would.

The clone gets an environment of its own, made by its own ``start.py`` from the package
index: about 3 GB and a few minutes. Borrowing this environment would be faster, but an
editable install points back at this checkout, so that the clone's code would never run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .checks import Check
from .processes import kill_tree

INSTALL_TIMEOUT_S = 1800
LAB_TIMEOUT_S = 120
POLL_S = 0.5

_NOT_COPIED = (".git", ".venv", "build", "work", "dist", "__pycache__", ".*_cache")
_LAB_URL = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+/\S*token=\w+")
# start.py numbers the stages of an installation: "[1/4] ...".
_INSTALLING = re.compile(r"^\[\d/\d\]", re.MULTILINE)


def check_install(root: Path, output: Path) -> list[Check]:
    """Clone the checkout into a path with a space, run lesson 00 there, start Lab.

    Parameters
    ----------
    root
        The checkout. What is not committed is not in the clone.
    output
        An existing folder for the logs, ``install-run.log`` and ``install-lab.log``.

    Returns
    -------
    list of Check
        ``start.py run 00``; ``start.py lab``; a second start that installs nothing. The
        last two are missing where the first failed.
    """
    with tempfile.TemporaryDirectory(
        prefix="inference workshop ", ignore_cleanup_errors=True
    ) as folder:
        clone = Path(folder) / "a clone"
        failure = _clone(root, clone)
        if failure:
            return [Check("git clone", (failure,))]
        environment = _environment(Path(folder))
        ran = _check_run(clone, environment, output / "install-run.log")
        if not ran.passed:
            return [ran]
        return [ran, *_check_lab(clone, environment, output / "install-lab.log")]


def _clone(root: Path, clone: Path) -> str:
    """Copy what belongs to the checkout; return what went wrong, or nothing."""
    if shutil.which("git") is None or not (root / ".git").exists():
        shutil.copytree(root, clone, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        return ""
    command = ["git", "clone", "--quiet", str(root), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"git clone failed: {done.stderr.strip()}"


def _environment(folder: Path) -> dict[str, str]:
    """Return variables that do not lead back to this environment."""
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    settings = folder / "jupyter"
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        kept[f"JUPYTER_{kind}_DIR"] = str(settings / kind.lower())
    return kept


def _check_run(clone: Path, environment: dict[str, str], log: Path) -> Check:
    name = "start.py run 00"
    command = [sys.executable, "start.py", "run", "00"]
    with _started(command, clone, environment, log) as process:
        try:
            status = process.wait(INSTALL_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            finding = f"{name} did not end within {INSTALL_TIMEOUT_S} s; see {log}."
            return Check(name, (finding,))
    if status:
        return Check(name, (f"{name} ended with status {status}:\n{_tail(log)}",))
    if not (clone / "build" / "run" / "report.json").is_file():
        return Check(name, (f"{name} left no report; see {log}.",))
    return Check(name)


def _check_lab(clone: Path, environment: dict[str, str], log: Path) -> list[Check]:
    command = [sys.executable, "start.py", "lab", "--no-browser", "--port=0"]
    with _started(command, clone, environment, log) as process:
        findings = _await_lab(process, log)
    second: tuple[str, ...] = ()
    if _INSTALLING.search(log.read_text(encoding="utf-8", errors="replace")):
        second = (f"The second call of start.py installed again; see {log}.",)
    return [Check("start.py lab", findings), Check("second start", second)]


def _await_lab(process: subprocess.Popen[bytes], log: Path) -> tuple[str, ...]:
    """Wait until JupyterLab answers at the address it printed."""
    end = time.monotonic() + LAB_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            return (f"start.py lab ended by itself:\n{_tail(log)}",)
        printed = _LAB_URL.search(log.read_text(encoding="utf-8", errors="replace"))
        if printed and _answers(printed[0]):
            return ()
        time.sleep(POLL_S)
    return (f"JupyterLab did not answer within {LAB_TIMEOUT_S} s:\n{_tail(log)}",)


def _answers(url: str) -> bool:
    # No proxy: the address is this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return b"JupyterLab" in answer.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


@contextmanager
def _started(
    command: list[str], folder: Path, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=stream
        )
        try:
            yield process
        finally:
            kill_tree(process.pid)
            process.wait()


def _tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])
