"""Rules about the page as a reader sees it: opening, sections, prose."""

import re
from collections.abc import Iterator

from ..refresh import COLLAPSED
from .prose import points_after, tokens, undescribed
from .rules import Found, Notebook, rule

MOST_CODE_CELLS_IN_A_ROW = 2
MOST_SET_UP_CELLS = 3
FEWEST_PROMISES = 3
LEARN, NEED = "What you will learn", "What you need"
SET_UP, SUMMARY, NEXT = "Set up", "Summary", "Next steps"

# Publishing puts an address in its place.
INSTALL_LINE = 'WORKSHOP = ".."'
FILL_IN = "(fill in"

# How what is not plain text counts where a line is searched for sentences.
_WRITTEN = {"softbreak": "\n", "hardbreak": "\n", "code_inline": "`"}
# A sentence that ends within a line, not "e.g. this", "3. that" or "1.5 s".
_SENTENCE_END = re.compile(r"(?<![.\s]..)(?<=[a-z)`*\"])[.!?] +(?=[A-Z`*])")


@rule("Begin with a markdown cell that has one '# Title', as in collection.toml.")
def title_page(notebook: Notebook) -> Iterator[Found]:
    """Begin with a title page."""
    cells = notebook.content.cells
    if not cells or cells[0].cell_type != "markdown":
        yield None, "It does not begin with a markdown cell."
        return
    titles = [h.text for h in notebook.headings if h.level == 1]
    if len(titles) != 1:
        yield 0, f"It has {len(titles)} first-level headings, expected one."
    elif titles != [notebook.lesson.title]:
        yield (
            0,
            f"Its title is {titles[0]!r}, the collection's {notebook.lesson.title!r}.",
        )


@rule("Add it to the first cell, as a bold line with a list below.")
def opening(notebook: Notebook) -> Iterator[Found]:
    """Promise three things or more at the outset, and say what is needed for them."""
    source = notebook.content.cells[0].source if notebook.content.cells else ""
    promises = points_after(source, LEARN)
    if promises < FEWEST_PROMISES:
        yield 0, f"'{LEARN}' has {promises} points, expected {FEWEST_PROMISES} or more."
    if not points_after(source, NEED):
        yield 0, f"'{NEED}' is missing or has no list."
    elif source.find(NEED) < source.find(LEARN):
        yield 0, f"'{NEED}' stands before '{LEARN}'."


@rule("Order the sections as in the other lessons.")
def page_order(notebook: Notebook) -> Iterator[Found]:
    """Demand set-up, summary and next steps, in this order."""
    wanted = [SET_UP] if notebook.is_start_page else [SET_UP, SUMMARY, NEXT]
    sections = [h for h in notebook.headings if h.level == 2]
    found = [h.text for h in sections if h.text in wanted]
    missing = [name for name in wanted if name not in found]
    for name in missing:
        yield None, f"It has no section '## {name}'."
    if not missing and found != wanted:
        yield None, f"Its sections come as {', '.join(found)}."
    first_code = next((i for i, _ in notebook.code), len(sections))
    if not missing and first_code < next(h.index for h in sections if h.text == SET_UP):
        yield first_code, f"It stands before '## {SET_UP}'."


@rule("Import and load the rest where it is first used.")
def set_up(notebook: Notebook) -> Iterator[Found]:
    """Keep the set-up to three cells, the first of which can install the package."""
    heads = notebook.headings
    begin = next((h for h in heads if (h.level, h.text) == (2, SET_UP)), None)
    if begin is None:
        return
    after = (h.index for h in heads if h.index > begin.index)
    end = next(after, len(notebook.content.cells))
    cells = [c for i, c in notebook.code if begin.index < i < end]
    if len(cells) > MOST_SET_UP_CELLS:
        most = f"at most {MOST_SET_UP_CELLS} fit"
        yield begin.index, f"The set-up has {len(cells)} code cells; {most}."
    if not cells or INSTALL_LINE not in cells[0].source:
        yield begin.index, f"The first cell of the set-up lacks the line {INSTALL_LINE}"


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
    for index, source in notebook.prose:
        for line in _paragraph_lines(source):
            if _SENTENCE_END.search(line):
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
    for index, source in notebook.prose:
        for token in tokens(source):
            found = undescribed(token.content) if token.type.startswith("html_") else []
            if token.type == "image" and not token.content.strip():
                found = [str(token.attrs["src"])]
            for picture in found:
                yield index, f"The picture {picture} has no alt text."


@rule("Remove it, or run 'python -m curator refresh', which does.")
def unwanted_metadata(notebook: Notebook) -> Iterator[Found]:
    """Refuse metadata that only makes changes hard to read."""
    for key in notebook.content.metadata:
        if key not in ("kernelspec", "language_info"):
            yield None, f"The notebook has the metadata {key!r}."
    for index, cell in enumerate(notebook.content.cells):
        for key, value in cell.metadata.items():
            collapsed = key == "jupyter" and value.keys() <= set(COLLAPSED)
            if key != "tags" and not collapsed:
                yield index, f"It has the metadata {key!r}."


def _paragraph_lines(source: str) -> Iterator[str]:
    """Yield the lines of paragraphs, not of lists, tables or what pictures show."""
    for token in tokens(source):
        if token.type == "inline" and token.level == 1:
            shown = (child for child in token.children or [] if child.type != "image")
            text = "".join(_WRITTEN.get(c.type, c.content) for c in shown)
            lines = text.splitlines()
            yield from (line for line in lines if not line.startswith("|"))
