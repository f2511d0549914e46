"""Rules that every lesson keeps, and the tools that check all code.

A rule is a function that yields what is wrong in one notebook. To add one, write it in
the module of its subject with the `rule` decorator, and a good and a bad example in
``tests/fixtures/lint_examples``.
"""

from collections.abc import Iterable
from pathlib import Path

from ..checks import Check
from ..collection import Lesson
from ..notebooks import read_notebook
from . import code, outputs, page, tasks  # noqa: F401 - each enters its rules
from .rules import RULES, Book, Rule
from .tools import check_tools

__all__ = ["RULES", "Book", "Rule", "check_tools", "lint_lessons"]


def lint_lessons(lessons: Iterable[Lesson], root: Path) -> list[Check]:
    """Hold every rule against the notebooks of lessons.

    Parameters
    ----------
    lessons
        Skipped ones are checked as well: they are on show all the same.
    root
        The checkout; files are named from there.

    Returns
    -------
    list of Check
        One for each rule. Cells are counted from 1, markdown included.

    Raises
    ------
    NotebookError
        A file is no notebook.
    """
    books = [
        Book(lesson.path, root, read_notebook(lesson.path), lesson)
        for lesson in lessons
    ]
    return [rule.check(books) for rule in RULES.values()]
