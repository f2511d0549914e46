"""Stores fresh outputs in the lessons, as nbval will compare them."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from .collection import Lesson
from .comparison import WIDGET_VIEW, compared, is_checked
from .execution import AS_UNDER_PYTEST, COLLAPSED, code_cells, execute
from .files import write_text
from .notebooks import notebook_text
from .progress import RunProgress
from .record import Entry, code_digest, read_record, write_entry
from .results import LessonResult

_ENVIRONMENT = {**AS_UNDER_PYTEST, "NOTEBOOK_KITS": "included"}

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
        was.
    """
    results = []
    with progress:
        for lesson in lessons:
            if lesson.skip is None:
                results.append(_refresh(lesson, progress, force))
                progress.end(results[-1])
    return results


def _refresh(lesson: Lesson, progress: RunProgress, force: bool) -> LessonResult:
    text = lesson.path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    fresh = copy.deepcopy(stored)
    progress.begin(lesson.name, len(code_cells(fresh)))
    result = execute(lesson, fresh, _ENVIRONMENT, progress.cell)
    if result.status != "passed":
        return result
    if lesson.path.read_text(encoding="utf-8") != text:
        result.status, result.reason = "error", "Its file was changed while it ran."
        return result
    folder, name = lesson.path.parent, lesson.path.name
    digest, known = code_digest(stored), read_record(folder).get(name)
    current = known is not None and known.code == digest
    keep = current and not force and same_checked_outputs(stored, fresh)
    _store(lesson.path, tidy(stored if keep else fresh))
    if not keep:  # figures differ a little in every run: they stay as well
        entry = Entry(digest, round(result.peak_memory_mb), round(result.cpu_s))
        write_entry(folder, name, entry)
    result.reason = "The stored outputs still hold." if keep else "Outputs stored."
    return result


def same_checked_outputs(stored: NotebookNode, fresh: NotebookNode) -> bool:
    """Say whether the outputs that nbval compares are the same in two runs.

    Notes
    -----
    False also where a stored cell has no count: such a run is not worth keeping.
    """
    pairs = zip(code_cells(stored), code_cells(fresh), strict=True)
    for number, ((_, old), (_, new)) in enumerate(pairs, start=1):
        if old.execution_count != number:
            return False
        if is_checked(old) and compared(old.outputs) != compared(new.outputs):
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


def _wanted(metadata: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if metadata.get("tags"):
        wanted["tags"] = metadata["tags"]
    collapsed = {key: metadata.get("jupyter", {}).get(key) for key in COLLAPSED}
    if any(collapsed.values()):
        wanted["jupyter"] = {key: True for key, value in collapsed.items() if value}
    return wanted


def _store(path: Path, notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    text = notebook_text(notebook)
    if text != path.read_text(encoding="utf-8"):
        write_text(path, text)
