"""Copies of lessons for a class: without solutions, and without outputs to peek at."""

import copy
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode

from notebook_utils.errors import WorkshopError

from .collection import Lesson
from .files import notebook_text, write_text
from .lint.code import SOLUTION

# A sentence about where the solutions are, which is a line of its own.
_WHERE_THEY_ARE = re.compile(r"\bsolutions?\b.*\bfolded\b", re.IGNORECASE)


def hand_out(lessons: Iterable[Lesson], folder: Path) -> list[Path]:
    """Write copies of lessons for a class into a folder.

    Parameters
    ----------
    lessons
        Skipped ones are left out.
    folder
        Made where it is missing.

    Returns
    -------
    list of Path
        The copies.

    Raises
    ------
    WorkshopError
        A lesson of that name is there already: perhaps somebody's work, perhaps the
        original. Nothing was written.
    """
    copies = {
        lesson.path: folder / lesson.path.name
        for lesson in lessons
        if lesson.skip is None
    }
    there = [copied.name for copied in copies.values() if copied.exists()]
    if there:
        raise WorkshopError(
            f"{folder} already holds {', '.join(there)}. Name a new folder, or remove "
            "these files: nothing is overwritten."
        )
    for original, copied in copies.items():
        notebook = nbformat.read(original, as_version=4)
        write_text(copied, notebook_text(without_answers(notebook)))
    for page in {page for path in copies for page in path.parent.glob("*.md")}:
        shutil.copyfile(page, folder / page.name)  # what lessons link to
    return list(copies.values())


def without_answers(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook for somebody who has not worked on it yet.

    Parameters
    ----------
    notebook
        The lesson; it stays as it is.

    Returns
    -------
    NotebookNode
        Without the cells tagged ``solution``, the sentence that says where they are,
        outputs and execution counts.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> stub, solved = new_code_cell("answer = ..."), new_code_cell("answer = 42")
    >>> solved.metadata["tags"] = ["solution"]
    >>> handout = without_answers(new_notebook(cells=[stub, solved]))
    >>> [cell.source for cell in handout.cells]
    ['answer = ...']
    """
    handout = copy.deepcopy(notebook)
    TagRemovePreprocessor(remove_cell_tags={SOLUTION}).preprocess(handout, {})
    ClearOutputPreprocessor().preprocess(handout, {})
    for cell in handout.cells:
        if cell.cell_type == "markdown":
            lines = cell.source.splitlines()
            kept = [line for line in lines if not _WHERE_THEY_ARE.search(line)]
            cell.source = "\n".join(kept)
    return handout
