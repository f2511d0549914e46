"""Writes the pages that are made from something else, and notices when they drifted.

The tables of lessons and the facts in each lesson come from
``notebooks/collection.toml``, the notebooks themselves and the record of their last
refresh; the model cards in ``data/README.md`` from the ``card.json`` of each kit.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

from nbformat.v4 import new_markdown_cell

from notebook_utils.errors import WorkshopError

from . import record
from .cards import cards_page
from .collection import Lesson, read_collection
from .facts import download, facts_line, memory, result
from .files import write_text
from .notebooks import notebook_text, read_notebook

BEGIN = "<!-- lessons: begin (made by `python -m curator sync`) -->"
END = "<!-- lessons: end -->"

# Whoever edits a notebook sees by this tag that a cell is written by `sync`.
GENERATED = "generated"
FACTS_PLACE = 1  # below the title page


class SyncError(WorkshopError):
    """A page cannot be made: a marker is missing."""


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
        The README lacks its markers.
    CardError
        A card lacks a key.
    NotebookError
        A lesson is no notebook.
    """
    drifted = []
    for name, wanted in _pages(root).items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
            drifted.append(name)
            if not check:
                write_text(path, wanted)
    return drifted


def lessons_table(
    lessons: Iterable[Lesson], folder: str, *, with_result: bool = True
) -> str:
    """Return the markdown table of lessons.

    Parameters
    ----------
    lessons
        In the order of the table. Drafts are left out.
    folder
        What the links begin with: where the notebooks are, seen from the page.
    with_result
        Also show what came of each lesson when it was last refreshed.
    """
    columns: dict[str, Callable[[Lesson], str]] = {
        "no.": lambda lesson: f"[{lesson.number}]({folder}{quote(lesson.path.name)})",
        "lesson": lambda lesson: lesson.title,
        "what it is about": lambda lesson: lesson.summary,
        "minutes": lambda lesson: f"{lesson.minutes:g}",
        "memory": memory,
        "download": download,
    }
    if with_result:
        columns["result"] = result
    rows = [columns, ["---"] * len(columns)]
    for lesson in lessons:
        if not lesson.draft:
            rows.append([column(lesson) for column in columns.values()])
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _pages(root: Path) -> dict[str, str]:
    """Return the wanted content of every generated page, by its name."""
    folder = root / "notebooks"
    lessons = read_collection(folder).lessons
    kept = record.record_of(folder, [lesson.path.name for lesson in lessons])
    pages = {
        "README.md": _readme(root, lessons),
        "data/README.md": cards_page(root),
        f"notebooks/{record.FILE_NAME}": kept,
    }
    for lesson in lessons:
        pages[f"notebooks/{lesson.path.name}"] = _notebook(lesson, lessons)
    return pages


def _readme(root: Path, lessons: Iterable[Lesson]) -> str:
    path = root / "README.md"
    content = path.read_text(encoding="utf-8")
    filled = _between_markers(content, lessons_table(lessons, "notebooks/"))
    if filled is None:
        raise SyncError(f"{path} lacks the lines {BEGIN!r} and {END!r}, in this order.")
    return filled


def _notebook(lesson: Lesson, lessons: Iterable[Lesson]) -> str:
    """Return a lesson with its facts, and the table of the others if it has one."""
    notebook = read_notebook(lesson.path)
    others = [other for other in lessons if other != lesson]
    for cell in notebook.cells:
        if BEGIN in cell.source:
            table = lessons_table(others, "", with_result=False)
            cell.source = _between_markers(cell.source, table) or cell.source
    written = [c for c in notebook.cells if GENERATED not in c.metadata.get("tags", [])]
    cell = new_markdown_cell(
        facts_line(lesson), id="facts", metadata={"tags": [GENERATED]}
    )
    notebook.cells = [*written[:FACTS_PLACE], cell, *written[FACTS_PLACE:]]
    return notebook_text(notebook)


def _between_markers(content: str, table: str) -> str | None:
    """Return the content with the table in its place; None if there is no place."""
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table}\n{end}{after}" if begin and end else None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
