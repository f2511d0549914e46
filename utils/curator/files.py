"""Reads and writes text, JSON and notebooks; a file is written whole or not at all."""

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from notebook_utils.errors import WorkshopError
from notebook_utils.files import write_whole


class NotebookError(WorkshopError):
    """A file is no notebook; the message names it."""


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 with line feeds on every system; a missing folder is made."""
    with write_whole(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, content: object) -> None:
    """Write `content` as indented JSON."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook in the present format.

    Raises
    ------
    NotebookError
        The file is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise NotebookError(
            f"{path.name} cannot be read as a notebook: {error}"
        ) from error


def notebook_text(notebook: NotebookNode) -> str:
    """Return a notebook as it is stored: indented JSON that ends with a line feed."""
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def code_cells(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """Return the code cells of a notebook with their indices among all cells."""
    cells = enumerate(notebook.cells)
    return [(index, cell) for index, cell in cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))
