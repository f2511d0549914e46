"""The tools that check all code: ruff and mypy."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from ..checks import Check


def check_tools(root: Path, paths: Iterable[Path] = ()) -> list[Check]:
    """Run ruff, and mypy where no paths are given.

    Parameters
    ----------
    root
        The checkout, with the tools' configuration.
    paths
        What ruff should look at; everything if there are none.
    """
    names = [str(path) for path in paths]
    checks = [
        _tool(root, "ruff check", ["ruff", "check", *(names or ["."])]),
        _tool(root, "ruff format", ["ruff", "format", "--check", *(names or ["."])]),
    ]
    if not names:
        checks.append(_tool(root, "mypy", ["mypy"]))
    return checks


def _tool(root: Path, name: str, command: list[str]) -> Check:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True
    )
    if done.returncode == 0:
        return Check(name)
    return Check(name, (f"{done.stdout}{done.stderr}".rstrip(),))
