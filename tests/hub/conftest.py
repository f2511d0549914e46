"""A hub that was just installed, and a class of ten in it.

It is installed by ``classroom/install.sh``, as an instructor would, but into a folder
that is removed at the end and with user ids of its own. No account is made: a student
is a user id without a name.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

import needs
from hub.hub import Hub
from hub.student import Student

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test"
STUDENTS = 10
INSTALL_TIMEOUT_S = 1800


@dataclasses.dataclass
class Figures:
    """What the class cost this machine; memory is the proportional set size."""

    students: int = STUDENTS
    cores: int | None = psutil.cpu_count()
    ready_s: float = 0.0  # until the last student's JupyterLab answered
    start_cpu_s: float = 0.0  # CPU-seconds for the start of one server
    idle_mb: float = 0.0  # of a student who only opened JupyterLab, the mean
    lesson_s: float = 0.0  # until the last student was through the lesson
    peak_mb: float = 0.0  # the most that one student held in the lesson


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """The folder of a hub that was just installed."""
    if sys.platform != "linux":
        pytest.skip("the hub on one machine is for Debian and Ubuntu")
    needs.program("node")
    needs.program("npm")
    question = "import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2])"
    if subprocess.call([needs.program("/usr/bin/python3"), "-c", question]):
        needs.missing("/usr/bin/python3 is older than 3.11 or lacks python3-venv")
    if os.geteuid() != 0:
        needs.missing("root, or sudo without a password, is needed for user ids")
    LOGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workshop-hub-") as folder:
        Path(folder).chmod(0o711)  # students pass through
        log = LOGS / "hub-install.log"
        with log.open("wb") as stream:
            status = subprocess.call(
                [ROOT / "classroom" / "install.sh", "--to", folder, "--no-service"],
                stdout=stream,
                stderr=stream,
                timeout=INSTALL_TIMEOUT_S,
            )
        assert status == 0, log.read_text()
        yield Path(folder)


@pytest.fixture(scope="session")
def hub(place: Path) -> Iterator[Hub]:
    log = LOGS / "hub.log"
    log.unlink(missing_ok=True)
    hub = Hub(place, log, STUDENTS)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    figures = Figures()
    yield figures
    text = json.dumps(dataclasses.asdict(figures), indent=1)
    (LOGS / "hub.json").write_text(text + "\n")


@pytest.fixture(scope="session")
def students(hub: Hub, figures: Figures) -> Iterator[list[Student]]:
    """The class, logged in at the same moment, each with a server."""
    together = threading.Barrier(STUDENTS)

    def arrive(student: Student) -> float:
        together.wait()
        assert student.log_in(hub.password), "the password was refused"
        return student.start_server()

    with ExitStack() as stack:
        students = [
            stack.enter_context(Student(hub.address, name)) for name in hub.names
        ]
        with ThreadPoolExecutor(STUDENTS) as pool:
            figures.ready_s = max(pool.map(arrive, students))
        figures.start_cpu_s = sum(map(hub.cpu_s, hub.names)) / STUDENTS
        figures.idle_mb = sum(map(hub.memory_mb, hub.names)) / STUDENTS
        yield students
