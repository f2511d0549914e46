"""What is run if nobody says what, a loopback server, the settings of Hypothesis."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

# In CI the same examples in every run: a change is judged by what it changes. At a desk
# new examples are tried each time, and a failing one is kept as an @example. No example
# has a deadline: a machine that is busy with something else is no fault of the code.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


# One worker per core: with a pool of threads each, they would wait for one another.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

# What a plain `pytest` leaves out: `-m browser` runs it, `-m "not slow"` does not.
LEFT_OUT = {"style", "notebooks", "install", "published", "browser", "hub"}


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect tests with a mark that ``-m`` does not name."""
    unasked = LEFT_OUT - set(re.findall(r"\w+", config.getoption("-m")))
    chosen, left_out = [], []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        (left_out if unasked & marks else chosen).append(item)
    items[:] = chosen
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True)
def no_choice_of_kits(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the person at this desk chose in lesson 00 is not read or changed."""
    path = tmp_path_factory.mktemp("config") / "kits-origin.txt"
    monkeypatch.setattr("notebook_utils.kits.preference.preference_file", lambda: path)


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    send_bytes: int | None = None  # close the connection after so many


class Server(ThreadingHTTPServer):
    """Serves `answers` by path: one answer for all requests, or a list used up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.requests: list[str] = []
        self.user_agents: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        self.server.user_agents.append(self.headers["User-Agent"])
        answer = self.server.answers.get(self.path, Answer(b"nothing here", 404))
        if isinstance(answer, list):
            answer = answer.pop(0)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: answer.send_bytes])
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


AnyServer = TypeVar("AnyServer", bound=HTTPServer)


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """Have a server answer from a thread until the block ends."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as started:
        yield started


@pytest.fixture
def kits_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty cache of kits; no other variable about kits is set."""
    for name in ("", "_MIRROR", "_SHARED_CACHE"):
        monkeypatch.delenv(f"NOTEBOOK_KITS{name}", raising=False)
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
