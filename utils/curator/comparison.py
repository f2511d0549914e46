"""What nbval compares of a cell's outputs, and what of them it should not.

Text is compared, pictures are not: their bytes change with every release of the library
that drew them. A picture inside HTML would be compared after all, so its bytes are left
out there as well.
"""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from .results import DIFFERS, FailingCell

CHECKED = "nbval-check-output"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# In the form of nbval's sanitizing: a pattern and what stands in its place.
PICTURE_IN_HTML = r"data:image/[\w.+-]+;base64,[\w+/=\s]+"
PICTURE = "data:image"

_NOT_COMPARED = ("image/png", "image/jpeg", WIDGET_VIEW)


def is_checked(cell: NotebookNode) -> bool:
    """Say whether the stored output of a cell is compared with a fresh one."""
    return CHECKED in cell.metadata.get("tags", [])


def compared(outputs: Iterable[NotebookNode]) -> list[tuple[str, Any]]:
    """Return what is compared of outputs: kind and content.

    Parameters
    ----------
    outputs
        The outputs of one cell.

    Returns
    -------
    list of tuple
        The name of a stream and its text, or a mime type and its content, in the order
        of the outputs. Empty where nothing is compared.
    """
    found: list[tuple[str, Any]] = []
    for output in outputs:
        if output.output_type == "stream":
            found.append((output.name, output.text))
        for mime, content in output.get("data", {}).items():
            if mime not in _NOT_COMPARED:
                text = isinstance(content, str)
                found.append((mime, _without_pictures(content) if text else content))
    return found


def differences(
    stored: NotebookNode, fresh: NotebookNode
) -> tuple[int, list[FailingCell]]:
    """Compare the checked outputs of two runs of the same code.

    Parameters
    ----------
    stored, fresh
        The notebook as it is stored and after it was run. Cells that were not reached
        have no count and are left out.

    Returns
    -------
    int
        How many cells were compared.
    list of FailingCell
        Those that differ.
    """
    count, differing = 0, []
    cells = [
        [(i, cell) for i, cell in enumerate(book.cells) if cell.cell_type == "code"]
        for book in (stored, fresh)
    ]
    for number, ((index, old), (_, new)) in enumerate(zip(*cells, strict=True), 1):
        wanted, found = compared(old.outputs), compared(new.outputs)
        ran = None not in (old.execution_count, new.execution_count)
        if not (is_checked(old) and ran and wanted):
            continue
        count += 1
        if wanted != found:
            message = "The output differs from the stored one."
            difference = _difference(wanted, found)
            differing.append(
                FailingCell(index, number, old.source, DIFFERS, message, difference)
            )
    return count, differing


def _difference(wanted: list[tuple[str, Any]], found: list[tuple[str, Any]]) -> str:
    """Lay out two outputs line by line: - stored, + fresh."""
    before, after = (
        [line for _, content in outputs for line in str(content).splitlines()]
        for outputs in (wanted, found)
    )
    lines = difflib.unified_diff(before, after, "stored", "fresh", lineterm="")
    return "\n".join(lines)


def _without_pictures(text: str) -> str:
    return re.sub(PICTURE_IN_HTML, PICTURE, text)
