"""Writes the pages that are made from something else, and notices when they drifted.

The tables of lessons in the README and on the start page, which is the first lesson,
come from ``notebooks/collection.toml``, the model cards in ``data/README.md`` from the
``card.json`` of each kit.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from notebook_utils.errors import WorkshopError

from .checks import Check
from .collection import Lesson, read_collection
from .files import write_text

BEGIN = "<!-- lessons: begin (made by `python -m curator sync`) -->"
END = "<!-- lessons: end -->"

_CARD_KEYS = ("kit", "title", "licence", "trained_on", "measured_on", "figures")


class SyncError(WorkshopError):
    """A page cannot be made: a marker is missing, or a card is incomplete."""


def sync(root: Path, check: bool = False) -> list[Check]:
    """Write every generated page that is not as it should be.

    Parameters
    ----------
    root
        The checkout.
    check
        Write nothing; only say what drifted.

    Returns
    -------
    list of Check
        One for each page. With `check`, one that drifted has a finding; without it,
        none has.

    Raises
    ------
    SyncError
        The README lacks its markers, or a card lacks a key.
    """
    checks = []
    start_page = read_collection(root / "notebooks").lessons[0].path
    pages = {start_page.relative_to(root).as_posix(): _start_page, **_PAGES}
    for name, make in pages.items():
        path = root / name
        wanted = make(root)
        drifted = not path.is_file() or path.read_text(encoding="utf-8") != wanted
        if drifted and not check:
            write_text(path, wanted)
            print(f"{name} was written.")
        findings = (f"{name} has drifted. Run 'python -m curator sync'.",)
        checks.append(Check(name, findings if drifted and check else ()))
    return checks


def lessons_table(lessons: Iterable[Lesson], folder: str) -> str:
    """Return the markdown table of lessons.

    Parameters
    ----------
    lessons
        In the order of the table.
    folder
        What the links begin with: where the notebooks are, seen from the page.
    """
    rows = [
        "| | lesson | what it is about | minutes | download |",
        "| --- | --- | --- | --- | --- |",
    ]
    for lesson in lessons:
        link = f"[{lesson.number}]({folder}{quote(lesson.path.name)})"
        cells = (link, lesson.title, lesson.summary, f"{lesson.minutes:g}", "none")
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(rows)


def model_card(card: dict[str, Any], where: str) -> str:
    """Return the section about one included kit.

    Parameters
    ----------
    card
        The content of a ``card.json``.
    where
        Its name, for the error message.
    """
    missing = [key for key in (*_CARD_KEYS, "files") if key not in card]
    if missing:
        raise SyncError(f"{where} has no {missing[0]!r}. Build the kit again.")
    facts = {
        "Trained on": card["trained_on"],
        "Measured on": card["measured_on"],
        "Figures": "; ".join(f"{k} {v}" for k, v in card["figures"].items()),
        "Parameters": f"{card['parameters']:,}" if card.get("parameters") else "",
        "Licence": card["licence"],
        "Built with": f"`{card['built_with']}`" if card.get("built_with") else "",
    }
    lines = [f"## {card['kit']}", "", card["title"], ""]
    lines += [f"- {fact}: {value}" for fact, value in facts.items() if value]
    lines += ["", "| file | bytes | sha256 |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {file['bytes']:,} | `{file['sha256']}` |"
        for name, file in sorted(card["files"].items())
    ]
    return "\n".join(lines)


def _readme(root: Path) -> str:
    path = root / "README.md"
    content = path.read_text(encoding="utf-8")
    lessons = read_collection(root / "notebooks").lessons
    filled = _between_markers(content, lessons_table(lessons, "notebooks/"))
    if filled is None:
        raise SyncError(f"{path} lacks the lines {BEGIN!r} and {END!r}, in this order.")
    return filled


def _start_page(root: Path) -> str:
    """Fill in the table in whichever cell of the first lesson has the markers."""
    first, *others = read_collection(root / "notebooks").lessons
    notebook = nbformat.read(first.path, as_version=4)
    table = lessons_table(others, "")
    for cell in notebook.cells:
        cell.source = _between_markers(cell.source, table) or cell.source
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def _between_markers(content: str, table: str) -> str | None:
    """Return the content with the table in its place; None if there is no place."""
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table}\n{end}{after}" if begin and end else None


def _cards(root: Path) -> str:
    cards = sorted((root / "data" / "kits").glob("*/card.json"))
    sections = [
        model_card(json.loads(path.read_text(encoding="utf-8")), str(path))
        for path in cards
    ]
    head = (
        "# The included kits\n\n"
        "<!-- Made by `python -m curator sync` from data/kits/*/card.json. -->\n\n"
        "Everything here is our own work, built by `toybox`. "
        "The models were trained on scenes that `notebook_utils.scenes` draws: "
        "they know eight toys, and nothing else.\n"
        "Figures were measured on scenes that were kept out of training.\n"
        "Two kits hold random weights for a network of torchvision, and say so."
    )
    return "\n\n".join([head, *sections]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_PAGES: dict[str, Callable[[Path], str]] = {
    "README.md": _readme,
    "data/README.md": _cards,
}
