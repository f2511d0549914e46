"""Rules that every lesson keeps, and the tools that check all code.

A rule is a function that yields what is wrong in one notebook. To add one, write it
below the others with the `rule` decorator, and a good and a bad example in
``tests/test_curator_lint.py``.
"""

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbformat import NotebookNode

from .checks import Check
from .collection import Lesson
from .comparison import CHECKED, compared, is_checked
from .execution import COLLAPSED, code_cells

MOST_LINES = 20
MOST_COLUMNS = 88
MOST_CODE_CELLS_IN_A_ROW = 2

# A folder of a person or of one run, not part of an address (https://host/home/x) or
# of a picture's bytes.
_MACHINE_PATH = re.compile(
    r"(?:(?<![\w.~+/=-])|(?<=file://))/(?:home|Users|root|tmp)/[\w.]+"
    r"|\b[A-Za-z]:(?:\\+|/)Users\b"
)
_HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_HTML_ALT = re.compile(r"""\balt\s*=\s*(?:"[^"]+"|'[^']+')""", re.IGNORECASE)

# What is wrong, and the index of the cell (None: the notebook as a whole).
Found = tuple[int | None, str]


@dataclasses.dataclass(frozen=True)
class Book:
    """A notebook as the rules see it."""

    path: Path
    root: Path
    notebook: NotebookNode


@dataclasses.dataclass(frozen=True)
class Rule:
    """A named function that finds what is wrong in a notebook, and what to do then."""

    name: str
    remedy: str
    find: Callable[[Book], Iterator[Found]]

    def check(self, books: Iterable[Book]) -> Check:
        """Hold the rule against notebooks."""
        findings = []
        for book in books:
            file = book.path.relative_to(book.root).as_posix()
            for index, what in self.find(book):
                where = file if index is None else f"{file}: cell {index + 1}"
                findings.append(f"{where}: {self.name}: {what} {self.remedy}")
        return Check(self.name, tuple(findings))


RULES: dict[str, Rule] = {}


def rule(remedy: str) -> Callable[[Callable[[Book], Iterator[Found]]], Rule]:
    """Make a function a rule that is named after it.

    Parameters
    ----------
    remedy
        What a person should do about a finding: a sentence.
    """

    def register(find: Callable[[Book], Iterator[Found]]) -> Rule:
        name = find.__name__.replace("_", "-")
        RULES[name] = Rule(name, remedy, find)
        return RULES[name]

    return register


def check_lessons(lessons: Iterable[Lesson], root: Path) -> list[Check]:
    """Hold every rule against the notebooks of lessons.

    Parameters
    ----------
    lessons
        Skipped ones are checked as well: they are on show all the same.
    root
        The checkout; files are named from there.

    Returns
    -------
    list of Check
        One for each rule. Cells are counted from 1, markdown included.

    Raises
    ------
    ValueError
        A file is no notebook.
    """
    books = [_read(lesson.path, root) for lesson in lessons]
    return [rule.check(books) for rule in RULES.values()]


def check_tools(root: Path, paths: Iterable[Path] = ()) -> list[Check]:
    """Run ruff, and mypy where no paths are given.

    Parameters
    ----------
    root
        The checkout, with the tools' configuration.
    paths
        What ruff should look at; everything if there are none.
    """
    names = [str(path) for path in paths]
    checks = [
        _tool(root, "ruff check", ["ruff", "check", *(names or ["."])]),
        _tool(root, "ruff format", ["ruff", "format", "--check", *(names or ["."])]),
    ]
    if not names:
        checks.append(_tool(root, "mypy", ["mypy"]))
    return checks


@rule("Run 'python -m curator refresh'.")
def execution_counts(book: Book) -> Iterator[Found]:
    """Demand counts of 1, 2, 3 ... down the page, which only one clean run gives."""
    for number, (index, cell) in enumerate(code_cells(book.notebook), start=1):
        if cell.execution_count != number:
            found = cell.execution_count
            yield index, f"Its execution count is {found}, expected {number}."


@rule("Store it with 'python -m curator refresh', or remove the tag.")
def tagged_outputs(book: Book) -> Iterator[Found]:
    """Demand something to compare of each tagged cell: nbval fails open."""
    for index, cell in code_cells(book.notebook):
        if not is_checked(cell):
            continue
        if cell.execution_count is None:
            yield index, f"It is tagged {CHECKED} but was not run."
        elif not compared(cell.outputs):
            yield index, f"It is tagged {CHECKED} but has no output to compare."


@rule("Mend the cell and run 'python -m curator refresh'.")
def stored_errors(book: Book) -> Iterator[Found]:
    """Spare readers the traceback of somebody else's run."""
    for index, cell in code_cells(book.notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield index, f"A {output.ename} is stored in its output."


@rule("Print a path relative to the notebook or to the output folder.")
def machine_paths(book: Book) -> Iterator[Found]:
    """Refuse what shows where the notebook was run: a home, a temporary folder."""
    for index, content in _texts(book.notebook):
        text = json.dumps(content, ensure_ascii=False)
        found = _MACHINE_PATH.search(text)
        if str(book.root) in text:
            yield index, f"It holds the path of this checkout, {book.root}."
        elif found:
            yield index, f"It holds the path {found[0]!r} of one machine."


@rule("Split it, with a sentence before each part.")
def cell_length(book: Book) -> Iterator[Found]:
    """Keep a code cell so short that it fits into a glance."""
    for index, cell in code_cells(book.notebook):
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > MOST_LINES:
            yield index, f"It has {lines} non-blank lines; at most {MOST_LINES} fit."


@rule("Break the line.")
def line_width(book: Book) -> Iterator[Found]:
    """Let nobody scroll sideways to read a code cell, magics included."""
    for index, cell in code_cells(book.notebook):
        width = max(map(len, cell.source.splitlines()), default=0)
        if width > MOST_COLUMNS:
            yield index, f"A line has {width} columns; at most {MOST_COLUMNS} fit."


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


@rule("Import notebook_utils first: OpenVINO then sends no reports of its use.")
def quiet_openvino(book: Book) -> Iterator[Found]:
    """Keep OpenVINO from reporting what a learner runs."""
    for index, cell in code_cells(book.notebook):
        for line in cell.source.splitlines():
            if re.match(r"\s*(from|import) notebook_utils\b", line):
                return
            if re.match(r"\s*(from|import) (openvino|nncf)\b", line):
                yield index, "It imports OpenVINO before notebook_utils."
                return


@rule("Describe the picture: ![what is to be seen](...).")
def alt_text(book: Book) -> Iterator[Found]:
    """Ask of every picture in the text what it shows."""
    for index, cell in enumerate(book.notebook.cells):
        if cell.cell_type == "markdown":
            for address in _undescribed(_markdown(cell.source)):
                yield index, f"The picture {address} has no alt text."


@rule("Begin with a markdown cell that has one '# Title'.")
def title_page(book: Book) -> Iterator[Found]:
    """Begin with a title page."""
    cells = book.notebook.cells
    if not cells or cells[0].cell_type != "markdown":
        yield None, "It does not begin with a markdown cell."
        return
    tokens = _markdown(cells[0].source)
    titles = sum(token.type == "heading_open" and token.tag == "h1" for token in tokens)
    if titles != 1:
        yield 0, f"It has {titles} first-level headings, expected one."


def _read(path: Path, root: Path) -> Book:
    try:
        return Book(path, root, nbformat.read(path, as_version=4))
    except (ValueError, nbformat.ValidationError) as error:
        raise ValueError(f"{path} cannot be read as a notebook: {error}") from error


def _texts(notebook: NotebookNode) -> Iterator[tuple[int | None, object]]:
    """Yield all that a notebook holds but for the bytes of pictures."""
    yield None, notebook.metadata
    for index, cell in enumerate(notebook.cells):
        yield index, [cell.source, cell.metadata]
        for output in cell.get("outputs", []):
            data = {
                mime: content
                for mime, content in output.get("data", {}).items()
                if not mime.startswith("image/") or mime == "image/svg+xml"
            }
            yield index, {**output, "data": data}


def _markdown(source: str) -> list[Token]:
    """Parse markdown; the tokens inside a line come after the line's own."""
    tokens = []
    for token in MarkdownIt().parse(source):
        tokens += [token, *(token.children or [])]
    return tokens


def _undescribed(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "image" and not token.content.strip():
            yield str(token.attrs["src"])
        if token.type in ("html_block", "html_inline"):
            for tag in _HTML_IMAGE.findall(token.content):
                if not _HTML_ALT.search(tag):
                    yield tag


def _tool(root: Path, name: str, command: list[str]) -> Check:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True
    )
    if done.returncode == 0:
        return Check(name)
    return Check(name, (f"{done.stdout}{done.stderr}".rstrip(),))
