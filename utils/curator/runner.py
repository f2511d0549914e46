"""Executes lessons as they are shipped and leaves executed copies and a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .collection import Lesson
from .execution import code_cells, execute
from .files import write_text
from .notebooks import NotebookError, notebook_text, read_notebook
from .progress import RunProgress
from .report import write_report
from .results import LessonResult

RUN_TITLE = "Lessons, run as shipped"


def run_lessons(
    lessons: Sequence[Lesson],
    output: Path,
    progress: RunProgress,
    environment: Mapping[str, str] | None = None,
) -> list[LessonResult]:
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
        with progress:
            for position, lesson in enumerate(lessons):
                if lesson.skip is None:
                    results[position] = _run(lesson, output, progress, environment)
                progress.end(results[position])
    finally:
        write_report(output, results, RUN_TITLE)
    return results


def _run(
    lesson: Lesson,
    output: Path,
    progress: RunProgress,
    environment: Mapping[str, str] | None,
) -> LessonResult:
    try:
        notebook = read_notebook(lesson.path)
    except NotebookError as error:
        result = LessonResult.of(lesson)
        result.fail("error", str(error))
        return result
    progress.begin(lesson.name, len(code_cells(notebook)))
    result = execute(lesson, notebook, environment, progress.cell)
    write_text(output / lesson.path.name, notebook_text(notebook))
    return result
