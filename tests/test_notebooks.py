"""Every lesson as it is shipped, under nbval, one at a time, within its budgets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.collection import Lesson, read_collection
from curator.report import write_report
from curator.results import LessonResult
from nbval_run import run_under_nbval

pytestmark = pytest.mark.notebooks
ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "test"
LESSONS = read_collection(ROOT / "notebooks").lessons


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, LessonResult]]:
    """What came of each lesson so far; in the end there is a report."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    results = {lesson.name: LessonResult.of(lesson) for lesson in LESSONS}
    yield results
    title = "Lessons, compared with their stored outputs"
    write_report(OUTPUT, list(results.values()), title)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_lesson(
    lesson: Lesson,
    results: dict[str, LessonResult],
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = results[lesson.name]
    if result.status == "skipped":
        pytest.skip(result.reason)
    result = results[lesson.name] = run_under_nbval(lesson.path, result, OUTPUT)
    with capsys.disabled():
        used = f"{result.cpu_s:.0f} CPU-seconds, {result.peak_memory_mb:.0f} MB"
        print(f"  {used}, compared: {result.compared}  ", end="")
    cell = result.failing_cell
    details = f"\n{cell.source}\n{cell.traceback}" if cell else ""
    assert result.status == "passed", result.reason + details
