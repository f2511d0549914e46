"""A small table that reads well in a notebook and in a terminal."""

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under a title, with a closing remark."""

    name: str  # set in bold where that is possible
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    remark: str = ""
    sizes: Collection[str] = ("size",)  # columns set flush right, so that units meet

    def __str__(self) -> str:
        rows = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if name in self.sizes else cell.ljust(width)
                for name, cell, width in zip(self.head, row, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        remark = [self.remark] if self.remark else []
        return "\n".join((f"{self.name}: {self.title}", *lines, *remark))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        body = "".join(self._as_html(row, "td") for row in self.rows)
        return (
            f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.title)}</p>"
            '<div style="overflow-x:auto" tabindex="0"><table>'
            f"<thead>{self._as_html(self.head, 'th')}</thead><tbody>{body}</tbody>"
            f"</table></div><p>{html.escape(self.remark)}</p>"
        )

    def _as_html(self, row: Sequence[str], tag: str) -> str:
        """Return a row; each cell says its side, as notebooks differ in theirs."""
        cells = (
            f'<{tag} style="text-align:{"right" if name in self.sizes else "left"}">'
            f"{html.escape(cell)}</{tag}>"
            for name, cell in zip(self.head, row, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"


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
