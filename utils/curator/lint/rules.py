"""What a rule and a finding are, and the list in which every rule enters itself."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from ..collection import Lesson
from ..files import code_cells

# What is wrong, and the index of the cell (None: the notebook as a whole).
Found = tuple[int | None, str]

# Everybody begins there: it greets and points on, and has no exercises to solve.
START_PAGE = "00"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a rule or a tool found.

    Attributes
    ----------
    rule
        Its name, such as ``cell-length`` or ``mypy``.
    text
        Where it is, what is wrong, and what to do about it.
    """

    rule: str
    text: str


@dataclasses.dataclass(frozen=True)
class Notebook:
    """A notebook as the rules see it.

    Attributes
    ----------
    lesson
        Its entry in the collection, which names the file.
    root
        The checkout it belongs to.
    content
        What is in it.
    """

    lesson: Lesson
    root: Path
    content: NotebookNode

    @property
    def is_start_page(self) -> bool:
        """True for the page that leads to the lessons and is none itself."""
        return self.lesson.number == START_PAGE

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        """Its code cells with their indices among all cells."""
        return code_cells(self.content)


@dataclasses.dataclass(frozen=True)
class Rule:
    """A named function that finds what is wrong in a notebook, and what to do then."""

    name: str
    remedy: str
    find: Callable[[Notebook], Iterator[Found]]

    def check(self, notebook: Notebook) -> Iterator[Finding]:
        """Yield what is wrong. Cells are counted from 1, markdown included."""
        file = notebook.lesson.path.relative_to(notebook.root).as_posix()
        for index, what in self.find(notebook):
            where = file if index is None else f"{file}: cell {index + 1}"
            yield Finding(self.name, f"{where}: {self.name}: {what} {self.remedy}")


RULES: dict[str, Rule] = {}


def rule(remedy: str) -> Callable[[Callable[[Notebook], Iterator[Found]]], Rule]:
    """Make a function a rule that is named after it; `remedy` says what to do."""

    def register(find: Callable[[Notebook], Iterator[Found]]) -> Rule:
        name = find.__name__.replace("_", "-")
        RULES[name] = Rule(name, remedy, find)
        return RULES[name]

    return register
