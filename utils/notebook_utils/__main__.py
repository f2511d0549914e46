"""The command line of the package: ``python -m notebook_utils COMMAND``."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import WorkshopError
from .kits.commands import add_kit_commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        The words after the program's name; those of this process if not given.

    Returns
    -------
    int
        The exit status: 0, or 1 with the reason on the standard error.
    """
    arguments, rest = _parser().parse_known_args(argv)
    try:
        if hasattr(arguments, "rest"):
            arguments.rest = rest
        elif rest:
            raise WorkshopError(f"Unknown arguments: {' '.join(rest)}")
        return int(arguments.handler(arguments) or 0)
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="notebook_utils")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    lab = commands.add_parser(
        "lab", help="open JupyterLab on copies of the lessons; other options go to it"
    )
    lab.set_defaults(handler=_lab, rest=[])

    reset = commands.add_parser(
        "reset", help="bring a fresh copy of a lesson and keep the old one"
    )
    reset.add_argument("name", help="the lesson's number, such as 02")
    reset.set_defaults(handler=_reset)

    add_kit_commands(commands)

    doctor = commands.add_parser("doctor", help="is this machine ready?")
    doctor.set_defaults(handler=_doctor, rest=[])
    return parser


def _lab(arguments: argparse.Namespace) -> int:
    from .workspace import copy_notebooks

    work = copy_notebooks()
    print(f"Your copies of the lessons are in {work}", flush=True)
    options = [*_lab_options(str(work)), *arguments.rest]
    command = [sys.executable, "-m", "jupyterlab", *options]
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - Lab takes over, Ctrl-C included
    return subprocess.call(command)


def _lab_options(folder: str) -> list[str]:
    options = [
        f"--ServerApp.root_dir={folder}",
        "--LabApp.default_url=/lab/tree/00-start-here.ipynb",
        f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if os.name == "posix" and os.geteuid() == 0:
        options.append("--ServerApp.allow_root=True")
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        options.append("--no-browser")  # Lab then prints the address to open
    return options


def _reset(arguments: argparse.Namespace) -> None:
    from .workspace import reset_notebook

    fresh, kept = reset_notebook(arguments.name)
    if kept:
        print(f"Your version is kept as {kept.name}")
    print(f"{fresh.name} is back to its original state.")


def _doctor(arguments: argparse.Namespace) -> int:
    from .doctor import main as doctor

    return doctor(arguments.rest)


if __name__ == "__main__":
    sys.exit(main())
