"""Copies of lessons for a class: without solutions, and without outputs to peek at."""

import copy
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode

from notebook_utils.errors import WorkshopError

from .collection import Lesson
from .files import notebook_text, read_notebook, write_text
from .lint.code import SOLUTION

# A line that is a sentence about where the solutions are.
_WHERE_THEY_ARE = re.compile(r"^.*\bsolutions?\b.*\bfolded\b.*\n?", re.I | re.M)


def hand_out(lessons: Iterable[Lesson], folder: Path) -> list[Path]:
    """Write copies of lessons for a class into a folder, which is made if missing.

    Parameters
    ----------
    lessons
        Skipped ones are left out.
    folder
        Where the copies go.

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
    originals = [lesson.path for lesson in lessons if lesson.skip is None]
    copies = [folder / path.name for path in originals]
    there = [path.name for path in copies if path.exists()]
    if there:
        raise WorkshopError(
            f"{folder} already holds {', '.join(there)}. Name a new folder, or remove "
            "these files: nothing is overwritten."
        )
    for original, copied in zip(originals, copies, strict=True):
        write_text(copied, notebook_text(without_answers(read_notebook(original))))
    for page in {page for path in originals for page in path.parent.glob("*.md")}:
        shutil.copyfile(page, folder / page.name)  # what lessons link to
    return copies


def without_answers(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook for somebody who has not worked on it yet.

    It lacks the cells tagged ``solution``, the sentence that says where they are,
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
            cell.source = _WHERE_THEY_ARE.sub("", cell.source).rstrip("\n")
    return handout
