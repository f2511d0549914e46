"""Proves that the hub on one machine carries a class and keeps the students apart.

It is installed by ``classroom/install.sh``, as an instructor would, but into a folder
that is removed at the end and with user ids of its own. Ten students then log in at
once and run a lesson. No account is made: a student is a user id without a name.
"""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ..checks import Check
from ..files import write_json
from .checks import Figures, check_class, check_idle, check_nothing_left
from .site import Hub, install

STUDENTS = 10


def why_not_here() -> str:
    """Say what is missing for the hub on this machine; nothing if it can be run."""
    if sys.platform != "linux":
        return "the hub on one machine is for Debian and Ubuntu"
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    python = Path("/usr/bin/python3")
    question = "import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2])"
    if not python.exists() or subprocess.call([python, "-c", question]):
        return "/usr/bin/python3 is older than 3.11, or python3-venv is missing"
    if os.geteuid() != 0 and subprocess.call(["sudo", "-n", "true"]):
        return "a user id for each student needs root, or sudo without a password"
    return ""


def check_hub(root: Path, output: Path) -> list[Check]:
    """Install a hub and hold a class in it, as the superuser.

    Parameters
    ----------
    root
        The checkout.
    output
        An existing folder for ``hub-install.log``, ``hub.log`` and ``hub.json``.

    Returns
    -------
    list of Check
        What is expected of the hub, a check each.
    """
    found = output / "hub-checks.json"
    found.unlink(missing_ok=True)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n", "--preserve-env"]
    command = [sys.executable, "-m", "curator.hub.lane", str(root), str(output)]
    status = subprocess.call([*sudo, *command])
    if not found.is_file():
        return [Check("hub", (f"The lane ended with status {status}; see above.",))]
    checks = json.loads(found.read_text(encoding="utf-8"))
    return [Check(check["name"], tuple(check["findings"])) for check in checks]


def hold_class(root: Path, output: Path) -> list[Check]:
    """Do what :func:`check_hub` promises; only the superuser can.

    Parameters
    ----------
    root
        The checkout.
    output
        The folder for logs and figures.

    Returns
    -------
    list of Check
        The checks, in the order in which they were made.
    """
    log = output / "hub.log"
    log.unlink(missing_ok=True)
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="workshop-hub-") as folder:
        place = Path(folder)
        place.chmod(0o711)  # students pass through
        started = time.monotonic()
        installed = install(root, place, output / "hub-install.log")
        figures.install_s = time.monotonic() - started
        if not installed.passed:
            return [installed]
        hub = Hub(place, log, STUDENTS)
        checks = [installed, *check_class(hub, figures), check_idle(hub)]
        checks.append(check_nothing_left())
    print(figures)
    write_json(output / "hub.json", dataclasses.asdict(figures))
    return checks


if __name__ == "__main__":
    _root, _output = map(Path, sys.argv[1:])
    write_json(
        _output / "hub-checks.json",
        [dataclasses.asdict(check) for check in hold_class(_root, _output)],
    )
