"""The tester is tested: each fixture is named for what must happen to it."""

import io
import json
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path

import pytest
from rich.console import Console

from curator import notebooks_lane
from curator.collection import Lesson, read_collection
from curator.notebooks_lane import check_lesson, check_lessons, pytest_arguments
from curator.progress import RunProgress
from curator.results import LessonResult
from fixtures.curator_lessons import CHECKED, FIXTURES, code, make_checkout, notebook

BUDGETS = {
    "fail-times-out": {"wall_s": 4},
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


def quiet():
    return RunProgress(Console(quiet=True))


def lesson_of(path, cpu_seconds=60.0):
    return Lesson(Path(path), "Its title", "...", 1, cpu_seconds, memory_mb=1700)


def run_fixture(path, folder):
    """Run a fixture as the lane does, but in this process: pytest is slow to load."""
    lesson = lesson_of(path)
    result_file = folder / f"{path.stem}.json"
    result = LessonResult.of(lesson)
    result.budget |= BUDGETS.get(path.stem, {})
    result.write(result_file)
    with redirect_stdout(io.StringIO()):
        pytest.main(pytest_arguments(lesson, result_file))
    return LessonResult.read(result_file)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What came of every fixture, by name."""
    folder = tmp_path_factory.mktemp("lane")
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        paths = sorted(FIXTURES.glob("*.ipynb"))
        ran = list(pool.map(run_fixture, paths, [folder] * len(paths)))
    return {result.name: result for result in ran}


def test_every_fixture_says_what_must_happen(results):
    assert set(results) == {*PASSING, *FAILING}


@pytest.mark.parametrize("name", PASSING)
def test_fixture_passes(results, name):
    result = results[name]
    assert (result.status, result.reason) == ("passed", "")
    assert result.compared == 1
    assert result.cells_run == result.cells == 2
    assert result.cpu_s > 0
    assert result.peak_memory_mb > 10


@pytest.mark.parametrize("name", FAILING)
def test_fixture_fails(results, name):
    status, reason, number = FAILING[name]
    result = results[name]
    assert result.status == status
    assert reason in result.reason
    assert (result.failing_cell and result.failing_cell.number) == number


def test_all_differences_are_told_but_a_lesson_ends_where_it_raised(results):
    assert "Cell 2: The output differs" in results["fail-differs"].reason
    assert results["fail-raises"].cells_run == 2


def test_difference_and_traceback_are_kept(results):
    difference = results["fail-differs"].failing_cell.traceback
    assert "old" in difference
    assert "new" in difference
    assert "1 / 0" in results["fail-raises"].failing_cell.traceback


def test_dead_kernel_is_noticed_long_before_the_time_is_up(results):
    result = results["fail-kernel-dies"]
    assert result.wall_s < result.budget["wall_s"] / 4


def test_report_holds_skipped_and_broken_lessons(tmp_path):
    checked = notebook(code("print('Checked')", "Checked\n", 1, [CHECKED]))
    root = make_checkout(
        tmp_path,
        {"00-good": checked, "01-skipped": checked, "02-broken": checked},
        {"01-skipped": 'cpu_seconds = 1\nskip = {reason = "why", until = 2999-12-31}'},
    )
    (root / "notebooks" / "02-broken.ipynb").write_text("{")
    output = root / "build"
    check_lessons(read_collection(root / "notebooks").lessons, output, quiet())
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    statuses = [lesson["status"] for lesson in report["lessons"]]
    assert statuses == ["passed", "skipped", "error"]
    assert "Compared" in (output / "index.html").read_text(encoding="utf-8")


def test_kits_of_a_lesson_are_told(tmp_path):
    source = (
        "import json, os\n"
        "with open(os.environ['NOTEBOOK_KITS_LOG'], 'a') as log:\n"
        "    log.write(json.dumps({'kit': 'a-kit', 'origin': 'included'}))\n"
        "print(os.environ['NOTEBOOK_KITS'])"
    )
    book = notebook(code(source, "included\n", 1, [CHECKED]))
    root = make_checkout(tmp_path, {"00-first": book})
    (lesson,) = read_collection(root / "notebooks").lessons
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NOTEBOOK_KITS", raising=False)
        result = check_lesson(lesson, tmp_path, quiet())
    assert result.status == "passed", result.reason
    assert result.kits == [{"kit": "a-kit", "origin": "included"}]


def test_pytest_that_breaks_down_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    result = check_lesson(
        lesson_of(FIXTURES / "pass-compared.ipynb"), tmp_path, quiet()
    )
    assert (result.status, result.reason) == (
        "error",
        "nbval ended early; see pass-compared.log.",
    )
    assert "--no-such-option" in (tmp_path / "pass-compared.log").read_text()


def test_pytest_that_never_ends_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks_lane, "OVERHEAD_S", 0)
    lesson = lesson_of(FIXTURES / "pass-compared.ipynb", cpu_seconds=0.01)
    result = check_lesson(lesson, tmp_path, quiet())
    assert (result.status, result.reason) == (
        "timeout",
        "nbval itself did not end in time.",
    )
