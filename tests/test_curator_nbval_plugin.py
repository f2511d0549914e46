"""The tester is tested: each fixture is named for what must happen to it."""

import gc
import warnings
from pathlib import Path

import pytest

import nbval_run
from curator.collection import Lesson
from curator.results import LessonResult
from fixtures.curator_lessons import CHECKED, FIXTURES, code, make_checkout, notebook
from nbval_run import pytest_arguments, run_under_nbval

BUDGETS = {
    "fail-times-out": {"wall_s": 3},
    "fail-cpu-budget": {"cpu_s": 0.5},
    "fail-memory-budget": {"memory_mb": 200},
}
PASSING = sorted(path.stem for path in FIXTURES.glob("pass-*.ipynb"))
# name: status, part of the reason, number of the failing code cell
FAILING = {
    "fail-cpu-budget": ("failed", "CPU-seconds; its budget is 0.5.", None),
    "fail-differs": ("failed", "Cell 1: The output differs", 1),
    "fail-kernel-dies": (
        "error",
        "The kernel died. Its process ended with status 1.",
        2,
    ),
    "fail-memory-budget": ("failed", "its budget is 200 MB.", None),
    "fail-nothing-compared": ("failed", "Nothing was compared.", None),
    "fail-nothing-to-compare": ("failed", "Cell 2: The cell is tagged", 2),
    "fail-null-count": ("failed", "its execution count is null.", 2),
    "fail-raises": ("failed", "Cell 2: It raised ZeroDivisionError", 2),
    "fail-times-out": ("timeout", "Cell 2: The lesson's time was up.", 2),
}


def result_of(path):
    lesson = Lesson(Path(path), "Its title", "...", 1, 60.0, memory_mb=1700)
    result = LessonResult.of(lesson)
    result.budget |= BUDGETS.get(path.stem, {})
    return result


def judge(path, folder):
    """Run a notebook in this process, where pytest and nbval are loaded."""
    result_file = folder / "result.json"
    result_of(path).write(result_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nbval closes no sockets
        pytest.main(pytest_arguments(path, result_file))
        gc.collect()
    return LessonResult.read(result_file)


def test_every_fixture_says_what_must_happen():
    assert {path.stem for path in FIXTURES.glob("*.ipynb")} == {*PASSING, *FAILING}


@pytest.mark.parametrize("name", PASSING)
def test_fixture_passes(name, tmp_path):
    result = judge(FIXTURES / f"{name}.ipynb", tmp_path)
    assert (result.status, result.reason) == ("passed", "")
    assert result.compared == 1
    assert result.cells_run == result.cells == 2
    assert result.cpu_s > 0
    assert result.peak_memory_mb > 10


@pytest.mark.parametrize("name", FAILING)
def test_fixture_fails(name, tmp_path):
    status, reason, number = FAILING[name]
    result = judge(FIXTURES / f"{name}.ipynb", tmp_path)
    cell = result.failing_cell
    assert result.status == status
    assert reason in result.reason
    assert (cell and cell.number) == number
    if name == "fail-differs":  # all differences are told
        assert "Cell 2: The output differs" in result.reason
        assert "old" in cell.traceback
        assert "new" in cell.traceback
    if name == "fail-raises":  # and nothing is run after an error
        assert result.cells_run == 2
        assert "1 / 0" in cell.traceback
    if name == "fail-kernel-dies":  # noticed long before the time is up
        assert result.wall_s < result.budget["wall_s"] / 4


def test_kits_are_included_ones_unless_somebody_chose_others(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTEBOOK_KITS", raising=False)
    source = "import os\nprint(os.environ['NOTEBOOK_KITS'])"
    book = notebook(code(source, "included\n", 1, [CHECKED]))
    root = make_checkout(tmp_path, {"00-first": book})
    lesson = root / "notebooks" / "00-first.ipynb"
    result = run_under_nbval(lesson, result_of(lesson), tmp_path)
    assert result.status == "passed", result.reason


def test_pytest_that_breaks_down_is_an_error(tmp_path):
    path = FIXTURES / "pass-compared.ipynb"
    options = {"PYTEST_ADDOPTS": "--no-such-option"}
    result = run_under_nbval(path, result_of(path), tmp_path, **options)
    reason = "nbval ended early; see pass-compared.log."
    assert (result.status, result.reason) == ("error", reason)
    assert "--no-such-option" in (tmp_path / "pass-compared.log").read_text()


def test_pytest_that_never_ends_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(nbval_run, "OVERHEAD_S", 0)
    monkeypatch.setitem(BUDGETS, "pass-compared", {"wall_s": 0.1})
    path = FIXTURES / "pass-compared.ipynb"
    result = run_under_nbval(path, result_of(path), tmp_path)
    reason = "nbval itself did not end in time."
    assert (result.status, result.reason) == ("timeout", reason)
