"""Reads the markdown of notebooks: headings, links, pictures, lists."""

import dataclasses
import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbformat import NotebookNode

_ID = re.compile(r"""<a\s[^>]*\b(?:id|name)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading of a notebook.

    Attributes
    ----------
    index
        Its cell, from 0.
    level
        1 for the title, 2 for a section, 3 for a part of it.
    text
        Its words, as they are written.
    """

    index: int
    level: int
    text: str

    @property
    def anchor(self) -> str:
        """What Jupyter lets a link to this heading end with, after the ``#``."""
        return self.text.replace(" ", "-")


def tokens(source: str) -> list[Token]:
    """Parse markdown; the tokens inside a line come after the line's own."""
    found = []
    for token in MarkdownIt().parse(source):
        found += [token, *(token.children or [])]
    return found


def markdown_cells(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Yield index and source of the markdown cells of a notebook."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield index, cell.source


def headings(notebook: NotebookNode) -> list[Heading]:
    """Return the headings of a notebook in their order."""
    found = []
    for index, source in markdown_cells(notebook):
        for token, inline in pairwise(MarkdownIt().parse(source)):
            if token.type == "heading_open":
                found.append(Heading(index, int(token.tag[1:]), inline.content))
    return found


def anchors(notebook: NotebookNode) -> set[str]:
    """Return what a link into a notebook may end with, after the ``#``."""
    found = {heading.anchor for heading in headings(notebook)}
    for _, source in markdown_cells(notebook):
        found.update(_ID.findall(source))
    return found


def points_after(source: str, words: str) -> int:
    """Count the points of the list below a line of its own, such as a bold one.

    Parameters
    ----------
    source
        Markdown.
    words
        The line, without the signs that make it bold or a heading.

    Returns
    -------
    int
        The points of the list that follows it; 0 without the line or the list.
    """
    parsed = MarkdownIt().parse(source)
    for position, token in enumerate(parsed):
        if token.type == "inline" and token.content.strip("*_ ") == words:
            return _points(parsed[position + 2 :])
    return 0


def _points(parsed: list[Token]) -> int:
    """Count the points of the list with which a text begins."""
    if not parsed or parsed[0].type not in ("bullet_list_open", "ordered_list_open"):
        return 0
    end = next(i for i, t in enumerate(parsed) if t.level == 0 and t.nesting == -1)
    return sum(t.type == "list_item_open" and t.level == 1 for t in parsed[:end])
