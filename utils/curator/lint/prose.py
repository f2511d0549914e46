"""Reads the markdown of notebooks: headings, pictures, lists."""

import dataclasses
import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbformat import NotebookNode

HTML_PICTURE = re.compile(r"<(?:img|svg)\b[^>]*>", re.IGNORECASE)
_HTML_ALT = re.compile(
    r"""\b(?:alt|aria-label)\s*=\s*(?:"[^"]+"|'[^']+')""", re.IGNORECASE
)


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


def undescribed(html: str) -> list[str]:
    """Return the tags of pictures in HTML that say nothing to those who cannot see."""
    return [tag for tag in HTML_PICTURE.findall(html) if not _HTML_ALT.search(tag)]


def points_after(source: str, words: str) -> int:
    """Count the points of the list that follows a bold line or a heading.

    Returns
    -------
    int
        0 without the line or the list. Points of lists inside it do not count.
    """
    line = rf"^(?:\*\*|#+ ){re.escape(words)}(?:\*\*)?\n+((?:[-*] .*\n| +.*\n|\n)*)"
    found = re.search(line, f"{source}\n", re.MULTILINE)
    return len(re.findall(r"^[-*] ", found[1], re.MULTILINE)) if found else 0
