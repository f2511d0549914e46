"""Begins a lesson: a notebook from a template, and its entry in the collection.

Nothing else has to be edited anywhere: the runner, the README, the tests and the
continuous integration take the lesson from the collection.
"""

import json
import re
from pathlib import Path

from .collection import FILE_NAME, Lesson, read_collection
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
    lessons = read_collection(folder).lessons
    path = folder / f"{name}.ipynb"
    if not _NAME.fullmatch(name):
        raise ValueError(
            "Expected two digits and a few words in small letters, joined by hyphens, "
            f"such as '06-my-lesson'; found {name!r}."
        )
    for lesson in lessons:
        if lesson.number == name[:2]:
            raise ValueError(f"The number {name[:2]} is taken by {lesson.name}.")
    if path.exists():
        raise ValueError(f"{path} exists already. Give the lesson another name.")
    title = title or name.partition("-")[2].replace("-", " ").capitalize()
    notebook = read_notebook(TEMPLATE)
    for cell in notebook.cells:
        source = cell.source.replace("{{TITLE}}", title)
        cell.source = source.replace("{{FIRST}}", lessons[0].name)
    write_text(path, notebook_text(notebook))
    entry = _ENTRY.format(
        file=json.dumps(path.name),  # JSON's strings are TOML's as well
        title=json.dumps(title, ensure_ascii=False),
        summary=json.dumps(f"{FILL_IN}: one line about what it teaches)"),
    )
    listing = folder / FILE_NAME
    text = listing.read_text(encoding="utf-8") + "\n"
    parts = re.split(r"^(?=\[\[lesson\]\])", text, flags=re.MULTILINE)
    lower = sum(lesson.number < name[:2] for lesson in lessons)
    parts.insert(1 + lower, f"{entry}\n")  # the first part stands before all lessons
    write_text(listing, "".join(parts).rstrip() + "\n")
    return read_collection(folder).select([name])[0]
