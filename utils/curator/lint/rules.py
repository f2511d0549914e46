"""What a rule is, and the list in which every rule enters itself."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from ..collection import Lesson
from ..files import code_cells

# What is wrong, and the index of the cell (None: the notebook as a whole).
Found = tuple[int | None, str]

# Everybody begins there: it greets and points on, and has no exercises to solve.
START_PAGE = "00"


@dataclasses.dataclass(frozen=True)
class Notebook:
    """A notebook as the rules see it: its entry in the collection of a checkout."""

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


Find = Callable[[Notebook], Iterator[Found]]


class Rule(NamedTuple):
    """A function that finds what is wrong in a notebook, and what to do then."""

    find: Find
    remedy: str


RULES: dict[str, Rule] = {}


def rule(remedy: str) -> Callable[[Find], Find]:
    """Enter a function as a rule that is named after it; `remedy` says what to do."""

    def enter(find: Find) -> Find:
        RULES[find.__name__.replace("_", "-")] = Rule(find, remedy)
        return find

    return enter
