"""Fetch one large file over loopback, side by side with other ways to do it.

Run by hand from the repository's root, on a machine with nothing else to do:

    python benchmarks/download.py
    python benchmarks/download.py --quick     # does it work? the figures mean nothing

Each way runs in a process of its own. The clock starts at its call and stops when the
file is there; starting Python and importing is left out, and measured apart.
The rounds are interleaved, and each ratio is the median of those within a round, so
that whatever else the machine does strikes all ways alike.
"""

import argparse
import hashlib
import importlib.util
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import http.server, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with pathlib.Path(sys.argv[1]).open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(file.seek(0, 2)))
            self.end_headers()
            file.seek(0)
            self.connection.sendfile(file)
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

MEASURE = """
import json, os, sys, time
url, folder, sha256 = sys.argv[1:4]
{imports}
before, start = os.times(), time.perf_counter()
{call}
wall, after = time.perf_counter() - start, os.times()
cpu = after.user - before.user + after.system - before.system
print(json.dumps({{"wall_s": wall, "cpu_s": cpu}}))
"""

OURS = MEASURE.format(
    imports="from notebook_utils.download import download_file",
    call="download_file(url, directory=folder, sha256=sha256)",
)
POOCH = MEASURE.format(
    imports="import pooch; pooch.get_logger().setLevel('ERROR')",
    call="pooch.retrieve(url, 'sha256:' + sha256, fname='file', path=folder)",
)
# What openvino_notebooks does: small pieces, each drawn, and nothing verified.
REQUESTS = MEASURE.format(
    imports="import requests; from tqdm.auto import tqdm",
    call="""
with requests.get(url, stream=True, timeout=10) as answer:
    size = int(answer.headers['Content-Length'])
    with open(folder + '/file', 'wb') as file, tqdm(total=size, unit='B') as shown:
        for piece in answer.iter_content(16 * 1024):
            file.write(piece)
            shown.update(len(piece))
            shown.refresh()
""",
)


@dataclass(frozen=True)
class Figure:
    """What one download took, in seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Way:
    """A way to fetch a file."""

    name: str
    verifies: bool
    python: str | None = None  # curl if None
    code: str = ""

    def run(self, url: str, sha256: str) -> Figure:
        """Fetch once, into an empty folder that is removed afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            if self.python is None:
                return _run_curl(url, Path(folder) / "file")
            found = subprocess.run(
                [self.python, "-c", self.code, url, folder, sha256],
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            return Figure(**json.loads(found.stdout))


def _run_curl(url: str, path: Path) -> Figure:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["curl", "--silent", "--fail", "--output", path, url], check=True)
    wall, after = (
        time.perf_counter() - start,
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Figure(wall, cpu)


@contextmanager
def serve(path: Path) -> Iterator[str]:
    """Serve one file on loopback, from another process."""
    command = [sys.executable, "-c", SERVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/file"
        finally:
            server.terminate()


def write_random(path: Path, size_bytes: int) -> str:
    """Write a file that no disk and no network can compress; return its sha256."""
    digest, block = hashlib.sha256(), hashlib.shake_128(b"file").digest(1 << 20)
    with path.open("wb") as file:
        for _ in range(size_bytes >> 20):
            block = block[1:] + block[:1]
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def pooch_python(folder: Path, is_quick: bool) -> str | None:
    """Return a Python that has pooch, made for the occasion; None if there is none."""
    if importlib.util.find_spec("pooch") is not None:
        return sys.executable
    if is_quick:
        return None
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    try:
        subprocess.run([python, "-m", "pip", "install", "-q", "pooch"], check=True)
    except subprocess.CalledProcessError:
        return None
    return str(python)


def ways(pooch: str | None) -> list[Way]:
    """Return the ways to compare, the yardstick first."""
    if shutil.which("curl") is None:
        sys.exit("curl is missing; install it, it is what the others are measured by.")
    found = [
        Way("curl", verifies=False),
        Way("download_file", True, sys.executable, OURS),
        Way("requests + tqdm", False, sys.executable, REQUESTS),
    ]
    if pooch is None:
        print("pooch is not measured: it is not installed and could not be.")
    else:
        found.append(Way("pooch", True, pooch, POOCH))
    return found


def measure(compared: list[Way], rounds: int, size_bytes: int) -> dict[str, list]:
    """Run all ways `rounds` times, each round in another order."""
    figures: dict[str, list[Figure]] = {way.name: [] for way in compared}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        sha256 = write_random(path, size_bytes)
        with serve(path) as url:
            for number in range(rounds):
                turn = number % len(compared)
                for way in compared[turn:] + compared[:turn]:
                    figures[way.name].append(way.run(url, sha256))
    return figures


def print_table(compared: list[Way], figures: dict[str, list[Figure]]) -> None:
    """Print medians, and ratios within the rounds."""
    print("| way | verifies | wall, s | CPU, s | wall, times curl |")
    print("| --- | --- | --- | --- | --- |")
    yardstick = figures[compared[0].name]
    for way in compared:
        own = figures[way.name]
        wall = statistics.median(figure.wall_s for figure in own)
        cpu = statistics.median(figure.cpu_s for figure in own)
        pairs = zip(own, yardstick, strict=True)
        ratio = statistics.median(a.wall_s / b.wall_s for a, b in pairs)
        verifies = "sha256" if way.verifies else "no"
        print(f"| {way.name} | {verifies} | {wall:.2f} | {cpu:.2f} | {ratio:.2f} |")


def print_import_cost(rounds: int) -> None:
    """Print what `import notebook_utils` adds to starting Python."""
    added = []
    for _ in range(rounds):
        took = []
        for code in ("pass", "import notebook_utils"):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            took.append(time.perf_counter() - start)
        added.append(1000 * (took[1] - took[0]))
    print(f"\nimport notebook_utils: {statistics.median(added):.0f} ms", end="")
    print(f" (median of {rounds}, beyond starting Python)")


def main() -> None:
    """Measure and print the tables of README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a moment, for CI")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rounds, size_bytes = (1, 4 << 20) if options.quick else (options.rounds, 512 << 20)
    with tempfile.TemporaryDirectory() as folder:
        compared = ways(pooch_python(Path(folder), options.quick))
        figures = measure(compared, rounds, size_bytes)
    print(f"\n{size_bytes >> 20} MB over loopback, median of {rounds}\n")
    print_table(compared, figures)
    print_import_cost(3 if options.quick else 15)


if __name__ == "__main__":
    main()
