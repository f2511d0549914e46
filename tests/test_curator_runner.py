import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from rich.console import Console

from curator.collection import read_collection
from curator.execution import how_it_ended
from curator.runner import run_lessons
from fixtures.curator_lessons import CHECKED, code, make_checkout, notebook

ANNOUNCE = """\
import json
import os

line = {"kit": "a-kit", "origin": os.environ["NOTEBOOK_KITS"], "reason": "why"}
with open(os.environ["CURATOR_KITS_LOG"], "a") as log:
    print(json.dumps(line), file=log)
    print(json.dumps(line), file=log)
"""
WHERE = "import os\nfrom pathlib import Path\nprint(Path.cwd().name)"


def run(root, names=()):
    """Run lessons; return the reports by name and the text."""
    lessons = read_collection(root / "notebooks").select(names)
    console = Console(record=True, width=200, force_terminal=False)
    results = run_lessons(lessons, root / "build", console)
    report = read_report(root / "build")
    assert report == {result.name: dataclasses.asdict(result) for result in results}
    return report, console.export_text()


def read_report(output):
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    return {lesson["name"]: lesson for lesson in report["lessons"]}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run of lessons that end in every way there is."""
    lessons = {
        "00-passes": ["\n# %%\nanswer = 6 * 7", WHERE, ANNOUNCE],
        "01-raises": ["x = 1", "# why\n1 / 0", "print('never')"],
        "02-kernel-dies": ["import os", "os._exit(1)"],
        "03-hangs": ["import time\ntime.sleep(60)"],
        "04-holds-much": ["held = bytes(bytearray(200_000_000))"],
        "05-is-skipped": ["1 / 0"],
        "06-differs": notebook(code("print('new')", "old\n", 1, [CHECKED])),
    }
    more = {
        "03-hangs": "cpu_seconds = 0.5",
        "04-holds-much": "cpu_seconds = 60\nmemory_mb = 150",
        "05-is-skipped": "cpu_seconds = 1\n"
        'skip = { reason = "Broken.", until = 2999-12-31 }',
    }
    root = make_checkout(tmp_path_factory.mktemp("run"), lessons, more)
    before = {path: path.read_bytes() for path in (root / "notebooks").iterdir()}
    variables = {k: v for k, v in os.environ.items() if k != "NOTEBOOK_KITS"}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NOTEBOOK_KITS", raising=False)
        outcome = run(root)
    assert variables.items() <= os.environ.items()
    assert {path: path.read_bytes() for path in before} == before
    return root, *outcome


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("00-passes", "passed", ""),
        ("01-raises", "failed", "Cell 2 raised ZeroDivisionError."),
        ("02-kernel-dies", "error", "in cell 2. Its process ended with status 1."),
        ("03-hangs", "timeout", "It was not done after 1.5 s."),
        ("04-holds-much", "failed", "its budget is 150 MB."),
        ("05-is-skipped", "skipped", "Broken; skipped until 2999-12-31."),
        ("06-differs", "passed", ""),
    ],
)
def test_each_lesson_has_its_result(ran, name, status, reason):
    _, report, text = ran
    assert report[name]["status"] == status
    assert report[name]["compared"] is None
    assert reason in report[name]["reason"]
    assert reason in text


def test_failing_cell_is_named_with_its_traceback(ran):
    cell = ran[1]["01-raises"]["failing_cell"]
    assert cell["number"] == 2
    assert (cell["error"], cell["message"]) == ("ZeroDivisionError", "division by zero")
    assert "1 / 0" in cell["source"]
    assert "----> 2 1 / 0" in cell["traceback"]
    assert "\x1b" not in cell["traceback"]


def test_lesson_runs_in_its_folder_on_included_kits_and_is_measured(ran):
    copy = nbformat.read(ran[0] / "build" / "00-passes.ipynb", as_version=4)
    assert copy.cells[1].outputs[0].text == "notebooks\n"
    assert [cell.execution_count for cell in copy.cells] == [1, 2, 3]
    lesson = ran[1]["00-passes"]
    announced = {"kit": "a-kit", "origin": "included", "reason": "why"}
    assert lesson["kits"] == [announced]
    assert lesson["cpu_s"] > 0
    assert lesson["peak_memory_mb"] > 10
    assert lesson["budget"] == {"cpu_s": 60, "memory_mb": 1700, "wall_s": 180}
    slowest = {cell["number"]: cell["first_line"] for cell in lesson["slowest_cells"]}
    assert slowest == {1: "answer = 6 * 7", 2: "import os", 3: "import json"}


def test_callers_choice_of_kits_is_kept_and_no_copy_of_an_earlier_run(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("NOTEBOOK_KITS", "published")
    root = make_checkout(tmp_path, {"00-first": [ANNOUNCE]})
    assert run(root)[0]["00-first"]["kits"][0]["origin"] == "published"
    (root / "notebooks" / "00-first.ipynb").write_text("{")
    report, _ = run(root)
    assert report["00-first"]["status"] == "error"
    assert "cannot be read" in report["00-first"]["reason"]
    assert not (root / "build" / "00-first.ipynb").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_leaves_a_report(tmp_path):
    hangs = ["import os\nopen('pid', 'w').write(str(os.getpid()))", "while True: pass"]
    root = make_checkout(tmp_path, {"00-a": ["1"], "01-b": hangs, "02-c": ["1"]})
    command = [sys.executable, "-m", "curator", "--root", str(root), "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid_file = root / "notebooks" / "pid"
        while not (pid_file.is_file() and pid_file.read_text()):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    report = read_report(root / "build" / "run")
    statuses = [report[name]["status"] for name in ("00-a", "01-b", "02-c")]
    assert statuses == ["passed", "not_run", "not_run"]
    pid = int(pid_file.read_text())
    kernel = [process for process in psutil.process_iter() if process.pid == pid]
    assert psutil.wait_procs(kernel, timeout=30)[1] == []


def test_terminal_shows_the_cell_that_runs(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["1"]})
    lessons = read_collection(root / "notebooks").lessons
    console = Console(record=True, width=100, force_terminal=True)
    run_lessons(lessons, root / "build", console)
    assert "00-first: cell 1 of 1\n" in console.export_text()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-signal.SIGTERM, "A signal ended its process: SIGTERM."),
        (-9, "killed (SIGKILL), as happens where memory runs out"),
        (3, "ended with status 3"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_death_of_a_kernel_is_told(status, words):
    process = SimpleNamespace(returncode=status)
    manager = SimpleNamespace(provisioner=SimpleNamespace(process=process))
    assert words in how_it_ended(manager)
