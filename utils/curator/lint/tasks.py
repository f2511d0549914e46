"""Rules about exercises and their solutions."""

import ast
from collections.abc import Iterator

from nbformat import NotebookNode

from .prose import Heading
from .rules import Found, Notebook, rule
from .source import bound_names, called, nodes

SOLUTION = "solution"
FIRST_LINE = "# A solution to exercise"
FEWEST_EXERCISES = 2
# The section of all exercises, and the heading of one after the section it belongs to.
SECTION, HEADING = "Exercises", "Exercise "


@rule("Write '### Exercise 1: ...', a stub with '...', a check, and a solution.")
def exercises(notebook: Notebook) -> Iterator[Found]:
    """Demand two exercises, each with a stub, a check and a solution."""
    if notebook.is_start_page:
        return
    tasks = list(_tasks(notebook))
    if len(tasks) < FEWEST_EXERCISES:
        yield None, f"It has {len(tasks)} exercises, expected {FEWEST_EXERCISES}."
    for heading, cells in tasks:
        open_cells = [cell for cell in cells if not _is_solution(cell)]
        parts = {
            "stub": any(_is_stub(cell) for cell in open_cells),
            "check": any(_is_check(cell) for cell in open_cells),
            "solution": len(open_cells) < len(cells),
        }
        for part in [part for part, there in parts.items() if not there]:
            yield heading.index, f"The exercise '{heading.text}' has no {part}."


@rule(f"Tag it, fold it, begin it with '{FIRST_LINE} 1', name results solution_1.")
def solution_cells(notebook: Notebook) -> Iterator[Found]:
    """Demand solutions that are hidden, and leave the learner's answer alone."""
    cells = notebook.code
    others = [c for _, c in cells if not _is_solution(c)]
    taken = {name for cell in others for name in bound_names(cell.source)}
    for index, cell in cells:
        names = bound_names(cell.source)
        if not _is_solution(cell):
            if any(name.startswith(f"{SOLUTION}_") for name in names):
                yield index, f"It holds a solution but is not tagged '{SOLUTION}'."
            continue
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield index, "The source of this solution is not folded away."
        if not cell.source.startswith(FIRST_LINE):  # JupyterLab shows it when folded
            yield index, f"The first line of this solution is not '{FIRST_LINE} ...'."
        for name in sorted(names & taken):
            yield index, f"This solution overwrites {name!r}, which is not its own."


def _tasks(notebook: Notebook) -> Iterator[tuple[Heading, list[NotebookNode]]]:
    """Yield the exercises: the heading of each and its code cells."""
    inside = False
    heads = notebook.headings
    ends = [heading.index for heading in heads[1:]] + [len(notebook.content.cells)]
    for heading, end in zip(heads, ends, strict=False):
        if heading.level <= 2:
            inside = heading.level == 2 and heading.text == SECTION
        elif heading.level == 3 and (inside or heading.text.startswith(HEADING)):
            yield heading, [c for i, c in notebook.code if heading.index <= i < end]


def _is_solution(cell: NotebookNode) -> bool:
    return SOLUTION in cell.metadata.get("tags", [])


def _is_stub(cell: NotebookNode) -> bool:
    return any(
        isinstance(node, ast.Constant) and node.value is Ellipsis
        for node in nodes(cell.source)
    )


def _is_check(cell: NotebookNode) -> bool:
    return any(called(node).startswith("check") for node in nodes(cell.source))
