"""What is expected of a hub: a class that learns, and students kept apart."""

import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from hub.conftest import Figures
from hub.hub import FIRST_UID, HUB_TIMEOUT_S, Hub, processes_of
from hub.student import CellFailedError, Kernel, KernelDiedError, Student

pytestmark = pytest.mark.hub
LESSON = "00-start-here.ipynb"

# What a student must not be able to do; {other} is the home of another student, {pid} a
# process of theirs, {place} the folder of the hub.
FORBIDDEN = """
list(Path("{other}").iterdir())
(Path("{other}") / ".local/share/inference-workshop/{lesson}").read_text()
(Path("{other}") / "note.txt").write_text("I was here")
list(Path("{place}/homes").iterdir())
os.kill({pid}, signal.SIGTERM)
Path("/proc/{pid}/environ").read_bytes()
Path("{place}/state/settings.toml").read_text()
Path("{place}/course/notebooks/{lesson}").write_text("altered")
Path("{place}/course/notebooks/new.txt").write_text("new")
Path("{place}/mirror/new.txt").write_text("new")
Path("{place}/cache/new.txt").write_text("new")
(Path(sys.prefix) / "new.txt").write_text("new")
os.setuid({uid})
"""
ALLOWED = """
Path("{place}/course/notebooks/{lesson}").read_text()
list(Path("{place}/mirror").iterdir())
(Path.home() / "mine.txt").write_text("mine")
"""


def test_wrong_passwords_and_strangers_are_refused(hub: Hub) -> None:
    attempts = [(hub.names[0], "not-the-password")]
    attempts += [("stranger", hub.password), ("teacher", hub.password)]
    for name, password in attempts:
        with Student(hub.address, name) as student:
            assert not student.log_in(password), name


def test_all_students_run_the_lesson_at_once(
    hub: Hub, students: list[Student], figures: Figures
) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(len(students)) as pool:
        running = {pool.submit(student.run_lesson, LESSON) for student in students}
        while running:
            done, running = wait(running, timeout=1)
            for future in done:
                future.result()
            peak_mb = max(map(hub.memory_mb, hub.names))
            figures.peak_mb = max(figures.peak_mb, peak_mb)
    figures.lesson_s = time.monotonic() - started


def test_students_are_kept_apart(hub: Hub, students: list[Student]) -> None:
    one, other, *_ = students
    facts = {
        "other": hub.home(other.name),
        "pid": hub.processes(other.name)[0].pid,
        "uid": hub.home(other.name).stat().st_uid,
        "place": hub.place,
        "lesson": LESSON,
    }
    with one.kernel(LESSON) as kernel:
        kernel.run("import os, signal, sys\nfrom pathlib import Path")
        forbidden = FORBIDDEN.format(**facts).strip().splitlines()
        outcomes = {line: _error_of(kernel, line) for line in forbidden}
        assert set(outcomes.values()) == {"PermissionError"}, outcomes
        for line in ALLOWED.format(**facts).strip().splitlines():
            kernel.run(line)
        # On ports other students could listen.
        info = kernel.run("import ipykernel; print(ipykernel.get_connection_info())")
        assert '"transport": "ipc"' in info
    assert not one.may_open(other.name)


def _error_of(kernel: Kernel, line: str) -> str:
    try:
        kernel.run(line)
    except CellFailedError as error:
        return str(error).partition(":")[0]
    return "nothing"


def test_a_kernel_beyond_the_memory_limit_ends_alone(
    hub: Hub, students: list[Student]
) -> None:
    one, other, *_ = students
    servers = {s.name: hub.processes(s.name)[0].pid for s in (one, other)}
    with other.kernel(LESSON) as bystander:
        with pytest.raises(KernelDiedError), one.kernel(LESSON) as kernel:  # of 2 GB
            kernel.run("held = [bytearray(10**8) for _ in range(40)]")
        assert bystander.run("print('here')") == "here\n"
    assert servers == {name: hub.processes(name)[0].pid for name in servers}


def test_a_killed_server_comes_back_with_the_work(
    hub: Hub, students: list[Student]
) -> None:
    student = students[1]
    notebook = student.read(LESSON)
    mark = "What I found out myself."
    cell = {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": mark}
    notebook["cells"].append(cell)
    student.save(LESSON, notebook)
    server = hub.processes(student.name)[0]
    server.kill()
    server.wait(10)
    student.start_server()
    assert student.read(LESSON)["cells"][-1]["source"] == mark


def test_a_stopped_hub_leaves_nothing_and_an_idle_server_ends(hub: Hub) -> None:
    everybody = set(range(FIRST_UID, FIRST_UID + 100))
    hub.stop()
    assert not processes_of(everybody)
    hub.change(idle_minutes=0.1)
    hub.start()
    with Student(hub.address, hub.names[0]) as student:
        assert student.log_in(hub.password)
        student.start_server()
    assert processes_of(everybody)
    end = time.monotonic() + HUB_TIMEOUT_S
    while processes_of(everybody) and time.monotonic() < end:
        time.sleep(0.5)
    assert not processes_of(everybody), "a server that nobody uses was not stopped"
