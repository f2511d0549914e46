"""Executes lessons as they are shipped and leaves executed copies and a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from .collection import Lesson
from .execution import execute, show
from .files import NotebookError, notebook_text, read_notebook, write_text
from .report import write_report
from .results import LessonResult

RUN_TITLE = "Lessons, run as shipped"


def run_lessons(
    lessons: Sequence[Lesson],
    output: Path,
    console: Console,
    environment: Mapping[str, str] | None = None,
) -> list[LessonResult]:
    """Run lessons one after the other and write the report.

    Parameters
    ----------
    lessons
        In the order in which they run.
    output
        The folder for the executed copies and the report.
    console
        Gets a line when a lesson ends.
    environment
        Variables for the kernels, added to those of this process.

    Returns
    -------
    list of LessonResult
        One for each lesson. Outputs are not compared with the stored ones.

    Raises
    ------
    KeyboardInterrupt
        Somebody ended the run. The report is written; what had not ended is `not_run`.
    """
    results = [LessonResult.of(lesson) for lesson in lessons]
    for lesson in lessons:  # an older run's copy would be taken for this one's
        (output / lesson.path.name).unlink(missing_ok=True)
    try:
        for position, lesson in enumerate(lessons):
            if lesson.skip is None:
                try:
                    notebook = read_notebook(lesson.path)
                except NotebookError as error:
                    results[position].fail("error", str(error))
                else:
                    results[position] = execute(lesson, notebook, console, environment)
                    write_text(output / lesson.path.name, notebook_text(notebook))
            show(results[position], console)
    finally:
        write_report(output, results, RUN_TITLE)
    return results
