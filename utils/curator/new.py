"""Begins a lesson: a notebook from a template, and its entry in the collection.

Nothing else has to be edited anywhere: the runner, the README, the tests and the
continuous integration take the lesson from the collection.
"""

import json
import re
from pathlib import Path

from .collection import FILE_NAME, Collection, Lesson, read_collection
from .files import notebook_text, read_notebook, write_text
from .lint.prose import FILL_IN

TEMPLATE = Path(__file__).with_name("template.json")

_NAME = re.compile(r"\d\d(-[a-z0-9]+)+")
_ENTRY = """\
[[lesson]]
file = {file}
title = {title}
summary = {summary}
minutes = 30
cpu_seconds = 90
kits = ["classification-ir"]
draft = true  # delete this line when the lesson is written: lint then reads it as one
"""


def new_lesson(root: Path, name: str, title: str | None = None) -> Lesson:
    """Write a lesson that runs, for its author to fill in.

    Parameters
    ----------
    root
        The checkout.
    name
        A number that is not taken and a few words, such as ``"06-my-lesson"``.
    title
        Its title; the words of the name if not given.

    Returns
    -------
    Lesson
        As the collection describes it now.

    Raises
    ------
    ValueError
        The name has another form, or its number or file is taken.
    """
    folder = root / "notebooks"
    collection = read_collection(folder)
    path = folder / f"{name}.ipynb"
    _refuse_taken(collection, name, path)
    title = title or name.partition("-")[2].replace("-", " ").capitalize()
    words = {"NUMBER": name[:2], "TITLE": title, "FIRST": collection.lessons[0].name}
    notebook = read_notebook(TEMPLATE)
    for cell in notebook.cells:
        for word, meaning in words.items():
            cell.source = cell.source.replace(f"{{{{{word}}}}}", meaning)
    write_text(path, notebook_text(notebook))
    entry = _ENTRY.format(
        file=json.dumps(path.name),  # JSON's strings are TOML's as well
        title=json.dumps(title, ensure_ascii=False),
        summary=json.dumps(f"{FILL_IN}: one line about what it teaches)"),
    )
    listing = folder / FILE_NAME
    text = listing.read_text(encoding="utf-8")
    write_text(listing, insert_entry(text, entry, _position(collection, name)))
    (lesson,) = read_collection(folder).select([name])
    return lesson


def insert_entry(text: str, entry: str, position: int) -> str:
    """Return the list of lessons with another entry; all else stays as it is.

    Parameters
    ----------
    text
        The content of ``collection.toml``.
    entry
        The table of the new lesson.
    position
        How many lessons stand before it.
    """
    begins = [m.start() for m in re.finditer(r"^\[\[lesson\]\]", text, re.MULTILINE)]
    if position < len(begins):
        place = begins[position]
        return f"{text[:place]}{entry}\n{text[place:]}"
    return f"{text.rstrip()}\n\n{entry}"


def _refuse_taken(collection: Collection, name: str, path: Path) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "Expected two digits and a few words in small letters, joined by hyphens, "
            f"such as '06-my-lesson'; found {name!r}."
        )
    taken = {lesson.number: lesson.name for lesson in collection.lessons}
    if name[:2] in taken:
        raise ValueError(f"The number {name[:2]} is taken by {taken[name[:2]]}.")
    if path.exists():
        raise ValueError(f"{path} exists already. Give the lesson another name.")


def _position(collection: Collection, name: str) -> int:
    """Return how many lessons come before one of that name."""
    return sum(lesson.number < name[:2] for lesson in collection.lessons)
