"""Runs each lesson under nbval, in a process of its own, one at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .collection import Lesson
from .execution import KITS_LOG, OUTPUT_TIMEOUT_S, code_cells, kits_log, read_kits_log
from .notebooks import NotebookError, read_notebook
from .processes import kill_tree
from .progress import RunProgress
from .report import write_report
from .results import LessonResult
from .runner import skipped, unreadable

TITLE = "Lessons, compared with their stored outputs"

# What pytest, nbval and the start of a kernel may take besides the lesson itself.
OVERHEAD_S = 60 + OUTPUT_TIMEOUT_S
POLL_S = 0.2


def check_lessons(
    lessons: Sequence[Lesson], output: Path, progress: RunProgress
) -> list[LessonResult]:
    """Run lessons under nbval and write the report.

    Parameters
    ----------
    lessons
        In the order in which they run.
    output
        The folder for the report and for what pytest printed, ``<lesson>.log``.
    progress
        Where to show how far it is.

    Returns
    -------
    list of LessonResult
        One for each lesson.

    Raises
    ------
    KeyboardInterrupt
        Somebody ended the run. The report is written; what had not ended is `not_run`.
    """
    output.mkdir(parents=True, exist_ok=True)
    results = [LessonResult.of(lesson) for lesson in lessons]
    try:
        with progress:
            for position, lesson in enumerate(lessons):
                result = skipped(lesson) or check_lesson(lesson, output, progress)
                results[position] = result
                progress.end(result)
    finally:
        write_report(output, results, TITLE)
    return results


def check_lesson(lesson: Lesson, output: Path, progress: RunProgress) -> LessonResult:
    """Run one lesson under nbval.

    Parameters
    ----------
    lesson
        A lesson that is not skipped.
    output
        An existing folder; ``<lesson>.json`` and ``<lesson>.log`` are written there.
    progress
        Where to show how far it is.

    Returns
    -------
    LessonResult
        `compared` holds the number of cells whose stored output was compared.
    """
    try:
        cells = code_cells(read_notebook(lesson.path))
    except NotebookError as error:
        return unreadable(lesson, error)
    path = output / f"{lesson.name}.json"
    LessonResult.of(lesson).write(path)
    progress.begin(lesson.name, len(cells))
    with kits_log() as kits, path.with_suffix(".log").open("wb") as log:
        environment = {"NOTEBOOK_KITS": "included", **os.environ, KITS_LOG: str(kits)}
        command = [sys.executable, "-m", "pytest", *pytest_arguments(lesson, path)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        in_time = _wait(process, path, lesson.wall_timeout_s + OVERHEAD_S, progress)
        result = LessonResult.read(path)
        result.kits = read_kits_log(kits)
    if not in_time:
        result.status, result.reason = "timeout", "nbval itself did not end in time."
    elif result.status == "not_run":
        result.status = "error"
        result.reason = f"nbval ended early; see {path.with_suffix('.log').name}."
    return result


def pytest_arguments(lesson: Lesson, result_file: Path) -> list[str]:
    """Return the words for pytest that run one lesson under nbval.

    Parameters
    ----------
    lesson
        Its notebook is run; its budgets are in the result file.
    result_file
        Holds a result that was not run yet, and afterwards what came of it.
    """
    return [
        str(lesson.path),
        *("--nbval-lax", "--nbval-current-env"),
        *("-p", "curator.nbval_plugin", f"--curator-result={result_file}"),
        # The project's settings and hypothesis (1 s to load) are for its unit tests.
        *("-o", "addopts=", "-o", "filterwarnings=", "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest"),
        *(f"--rootdir={lesson.path.parent}", "--color=no", "-v"),
    ]


def _wait(
    process: subprocess.Popen[bytes],
    path: Path,
    timeout_s: float,
    progress: RunProgress,
) -> bool:
    """Wait for a lesson's process; say whether it ended by itself."""
    end = time.monotonic() + timeout_s
    try:
        while process.poll() is None and time.monotonic() < end:
            time.sleep(POLL_S)
            progress.cell(LessonResult.read(path).cells_run)
        return process.poll() is not None
    finally:
        kill_tree(process.pid)
        process.wait()
