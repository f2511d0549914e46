"""What is expected of a hub that runs: a class that learns, and students kept apart."""

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil

from ..checks import Check
from .site import FIRST_UID, HUB_TIMEOUT_S, Hub, MemoryWatch, processes_of
from .student import CellFailedError, KernelDiedError, Student

LESSON = "00-start-here.ipynb"

# Each line is something that a student must not be able to do; {other} is the home of
# another student, {pid} a process of theirs, {place} the folder of the hub.
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


@dataclasses.dataclass
class Figures:
    """What the class cost this machine.

    Attributes
    ----------
    lesson, students, cores
        What ran, how often at the same time, and on how many cores.
    install_s
        Seconds for ``install.sh``.
    ready_s
        Seconds until the last student's JupyterLab answered.
    start_cpu_s
        CPU-seconds that the start of one server took: what `ready_s` comes from.
    lesson_s
        Seconds until the last student was through the lesson.
    idle_mb
        Memory of a student who only opened JupyterLab, the mean, in 10**6 bytes.
    peak_mb
        The most memory that one student held in the lesson.

    Notes
    -----
    Memory is the proportional set size: what processes share, such as the libraries
    that all of them have loaded, is divided among them. So these figures add up.
    """

    lesson: str = LESSON
    students: int = 0
    cores: int = dataclasses.field(default_factory=lambda: psutil.cpu_count() or 1)
    install_s: float = 0.0
    ready_s: float = 0.0
    start_cpu_s: float = 0.0
    lesson_s: float = 0.0
    idle_mb: float = 0.0
    peak_mb: float = 0.0

    def __str__(self) -> str:
        """Return them in two sentences."""
        return (
            f"{self.students} students on {self.cores} cores: ready after "
            f"{self.ready_s:.0f} s, {self.lesson} done in {self.lesson_s:.0f} s. "
            f"Each held {self.idle_mb:.0f} MB idle, {self.peak_mb:.0f} MB at most."
        )


def check_class(hub: Hub, figures: Figures) -> list[Check]:
    """Hold a class in the hub, and make every check that needs one.

    Parameters
    ----------
    hub
        It is started, and stopped in the end.
    figures
        Where to write down what it cost.

    Returns
    -------
    list of Check
        Those after the lesson are missing where the lesson failed.
    """
    with hub.running(), ExitStack() as stack:
        students = [
            stack.enter_context(Student(hub.address, name)) for name in hub.names
        ]
        checks = [check_password(hub)]
        findings = run_class(hub, LESSON, figures, students)
        checks.append(Check(f"{len(students)} students at once", tuple(findings)))
        if not findings:
            first, second, *_ = students
            checks += [
                check_apart(hub, first, second),
                check_memory_limit(hub, first, second),
                check_killed_server(hub, second),
            ]
    return checks


def run_class(
    hub: Hub, lesson: str, figures: Figures, students: Sequence[Student]
) -> list[str]:
    """Let all students log in at the same moment and run a lesson.

    Parameters
    ----------
    hub
        It runs.
    lesson
        The file of the lesson.
    figures
        Where to write down what it cost.
    students
        Who takes part.

    Returns
    -------
    list of str
        What went wrong, a line each.
    """
    figures.lesson, figures.students = lesson, len(students)
    together = threading.Barrier(len(students))

    def arrive(student: Student) -> float:
        together.wait()
        if not student.log_in(hub.password):
            raise PermissionError("the password was refused")
        return student.start_server()

    seconds, findings = _each(students, arrive)
    if findings:
        return findings
    figures.ready_s = max(seconds)
    names = [student.name for student in students]
    figures.start_cpu_s = sum(map(hub.cpu_s, names)) / len(names)
    figures.idle_mb = sum(map(hub.memory_mb, names)) / len(names)
    started = time.monotonic()
    with MemoryWatch(hub, names) as watch:
        _, findings = _each(students, lambda student: _run_lesson(student, lesson))
    figures.lesson_s = time.monotonic() - started
    figures.peak_mb = max(watch.peak_mb.values())
    return findings


def check_password(hub: Hub) -> Check:
    """See a wrong password refused, and a name that is not of the class."""
    attempts = {
        hub.names[0]: "not-the-password",
        "stranger": hub.password,
        "teacher": hub.password,
    }
    findings = []
    for name, password in attempts.items():
        with Student(hub.address, name) as student:
            if student.log_in(password):
                findings.append(f"{name} could log in, and should not.")
    return Check("wrong password", tuple(findings))


def check_apart(hub: Hub, one: Student, other: Student) -> Check:
    """See one student kept from the files and processes of another, and of all."""
    facts = {
        "other": hub.home(other.name),
        "pid": hub.processes(other.name)[0].pid,
        "uid": hub.home(other.name).stat().st_uid,
        "place": hub.place,
        "lesson": LESSON,
    }
    findings = []
    with one.kernel(LESSON) as kernel:
        kernel.run("import os, signal, sys\nfrom pathlib import Path")
        for line in FORBIDDEN.format(**facts).split("\n")[1:-1]:
            try:
                kernel.run(line)
                findings.append(f"A student could do this: {line}")
            except CellFailedError as error:
                if not str(error).startswith("PermissionError"):
                    findings.append(f"{line} failed in another way: {error}")
        for line in ALLOWED.format(**facts).split("\n")[1:-1]:
            try:
                kernel.run(line)
            except CellFailedError as error:
                findings.append(f"A student could not do this: {line}: {error}")
        info = kernel.run("import ipykernel; print(ipykernel.get_connection_info())")
        if '"transport": "ipc"' not in info:
            findings.append("Kernels use ports, on which other students could listen.")
    if one.may_open(other.name):
        findings.append("A student could open the server of another one.")
    return Check("students apart", tuple(findings))


def check_memory_limit(hub: Hub, one: Student, other: Student) -> Check:
    """See a kernel ended that wants more than the limit, and nothing else."""
    servers = {s.name: hub.processes(s.name)[0].pid for s in (one, other)}
    findings = []
    with ExitStack() as stack:
        bystander = stack.enter_context(other.kernel(LESSON))
        try:
            with one.kernel(LESSON) as kernel:
                kernel.run("held = [bytearray(10**8) for _ in range(40)]")
            findings.append("A student could take 4 GB; the limit is 2 GB.")
        except KernelDiedError:
            pass
        if bystander.run("print('here')") != "here\n":
            findings.append("The kernel of another student did not survive.")
    for name, pid in servers.items():
        if hub.processes(name)[0].pid != pid:
            findings.append(f"The server of {name} did not survive.")
    return Check("memory limit", tuple(findings))


def check_killed_server(hub: Hub, student: Student) -> Check:
    """Kill a server, and find the work again when it has come back."""
    notebook = student.read(LESSON)
    mark = "What I found out myself."
    notebook["cells"].append(
        {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": mark}
    )
    student.save(LESSON, notebook)
    server = hub.processes(student.name)[0]
    server.kill()
    server.wait(10)
    student.start_server()
    saved = student.read(LESSON)["cells"][-1]["source"]
    findings = () if saved == mark else (f"Saved was {mark!r}, there is {saved!r}.",)
    return Check("killed server", findings)


def check_idle(hub: Hub) -> Check:
    """Start the hub anew with a short patience, and see an idle server stopped."""
    hub.change("idle_minutes", 0.1)
    with hub.running(), Student(hub.address, hub.names[0]) as student:
        student.log_in(hub.password)
        student.start_server()
        end = time.monotonic() + HUB_TIMEOUT_S
        while hub.processes(student.name) and time.monotonic() < end:
            time.sleep(0.5)
        rest = hub.processes(student.name)
    findings = ("A server that nobody uses was not stopped.",) if rest else ()
    return Check("idle server", findings)


def check_nothing_left() -> Check:
    """See that no process of a student is left."""
    rest = processes_of(set(range(FIRST_UID, FIRST_UID + 100)))
    findings = tuple(f"Still there: {process}" for process in rest)
    for process in rest:
        process.kill()
    return Check("nothing left", findings)


def _run_lesson(student: Student, lesson: str) -> None:
    notebook = student.read(lesson)
    with student.kernel(lesson) as kernel:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                kernel.run(cell["source"])


def _each(
    students: Sequence[Student], act: Callable[[Student], float | None]
) -> tuple[list[float], list[str]]:
    """Let all students do the same at once; return results and what went wrong."""
    results, findings = [], []
    with ThreadPoolExecutor(len(students)) as pool:
        futures = {student.name: pool.submit(act, student) for student in students}
    for name, future in futures.items():
        error = future.exception()
        if error is not None:
            findings.append(f"{name}: {type(error).__name__}: {error}")
        else:
            results.append(future.result() or 0.0)
    return results, findings
