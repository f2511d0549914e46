"""Reads and writes notebooks as they are stored in the collection."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from notebook_utils.errors import WorkshopError


class NotebookError(WorkshopError):
    """A file is no notebook; the message names it."""


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
