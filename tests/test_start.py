"""start.py with programs that only pretend; then with real ones and tiny wheels."""

import ast
import contextlib
import functools
import http.server
import importlib.util
import io
import json
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
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from wheels import write_index, write_uv_wheel, write_wheel

ROOT = Path(__file__).resolve().parents[1]
PINS = ["torch==2.13.0", "torchvision==0.28.0"]
FILES = {
    "requirements.txt": "-c constraints.txt\ntorch>=2.11\ntorchvision\n-e .\n",
    "requirements-dev.txt": "-r requirements.txt\npytest\n",
    "constraints.txt": "torch==2.13.0\ntorchvision==0.28.0\nuv==0.13.9\n",
    "pyproject.toml": "[project]\n",
}
LEARNER = ["-c", "constraints.txt", "pip", "-r", "requirements.txt"]
TESTER = [*LEARNER[:-1], "requirements-dev.txt"]
CPU_TORCH = ["--no-deps", "--index-url", "https://download.pytorch.org/whl/cpu", *PINS]
CUDA = [("torch", "https://t/1"), ("nvidia-cublas", "https://t/2")]
CUDA_REPORT = {
    "install": [
        {"metadata": {"name": name}, "download_info": {"url": url}}
        for name, url in CUDA
    ]
}
CUDA_LOCK = "".join(
    f'[[packages]]\nname = "{name}"\nwheels = [{{ size = 1605000000 }}]\n'
    for name, _ in CUDA
)


class Programs:
    """Stands in for subprocess: keeps what was called, and pretends to have done it."""

    DEVNULL, PIPE = subprocess.DEVNULL, subprocess.PIPE
    SubprocessError = subprocess.SubprocessError
    list2cmdline = staticmethod(subprocess.list2cmdline)

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.options: list[dict[str, Any]] = []
        self.asked: list[list[str]] = []
        self.timeouts: list[float] = []
        self.statuses: dict[str, int | BaseException] = {}
        self.report: dict[str, Any] = {"install": []}
        self.answers: dict[str, bytes] = {
            "import venv": b"1\n",
            "config list": b"global.index-url='https://school/simple'\n",
            "hatchling": b"Would install hatchling",
            "compile": b"torch==2.13.0+cpu\ntorchvision==0.28.0\n",
        }

    def call(self, command: list[str], **options: Any) -> int:
        self.calls.append(command)
        self.options.append(options)
        for words, status in self.statuses.items():
            if words in " ".join(command):
                if isinstance(status, BaseException):
                    raise status
                return status
        if command[1:3] == ["-m", "venv"]:
            make_environment(Path(command[-1]))
        if "--report" in command:
            report = Path(command[command.index("--report") + 1])
            report.write_text(json.dumps(self.report))
        return 0

    def run(self, command: list[str], **options: Any) -> SimpleNamespace:
        status = self.call(command, **options)
        return SimpleNamespace(returncode=status, stderr="WARNING: x\nERROR: no uv\n")

    def check_output(
        self, command: list[str], stderr: int, timeout: float, **options: Any
    ) -> bytes:
        self.asked.append(command)
        self.timeouts.append(timeout)
        for words, answer in self.answers.items():
            if words in " ".join(command):
                return answer
        if "import pip" in command[-1] and Path(command[0]).exists():
            return b"True\n"
        raise subprocess.TimeoutExpired(command, timeout)

    def installs(self, tool: str) -> list[list[str]]:
        """The words for pip, or for uv, from the one after ``install`` on."""
        begin = {"pip": ["-m", "pip", "install"], "uv": ["-m", "uv", "pip", "install"]}
        length = len(begin[tool])
        return [c[1 + length :] for c in self.calls if c[1 : 1 + length] == begin[tool]]

    def forget(self) -> None:
        self.calls.clear()
        self.asked.clear()


def make_environment(folder: Path) -> None:
    for name in ("bin/python", "Scripts/python.exe", "pyvenv.cfg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def write_checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "start.py", folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def programs() -> Programs:
    return Programs()


@pytest.fixture
def start(
    tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """start.py in a small checkout with spaces in its path, on a friendly machine."""
    path = write_checkout(tmp_path / "a checkout") / "start.py"
    spec = importlib.util.spec_from_file_location("start", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "subprocess", programs)
    monkeypatch.setattr(module, "os", Handover())
    fake_sys = SimpleNamespace(
        version_info=(3, 12, 1),
        maxsize=2**63 - 1,
        platform="linux",
        executable="/usr/bin/python3.12",
        argv=["start.py"],
        stderr=io.StringIO(),
    )
    monkeypatch.setattr(module, "sys", fake_sys)
    machine(module, monkeypatch, "Linux", "x86_64")
    monkeypatch.setattr(
        module.shutil, "disk_usage", lambda _: SimpleNamespace(free=50e9)
    )
    return module


class ReplacedError(BaseException):
    """This process would now be another program."""


class Handover:
    """Stands in for os: execv only keeps its command."""

    pathsep = os.pathsep
    W_OK = os.W_OK

    def __init__(self) -> None:
        self.environ = {"PATH": "/usr/bin"}
        self.became: list[str] = []
        self.writable = True

    def execv(self, program: str, command: list[str]) -> None:
        assert program == command[0]
        self.became = command
        raise ReplacedError

    def access(self, path: str, mode: int) -> bool:
        return self.writable


def machine(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, *about: str, libc: str = "glibc"
) -> None:
    monkeypatch.setattr(start.platform, "system", lambda: about[0])
    monkeypatch.setattr(start.platform, "machine", lambda: about[1])
    monkeypatch.setattr(start.platform, "libc_ver", lambda: (libc, "2.36"))


def go(start: ModuleType, *words: str) -> None:
    """Call start.py, which has to end by becoming the command."""
    with pytest.raises(ReplacedError):
        start.main(list(words))


def heard(start: ModuleType) -> str:
    """Return what was said on standard error since the last time."""
    stream = start.sys.stderr
    said: str = stream.getvalue()
    stream.seek(stream.truncate(0))
    return said


def refusal(start: ModuleType, *arguments: str) -> str:
    """Return what start.py says when it refuses, and check that it does."""
    with pytest.raises(SystemExit) as ended:
        start.main(list(arguments or ("lab",)))
    assert ended.value.code == 2
    said = heard(start)
    assert start.os.became == []
    return said


# The file itself


def test_file_needs_the_standard_library_only() -> None:
    source = (ROOT / "start.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    nodes = list(ast.walk(tree))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    assert "argparse" in names
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


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


def test_real_old_interpreters_get_a_sentence() -> None:
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


# Help


@pytest.mark.parametrize(
    ("arguments", "status"),
    [([], 0), (["-h"], 0), (["--help"], 0), (["--venv", "x"], 0), (["--nonsense"], 2)],
)
def test_help(
    start: ModuleType,
    programs: Programs,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    assert start.main(arguments) == status
    assert "lab              open JupyterLab" in capsys.readouterr().out
    assert programs.calls == programs.asked == []


@pytest.mark.parametrize("words", [["lab", "--help"], ["test", "-h"]])
def test_help_on_a_command_installs_nothing(
    start: ModuleType,
    programs: Programs,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    assert start.main(words) == 0
    assert "lab              open JupyterLab" in capsys.readouterr().out
    assert programs.calls == programs.asked == []


# Refusals


def test_an_unknown_command_is_refused_before_anything_is_installed(
    start: ModuleType, programs: Programs
) -> None:
    said = refusal(start, "lba")
    assert "no command is called 'lba'" in said
    assert "lab, run, test, doctor, reset" in said
    assert programs.calls == programs.asked == []


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0), (4, 0, 0)])
def test_other_python_is_refused_and_a_fitting_one_is_named(
    start: ModuleType,
    programs: Programs,
    version: tuple[int, int, int],
) -> None:
    start.sys.version_info = version
    programs.answers["python3.11 -c"] = programs.answers["python3.12 -c"] = b"1\n"
    said = refusal(start, "run", "my notebook")
    assert "3.11 to 3.13 (64-bit) is needed" in said
    assert 'Call: python3.12 start.py run "my notebook"' in said
    assert programs.calls == []


def test_other_python_without_a_fitting_one(start: ModuleType) -> None:
    start.sys.version_info = (3, 14, 0)
    said = refusal(start)
    assert "Install Python 3.13 (64-bit) from https://www.python.org" in said


def test_windows_launcher_is_named(
    start: ModuleType,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(start, "WINDOWS", True)
    start.sys.version_info = (3, 14, 0)
    programs.answers["py -3.13 -c"] = b"1\n"
    assert "Call: py -3.13 start.py lab" in refusal(start)


def test_32_bit_python_is_refused(start: ModuleType) -> None:
    start.sys.maxsize = 2**31 - 1
    assert "(64-bit) is needed" in refusal(start)


@pytest.mark.parametrize(
    ("system", "architecture"),
    [
        ("Darwin", "x86_64"),
        ("Windows", "ARM64"),
        ("Linux", "i686"),
        ("Linux", "riscv64"),
        ("FreeBSD", "amd64"),
    ],
)
def test_platform_without_wheels_is_refused(
    start: ModuleType,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    architecture: str,
) -> None:
    machine(start, monkeypatch, system, architecture, libc="")
    said = refusal(start)
    assert f"OpenVINO has no wheels for {system} on {architecture}." in said
    assert "Use Linux, Windows on x86-64, macOS on Apple silicon" in said
    assert programs.calls == []


@pytest.mark.parametrize(
    "about", [("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")]
)
def test_platform_with_wheels_is_served(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, about: tuple[str, str]
) -> None:
    machine(start, monkeypatch, *about, libc="glibc" if about[0] == "Linux" else "")
    go(start, "lab")


def test_musl_is_refused(
    start: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(start, monkeypatch, "Linux", "x86_64", libc="")
    said = refusal(start)
    assert "no wheels for musl" in said
    assert "Linux with glibc" in said


def test_python_without_ensurepip_is_refused(
    start: ModuleType, programs: Programs
) -> None:
    del programs.answers["import venv"]
    said = refusal(start)
    assert "lacks ensurepip" in said
    assert "apt install python3-venv" in said
    assert not (start.ROOT / ".venv").exists()


def test_full_disk_is_refused(
    start: ModuleType,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        start.shutil, "disk_usage", lambda _: SimpleNamespace(free=5.94e9)
    )
    said = refusal(start)
    assert f"{start.ROOT} has 5.9 GB free; 6 are needed." in said
    assert "--venv FOLDER" in said
    assert programs.calls == []


def test_what_an_interrupted_install_left_counts_as_room(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(start.ROOT / ".venv")
    with (start.ROOT / ".venv" / "big").open("wb") as sparse:
        sparse.truncate(3 * 10**9)
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: SimpleNamespace(free=4e9))
    go(start, "lab")


def test_read_only_checkout_is_refused(start: ModuleType) -> None:
    start.os.writable = False
    said = refusal(start)
    assert f"{start.ROOT} cannot be written." in said
    assert "--venv FOLDER" in said


def test_a_folder_with_other_files_is_refused_and_kept(
    start: ModuleType, tmp_path: Path
) -> None:
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.touch()
    said = refusal(start, "lab", "--venv", str(precious.parent))
    assert "holds something else than an environment" in said
    assert precious.exists()


def test_unreachable_index_is_refused_before_anything_is_fetched(
    start: ModuleType, programs: Programs
) -> None:
    programs.statuses["uv"] = 1
    del programs.answers["hatchling"]
    said = refusal(start)
    assert "pip reaches no package index." in said
    assert "pip config list" in said
    assert "--wheels FOLDER" in said
    assert {"--dry-run", "--retries", "--timeout", "editables"} <= {*programs.asked[-1]}
    assert programs.timeouts[-1] <= 60
    assert len(programs.installs("pip")) == 1


def test_wheels_that_do_not_serve_are_refused(
    start: ModuleType, programs: Programs, tmp_path: Path
) -> None:
    programs.statuses["uv"] = 1
    del programs.answers["hatchling"]
    said = refusal(start, "lab", "--wheels", str(tmp_path / "nowhere"))
    assert "nowhere holds no wheels that would do." in said
    assert "pip wheel -w FOLDER pip uv hatchling editables -r requirements.txt" in said


# Installing


def test_install_then_start_at_once(start: ModuleType, programs: Programs) -> None:
    go(start, "lab")
    (uv,) = programs.installs("pip")
    assert uv[-3:] == ["-c", "constraints.txt", "uv"]
    (words,) = programs.installs("uv")
    assert words[-5:] == LEARNER
    python = str(start.ROOT / ".venv" / "bin" / "python")
    assert words[words.index("--python") + 1] == python
    assert programs.options[-1]["cwd"] == str(start.ROOT)
    assert start.os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] == "1"

    programs.forget()
    go(start, "lab")
    assert programs.calls == []
    assert len(programs.asked) == 1, "only whether its Python starts"


def test_only_tests_and_the_site_need_what_maintainers_need(
    start: ModuleType, programs: Programs
) -> None:
    for command in ("lab", "run", "doctor", "kits"):
        go(start, command)
    go(start, "test")
    go(start, "site")
    go(start, "lab")
    assert [words[-5:] for words in programs.installs("uv")] == [LEARNER, TESTER]

    (start.ROOT / "requirements-dev.txt").write_text("ruff\n")
    programs.forget()
    go(start, "lab")
    assert programs.calls == []
    go(start, "site")
    assert [words[-5:] for words in programs.installs("uv")] == [TESTER]


@pytest.mark.parametrize("status", [1, KeyboardInterrupt()])
@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_what_ended_early_is_finished_by_the_next_call(
    start: ModuleType, programs: Programs, tool: str, status: int | BaseException
) -> None:
    programs.statuses = {"-r requirements": status}
    if tool == "pip":
        programs.statuses[" uv"] = 1
    with pytest.raises((SystemExit, KeyboardInterrupt)) as ended:
        start.main(["lab"])
    if status == 1:
        assert isinstance(ended.value, SystemExit) and ended.value.code == 1
        assert "The same command goes on from here." in heard(start)
    assert start.os.became == []

    programs.statuses.clear()
    programs.forget()
    go(start, "lab")
    assert [call[2] for call in programs.calls] == ["pip", "uv"]


@pytest.mark.parametrize("left", [[], ["lib"], ["lib", "pyvenv.cfg", "bin"]])
def test_interrupted_venv_is_finished_by_the_next_call(
    start: ModuleType, programs: Programs, left: list[str]
) -> None:
    for name in left:
        (start.ROOT / ".venv" / name).mkdir(parents=True)
    go(start, "lab")
    assert programs.calls[0][1:4] == ["-m", "venv", "--clear"]


def test_packages_half_written_by_a_killed_installer_are_installed_again(
    start: ModuleType,
) -> None:
    make_environment(start.ROOT / ".venv")
    packages = start.ROOT / ".venv" / "lib" / "python3.12" / "site-packages"
    written = {
        "whole": '"a, whole.py",sha256=x,4\nwhole.pyc,,\nwhole.dist-info/RECORD,,\n',
        "short": "short.py,sha256=x,4\n",
        "missing": "missing.py,sha256=x,4\n",
        "unrecorded": None,
    }
    for name, record in written.items():
        info = packages / f"{name}.dist-info"
        info.mkdir(parents=True)
        if record:
            (info / "RECORD").write_text(record)
    (packages / "a, whole.py").write_text("four")
    (packages / "short.py").write_text("fo")
    go(start, "lab")
    assert [path.name for path in packages.glob("*.dist-info")] == ["whole.dist-info"]


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_changed_lists_are_installed_into_the_same_environment(
    start: ModuleType, programs: Programs, name: str
) -> None:
    go(start, "lab")
    original = (start.ROOT / name).read_text()
    (start.ROOT / name).write_text(original + "# changed\n")
    programs.forget()
    programs.statuses["-r requirements"] = 1
    with pytest.raises(SystemExit):
        start.main(["lab"])
    assert "making it again" not in heard(start)

    programs.forget()
    programs.statuses.clear()
    (start.ROOT / name).write_text(original)  # Half changed, it is not what it was.
    go(start, "lab")
    assert [call[2] for call in programs.calls] == ["pip", "uv"]


def test_moved_environment_is_made_again(
    start: ModuleType, programs: Programs, tmp_path: Path
) -> None:
    new = tmp_path / "new place"
    go(start, "lab", "--venv", str(tmp_path / "old place"))
    (tmp_path / "old place").rename(new)
    programs.forget()
    go(start, "lab", "--venv", str(new))
    assert programs.calls[0][1:] == ["-m", "venv", "--clear", str(new)]
    assert "making it again" in heard(start)


@pytest.mark.parametrize("answer", [b"", b"False\n"])
def test_broken_environment_or_one_of_another_python_is_made_again(
    start: ModuleType, programs: Programs, answer: bytes
) -> None:
    go(start, "lab")
    programs.forget()
    programs.answers["import pip"] = answer
    go(start, "lab")
    assert programs.calls[0][1:3] == ["-m", "venv"]
    assert "making it again" in heard(start)


def test_environment_that_cannot_be_made(start: ModuleType, programs: Programs) -> None:
    programs.statuses["-m venv"] = 1
    with pytest.raises(SystemExit) as ended:
        start.main(["lab"])
    assert ended.value.code == 1
    assert len(programs.calls) == 1


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_wheels_folder_serves_uv_and_pip_alone(
    start: ModuleType,
    programs: Programs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    programs.statuses = {} if tool == "uv" else {" uv": 1}
    go(start, "--wheels", "my wheels", "lab")
    installs = programs.installs("pip") + programs.installs("uv")
    assert len(installs) == 2
    assert installs[-1][-5:] == LEARNER
    for words in installs:
        assert words[:3] == ["--no-index", "--find-links", str(tmp_path / "my wheels")]
    assert not any("urllib" in " ".join(command) for command in programs.asked)


# uv, and pip where there is none


def test_without_uv_pip_installs_and_the_reason_is_said(
    start: ModuleType, programs: Programs
) -> None:
    programs.statuses[" uv"] = 1
    go(start, "lab")
    assert programs.installs("uv") == []
    assert programs.installs("pip")[-1] == LEARNER
    assert "uv cannot be had, so pip installs. ERROR: no uv\n" in heard(start)


def test_where_uv_fails_pip_goes_on(start: ModuleType, programs: Programs) -> None:
    programs.answers[f"{start.CPU_INDEX}/torch/"] = b"0\n"
    programs.statuses["-m uv"] = 2
    go(start, "lab")
    assert len(programs.installs("uv")) == 1
    assert programs.installs("pip")[1:] == [CPU_TORCH, LEARNER]
    assert "uv ended with status 2, see above: pip goes on" in heard(start)


@pytest.mark.parametrize(
    ("listing", "variables"),
    [
        (
            "global.index-url='https://s/simple'\n"
            "global.extra-index-url='\\nhttps://a\\nhttps://b'\n",
            {"UV_DEFAULT_INDEX": "https://s/simple", "UV_INDEX": "https://a https://b"},
        ),
        ("install.find-links='/a /b'", {"UV_FIND_LINKS": "/a,/b"}),
        ("global.constraint='/etc/c.txt'", {"UV_CONSTRAINT": "/etc/c.txt"}),
        ("global.cert='/etc/ca.pem'", {"SSL_CERT_FILE": "/etc/ca.pem"}),
        ("global.no-index='true'", {"UV_NO_INDEX": "true"}),
        (
            ":env:.proxy='http://p:3128'",
            dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p:3128"),
        ),
        (
            ":env:.index-url='https://e'\nglobal.index-url='https://g'\n"
            "install.index-url='https://i'\nfreeze.index-url='https://f'",
            {"UV_DEFAULT_INDEX": "https://e"},
        ),
        ("global.colour='blue'\n", {}),
    ],
)
def test_configuration_of_pip_is_handed_on(
    start: ModuleType, programs: Programs, listing: str, variables: dict[str, str]
) -> None:
    programs.answers["config list"] = listing.encode()
    go(start, "lab")
    given = programs.options[-1]["env"]
    assert {name: given.get(name) for name in variables} == variables
    others = {*given} - {*start.os.environ, *variables}
    assert others == {"UV_INDEX_STRATEGY", "UV_SYSTEM_CERTS", "UV_NO_CONFIG"}
    assert not variables.keys() & start.os.environ.keys(), "for uv alone, not for Lab"


def test_certificate_that_pip_reads_from_a_variable_is_handed_on(
    start: ModuleType, programs: Programs
) -> None:
    start.os.environ["REQUESTS_CA_BUNDLE"] = "/etc/school.pem"
    go(start, "lab")
    assert programs.options[-1]["env"]["SSL_CERT_FILE"] == "/etc/school.pem"


# torch


def test_cpu_index_that_answers_is_used_for_torch_only(
    start: ModuleType, programs: Programs
) -> None:
    programs.answers[f"{start.CPU_INDEX}/torch/"] = b"0\n"
    go(start, "lab")
    torch, rest = programs.installs("uv")
    assert torch[-5:] == CPU_TORCH
    assert start.CPU_INDEX not in rest
    assert "CUDA" not in heard(start)


def test_cpu_index_is_given_three_seconds(
    start: ModuleType, programs: Programs
) -> None:
    go(start, "lab")
    asked = [words[-1] for words in programs.asked]
    assert programs.timeouts[asked.index(f"{start.CPU_INDEX}/torch/")] == 3
    assert not any(start.CPU_INDEX in words for words in programs.installs("uv"))
    assert "is silent: torch comes from the configured indexes" in heard(start)


def test_cpu_index_is_for_linux_only(start: ModuleType, programs: Programs) -> None:
    start.sys.platform = "darwin"
    go(start, "lab")
    assert not any(start.CPU_INDEX in " ".join(words) for words in programs.asked)


def test_torch_that_is_there_is_not_asked_for_again(
    start: ModuleType, programs: Programs
) -> None:
    go(start, "lab")
    packages = start.ROOT / ".venv" / "lib" / "python3.12" / "site-packages"
    for name in ("torch-2.13.0+cpu", "torchvision-0.28.0"):
        (packages / f"{name}.dist-info").mkdir(parents=True)
        (packages / f"{name}.dist-info" / "RECORD").touch()
    programs.forget()
    go(start, "test")
    assert not any(start.CPU_INDEX in " ".join(words) for words in programs.asked)


@pytest.mark.parametrize("tool", ["uv", "pip"])
@pytest.mark.parametrize("known", [True, False])
def test_cuda_build_is_announced_before_it_is_fetched(
    start: ModuleType, programs: Programs, tool: str, known: bool
) -> None:
    lock = CUDA_LOCK.encode() if known else b""
    programs.answers = {"pylock": lock, **programs.answers}
    programs.answers["compile"] = b"torch==2.13.0\nnvidia-cublas==13\n"
    programs.report = CUDA_REPORT
    programs.answers["https://t/1 https://t/2"] = b"3210000000\n" if known else b""
    if tool == "pip":
        programs.statuses[" uv"] = 1
    programs.statuses["-r requirements"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        start.main(["lab"])
    size = "3.2 GB" if known else "several GB"
    assert f"the build for CUDA: {size} to fetch for torch alone" in heard(start)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_cpu_build_is_not_announced(
    start: ModuleType, programs: Programs, tool: str
) -> None:
    programs.statuses = {} if tool == "uv" else {" uv": 1}
    go(start, "lab")
    assert "CUDA" not in heard(start)


def test_uv_that_cannot_tell_leaves_the_question_to_pip(
    start: ModuleType, programs: Programs
) -> None:
    programs.answers["compile"] = b""
    programs.report = CUDA_REPORT
    go(start, "lab")
    assert "the build for CUDA" in heard(start)


# Asking programs and servers


@pytest.fixture
def real_start(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(start, "subprocess", subprocess)
    return start


def test_sizes_are_summed(real_start: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one.whl").write_bytes(b"x" * 1000)
    (tmp_path / "two.whl").write_bytes(b"x" * 234)
    with served(tmp_path) as address:
        urls = [f"{address}/one.whl", f"{address}/two.whl"]
        assert int(real_start.ask([*real_start.SIZE_OF, *urls])) == 1234
        assert real_start.ask([*real_start.SIZE_OF, f"{address}/missing"]) == b""


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


def test_server_that_never_answers_is_left(real_start: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert real_start.ask([*real_start.SIZE_OF, url], 1) == b""


def test_program_that_hangs_is_stopped(real_start: ModuleType) -> None:
    forever = [sys.executable, "-c", "import time; time.sleep(3600)"]
    assert real_start.ask(forever, 0.3) == b""


def test_program_that_is_missing_or_fails_gives_nothing(real_start: ModuleType) -> None:
    assert real_start.ask(["no-such-program-here"]) == b""
    assert (
        real_start.ask([sys.executable, "-c", "print(1); raise SystemExit(3)"]) == b""
    )
    assert real_start.ask([sys.executable, "-c", "print(1)"]).strip() == b"1"


# Handing over


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["lab", "--port=0"], "notebook_utils"),
        (["doctor", "--json"], "notebook_utils"),
        (["reset", "02"], "notebook_utils"),
        (["kits"], "notebook_utils"),
        (["run", "00", "my notebook"], "curator"),
        (["test", "--all", "-k", "a or b", "-x"], "curator"),
    ],
)
def test_hand_over(start: ModuleType, words: list[str], module: str) -> None:
    go(start, *words)
    python = str(start.ROOT / ".venv" / "bin" / "python")
    assert start.os.became == [python, "-m", module, *words]
    path = start.os.environ["PATH"].split(os.pathsep)
    assert path == [str(start.ROOT / ".venv" / "bin"), "/usr/bin"]


def test_options_may_stand_anywhere(start: ModuleType, tmp_path: Path) -> None:
    words = ["test", "--all", "-k", "x"]
    expected = [str(tmp_path / "e v" / "bin" / "python"), "-m", "curator", *words]
    option = ["--venv", str(tmp_path / "e v")]
    for place in (0, 1, 2, 4):
        go(start, *words[:place], *option, *words[place:])
        assert start.os.became == expected
    go(start, *words, f"--venv={tmp_path / 'e v'}")
    assert start.os.became == expected


def test_windows_waits_for_the_command(
    start: ModuleType, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "WINDOWS", True)
    ignored: list[tuple[int, int]] = []
    monkeypatch.setattr(start.signal, "signal", lambda *pair: ignored.append(pair))
    programs.statuses["-m curator"] = 5
    assert start.main(["run", "00"]) == 5
    python = str(start.ROOT / ".venv" / "Scripts" / "python.exe")
    assert programs.calls[-1] == [python, "-m", "curator", "run", "00"]
    assert ignored == [(start.signal.SIGINT, start.signal.SIG_IGN)]


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
def test_folder_of_wheels_without_uv_is_installed_by_pip(checkout: Path) -> None:
    wheels = checkout.parent / "some wheels"
    for pin in PINS:
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
    assert "uv cannot be had, so pip installs. ERROR: No matching" in first.stderr
    assert contents(checkout) == before, "something was written into the checkout"

    second = run_start(checkout, *options)
    assert (second.returncode, second.stdout) == (7, first.stdout)
    assert second.stderr == ""


class Index(http.server.ThreadingHTTPServer):
    """An index of packages over TLS that keeps who asked."""

    def __init__(self, folder: Path) -> None:
        self.agents: set[str] = set()
        handler = functools.partial(IndexHandler, directory=str(folder))
        super().__init__(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder.parent / "host.pem", folder.parent / "host.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)


class IndexHandler(QuietHandler):
    def do_GET(self) -> None:
        self.server.agents.add(self.headers["User-Agent"].partition("/")[0])
        super().do_GET()


def write_certificates(folder: Path) -> None:
    """Make an authority of our own, and a certificate of 127.0.0.1 from it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here: no certificate for the index")
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=workshop", "-addext", "subjectAltName=IP:127.0.0.1"]
    leaf = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
    for name, more in (("ca", []), ("host", leaf)):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run(
            [*new, *subject, *more, *files], cwd=folder, check=True, capture_output=True
        )


@pytest.mark.slow
@glibc
def test_uv_installs_from_an_index_that_only_the_configuration_of_pip_names(
    checkout: Path,
) -> None:
    served = checkout.parent / "served"
    for pin in (*PINS, "hatchling==1.27.0", "editables==0.5"):
        write_wheel(served / "wheels", *pin.split("=="))
    write_uv_wheel(served / "wheels")
    write_index(served / "simple", served / "wheels")
    write_certificates(checkout.parent)
    with Index(served) as index, serving(index):
        url = f"https://127.0.0.1:{index.server_port}/simple"
        certificate, settings = checkout.parent / "ca.pem", checkout.parent / "pip.conf"
        settings.write_text(f"[global]\nindex-url = {url}\ncert = {certificate}\n")
        done = run_start(checkout, PIP_CONFIG_FILE=str(settings))
    assert done.returncode == 7, done.stderr
    assert index.agents == {"pip", "uv"}
    assert "pip goes on" not in done.stderr
