import subprocess
import sys

from curator.usage import UsageSampler
from processes import kill_tree

BUSY = "import time\nwhile time.process_time() < {seconds}: pass\n"


def usage_of(code):
    """Run a program and return what it used up to its end."""
    process = subprocess.Popen([sys.executable, "-c", code])
    with UsageSampler(process.pid, interval_s=0.02) as sampler:
        process.wait()
    return sampler.read()


def test_cpu_time_of_a_process_is_seen():
    assert 0.3 < usage_of(BUSY.format(seconds=0.5)).cpu_s < 2


def test_children_that_ended_are_counted_once():
    child = BUSY.format(seconds=0.5)
    code = (
        "import subprocess, sys, time\n"
        f"for _ in range(2): subprocess.run([sys.executable, '-c', {child!r}])\n"
        "time.sleep(0.2)\n"  # the last sample is taken after their end
    )
    assert 0.9 < usage_of(code).cpu_s < 1.7


def test_peak_holds_parent_and_children_after_the_memory_is_free():
    child = "b = bytearray(80_000_000); import time; time.sleep(0.5)"
    code = (
        "import subprocess, sys, time\n"
        "b = bytearray(80_000_000)\n"
        f"subprocess.run([sys.executable, '-c', {child!r}])\n"
        "del b\ntime.sleep(0.2)\n"
    )
    assert 160 < usage_of(code).peak_memory_mb < 260


def test_wall_time_runs_on():
    with UsageSampler(1) as sampler:
        assert 0 <= sampler.read().wall_s <= sampler.read().wall_s


def test_process_that_is_gone_has_used_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with UsageSampler(process.pid) as sampler:
        usage = sampler.read()
    assert (usage.cpu_s, usage.peak_memory_mb) == (0, 0)


def test_a_child_between_fork_and_exec_is_not_taken_for_a_second_parent():
    code = "import time; b = bytearray(80_000_000); print(flush=True); time.sleep(60)"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}])",
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    try:
        sampler = UsageSampler(parent.pid)  # its thread is not started
        first, second = sampler.read(), sampler.read()
    finally:
        kill_tree(parent.pid)
        parent.communicate()
    assert first.peak_memory_mb < 60, "the root alone"
    assert second.peak_memory_mb > 80
