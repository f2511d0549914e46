"""The tools that check all code: ruff and mypy."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .rules import Finding


def run_tools(root: Path, paths: Iterable[Path] = ()) -> list[Finding]:
    """Run ruff, and mypy where no paths are given.

    Parameters
    ----------
    root
        The checkout, with the tools' configuration.
    paths
        What ruff should look at; everything if there are none.

    Returns
    -------
    list of Finding
        All that a tool printed, for each tool that found something.
    """
    names = [str(path) for path in paths]
    commands = [("ruff", "check", *names), ("ruff", "format", "--check", *names)]
    if not names:
        commands.append(("mypy",))
    findings = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True
        )
        if done.returncode:
            printed = f"{done.stdout}{done.stderr}".rstrip()
            findings.append(Finding(" ".join(command[:2]), printed))
    return findings
