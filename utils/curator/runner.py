"""Runs lessons as they are shipped and leaves executed copies and a report."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .collection import Lesson
from .comparison import differences
from .execution import AS_UNDER_PYTEST, code_cells, execute
from .files import write_text
from .notebooks import NotebookError, notebook_text, read_notebook
from .progress import RunProgress
from .report import write_report
from .results import BAD, LessonResult

RUN_TITLE = "Lessons, run as shipped"
INCLUDED = "included"
INTERRUPTED = 130  # the exit status of a program that was ended with Ctrl-C


def run_lessons(
    lessons: Sequence[Lesson],
    output: Path,
    progress: RunProgress,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run lessons one after the other and write the report.

    Parameters
    ----------
    lessons
        In the order in which they run.
    output
        The folder for the executed copies and the report.
    progress
        Where to show how far it is.
    environment
        Variables for the kernels, added to those of this process.

    Returns
    -------
    int
        0 if no lesson failed, 1 if one did: also one of which nothing was compared, or
        that broke a budget. 130 if somebody ended the run with Ctrl-C;
        the lessons that had not ended are then ``not_run`` in the report.
    """
    results = {lesson.name: LessonResult.of(lesson) for lesson in lessons}
    for lesson in lessons:  # an older run's copy would be taken for this one's
        (output / lesson.path.name).unlink(missing_ok=True)
    try:
        with progress:
            for result in _run_each(lessons, output, progress, environment):
                results[result.name] = result
                progress.end(result)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        write_report(output, list(results.values()), RUN_TITLE)
    return 1 if any(result.status in BAD for result in results.values()) else 0


def skipped(lesson: Lesson) -> LessonResult | None:
    """Return the result of a lesson that the collection skips, None for others."""
    if lesson.skip is None:
        return None
    result = LessonResult.of(lesson)
    result.status = "skipped"
    reason = lesson.skip.reason.rstrip(".")
    result.reason = f"{reason}; skipped until {lesson.skip.until}."
    return result


def unreadable(lesson: Lesson, error: NotebookError) -> LessonResult:
    """Return the result of a lesson whose file is no notebook."""
    result = LessonResult.of(lesson)
    result.status = "error"
    result.reason = str(error)
    return result


def _run_each(
    lessons: Sequence[Lesson],
    output: Path,
    progress: RunProgress,
    environment: Mapping[str, str] | None,
) -> Iterator[LessonResult]:
    for lesson in lessons:
        yield skipped(lesson) or _run(lesson, output, progress, environment)


def _run(
    lesson: Lesson,
    output: Path,
    progress: RunProgress,
    environment: Mapping[str, str] | None,
) -> LessonResult:
    try:
        notebook = read_notebook(lesson.path)
    except NotebookError as error:
        return unreadable(lesson, error)
    progress.begin(lesson.name, len(code_cells(notebook)))
    stored = copy.deepcopy(notebook)
    if _kits(environment) != INCLUDED:  # what is stored is about the included kits
        result = execute(lesson, notebook, environment, progress.cell)
    else:
        variables = {**(environment or {}), **AS_UNDER_PYTEST}
        result = execute(lesson, notebook, variables, progress.cell)
        result.record_differences(*differences(stored, notebook))
    write_text(output / lesson.path.name, notebook_text(notebook))
    return result


def _kits(environment: Mapping[str, str] | None) -> str:
    """Return which kits the kernel will be told to use."""
    return {**os.environ, **(environment or {})}.get("NOTEBOOK_KITS", INCLUDED)
