"""What is run if nobody says what, a loopback server, the settings of Hypothesis."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from misbehaving_server import MisbehavingServer

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
LEFT_OUT = {"style", "site", "notebooks", "install", "published", "browser", "hub"}


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
def server() -> Iterator[MisbehavingServer]:
    with running(MisbehavingServer()) as started:
        yield started
        started.released.set()


@pytest.fixture
def kits_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty cache of kits; no other variable about kits is set."""
    for name in ("", "_MIRROR", "_SHARED_CACHE"):
        monkeypatch.delenv(f"NOTEBOOK_KITS{name}", raising=False)
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
