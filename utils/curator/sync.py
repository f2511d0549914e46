"""Writes the pages that are made from something else, and notices when they drifted.

The tables of lessons and the facts in each lesson come from
``notebooks/collection.toml``, the notebooks themselves, the catalogue of kits and the
record of the last refresh; the model cards in ``data/README.md`` from the ``card.json``
of each kit.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import jinja2
from nbformat.v4 import new_markdown_cell

from notebook_utils.errors import WorkshopError
from notebook_utils.kits.catalogue import catalogue

from .collection import Lesson, read_collection
from .comparison import is_checked
from .files import code_cells, notebook_text, read_notebook, tags, write_text
from .record import FILE_NAME, code_digest, read_record, record_text

BEGIN = "<!-- lessons: begin (made by `python -m curator sync`) -->"
END = "<!-- lessons: end -->"

# Whoever edits a notebook sees by this tag that a cell is written by `sync`.
GENERATED = "generated"
FACTS_PLACE = 1  # below the title page

_COLUMNS = ["no.", "lesson", "what it is about", "minutes", "memory", "download"]
_CARD = ("kit", "title", "licence", "trained_on", "measured_on", "figures", "files")


class SyncError(WorkshopError):
    """A page cannot be made: a marker is missing, or a key in a card."""


def sync(root: Path, check: bool = False) -> list[str]:
    """Write every generated page that is not as it should be.

    Parameters
    ----------
    root
        The checkout.
    check
        Write nothing; only find what drifted.

    Returns
    -------
    list of str
        The names of the pages that had drifted.

    Raises
    ------
    SyncError
        The README lacks its markers, or a card lacks a key.
    NotebookError
        A lesson is no notebook.
    """
    folder = root / "notebooks"
    lessons = read_collection(folder).lessons
    names = {lesson.path.name for lesson in lessons}
    record = {k: entry for k, entry in read_record(folder).items() if k in names}
    pages = {
        root / "README.md": _readme(root / "README.md", lessons),
        root / "data" / "README.md": _cards(root / "data" / "kits"),
        folder / FILE_NAME: record_text(record),
    }
    pages |= {lesson.path: _notebook(lesson, lessons) for lesson in lessons}
    drifted = []
    for path, wanted in pages.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
            drifted.append(path.relative_to(root).as_posix())
            if not check:
                write_text(path, wanted)
    return drifted


def _readme(path: Path, lessons: Iterable[Lesson]) -> str:
    content = path.read_text(encoding="utf-8")
    filled = _between_markers(
        content, _table(lessons, "notebooks/", [*_COLUMNS, "result"])
    )
    if filled is None:
        raise SyncError(f"{path} lacks the lines {BEGIN!r} and {END!r}, in this order.")
    return filled


def _cards(folder: Path) -> str:
    """Return the page about all included kits."""
    cards = []
    for path in sorted(folder.glob("*/card.json")):
        cards.append(json.loads(path.read_text(encoding="utf-8")))
        missing = [key for key in _CARD if key not in cards[-1]]
        if missing:
            raise SyncError(f"{path} has no {missing[0]!r}. Build the kit again.")
    source = Path(__file__).with_name("cards.md").read_text(encoding="utf-8")
    template = jinja2.Template(source, trim_blocks=True, lstrip_blocks=True)
    page: str = template.render(cards=cards)
    return page


def _notebook(lesson: Lesson, lessons: Iterable[Lesson]) -> str:
    """Return a lesson with its facts, and the table of the others if it has one."""
    notebook = read_notebook(lesson.path)
    others = [other for other in lessons if other != lesson]
    for cell in notebook.cells:
        if BEGIN in cell.source:
            table = _table(others, "", _COLUMNS)
            cell.source = _between_markers(cell.source, table) or cell.source
    written = [cell for cell in notebook.cells if GENERATED not in tags(cell)]
    memory, download, _ = _facts(lesson)
    minutes = f"{lesson.minutes:g} minute{'s' * (lesson.minutes != 1)}"
    fetched = "downloads nothing" if download == "none" else f"may download {download}"
    facts = f"This page takes about {minutes}, needs {memory} of memory and {fetched}."
    cell = new_markdown_cell(facts, id="facts", metadata={"tags": [GENERATED]})
    notebook.cells = [*written[:FACTS_PLACE], cell, *written[FACTS_PLACE:]]
    return notebook_text(notebook)


def _between_markers(content: str, table: str) -> str | None:
    """Return the content with the table in its place; None if there is no place."""
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table}\n{end}{after}" if begin and end else None


def _table(lessons: Iterable[Lesson], folder: str, columns: list[str]) -> str:
    """Return the table of lessons; links begin with `folder`. Drafts are left out."""
    rows = [columns, ["---"] * len(columns)]
    for lesson in lessons:
        if not lesson.draft:
            link = f"[{lesson.number}]({folder}{quote(lesson.path.name)})"
            row = [link, lesson.title, lesson.summary, f"{lesson.minutes:g}"]
            row += _facts(lesson)
            rows.append([cell.replace("|", "\\|") for cell in row[: len(columns)]])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _facts(lesson: Lesson) -> tuple[str, str, str]:
    """Say what a lesson holds, what it may download, and what came of its last run.

    The memory is that of the last refresh, or the budget. The download is the sum over
    the published files that ``auto`` takes, each address once.
    """
    entry = read_record(lesson.path.parent).get(lesson.path.name)
    megabytes = entry.peak_memory_mb if entry else lesson.memory_mb
    sizes: dict[str, int] = {}
    for kit in filter(None, map(catalogue().get, lesson.kits)):
        if kit.published and kit.verified and kit.is_permissive:
            for file in kit.published.files:
                sizes[file.source] = file.expected.size_bytes or 0
    download = f"{math.ceil(sum(sizes.values()) / 1e6)} MB" if sizes else "none"
    notebook = read_notebook(lesson.path)
    checked = sum(is_checked(cell) for _, cell in code_cells(notebook))
    if lesson.skip is not None:
        result = f"skipped until {lesson.skip.until}: {lesson.skip.reason}"
    elif entry is None:
        result = "not run yet"
    elif entry.code != code_digest(notebook):
        result = "changed since it was run"
    else:
        result = f"✓ passed, {checked} checked output{'s' * (checked != 1)}"
    return f"{math.ceil(megabytes / 100) / 10:.1f} GB", download, result
