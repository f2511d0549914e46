"""An installed hub for a class: its settings, its process, its students' processes."""

import re
import signal
import socket
import subprocess
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from ..checks import Check
from ..processes import kill_tree

FIRST_UID = 90_000  # a class on this machine has others
INSTALL_TIMEOUT_S = 1800
HUB_TIMEOUT_S = 180
STOP_TIMEOUT_S = 120
SAMPLE_S = 1.0


def install(root: Path, place: Path, log: Path) -> Check:
    """Run ``install.sh``, which makes no service.

    Parameters
    ----------
    root
        The checkout.
    place
        The folder to fill.
    log
        The file for what it prints.

    Returns
    -------
    Check
        Whether it went well.
    """
    script = str(root / "classroom" / "install.sh")
    command = [script, "--to", str(place), "--no-service"]
    with log.open("wb") as stream:
        try:
            status = subprocess.call(
                command, stdout=stream, stderr=stream, timeout=INSTALL_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
    if status == 0:
        return Check("install.sh")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    finding = f"install.sh ended with status {status}:\n" + "\n".join(lines[-15:])
    return Check("install.sh", (finding,))


class Hub:
    """An installed hub: its folder, its process, its students.

    Parameters
    ----------
    place
        The folder that ``install.sh --to`` filled.
    log
        The file that the hub prints to.
    students
        How many there are.
    """

    def __init__(self, place: Path, log: Path, students: int) -> None:
        self.place = place
        self.log = log
        self.names = [f"student{number:02}" for number in range(1, students + 1)]
        self.port = _free_ports(3)
        self._settings = place / "state" / "settings.toml"
        self.change("port", self.port)
        self.change("students", students)
        self.change("first_uid", FIRST_UID)

    @property
    def address(self) -> str:
        """What the class opens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The password of the class."""
        text = self._settings.read_text(encoding="utf-8")
        return str(tomllib.loads(text)["class_password"])

    def change(self, setting: str, value: float) -> None:
        """Change a line of the settings, which the next start reads."""
        text = self._settings.read_text(encoding="utf-8")
        pattern = rf"^({setting} =) [\d_.]+"
        text, count = re.subn(pattern, rf"\g<1> {value}", text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"settings.toml has no line for {setting}.")
        self._settings.write_text(text, encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the hub, and stop it in the end, servers included."""
        with self.log.open("ab") as stream:
            process = subprocess.Popen(
                [self.place / "start-hub"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        try:
            self._wait(process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                kill_tree(process.pid)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + HUB_TIMEOUT_S
        while time.monotonic() < end and process.poll() is None:
            try:
                with opener.open(f"{self.address}/hub/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise RuntimeError("The hub did not start:\n" + "\n".join(lines[-15:]))

    def home(self, name: str) -> Path:
        """Return the home of a student."""
        return self.place / "homes" / name

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the processes of a student, the server first."""
        uid = self.home(name).stat().st_uid
        return sorted(processes_of({uid}), key=lambda process: process.create_time())

    def cpu_s(self, name: str) -> float:
        """Return the CPU-seconds that the processes of a student have used."""
        times = [process.cpu_times() for process in self.processes(name)]
        return sum(t.user + t.system for t in times)

    def memory_mb(self, name: str) -> float:
        """Return the proportional set size of all processes of a student."""
        total = 0
        for process in self.processes(name):
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6


class MemoryWatch:
    """Keeps the most memory that each student held.

    Parameters
    ----------
    hub
        The hub of the students.
    names
        Whom to watch.
    """

    def __init__(self, hub: Hub, names: Sequence[str]) -> None:
        self.peak_mb = dict.fromkeys(names, 0.0)
        self._hub = hub
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for name, peak_mb in self.peak_mb.items():
                self.peak_mb[name] = max(peak_mb, self._hub.memory_mb(name))


def processes_of(uids: set[int]) -> list[psutil.Process]:
    """Return the processes of users that still run."""
    return [
        process
        for process in psutil.process_iter(["uids", "status"])
        if process.info["uids"]
        and process.info["uids"].real in uids
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody uses now."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(_bound(0)).getsockname()[1]
            try:
                for port in range(first + 1, first + count):
                    stack.enter_context(_bound(port))
            except (OSError, OverflowError):
                continue
            return int(first)


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener
