"""Rules about the page as a reader sees it: opening, sections, prose, links."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it.token import Token
from nbformat import NotebookNode

from ..execution import COLLAPSED, code_cells
from ..notebooks import read_notebook
from .prose import anchors, headings, markdown_cells, points_after, tokens
from .rules import Book, Found, rule

MOST_CODE_CELLS_IN_A_ROW = 2
MOST_SET_UP_CELLS = 3
FEWEST_PROMISES = 3
LEARN, NEED = "What you will learn", "What you need"
SET_UP, EXERCISES, SUMMARY, NEXT = "Set up", "Exercises", "Summary", "Next steps"

# Publishing puts an address in its place.
INSTALL_LINE = 'WORKSHOP = ".."'
FILL_IN = "(fill in"

_HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_HTML_ALT = re.compile(r"""\balt\s*=\s*(?:"[^"]+"|'[^']+')""", re.IGNORECASE)
# How what is not plain text counts where a line is searched for sentences.
_WRITTEN = {"softbreak": "\n", "hardbreak": "\n", "code_inline": "`"}
# A sentence that ends within a line, not "e.g. this", "3. that" or "1.5 s".
_SENTENCE_END = re.compile(r"(?<![.\s]..)(?<=[a-z)`*\"])[.!?] +(?=[A-Z`*])")


@rule("Begin with a markdown cell that has one '# Title', as in collection.toml.")
def title_page(book: Book) -> Iterator[Found]:
    """Begin with a title page."""
    cells = book.notebook.cells
    if not cells or cells[0].cell_type != "markdown":
        yield None, "It does not begin with a markdown cell."
        return
    titles = [h.text for h in headings(book.notebook) if (h.index, h.level) == (0, 1)]
    if len(titles) != 1:
        yield 0, f"It has {len(titles)} first-level headings, expected one."
    elif book.lesson is not None and titles != [book.lesson.title]:
        yield 0, f"Its title is {titles[0]!r}, the collection's {book.lesson.title!r}."


@rule("Add it to the first cell, as a bold line with a list below.")
def opening(book: Book) -> Iterator[Found]:
    """Promise three things or more at the outset, and say what is needed for them."""
    source = book.notebook.cells[0].source if book.notebook.cells else ""
    promises = points_after(source, LEARN)
    if promises < FEWEST_PROMISES:
        yield 0, f"'{LEARN}' has {promises} points, expected {FEWEST_PROMISES} or more."
    if not points_after(source, NEED):
        yield 0, f"'{NEED}' is missing or has no list."
    elif source.find(NEED) < source.find(LEARN):
        yield 0, f"'{NEED}' stands before '{LEARN}'."


@rule("Order the sections as in the other lessons.")
def page_order(book: Book) -> Iterator[Found]:
    """Demand set-up, exercises, summary and next steps, in this order."""
    wanted = [SET_UP] if book.is_start_page else [SET_UP, EXERCISES, SUMMARY, NEXT]
    sections = [h for h in headings(book.notebook) if h.level == 2]
    found = [h.text for h in sections if h.text in wanted]
    missing = [name for name in wanted if name not in found]
    for name in missing:
        yield None, f"It has no section '## {name}'."
    if not missing and found != wanted:
        yield None, f"Its sections come as {', '.join(found)}."
    first_code = next((i for i, _ in code_cells(book.notebook)), len(sections))
    if not missing and first_code < next(h.index for h in sections if h.text == SET_UP):
        yield first_code, f"It stands before '## {SET_UP}'."


@rule("Import and load the rest where it is first used.")
def set_up(book: Book) -> Iterator[Found]:
    """Keep the set-up to three cells, the first of which can install the package."""
    heads = headings(book.notebook)
    begin = next((h for h in heads if (h.level, h.text) == (2, SET_UP)), None)
    if begin is None:
        return
    after = (h.index for h in heads if h.index > begin.index)
    end = next(after, len(book.notebook.cells))
    cells = [c for i, c in code_cells(book.notebook) if begin.index < i < end]
    if len(cells) > MOST_SET_UP_CELLS:
        yield (
            begin.index,
            f"The set-up has {len(cells)} code cells; at most {MOST_SET_UP_CELLS} fit.",
        )
    if not cells or INSTALL_LINE not in cells[0].source:
        yield begin.index, f"The first cell of the set-up lacks the line {INSTALL_LINE}"


@rule("Say before the code what to look for.")
def prose_before_code(book: Book) -> Iterator[Found]:
    """Let two code cells follow each other only as: compute, then look."""
    in_a_row = 0
    for index, cell in enumerate(book.notebook.cells):
        if cell.cell_type != "code":
            in_a_row = 0
        elif not cell.metadata.get("jupyter", {}).get("source_hidden"):
            in_a_row += 1  # a collapsed solution is not in the reader's way
            if in_a_row == MOST_CODE_CELLS_IN_A_ROW + 1:
                yield index, "It is the third code cell in a row."


@rule("Use one level below the heading it belongs to.")
def heading_order(book: Book) -> Iterator[Found]:
    """Leave out no level: those who cannot see the page navigate by headings."""
    above = 0
    for heading in headings(book.notebook):
        if heading.level == 1 and above:
            yield heading.index, f"'{heading.text}' is a second title."
        if heading.level > above + 1:
            yield (
                heading.index,
                f"'{heading.text}' has level {heading.level}, expected {above + 1}.",
            )
        above = heading.level


@rule("Begin each sentence of a paragraph on a line of its own.")
def sentence_lines(book: Book) -> Iterator[Found]:
    """Keep changes of prose readable: a changed sentence is a changed line."""
    for index, source in markdown_cells(book.notebook):
        for line in _paragraph_lines(source):
            if _SENTENCE_END.search(line):
                yield index, f"Two sentences are on one line: {line[:60]!r}."


@rule("Write what belongs there.")
def filled_in(book: Book) -> Iterator[Found]:
    """Find what a new lesson left for its author to write."""
    for index, cell in enumerate(book.notebook.cells):
        if FILL_IN in cell.source:
            yield index, f"It still says '{FILL_IN} ...'."
    if book.lesson is not None and FILL_IN in book.lesson.summary:
        yield None, f"Its summary in collection.toml still says '{FILL_IN} ...'."


@rule("Describe the picture: ![what is to be seen](...).")
def alt_text(book: Book) -> Iterator[Found]:
    """Ask of every picture in the text what it shows."""
    for index, source in markdown_cells(book.notebook):
        for address in _undescribed(tokens(source)):
            yield index, f"The picture {address} has no alt text."


@rule("Mend the link, or write the heading or file it leads to.")
def file_links(book: Book) -> Iterator[Found]:
    """Follow the links that stay inside the collection."""
    for index, source in markdown_cells(book.notebook):
        for token in tokens(source):
            address = token.attrs.get("href") or token.attrs.get("src")
            if token.type in ("link_open", "image") and address:
                fault = _broken(str(address), book)
                if fault:
                    yield index, fault


@rule("Remove it, or run 'python -m curator refresh', which does.")
def unwanted_metadata(book: Book) -> Iterator[Found]:
    """Refuse metadata that only makes changes hard to read."""
    for key in book.notebook.metadata:
        if key not in ("kernelspec", "language_info"):
            yield None, f"The notebook has the metadata {key!r}."
    for index, cell in enumerate(book.notebook.cells):
        for key, value in cell.metadata.items():
            if key != "tags" and not (
                key == "jupyter" and value.keys() <= set(COLLAPSED)
            ):
                yield index, f"It has the metadata {key!r}."


def _paragraph_lines(source: str) -> Iterator[str]:
    """Yield the lines of paragraphs, not of lists, tables or what pictures show."""
    for token in tokens(source):
        if token.type == "inline" and token.level == 1:
            shown = (child for child in token.children or [] if child.type != "image")
            text = "".join(_WRITTEN.get(c.type, c.content) for c in shown)
            lines = text.splitlines()
            yield from (line for line in lines if not line.startswith("|"))


def _undescribed(parsed: Iterable[Token]) -> Iterator[str]:
    for token in parsed:
        if token.type == "image" and not token.content.strip():
            yield str(token.attrs["src"])
        if token.type in ("html_block", "html_inline"):
            for tag in _HTML_IMAGE.findall(token.content):
                if not _HTML_ALT.search(tag):
                    yield tag


def _broken(address: str, book: Book) -> str:
    """Return what is wrong with a link, or nothing."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return ""
    target = book.path
    if parts.path:
        target = (book.path.parent / unquote(parts.path)).resolve()
        if not target.exists():
            return f"The link {address} leads to no file."
    notebook = book.notebook if target == book.path else _notebook_at(target)
    if notebook is None or not parts.fragment:
        return ""
    if unquote(parts.fragment) in anchors(notebook):
        return ""
    return f"The link {address} leads to no heading."


def _notebook_at(path: Path) -> NotebookNode | None:
    return read_notebook(path) if path.suffix == ".ipynb" else None
