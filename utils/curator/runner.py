"""Runs lessons as they are shipped and leaves executed copies and a report."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nbformat

from .collection import Lesson
from .execution import code_cells, execute
from .files import write_text
from .progress import Progress
from .report import write_report
from .results import BAD, LessonResult

RUN_TITLE = "Lessons, run as shipped"
INTERRUPTED = 130  # the exit status of a program that was ended with Ctrl-C


def run_lessons(
    lessons: Sequence[Lesson],
    output: Path,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run lessons one after the other and write the report.

    Parameters
    ----------
    lessons
        In the order in which they run.
    output
        The folder for the executed copies, ``report.json`` and ``index.html``.
    progress
        Where to show how far it is.
    environment
        Variables for the kernels, added to those of this process.

    Returns
    -------
    int
        0 if no lesson failed, 1 if one did, 130 if somebody ended the run with Ctrl-C;
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


def unreadable(lesson: Lesson, error: Exception) -> LessonResult:
    """Return the result of a lesson whose file is no notebook."""
    result = LessonResult.of(lesson)
    result.status = "error"
    result.reason = f"{lesson.path.name} cannot be read as a notebook: {error}"
    return result


def _run_each(
    lessons: Sequence[Lesson],
    output: Path,
    progress: Progress,
    environment: Mapping[str, str] | None,
) -> Iterator[LessonResult]:
    for lesson in lessons:
        yield skipped(lesson) or _run(lesson, output, progress, environment)


def _run(
    lesson: Lesson,
    output: Path,
    progress: Progress,
    environment: Mapping[str, str] | None,
) -> LessonResult:
    try:
        notebook = nbformat.read(lesson.path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        return unreadable(lesson, error)
    progress.begin(lesson.name, len(code_cells(notebook)))
    result = execute(lesson, notebook, environment, progress.cell)
    write_text(output / lesson.path.name, nbformat.writes(notebook) + "\n")
    return result
