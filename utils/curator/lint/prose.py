"""Rules about the page as a reader sees it: opening, sections, prose."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbformat import NotebookNode

from .rules import Found, Notebook, rule

MOST_CODE_CELLS_IN_A_ROW = 2
MOST_SET_UP_CELLS = 3
FEWEST_PROMISES = 3
LEARN, NEED = "What you will learn", "What you need"
SET_UP, SUMMARY, NEXT = "Set up", "Summary", "Next steps"

# Publishing puts an address in its place.
INSTALL_LINE = 'WORKSHOP = ".."'
FILL_IN = "(fill in"

HTML_PICTURE = re.compile(r"<(?:img|svg)\b[^>]*>", re.IGNORECASE)
_HTML_ALT = re.compile(
    r"""\b(?:alt|aria-label)\s*=\s*(?:"[^"]+"|'[^']+')""", re.IGNORECASE
)
# How what is not plain text counts where a line is searched for sentences.
_WRITTEN = {"softbreak": "\n", "hardbreak": "\n", "code_inline": "`"}
# A sentence that ends within a line, not "e.g. this", "3. that" or "1.5 s".
_SENTENCE_END = re.compile(r"(?<![.\s]..)(?<=[a-z)`*\"])[.!?] +(?=[A-Z`*])")


class Heading(NamedTuple):
    """A heading: its cell from 0, 1 for the title or 2 for a section, its words."""

    cell: int
    level: int
    text: str


def headings(notebook: NotebookNode) -> list[Heading]:
    """Return the headings of a notebook in their order."""
    return [
        Heading(index, int(token.tag[1:]), inline.content)
        for index, tokens in _markdown(notebook)
        for token, inline in pairwise(tokens)
        if token.type == "heading_open"
    ]


def undescribed(html: str) -> list[str]:
    """Return the tags of pictures in HTML that say nothing to those who cannot see."""
    return [tag for tag in HTML_PICTURE.findall(html) if not _HTML_ALT.search(tag)]


@rule("Begin with a markdown cell that has one '# Title', as in collection.toml.")
def title_page(notebook: Notebook) -> Iterator[Found]:
    """Begin with a title page."""
    wanted = notebook.lesson.title
    heads = headings(notebook.content)
    titles = [heading.text for heading in heads if heading.level == 1]
    if not notebook.content.cells or notebook.content.cells[0].cell_type != "markdown":
        yield None, "It does not begin with a markdown cell."
    elif titles != [wanted]:
        yield 0, f"Its first-level headings are {titles}, the title is {wanted!r}."


@rule("Add it to the first cell, as a bold line with a list below.")
def opening(notebook: Notebook) -> Iterator[Found]:
    """Promise three things or more at the outset, and say what is needed for them."""
    source = notebook.content.cells[0].source if notebook.content.cells else ""
    promises = _points_after(source, LEARN)
    if promises < FEWEST_PROMISES:
        yield 0, f"'{LEARN}' has {promises} points, expected {FEWEST_PROMISES} or more."
    if not _points_after(source, NEED):
        yield 0, f"'{NEED}' is missing or has no list."
    elif source.find(NEED) < source.find(LEARN):
        yield 0, f"'{NEED}' stands before '{LEARN}'."


@rule("Order the sections as in the other lessons.")
def page_order(notebook: Notebook) -> Iterator[Found]:
    """Demand set-up, summary and next steps, in this order."""
    wanted = [SET_UP] if notebook.is_start_page else [SET_UP, SUMMARY, NEXT]
    heads = headings(notebook.content)
    found = [h for h in heads if h.level == 2 and h.text in wanted]
    if (names := [h.text for h in found]) != wanted:
        yield (
            None,
            f"Its sections are {', '.join(names)}; expected {', '.join(wanted)}.",
        )
    elif notebook.code and notebook.code[0][0] < found[0].cell:
        yield notebook.code[0][0], f"It stands before '## {SET_UP}'."


@rule("Import and load the rest where it is first used.")
def set_up(notebook: Notebook) -> Iterator[Found]:
    """Keep the set-up to three cells, the first of which can install the package."""
    heads = [*headings(notebook.content), Heading(len(notebook.content.cells), 2, "")]
    for heading, following in pairwise(heads):
        if (heading.level, heading.text) != (2, SET_UP):
            continue
        begin, end = heading.cell, following.cell
        cells = [cell for i, cell in notebook.code if begin < i < end]
        if len(cells) > MOST_SET_UP_CELLS:
            most = f"at most {MOST_SET_UP_CELLS} fit"
            yield begin, f"The set-up has {len(cells)} code cells; {most}."
        if not cells or INSTALL_LINE not in cells[0].source:
            yield begin, f"The first cell of the set-up lacks the line {INSTALL_LINE}"


@rule("Say before the code what to look for.")
def prose_before_code(notebook: Notebook) -> Iterator[Found]:
    """Let two code cells follow each other only as: compute, then look."""
    in_a_row = 0
    for index, cell in enumerate(notebook.content.cells):
        if cell.cell_type != "code":
            in_a_row = 0
        elif not cell.metadata.get("jupyter", {}).get("source_hidden"):
            in_a_row += 1  # a collapsed solution is not in the reader's way
            if in_a_row == MOST_CODE_CELLS_IN_A_ROW + 1:
                yield index, "It is the third code cell in a row."


@rule("Begin each sentence of a paragraph on a line of its own.")
def sentence_lines(notebook: Notebook) -> Iterator[Found]:
    """Keep changes of prose readable: a changed sentence is a changed line."""
    for index, tokens in _markdown(notebook.content):
        for token in tokens:
            if token.type == "inline" and token.level == 1:  # of a paragraph
                parts = [c for c in token.children or [] if c.type != "image"]
                text = "".join(_WRITTEN.get(c.type, c.content) for c in parts)
                for line in text.splitlines():
                    if _SENTENCE_END.search(line) and not line.startswith("|"):
                        yield index, f"Two sentences are on one line: {line[:60]!r}."


@rule("Write what belongs there.")
def filled_in(notebook: Notebook) -> Iterator[Found]:
    """Find what a new lesson left for its author to write, unless it is a draft."""
    if notebook.lesson.draft:
        return
    for index, cell in enumerate(notebook.content.cells):
        if FILL_IN in cell.source:
            yield index, f"It still says '{FILL_IN} ...'."
    if FILL_IN in notebook.lesson.summary:
        yield None, f"Its summary in collection.toml still says '{FILL_IN} ...'."


@rule("Describe the picture: ![what is to be seen](...).")
def alt_text(notebook: Notebook) -> Iterator[Found]:
    """Ask of every picture in the text what it shows."""
    for index, tokens in _markdown(notebook.content):
        for token in tokens:
            for part in [token, *(token.children or [])]:
                html = part.content if part.type.startswith("html_") else ""
                found = undescribed(html)
                if part.type == "image" and not part.content.strip():
                    found = [str(part.attrs["src"])]
                for picture in found:
                    yield index, f"The picture {picture} has no alt text."


def _markdown(notebook: NotebookNode) -> Iterator[tuple[int, list[Token]]]:
    """Yield the index and the parsed source of each markdown cell."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield index, MarkdownIt().parse(cell.source)


def _points_after(source: str, words: str) -> int:
    """Count the points of the list that follows a bold line or a heading."""
    line = rf"^(?:\*\*|#+ ){re.escape(words)}(?:\*\*)?\n+((?:[-*] .*\n| +.*\n|\n)*)"
    found = re.search(line, f"{source}\n", re.MULTILINE)
    return len(re.findall(r"^[-*] ", found[1], re.MULTILINE)) if found else 0
