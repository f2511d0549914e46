import subprocess
import sys
from pathlib import Path

import pytest

from curator.collection import Lesson
from curator.results import CellTime, FailingCell, LessonResult
from curator.usage import UsageSampler
from processes import kill_tree

BUSY = "import time\nwhile time.process_time() < 0.5: pass\n"
HOLDS = "b = bytearray(80_000_000); import time; time.sleep(0.5)"
CHILD = "import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {!r}])\n"


def usage_of(code):
    """Run a program; return its CPU-seconds and megabytes up to its end."""
    process = subprocess.Popen([sys.executable, "-c", code])
    with UsageSampler(process.pid, interval_s=0.02) as sampler:
        process.wait()
    assert sampler.wall_s > 0
    return sampler.cpu_s, sampler.peak_memory_mb


def test_cpu_time_is_that_of_all_processes_once():
    assert 0.3 < usage_of(BUSY)[0] < 2
    # The last sample is taken after the end of the children.
    assert 0.9 < usage_of(CHILD.format(BUSY) * 2 + "time.sleep(0.2)")[0] < 1.7


def test_peak_holds_parent_and_children_after_the_memory_is_free():
    code = f"b = bytearray(80_000_000)\n{CHILD.format(HOLDS)}del b\ntime.sleep(0.2)\n"
    assert 160 < usage_of(code)[1] < 260


def test_process_that_is_gone_has_used_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with UsageSampler(process.pid) as sampler:
        sampler.sample()
    assert (sampler.cpu_s, sampler.peak_memory_mb) == (0, 0)


def test_a_child_between_fork_and_exec_is_not_taken_for_a_second_parent():
    code = CHILD.format("b = bytearray(80_000_000); print(flush=True); input()")
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    sampler = UsageSampler(parent.pid)  # its thread is not started
    peaks = []
    try:
        for _ in range(2):
            sampler.sample()
            peaks.append(sampler.peak_memory_mb)
    finally:
        kill_tree(parent.pid)
        parent.communicate()
    assert peaks[0] < 60, "the root alone"
    assert peaks[1] > 80


@pytest.mark.parametrize(
    ("cpu_s", "memory_mb", "status", "expected", "reason"),
    [
        (60, 1000, "passed", "passed", ""),
        (
            *(61, 1001, "passed", "failed"),
            "It used 61.0 CPU-seconds; its budget is 60. "
            "It held 1001 MB of memory at its peak; its budget is 1000 MB.",
        ),
        (61, 1, "timeout", "timeout", "It used 61.0 CPU-seconds; its budget is 60."),
    ],
)
def test_each_broken_budget_has_its_own_sentence(
    cpu_s, memory_mb, status, expected, reason
):
    result = LessonResult.of(Lesson(Path("00-a.ipynb"), "First", "...", 5, 60, 1000))
    result.status, result.cpu_s, result.peak_memory_mb = status, cpu_s, memory_mb
    result.enforce_budget()
    assert (result.status, result.reason) == (expected, reason)


def test_result_survives_its_file(tmp_path):
    result = LessonResult("00-a", "First", kits=[{"kit": "a-kit"}])
    result.failing_cell = FailingCell(2, "1 / 0", "ZeroDivisionError", "division")
    for seconds in (0.1, 3.0, 0.2, 2.0, 0.3, 0.4):
        result.record_time(2, seconds, "x = 1")
    result.write(tmp_path / "result.json")
    assert LessonResult.read(tmp_path / "result.json") == result
    slowest = [CellTime(2, seconds, "x = 1") for seconds in (3.0, 2.0, 0.4, 0.3, 0.2)]
    assert result.slowest_cells == slowest
