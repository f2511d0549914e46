"""start.py with programs that only pretend; test_start_real.py has the real ones."""

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from checkouts import PINS, ROOT, load_start, write_checkout

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
            "ensurepip": b"/lib/pip-23.whl\n",
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
        if "import sys; print" in command[-1] and Path(command[0]).exists():
            return b"True\n"
        raise subprocess.TimeoutExpired(command, timeout)

    def installs(self, tool: str) -> list[list[str]]:
        """The words for pip, or for uv, from the one after ``install`` on."""
        begin = {"pip": ["/lib/pip-23.whl/pip"], "uv": ["-m", "uv", "pip"]}[tool]
        length = len(begin) + 1
        return [c[length + 1 :] for c in self.calls if c[1:length] == begin]

    @property
    def tools(self) -> list[str]:
        """Which of venv, pip and uv was called, in this order."""
        return [Path(c[2] if c[1] == "-m" else c[1]).name for c in self.calls]

    def forget(self) -> None:
        self.calls.clear()
        self.asked.clear()


def make_environment(folder: Path) -> None:
    for name in ("bin/python", "Scripts/python.exe", "pyvenv.cfg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def programs() -> Programs:
    return Programs()


@pytest.fixture
def start(
    tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """start.py in a small checkout with spaces in its path, on a friendly machine."""
    path = write_checkout(tmp_path / "a checkout") / "start.py"
    module = load_start(path)
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


def test_file_needs_the_standard_library_only():
    source = (ROOT / "start.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    nodes = list(ast.walk(tree))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    assert "argparse" in names
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


# Help


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("", 0),
        ("-h", 0),
        ("--help", 0),
        ("--venv x", 0),
        ("lab --help", 0),
        ("test -h", 0),
        ("--nonsense", 2),
    ],
)
def test_help_installs_nothing(start, programs, capsys, words, status):
    assert start.main(words.split()) == status
    assert "lab              open JupyterLab" in capsys.readouterr().out
    assert programs.calls == programs.asked == []


# Refusals


def test_an_unknown_command_is_refused_before_anything_is_installed(start, programs):
    said = refusal(start, "lba")
    assert "no command is called 'lba'" in said
    assert "lab, run, test, doctor, reset" in said
    assert programs.calls == programs.asked == []


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0), (4, 0, 0)])
@pytest.mark.parametrize(
    ("here", "remedy"),
    [
        ([], "Install Python 3.13 (64-bit) from https://www.python.org"),
        (["3.11", "3.12"], 'Call: python3.12 start.py run "my notebook"'),
    ],
)
def test_other_python_is_refused_and_a_fitting_one_is_named(
    start, programs, version, here, remedy
):
    start.sys.version_info = version
    programs.answers |= {f"python{python} -c": b"1\n" for python in here}
    said = refusal(start, "run", "my notebook")
    assert "3.11 to 3.13 (64-bit) is needed" in said
    assert remedy in said
    assert programs.calls == []


def test_windows_launcher_is_named(start, programs, monkeypatch):
    monkeypatch.setattr(start, "WINDOWS", True)
    start.sys.version_info = (3, 14, 0)
    programs.answers["py -3.13 -c"] = b"1\n"
    assert "Call: py -3.13 start.py lab" in refusal(start)


def test_32_bit_python_is_refused(start):
    start.sys.maxsize = 2**31 - 1
    assert "(64-bit) is needed" in refusal(start)


@pytest.mark.parametrize(
    "about", ["Darwin x86_64", "Windows ARM64", "Linux i686", "FreeBSD amd64"]
)
def test_platform_without_wheels_is_refused(start, programs, monkeypatch, about):
    machine(start, monkeypatch, *about.split(), libc="")
    said = refusal(start)
    assert f"OpenVINO has no wheels for {about.replace(' ', ' on ')}." in said
    assert "Use Linux, Windows on x86-64, macOS on Apple silicon" in said
    assert programs.calls == []


@pytest.mark.parametrize("about", ["Linux aarch64", "Darwin arm64", "Windows AMD64"])
def test_platform_with_wheels_is_served(start, monkeypatch, about):
    machine(start, monkeypatch, *about.split(), libc="glibc" if "Li" in about else "")
    go(start, "lab")


def test_musl_is_refused(start, monkeypatch):
    machine(start, monkeypatch, "Linux", "x86_64", libc="")
    said = refusal(start)
    assert "no wheels for musl" in said
    assert "Linux with glibc" in said


def test_python_without_ensurepip_is_refused(start, programs):
    del programs.answers["ensurepip"]
    said = refusal(start)
    assert "lacks ensurepip" in said
    assert "apt install python3-venv" in said
    assert not (start.ROOT / ".venv").exists()


def test_full_disk_is_refused(start, programs, monkeypatch):
    monkeypatch.setattr(
        start.shutil, "disk_usage", lambda _: SimpleNamespace(free=5.94e9)
    )
    said = refusal(start)
    assert f"{start.ROOT} has 5.9 GB free; 6 are needed." in said
    assert "--venv FOLDER" in said
    assert programs.calls == []


def test_what_an_interrupted_install_left_counts_as_room(start, monkeypatch):
    make_environment(start.ROOT / ".venv")
    with (start.ROOT / ".venv" / "big").open("wb") as sparse:
        sparse.truncate(3 * 10**9)
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: SimpleNamespace(free=4e9))
    go(start, "lab")


def test_read_only_checkout_is_refused(start):
    start.os.writable = False
    said = refusal(start)
    assert f"{start.ROOT} cannot be written." in said
    assert "--venv FOLDER" in said


def test_a_folder_with_other_files_is_refused_and_kept(start, tmp_path):
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.touch()
    said = refusal(start, "lab", "--venv", str(precious.parent))
    assert "holds something else than an environment" in said
    assert precious.exists()


def test_unreachable_index_is_refused_before_anything_is_fetched(start, programs):
    programs.statuses["uv"] = 1
    del programs.answers["hatchling"]
    said = refusal(start)
    assert "pip reaches no package index." in said
    assert "pip config list" in said
    assert "--wheels FOLDER" in said
    assert {"--dry-run", "--retries", "--timeout", "editables"} <= {*programs.asked[-1]}
    assert programs.timeouts[-1] <= 60
    assert len(programs.installs("pip")) == 1


def test_wheels_that_do_not_serve_are_refused(start, programs, tmp_path):
    programs.statuses["uv"] = 1
    del programs.answers["hatchling"]
    said = refusal(start, "lab", "--wheels", str(tmp_path / "nowhere"))
    assert "nowhere holds no wheels that would do." in said
    assert "pip wheel -w FOLDER pip uv hatchling editables -r requirements.txt" in said


# Installing


def test_install_then_start_at_once(start, programs):
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


def test_only_tests_and_the_site_need_what_maintainers_need(start, programs):
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
def test_what_ended_early_is_finished_by_the_next_call(start, programs, tool, status):
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
    assert programs.tools == ["pip", "uv"]


@pytest.mark.parametrize("left", [[], ["lib"], ["lib", "pyvenv.cfg", "bin"]])
def test_interrupted_venv_is_finished_by_the_next_call(start, programs, left):
    for name in left:
        (start.ROOT / ".venv" / name).mkdir(parents=True)
    go(start, "lab")
    assert programs.calls[0][1:4] == ["-m", "venv", "--clear"]


def test_packages_half_written_by_a_killed_installer_are_installed_again(start):
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
def test_changed_lists_are_installed_into_the_same_environment(start, programs, name):
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
    assert programs.tools == ["pip", "uv"]


def test_moved_environment_is_made_again(start, programs, tmp_path):
    new = tmp_path / "new place"
    go(start, "lab", "--venv", str(tmp_path / "old place"))
    (tmp_path / "old place").rename(new)
    programs.forget()
    go(start, "lab", "--venv", str(new))
    assert programs.calls[0][-2:] == ["--without-pip", str(new)]
    assert "making it again" in heard(start)


@pytest.mark.parametrize("answer", [b"", b"False\n"])
def test_broken_environment_or_one_of_another_python_is_made_again(
    start, programs, answer
):
    go(start, "lab")
    programs.forget()
    programs.answers["import sys; print"] = answer
    go(start, "lab")
    assert programs.calls[0][1:3] == ["-m", "venv"]
    assert "making it again" in heard(start)


def test_environment_that_cannot_be_made(start, programs):
    programs.statuses["-m venv"] = 1
    with pytest.raises(SystemExit) as ended:
        start.main(["lab"])
    assert ended.value.code == 1
    assert len(programs.calls) == 1


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_wheels_folder_serves_uv_and_pip_alone(
    start, programs, tmp_path, monkeypatch, tool
):
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


def test_without_uv_pip_installs_and_the_reason_is_said(start, programs):
    programs.statuses[" uv"] = 1
    go(start, "lab")
    assert programs.installs("uv") == []
    assert programs.installs("pip")[-1] == LEARNER
    assert "uv is not available, so pip installs. ERROR: no uv\n" in heard(start)


def test_where_uv_fails_pip_goes_on(start, programs):
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
def test_configuration_of_pip_is_handed_on(start, programs, listing, variables):
    programs.answers["config list"] = listing.encode()
    go(start, "lab")
    given = programs.options[-1]["env"]
    assert {name: given.get(name) for name in variables} == variables
    others = {*given} - {*start.os.environ, *variables}
    assert others == {"UV_INDEX_STRATEGY", "UV_SYSTEM_CERTS", "UV_NO_CONFIG"}
    assert not variables.keys() & start.os.environ.keys(), "for uv alone, not for Lab"


def test_certificate_that_pip_reads_from_a_variable_is_handed_on(start, programs):
    start.os.environ["REQUESTS_CA_BUNDLE"] = "/etc/school.pem"
    go(start, "lab")
    assert programs.options[-1]["env"]["SSL_CERT_FILE"] == "/etc/school.pem"


# torch


def test_cpu_index_that_answers_is_used_for_torch_only(start, programs):
    programs.answers[f"{start.CPU_INDEX}/torch/"] = b"0\n"
    go(start, "lab")
    torch, rest = programs.installs("uv")
    assert torch[-5:] == CPU_TORCH
    assert start.CPU_INDEX not in rest
    assert "CUDA" not in heard(start)


def test_cpu_index_is_given_three_seconds(start, programs):
    go(start, "lab")
    asked = [words[-1] for words in programs.asked]
    assert programs.timeouts[asked.index(f"{start.CPU_INDEX}/torch/")] == 3
    assert not any(start.CPU_INDEX in words for words in programs.installs("uv"))
    assert "is silent: torch comes from the configured indexes" in heard(start)


def test_cpu_index_is_for_linux_only(start, programs):
    start.sys.platform = "darwin"
    go(start, "lab")
    assert not any(start.CPU_INDEX in " ".join(words) for words in programs.asked)


def test_torch_that_is_there_is_not_asked_for_again(start, programs):
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
def test_cuda_build_is_announced_before_it_is_fetched(start, programs, tool, known):
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
def test_cpu_build_is_not_announced(start, programs, tool):
    programs.statuses = {} if tool == "uv" else {" uv": 1}
    go(start, "lab")
    assert "to fetch for torch" not in heard(start)


def test_uv_that_cannot_tell_leaves_the_question_to_pip(start, programs):
    programs.answers["compile"] = b""
    programs.report = CUDA_REPORT
    go(start, "lab")
    assert "the build for CUDA" in heard(start)


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
def test_hand_over(start, words, module):
    go(start, *words)
    python = str(start.ROOT / ".venv" / "bin" / "python")
    assert start.os.became == [python, "-m", module, *words]
    path = start.os.environ["PATH"].split(os.pathsep)
    assert path == [str(start.ROOT / ".venv" / "bin"), "/usr/bin"]


def test_options_may_stand_anywhere(start, tmp_path):
    words = ["test", "--all", "-k", "x"]
    expected = [str(tmp_path / "e v" / "bin" / "python"), "-m", "curator", *words]
    option = ["--venv", str(tmp_path / "e v")]
    for place in (0, 1, 2, 4):
        go(start, *words[:place], *option, *words[place:])
        assert start.os.became == expected
    go(start, *words, f"--venv={tmp_path / 'e v'}")
    assert start.os.became == expected


def test_windows_waits_for_the_command(start, programs, monkeypatch):
    monkeypatch.setattr(start, "WINDOWS", True)
    ignored: list[tuple[int, int]] = []
    monkeypatch.setattr(start.signal, "signal", lambda *pair: ignored.append(pair))
    programs.statuses["-m curator"] = 5
    assert start.main(["run", "00"]) == 5
    python = str(start.ROOT / ".venv" / "Scripts" / "python.exe")
    assert programs.calls[-1] == [python, "-m", "curator", "run", "00"]
    assert ignored == [(start.signal.SIGINT, start.signal.SIG_IGN)]
