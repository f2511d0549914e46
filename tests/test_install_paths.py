"""Binder, the image and the hub install the lists that start.py installs."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from curator.lock import LISTS

ROOT = Path(__file__).resolve().parents[1]
CPU_INDEX = ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="these are scripts for Linux"
)


def image_command() -> str:
    text = (ROOT / "classroom" / "image" / "Dockerfile").read_text("utf-8")
    (command,) = re.findall(r"^RUN (pip install(?:.*\\\n)+.*)$", text, re.MULTILINE)
    return command.replace("/opt", ".")


def called(tmp_path: Path, script: str, **variables: str) -> list[list[str]]:
    """Run a script with programs that only write down their words."""
    log = tmp_path / "log"
    for name in ("pip", "python", "chmod"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> "{log}"\n')
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", script]
    environment = {"PATH": path, "JUPYTERHUB": "", **variables}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    return [line.split() for line in log.read_text().splitlines()]


def lists(command: list[str]) -> list[str]:
    pairs = itertools.pairwise(command)
    return [word for option, word in pairs if option == "-r" and ".txt" in word]


def test_binder_installs_the_list_of_learners(tmp_path: Path) -> None:
    install, kits = called(tmp_path, (ROOT / ".binder" / "postBuild").read_text())
    assert lists(install) == ["requirements.txt"]
    assert install[-2:] == CPU_INDEX
    assert kits == ["python", "-m", "notebook_utils", "kits"]


def test_image_installs_the_lists_of_learners_and_of_the_hub(tmp_path: Path) -> None:
    install, *rest = called(tmp_path, image_command())
    assert lists(install) == ["requirements.txt", "classroom/requirements.txt"]
    assert install[-2:] == CPU_INDEX
    assert [words[0] for words in rest] == ["python", "chmod"]


def test_image_takes_another_hub_only_if_asked(tmp_path: Path) -> None:
    _, hub, *_ = called(tmp_path, image_command(), JUPYTERHUB="5.4.0")
    assert hub[:2] == ["pip", "install"] and hub[-1] == "jupyterhub==5.4.0"


def test_hub_installs_as_start_py_does_and_its_own_list_on_top() -> None:
    script = (ROOT / "classroom" / "install.sh").read_text("utf-8")
    lines = [line.split() for line in script.splitlines()]
    (start,) = [words for words in lines if '"$to/course/start.py"' in words]
    (pip,) = [words for words in lines if words[1:4] == ["-m", "pip", "install"]]
    assert start[-2:] == ["kits", ">/dev/null"]
    assert lists(pip) == ['"$to/course/classroom/requirements.txt"']


def test_workflows_install_no_other_list() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        words = path.read_text("utf-8").split()
        assert set(lists(words)) <= {*LISTS, "colab.txt"}, path.name
