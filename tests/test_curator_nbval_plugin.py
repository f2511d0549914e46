"""The tester is tested: each fixture is named for what must happen to it."""

import gc
import shutil
import warnings

import nbformat
import pytest
from rich.console import Console

import nbval_run
from curator.collection import read_collection
from curator.lint import RULES, Notebook
from curator.record import Refreshed, code_digest, write_entry
from curator.refresh import refresh_lessons
from curator.results import LessonResult
from fixtures.curator_lessons import CHECKED, FIXTURES, code, make_checkout, notebook
from nbval_run import pytest_arguments, run_under_nbval

BUDGETS = {
    "fail-times-out": "cpu_seconds = 1.5",
    "fail-cpu-budget": "cpu_seconds = 0.5",
    "fail-memory-budget": "cpu_seconds = 60\nmemory_mb = 200",
}
# name: status, part of the reason, number of the failing code cell
EXPECTED = {
    "fail-cpu-budget": ("failed", "CPU-seconds; its budget is 0.5.", None),
    "fail-differs": ("failed", "Cell 1: The output differs", 1),
    "fail-kernel-dies": ("error", "died. Its process ended with status 1.", 2),
    "fail-memory-budget": ("failed", "its budget is 200 MB.", None),
    "fail-nothing-compared": ("failed", "Nothing was compared.", None),
    "fail-nothing-to-compare": ("failed", "Cell 2: The cell is tagged", 2),
    "fail-null-count": ("failed", "its execution count is null.", 2),
    "fail-raises": ("failed", "Cell 2: It raised ZeroDivisionError", 2),
    "fail-times-out": ("timeout", "Cell 2: The lesson's time was up.", 2),
}
EXPECTED |= {p.stem: ("passed", "", None) for p in FIXTURES.glob("pass-*.ipynb")}
# What a notebook alone can show; the others go wrong when they are run.
STORED = ("fail-nothing-compared", "fail-nothing-to-compare", "fail-null-count")


def lesson_of(name, root):
    """Return a fixture as the one lesson of a checkout, refreshed as it is."""
    book = nbformat.read(FIXTURES / f"{name}.ipynb", as_version=4)
    more = {name: BUDGETS.get(name, "cpu_seconds = 60")}
    folder = make_checkout(root, {name: book}, more) / "notebooks"
    shutil.copyfile(FIXTURES / f"{name}.ipynb", folder / f"{name}.ipynb")
    write_entry(folder, f"{name}.ipynb", Refreshed(code_digest(book), 1, 1))
    return read_collection(folder).lessons[0]


def judge(lesson, folder):
    """Run a lesson in this process, where pytest and nbval are loaded."""
    result_file = folder / "result.json"
    LessonResult.of(lesson).write(result_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nbval closes no sockets
        pytest.main(pytest_arguments(lesson.path, result_file))
        gc.collect()
    return LessonResult.read(result_file)


def test_every_fixture_says_what_must_happen():
    assert {path.stem for path in FIXTURES.glob("*.ipynb")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_verdict_of_nbval(name, tmp_path):
    status, reason, number = EXPECTED[name]
    result = judge(lesson_of(name, tmp_path), tmp_path)
    cell = result.failing_cell
    assert (result.status, cell and cell.number) == (status, number), result.reason
    assert reason in result.reason
    if status == "passed":
        assert (result.reason, result.compared) == ("", 1)
        assert result.cells_run == result.cells == 2
        assert result.cpu_s > 0
        assert result.peak_memory_mb > 10
    if name == "fail-differs":  # all differences are told
        assert "Cell 2: The output differs" in result.reason
        assert "old" in cell.traceback
        assert "new" in cell.traceback
    if name == "fail-raises":  # and nothing is run after an error
        assert result.cells_run == 2
        assert "1 / 0" in cell.traceback
    if name == "fail-kernel-dies":  # noticed long before the time is up
        assert result.wall_s < result.budget["wall_s"] / 4


@pytest.mark.parametrize("name", EXPECTED)
def test_verdict_of_refresh_and_lint_is_the_same(name, tmp_path):
    lesson = lesson_of(name, tmp_path)
    book = Notebook(lesson, tmp_path, nbformat.read(lesson.path, as_version=4))
    assert bool([*RULES["checked-outputs"].find(book)]) == (name in STORED)
    (result,) = refresh_lessons([lesson], Console(quiet=True))
    holds = result.reason == "The stored outputs still hold."
    assert holds == (EXPECTED[name][0] == "passed"), result.reason


def test_kits_are_included_ones_unless_somebody_chose_others(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTEBOOK_KITS", raising=False)
    source = "import os\nprint(os.environ['NOTEBOOK_KITS'])"
    book = notebook(code(source, "included\n", 1, [CHECKED]))
    root = make_checkout(tmp_path, {"00-first": book})
    (lesson,) = read_collection(root / "notebooks").lessons
    result = run_under_nbval(lesson.path, LessonResult.of(lesson), tmp_path)
    assert result.status == "passed", result.reason


def test_pytest_that_breaks_down_or_never_ends_is_told(tmp_path, monkeypatch):
    lesson = lesson_of("pass-compared", tmp_path)
    result, options = LessonResult.of(lesson), {"PYTEST_ADDOPTS": "--no-such-option"}
    broken = run_under_nbval(lesson.path, result, tmp_path, **options)
    reason = "nbval ended early; see pass-compared.log."
    assert (broken.status, broken.reason) == ("error", reason)
    assert "--no-such-option" in (tmp_path / "pass-compared.log").read_text()
    monkeypatch.setattr(nbval_run, "OVERHEAD_S", 0)
    result = LessonResult.of(lesson)
    result.budget["wall_s"] = 0.1
    late = run_under_nbval(lesson.path, result, tmp_path)
    reason = "nbval itself did not end in time."
    assert (late.status, late.reason) == ("timeout", reason)
