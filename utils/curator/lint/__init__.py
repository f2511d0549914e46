"""Rules that every lesson keeps, and the tools that check all code.

A rule is a function that yields what is wrong in one notebook. To add one, write it in
the module of its subject with the `rule` decorator, and a good and a bad example in
``tests/fixtures/lint_examples.py``.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from ..collection import Lesson
from ..files import read_notebook
from . import code, outputs, prose  # noqa: F401 - each enters its rules
from .rules import RULES, Notebook

__all__ = ["RULES", "Notebook", "lint_lessons", "run_tools"]


def lint_lessons(lessons: Iterable[Lesson], root: Path) -> list[str]:
    """Hold every rule against the notebooks of lessons.

    Parameters
    ----------
    lessons
        Skipped ones are checked as well: they are on show all the same.
    root
        The checkout; files are named from there.

    Returns
    -------
    list of str
        File, cell, rule, what is wrong and what to do about it. Cells are counted
        from 1, markdown included.

    Raises
    ------
    NotebookError
        A file is no notebook.
    """
    findings = []
    for lesson in lessons:
        notebook = Notebook(lesson, root, read_notebook(lesson.path))
        file = lesson.path.relative_to(root).as_posix()
        for name, rule in RULES.items():
            for index, what in rule.find(notebook):
                where = file if index is None else f"{file}: cell {index + 1}"
                findings.append(f"{where}: {name}: {what} {rule.remedy}")
    return findings


def run_tools(root: Path, paths: Iterable[Path] = ()) -> list[str]:
    """Run ruff, and mypy where no paths are given.

    Parameters
    ----------
    root
        The checkout, with the tools' configuration.
    paths
        What ruff should look at; everything if there are none.

    Returns
    -------
    list of str
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
            findings.append(f"{done.stdout}{done.stderr}".rstrip())
    return findings
