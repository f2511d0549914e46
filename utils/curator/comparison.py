"""What nbval compares of a cell's outputs, and what of them it should not.

Text is compared, pictures are not: their bytes change with every release of the library
that drew them. A picture inside HTML would be compared after all, so its bytes are left
out there as well.
"""

import re
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

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


def _without_pictures(text: str) -> str:
    return re.sub(PICTURE_IN_HTML, PICTURE, text)
