"""Stores fresh outputs in the lessons, as nbval will compare them."""

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from .collection import Lesson
from .comparison import WIDGET_VIEW, difference, is_checked, why_not_comparable
from .execution import COLLAPSED, code_cells, execute
from .files import write_text
from .notebooks import notebook_text
from .progress import RunProgress
from .record import Refreshed, code_digest, read_record, write_entry
from .results import NOTHING_COMPARED, LessonResult

# ipykernel hides what native code prints where the first is set, and pytest, which
# runs the kernel under nbval, sets it.
_ENVIRONMENT = {"PYTEST_CURRENT_TEST": "1", "NOTEBOOK_KITS": "included"}

_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    # No version: it would change with every maintainer's interpreter.
    "language_info": {"name": "python"},
}


def refresh_lessons(
    lessons: Iterable[Lesson], progress: RunProgress, force: bool = False
) -> list[LessonResult]:
    """Run lessons with the included kits and store their outputs.

    Parameters
    ----------
    lessons
        In the order in which they run; skipped ones are left alone.
    progress
        Where to show how far it is.
    force
        Store new outputs also where neither the code nor a checked output changed, for
        example after the drawing of pictures changed.

    Returns
    -------
    list of LessonResult
        One for each lesson that ran. The file of a lesson that did not pass is as it
        was. One of which nbval would compare nothing, or not every checked cell, does
        not pass.
    """
    results = []
    with progress:
        for lesson in lessons:
            if lesson.skip is None:
                results.append(_refresh(lesson, progress, force))
                progress.end(results[-1])
    return results


def checked_outputs_hold(stored: NotebookNode, fresh: NotebookNode) -> bool:
    """Say whether nbval would find in a second run what is stored of the first.

    Notes
    -----
    False also where a stored cell has another count than a clean run gives it.
    """
    pairs = zip(code_cells(stored), code_cells(fresh), strict=True)
    for number, ((_, old), (_, new)) in enumerate(pairs, start=1):
        if old.execution_count != number:
            return False
        if is_checked(old) and difference(old.outputs, new.outputs) is not None:
            return False
    return True


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without what changes from run to run or is of no use.

    Kept are: cells with their ids, tags and hidden sources, outputs. A widget is stored
    as its text, since its view means nothing once its kernel is gone.
    """
    clean = copy.deepcopy(notebook)
    clean.metadata = nbformat.from_dict(_METADATA)
    for cell in clean.cells:
        cell.metadata = nbformat.from_dict(_wanted(cell.metadata))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/plain" in data:
                data.pop(WIDGET_VIEW, None)
    return clean


def _refresh(lesson: Lesson, progress: RunProgress, force: bool) -> LessonResult:
    text = lesson.path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    fresh = copy.deepcopy(stored)
    progress.begin(lesson.name, len(code_cells(fresh)))
    result = execute(lesson, fresh, _ENVIRONMENT, progress.cell)
    if result.status == "passed":
        for fault in _not_comparable(fresh):
            result.fail("failed", fault)
    if result.status != "passed":
        return result
    if lesson.path.read_text(encoding="utf-8") != text:
        result.fail("error", "Its file was changed while it ran.")
        return result
    folder, name = lesson.path.parent, lesson.path.name
    digest, known = code_digest(stored), read_record(folder).get(name)
    current = known is not None and known.code == digest
    keep = current and not force and checked_outputs_hold(stored, fresh)
    _store(lesson.path, tidy(stored if keep else fresh))
    if not keep:  # figures differ a little in every run: they stay as well
        entry = Refreshed(digest, round(result.peak_memory_mb), round(result.cpu_s))
        write_entry(folder, name, entry)
    result.reason = "The stored outputs still hold." if keep else "Outputs stored."
    return result


def _not_comparable(notebook: NotebookNode) -> Iterator[str]:
    """Yield why nbval would refuse a notebook that was just run."""
    if not any(is_checked(cell) for _, cell in code_cells(notebook)):
        yield NOTHING_COMPARED
    for number, (_, cell) in enumerate(code_cells(notebook), start=1):
        why_not = why_not_comparable(cell) if is_checked(cell) else ""
        if why_not:
            yield f"Cell {number}: {why_not}"


def _wanted(metadata: dict[str, Any]) -> dict[str, Any]:
    jupyter = {key: True for key in COLLAPSED if metadata.get("jupyter", {}).get(key)}
    wanted = {"tags": metadata.get("tags"), "jupyter": jupyter}
    return {key: value for key, value in wanted.items() if value}


def _store(path: Path, notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    text = notebook_text(notebook)
    if text != path.read_text(encoding="utf-8"):
        write_text(path, text)
