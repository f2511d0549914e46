from pathlib import Path

from curator.collection import Lesson
from curator.results import (
    CellTime,
    FailingCell,
    LessonResult,
)
from curator.usage import Usage

LESSON = Lesson(Path("00-first.ipynb"), "First", "...", 5, 60, 1000)


def passed(cpu_s=1.0, peak_memory_mb=100.0):
    result = LessonResult.of(LESSON)
    result.status = "passed"
    result.record_usage(Usage(cpu_s, peak_memory_mb, wall_s=1.0))
    return result


def test_budget_that_holds_says_nothing():
    result = passed(cpu_s=60, peak_memory_mb=1000)
    result.enforce_budget()
    assert (result.status, result.reason) == ("passed", "")


def test_each_broken_budget_has_its_own_sentence():
    result = passed(cpu_s=61, peak_memory_mb=1001)
    result.enforce_budget()
    assert result.status == "failed"
    assert result.reason == (
        "It used 61.0 CPU-seconds; its budget is 60. "
        "It held 1001 MB of memory at its peak; its budget is 1000 MB."
    )


def test_broken_budget_does_not_hide_an_earlier_failure():
    result = passed(cpu_s=61)
    result.status, result.reason = "timeout", "Too late."
    result.enforce_budget()
    assert result.status == "timeout"
    assert result.reason.startswith("Too late. It used")


def test_slowest_cells_come_first():
    result = passed()
    seconds = [0.1, 3.0, 0.2, 2.0, 0.3, 0.4]
    for number, each in enumerate(seconds):
        result.record_time(number, each, "x = 1")
    assert [c.seconds for c in result.slowest_cells] == [3.0, 2.0, 0.4, 0.3, 0.2]


def test_result_survives_its_file(tmp_path):
    result = passed()
    result.failing_cell = FailingCell(2, "1 / 0", "ZeroDivisionError", "division")
    result.slowest_cells = [CellTime(2, 0.5, "1 / 0")]
    result.kits = [{"kit": "a-kit", "origin": "included", "reason": ""}]
    result.write(tmp_path / "result.json")
    assert LessonResult.read(tmp_path / "result.json") == result
