"""Stores fresh outputs in the lessons, as nbval will compare them."""

import copy
from collections.abc import Iterable, Iterator

import nbformat
from nbformat import NotebookNode
from rich.console import Console

from .collection import Lesson
from .comparison import WIDGET_VIEW, difference, is_checked, why_not_comparable
from .execution import execute, show
from .files import code_cells, notebook_text, write_text
from .record import Refreshed, code_digest, read_record, write_entry
from .results import NOTHING_COMPARED, LessonResult

# ipykernel hides what native code prints where the first is set, and pytest, which
# runs the kernel under nbval, sets it.
_ENVIRONMENT = {
    "PYTEST_CURRENT_TEST": "1",
    "NOTEBOOK_KITS": "auto",
    "NOTEBOOK_KITS_MIRROR": "",
}

# What a cell's metadata may say under "jupyter": its source or outputs are folded away.
COLLAPSED = ("source_hidden", "outputs_hidden")
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
    lessons: Iterable[Lesson], console: Console, force: bool = False
) -> list[LessonResult]:
    """Run lessons with the kits that `auto` gives without a mirror; store outputs.

    Parameters
    ----------
    lessons
        In the order in which they run; skipped ones are left alone.
    console
        Gets a line when a lesson ends.
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
    for lesson in lessons:
        if lesson.skip is None:
            results.append(_refresh(lesson, console, force))
            show(results[-1], console)
    return results


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without what changes from run to run or is of no use.

    Kept are: cells with their ids, tags and hidden sources, outputs. A widget is stored
    as its text, since its view means nothing once its kernel is gone.
    """
    clean = copy.deepcopy(notebook)
    clean.metadata = nbformat.from_dict(_METADATA)
    for cell in clean.cells:
        folded = cell.metadata.get("jupyter", {})
        jupyter = {key: True for key in COLLAPSED if folded.get(key)}
        wanted = {"tags": cell.metadata.get("tags"), "jupyter": jupyter}
        kept = {key: value for key, value in wanted.items() if value}
        cell.metadata = nbformat.from_dict(kept)
        for output in cell.get("outputs", []):
            if "text/plain" in output.get("data", {}):
                output.data.pop(WIDGET_VIEW, None)
    return clean


def _refresh(lesson: Lesson, console: Console, force: bool) -> LessonResult:
    text = lesson.path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    fresh = copy.deepcopy(stored)
    result = execute(lesson, fresh, console, _ENVIRONMENT)
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
    keep = current and not force and _still_hold(stored, fresh)
    notebook = tidy(stored if keep else fresh)
    nbformat.validate(notebook)
    if notebook_text(notebook) != text:
        write_text(lesson.path, notebook_text(notebook))
    if not keep:  # figures differ a little in every run: they stay as well
        entry = Refreshed(digest, round(result.peak_memory_mb), round(result.cpu_s))
        write_entry(folder, name, entry)
    result.reason = "The stored outputs still hold." if keep else "Outputs stored."
    return result


def _not_comparable(notebook: NotebookNode) -> Iterator[str]:
    """Yield why nbval would refuse a notebook that was just run."""
    cells = [cell for _, cell in code_cells(notebook)]
    if not any(map(is_checked, cells)):
        yield NOTHING_COMPARED
    for number, cell in enumerate(cells, start=1):
        if is_checked(cell) and (why_not := why_not_comparable(cell)):
            yield f"Cell {number}: {why_not}"


def _still_hold(stored: NotebookNode, fresh: NotebookNode) -> bool:
    """Say whether the stored counts and checked outputs are those of a fresh run."""
    pairs = zip(code_cells(stored), code_cells(fresh), strict=True)
    return all(
        old.execution_count == new.execution_count
        and not (is_checked(old) and difference(old.outputs, new.outputs))
        for (_, old), (_, new) in pairs
    )
