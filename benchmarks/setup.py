"""Set the learner's environment up with uv and with pip, side by side.

Run by hand from the repository's root, on a machine with nothing else to do:

    python benchmarks/setup.py

Each round sets up an environment from empty caches, by `start.py doctor`, which ends
in READY, and by pip from the same list; then once more by `start.py` from uv's cache,
and it starts a second time. The rounds are interleaved, and the ratio is the median of
those within a round, so that whatever else the machine does strikes all ways alike.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRESH, CACHED, PIP, SECOND = (
    "start.py, nothing to READY",
    "start.py, from uv's cache to READY",
    "venv, pip, then the doctor",
    "start.py lab, second start, before JupyterLab",
)


def seconds(
    command: Sequence[str | Path], environment: Mapping[str, str], ends_in: str = ""
) -> float:
    """Run a command that has to succeed, and return how long it took."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    taken = time.perf_counter() - started
    if done.returncode or ends_in not in done.stdout:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
    if "pip installs" in done.stderr or "pip goes on" in done.stderr:
        raise SystemExit(f"uv did not install:\n{done.stderr}")
    return taken


def python_in(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def size_gb(folder: Path) -> float:
    """Return what a folder holds, in GB, each file counted once."""
    files = (path.lstat() for path in folder.rglob("*"))
    return sum({f.st_ino: f.st_size for f in files}.values()) / 1e9


class Setup:
    """The ways of one round, in a folder that is deleted after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        caches = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip"}
        self.environment = {
            **os.environ,
            **{name: str(folder / cache) for name, cache in caches.items()},
        }

    def start(self, venv: str) -> float:
        """Let start.py set up an environment and look at it."""
        command = [sys.executable, "start.py", "--venv", str(self.folder / venv)]
        return seconds([*command, "doctor"], self.environment, "READY")

    def pip(self) -> float:
        """Do the same with pip alone."""
        place = self.folder / "with pip"
        install = [python_in(place), "-m", "pip", "install", "-r", "requirements.txt"]
        doctor = [python_in(place), "-m", "notebook_utils", "doctor"]
        return (
            seconds([sys.executable, "-m", "venv", place], self.environment)
            + seconds(install, self.environment)
            + seconds(doctor, self.environment, "READY")
        )

    def second(self) -> float:
        """Return what the second start of `lab` adds to JupyterLab's own."""
        place = self.folder / "fresh"
        command = [sys.executable, "start.py", "--venv", str(place), "lab", "--version"]
        jupyter = [python_in(place), "-m", "jupyterlab", "--version"]
        own = [seconds(jupyter, self.environment) for _ in range(2)][1]  # compiled now
        return [seconds(command, self.environment) for _ in range(2)][1] - own


def measure(rounds: int) -> tuple[dict[str, list[float]], float]:
    """Measure each way once in every round; return seconds, and the size in GB."""
    figures: dict[str, list[float]] = {FRESH: [], CACHED: [], PIP: [], SECOND: []}
    size = 0.0
    for number in range(rounds):
        folder = Path(tempfile.mkdtemp(prefix="setup-benchmark-"))
        try:
            setup = Setup(folder)
            ways: list[tuple[str, Callable[[], float]]] = [
                (FRESH, lambda setup=setup: setup.start("fresh")),
                (PIP, setup.pip),
            ]
            for name, way in ways if number % 2 == 0 else ways[::-1]:
                figures[name].append(way())
            size = size_gb(folder / "fresh")
            shutil.rmtree(folder / "with pip")
            figures[CACHED].append(setup.start("cached"))
            figures[SECOND].append(setup.second())
        finally:
            shutil.rmtree(folder)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return figures, size


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    figures, size = measure(parser.parse_args().rounds)
    print("| way | s, median | lowest to highest |\n| --- | --- | --- |")
    for name, taken in figures.items():
        spread = f"{min(taken):.1f} to {max(taken):.1f}"
        print(f"| {name} | {statistics.median(taken):.1f} | {spread} |")
    pairs = zip(figures[PIP], figures[FRESH], strict=True)
    ratio = statistics.median(pip / ours for pip, ours in pairs)
    print(
        f"\npip takes {ratio:.1f} times as long. The environment holds {size:.2f} GB."
    )


if __name__ == "__main__":
    main()
