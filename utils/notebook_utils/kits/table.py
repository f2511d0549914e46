"""A small table that reads well in a notebook and in a terminal."""

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under a title, with a closing remark.

    Parameters
    ----------
    name, title
        What it is about; the name is set in bold where that is possible.
    head
        One heading per column.
    rows
        As many cells each as there are headings.
    remark
        A sentence below.
    """

    name: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    remark: str = ""

    def __str__(self) -> str:
        rows = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        remark = [self.remark] if self.remark else []
        return "\n".join((f"{self.name}: {self.title}", *lines, *remark))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.title)}</p>"
            f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self.remark)}</p>"
        )


def readable_size(size_bytes: int) -> str:
    """Return a size as people say it.

    Examples
    --------
    >>> readable_size(512), readable_size(84_005), readable_size(5_365_065)
    ('512 B', '84 kB', '5.4 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{round(size_bytes / 1000)} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"
