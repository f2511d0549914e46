"""The one comparison of a cell's fresh outputs with its stored ones.

Text is compared, pictures are not: their bytes change with every release of the library
that drew them. So the bytes of a picture inside HTML are left out as well.
"""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from .files import tags

CHECKED = "nbval-check-output"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_NOT_COMPARED = ("image/png", "image/jpeg", WIDGET_VIEW)
_PICTURE_IN_HTML = re.compile(r"data:image/[\w.+-]+;base64,[\w+/=\s]+")


def is_checked(cell: NotebookNode) -> bool:
    """Say whether the stored output of a cell is compared with a fresh one."""
    return CHECKED in tags(cell)


def compared(outputs: Iterable[NotebookNode]) -> list[tuple[str, str]]:
    """Return what is compared of a cell's outputs.

    Parameters
    ----------
    outputs
        The outputs of one cell.

    Returns
    -------
    list of tuple
        The name of a stream with all of its text, the mime type of a result with its
        content, or ``"error"`` with the exception. Sorted by these names: a notebook is
        stored with its mime types sorted, and a kernel sends them in any order. Outputs
        of one kind keep their order. Empty where nothing is compared.
    """
    streams: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for output in outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        elif output.output_type == "error":
            found.append(("error", f"{output.ename}: {output.evalue}"))
        for mime, content in output.get("data", {}).items():
            if mime not in _NOT_COMPARED:
                found.append((mime, _text(content)))
    return sorted([*streams.items(), *found], key=lambda pair: pair[0])


def why_not_comparable(cell: NotebookNode) -> str:
    """Say why a checked cell would pass whatever it shows; nothing if it would not."""
    if cell.execution_count is None:
        return f"The cell is tagged {CHECKED} but its execution count is null."
    if not compared(cell.outputs):
        return (
            f"The cell is tagged {CHECKED} but has no output to compare: text, or data "
            "other than png, jpeg and widgets."
        )
    return ""


def difference(
    stored: Iterable[NotebookNode], fresh: Iterable[NotebookNode]
) -> str | None:
    """Compare the outputs of two runs of a cell.

    Returns
    -------
    str or None
        Both line by line, - stored and + fresh; None where they are the same.
    """
    before, after = compared(stored), compared(fresh)
    if before == after:
        return None
    lines = difflib.unified_diff(
        _lines(before), _lines(after), "stored", "fresh", lineterm=""
    )
    return "\n".join(lines)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return _PICTURE_IN_HTML.sub("data:image", content)
    return json.dumps(content, sort_keys=True, indent=1)


def _lines(outputs: Iterable[tuple[str, str]]) -> list[str]:
    return [line for kind, text in outputs for line in [f"{kind}:", *text.split("\n")]]
