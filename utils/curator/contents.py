"""The cell below the title page of a lesson: its facts and its table of contents."""

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from .collection import Lesson
from .facts import facts_line
from .lint.prose import headings

# Whoever edits a notebook sees by this tag that a cell is written by `sync`.
GENERATED = "generated"
CELL_ID = "contents"
PLACE = 1


def with_contents(lesson: Lesson, notebook: NotebookNode) -> NotebookNode:
    """Return a lesson's notebook with its generated cell as it should be.

    Parameters
    ----------
    lesson
        What the facts are taken from.
    notebook
        Changed in place. Its outputs still hold: only markdown changes.
    """
    written = [c for c in notebook.cells if GENERATED not in c.metadata.get("tags", [])]
    cell = new_markdown_cell(
        _source(lesson, notebook), id=CELL_ID, metadata={"tags": [GENERATED]}
    )
    notebook.cells = [*written[:PLACE], cell, *written[PLACE:]]
    return notebook


def _source(lesson: Lesson, notebook: NotebookNode) -> str:
    sections = [head.link for head in headings(notebook) if head.level == 2]
    points = "\n".join(f"- {link}" for link in sections)
    return f"{facts_line(lesson)}\n\n**On this page**\n\n{points}".rstrip()
