"""start.py with real programs: old Pythons, servers, venv, pip and uv, tiny wheels."""

import contextlib
import functools
import http.server
import os
import platform
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from checkouts import PINS, ROOT, load_start, write_checkout
from wheels import write_index, write_uv_wheel, write_wheel

start = load_start(ROOT / "start.py")


def old_interpreters() -> list[str]:
    """Find Pythons that are too old, on PATH and where pyenv keeps them."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in range(6, 11):
        name = f"python3.{minor}"
        paths = [*map(str, kept.glob(f"3.{minor}.*/bin/python")), shutil.which(name)]
        for path in filter(None, paths):
            check = [path, "-c", f"import sys; assert sys.version_info[1] == {minor}"]
            if subprocess.run(check, capture_output=True).returncode == 0:
                found.append(path)
                break
    return found


def test_real_old_interpreters_get_a_sentence():
    interpreters = old_interpreters()
    if not interpreters:
        pytest.skip("no Python 3.6 to 3.10 is installed here")
    for python in {interpreters[0], interpreters[-1]}:
        command = [python, str(ROOT / "start.py"), "lab"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        assert "3.11 to 3.13 (64-bit) is needed" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


# Asking programs and servers


def test_sizes_are_summed(tmp_path):
    (tmp_path / "one.whl").write_bytes(b"x" * 1000)
    (tmp_path / "two.whl").write_bytes(b"x" * 234)
    with served(tmp_path) as address:
        urls = [f"{address}/one.whl", f"{address}/two.whl"]
        assert int(start.ask([*start.SIZE_OF, *urls])) == 1234
        assert start.ask([*start.SIZE_OF, f"{address}/missing"]) == b""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(folder))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        serving(server),
    ):
        yield f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def test_server_that_never_answers_is_left():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert start.ask([*start.SIZE_OF, url], 1) == b""


def test_program_that_hangs_is_stopped():
    forever = [sys.executable, "-c", "import time; time.sleep(3600)"]
    assert start.ask(forever, 0.3) == b""


def test_program_that_is_missing_or_fails_gives_nothing():
    assert start.ask(["no-such-program-here"]) == b""
    assert start.ask([sys.executable, "-c", "print(1); raise SystemExit(3)"]) == b""
    assert start.ask([sys.executable, "-c", "print(1)"]).strip() == b"1"


# The real thing, small: a real venv, pip and uv, wheels of a few hundred bytes

BACKEND = """
from pathlib import Path
from zipfile import ZipFile

def build_editable(folder, config_settings=None, metadata_directory=None):
    info = "workshop-1.dist-info"
    with ZipFile(Path(folder) / "workshop-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("workshop.pth", str(Path.cwd() / "utils"))
        about = "Metadata-Version: 2.1\\nName: workshop\\nVersion: 1\\n"
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        names = ("workshop.pth", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\\n" for name in names))
    return "workshop-1-py3-none-any.whl"
"""
PROJECT = """
[project]
name = "workshop"
version = "1"

[build-system]
requires = ["hatchling"]
build-backend = "backend"
backend-path = ["building"]
"""
CURATOR = "import sys; print('curator', sys.argv[1:]); sys.exit(7)"
glibc = pytest.mark.skipif(
    platform.system() == "Linux" and platform.libc_ver()[0] != "glibc",
    reason="start.py refuses this platform",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a backend of its own, whose `curator` only answers."""
    folder = write_checkout(tmp_path / "a checkout")
    for path, text in {
        "pyproject.toml": PROJECT,
        "constraints.txt": "".join(f"{pin}\n" for pin in PINS),
        "building/backend.py": BACKEND,
        "utils/curator.py": CURATOR,
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


def run_start(
    checkout: Path, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `start.py run 00` with no configuration but what the test gives."""
    foreign = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    kept |= {"PIP_CONFIG_FILE": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    kept["UV_CACHE_DIR"] = str(checkout.parent / "uv cache")
    return subprocess.run(
        [sys.executable, "a checkout/start.py", "run", "00", "--venv", "e v", *options],
        cwd=checkout.parent,
        env=kept | variables,
        capture_output=True,
        text=True,
    )


def contents(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.slow
@glibc
def test_folder_of_wheels_without_uv_is_installed_by_pip(checkout):
    wheels = checkout.parent / "some wheels"
    for pin in (*PINS, "pip==99"):
        write_wheel(wheels, *pin.split("=="))
    options = ["--wheels", wheels.name]
    refused = run_start(checkout, *options)
    assert refused.returncode == 2, refused.stderr
    assert "holds no wheels that would do" in refused.stderr

    write_wheel(wheels, "hatchling", "1.27.0")
    write_wheel(wheels, "editables", "0.5")
    before = contents(checkout)
    first = run_start(checkout, *options)
    assert first.returncode == 7, first.stderr
    assert first.stdout == "curator ['run', '00']\n"
    stages = [line[:5] for line in first.stderr.splitlines() if line.startswith("[")]
    assert stages == ["[1/3]", "[2/3]", "[3/3]"]
    assert "uv is not available, so pip installs. ERROR: No matching" in first.stderr
    assert contents(checkout) == before, "something was written into the checkout"

    second = run_start(checkout, *options)
    assert (second.returncode, second.stdout) == (7, first.stdout)
    assert second.stderr == ""


class Index(http.server.ThreadingHTTPServer):
    """An index of packages over TLS that keeps who asked."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.agents: set[str] = set()
        handler = functools.partial(IndexHandler, directory=str(folder))
        super().__init__(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)


class IndexHandler(QuietHandler):
    def do_GET(self) -> None:
        self.server.agents.add(self.headers["User-Agent"].partition("/")[0])
        super().do_GET()


@pytest.mark.slow
@glibc
def test_uv_installs_from_an_index_that_only_the_configuration_of_pip_names(checkout):
    served = checkout.parent / "served"
    for pin in (*PINS, "pip==99", "hatchling==1.27.0", "editables==0.5"):
        write_wheel(served / "wheels", *pin.split("=="))
    write_uv_wheel(served / "wheels")
    write_index(served / "simple", served / "wheels")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(checkout.parent / "ca.pem")
    with Index(served, authority) as index, serving(index):
        url = f"https://127.0.0.1:{index.server_port}/simple"
        certificate, settings = checkout.parent / "ca.pem", checkout.parent / "pip.conf"
        settings.write_text(f"[global]\nindex-url = {url}\ncert = {certificate}\n")
        done = run_start(checkout, PIP_CONFIG_FILE=str(settings))
    assert done.returncode == 7, done.stderr
    assert index.agents == {"pip", "uv"}
    assert "pip goes on" not in done.stderr
