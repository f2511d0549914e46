"""What a rule is, and the list in which every rule enters itself."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from ..checks import Check
from ..collection import Lesson

# What is wrong, and the index of the cell (None: the notebook as a whole).
Found = tuple[int | None, str]

# Everybody begins there: it greets and points on, and has no exercises to solve.
START_PAGE = "00"


@dataclasses.dataclass(frozen=True)
class Book:
    """A notebook as the rules see it.

    Attributes
    ----------
    path, root
        The notebook and the checkout it belongs to, absolute.
    notebook
        Its content.
    lesson
        Its entry in the collection; None where it stands alone.
    """

    path: Path
    root: Path
    notebook: NotebookNode
    lesson: Lesson | None = None

    @property
    def is_start_page(self) -> bool:
        """True for the page that leads to the lessons and is none itself."""
        return self.lesson is not None and self.lesson.number == START_PAGE


@dataclasses.dataclass(frozen=True)
class Rule:
    """A named function that finds what is wrong in a notebook, and what to do then."""

    name: str
    remedy: str
    find: Callable[[Book], Iterator[Found]]

    def check(self, books: Iterable[Book]) -> Check:
        """Hold the rule against notebooks."""
        findings = []
        for book in books:
            file = book.path.relative_to(book.root).as_posix()
            for index, what in self.find(book):
                where = file if index is None else f"{file}: cell {index + 1}"
                findings.append(f"{where}: {self.name}: {what} {self.remedy}")
        return Check(self.name, tuple(findings))


RULES: dict[str, Rule] = {}


def rule(remedy: str) -> Callable[[Callable[[Book], Iterator[Found]]], Rule]:
    """Make a function a rule that is named after it.

    Parameters
    ----------
    remedy
        What a person should do about a finding: a sentence.
    """

    def register(find: Callable[[Book], Iterator[Found]]) -> Rule:
        name = find.__name__.replace("_", "-")
        RULES[name] = Rule(name, remedy, find)
        return RULES[name]

    return register
