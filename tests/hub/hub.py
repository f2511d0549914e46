"""An installed hub for a class: its settings, its process, its students' processes."""

import re
import signal
import socket
import subprocess
import time
import tomllib
from contextlib import ExitStack
from pathlib import Path

import psutil
import requests

FIRST_UID = 90_000  # a class on this machine has others
HUB_TIMEOUT_S = 180


class Hub:
    """The hub that ``install.sh --to`` put into `place`."""

    def __init__(self, place: Path, log: Path, students: int) -> None:
        self.place = place
        self.names = [f"student{number:02}" for number in range(1, students + 1)]
        self._settings = place / "state" / "settings.toml"
        self._log = log
        port = _three_free_ports()
        self.address = f"http://127.0.0.1:{port}"
        self.change(port=port, students=students, first_uid=FIRST_UID)

    @property
    def password(self) -> str:
        """The password of the class."""
        return tomllib.loads(self._settings.read_text())["class_password"]

    def change(self, **settings: float) -> None:
        """Change lines of the settings, which the next start reads."""
        text = self._settings.read_text()
        for name, value in settings.items():
            line = rf"^({name} =) [\d_.]+"
            text, count = re.subn(line, rf"\g<1> {value}", text, flags=re.MULTILINE)
            assert count == 1, f"settings.toml has no line for {name}"
        self._settings.write_text(text)

    def start(self) -> None:
        """Start the hub and wait until it answers."""
        with self._log.open("ab") as stream:
            self._process = subprocess.Popen(
                [self.place / "start-hub"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        end = time.monotonic() + HUB_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The hub did not start:\n{self._log.read_text()}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the hub is on this machine
            try:
                return session.get(f"{self.address}/hub/health", timeout=5).ok
            except requests.ConnectionError:
                return False

    def stop(self) -> None:
        """Stop the hub, servers included."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(120)

    def home(self, name: str) -> Path:
        """Return the home of a student."""
        return self.place / "homes" / name

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the processes of a student, the server first."""
        uid = self.home(name).stat().st_uid
        return sorted(processes_of({uid}), key=psutil.Process.create_time)

    def cpu_s(self, name: str) -> float:
        """Return the CPU-seconds that the processes of a student have used."""
        times = [process.cpu_times() for process in self.processes(name)]
        return sum(t.user + t.system for t in times)

    def memory_mb(self, name: str) -> float:
        """Return the proportional set size of all processes of a student.

        What processes share, such as libraries, is divided among them, so that the
        figures of a class add up.
        """
        total = 0
        for process in self.processes(name):
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6


def processes_of(uids: set[int]) -> list[psutil.Process]:
    """Return the processes of users that still run."""
    return [
        process
        for process in psutil.process_iter(["uids", "status"])
        if process.info["uids"]
        and process.info["uids"].real in uids
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _three_free_ports() -> int:
    """Return the first of three ports in a row that nobody uses now."""
    while True:
        with ExitStack() as stack:
            first = 0
            try:
                for offset in range(3):
                    listener = stack.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", first and first + offset))
                    first = first or listener.getsockname()[1]
            except (OSError, OverflowError):  # taken, or beyond the last port
                continue
            return first
