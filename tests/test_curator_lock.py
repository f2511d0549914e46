"""The lock of versions: what does not fit is found, and compiling is repeatable."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

import needs
from curator.__main__ import main
from curator.lock import LISTS, LOCK, LockError, check_lock, compile_lock
from wheels import write_index, write_wheel

ROOT = Path(__file__).resolve().parents[1]
PROJECT = """
[project]
name = "inference-workshop"
version = "1"
dependencies = ["idle"]
[build-system]
requires = ["hatchling>=1.27"]
"""
FILES = {
    "requirements.txt": "-c constraints.txt\n# Inference\ndemo>=2,<3\n-e .\n",
    "requirements-dev.txt": "-r requirements.txt\nterm ; sys_platform == 'win32'\n",
    "classroom/requirements.txt": "hub>=1,<2\n",
    "pyproject.toml": PROJECT,
    LOCK: "demo==2.5\nhatchling==1.33\nhub==1.1\nidle==1.0\n"
    "term==1.0 ; sys_platform == 'win32'\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def findings(root: Path) -> str:
    return "\n".join(check_lock(root))


def test_a_lock_that_fits_has_no_findings(root: Path) -> None:
    assert check_lock(root) == []


@pytest.mark.parametrize(
    ("locked", "instead", "finding"),
    [
        ("demo==2.5", "demo==3.0", "demo<3,>=2 is expected, found 3.0"),
        ("hub==1.1", "hub==2.0", "hub<2,>=1 is expected, found 2.0"),
        ("hatchling==1.33", "hatchling==1.0", "hatchling>=1.27 is expected"),
        (
            "idle==1.0\n",
            "",
            "version of idle is expected on linux with Python 3.11",
        ),
        ("demo==2.5", "demo==2.5 ; python_version < '3.13'", "Python 3.13, found none"),
        ("demo==2.5", "demo==2.5\ndemo==2.4", "found demo==2.5 and demo==2.4"),
        ("win32", "darwin", "one version of term is expected on win32"),
        ("demo==2.5", "demo==2.5+cpu", "'demo==2.5+cpu' is more than a name"),
        ("demo==2.5", "demo @ https://host/demo.whl", "is more than a name"),
        ("demo==2.5", "demo>=2.5", "'demo>=2.5' is more than a name and a release"),
        ("demo==2.5", "-e file:///home/me", "'-e file:///home/me' is no requirement"),
    ],
)
def test_what_does_not_fit_is_found(
    root: Path, locked: str, instead: str, finding: str
) -> None:
    text = FILES[LOCK]
    assert locked in text
    (root / LOCK).write_text(text.replace(locked, instead))
    assert finding in findings(root)
    assert "python -m curator lock" in findings(root)


def test_a_missing_lock_is_found(root: Path) -> None:
    (root / LOCK).unlink()
    assert "one version of demo is expected" in findings(root)


def test_sync_check_fails_where_the_lock_of_this_checkout_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".*", "build", "work", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignored)
    command = ["--root", str(copy), "sync"]
    main(command)
    assert main([*command, "--check"]) == 0
    lock = (copy / LOCK).read_text()
    (copy / LOCK).write_text(re.sub(r"^numpy==.*$", "numpy==1.26.4", lock, flags=re.M))
    assert main([*command, "--check"]) == 1
    assert "expected, found 1.26.4" in capsys.readouterr().out


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_installed_in_the_versions_of_the_lock(name: str) -> None:
    path = ROOT / name
    lines = path.read_text().splitlines()
    named = [line.split()[1] for line in lines if line.startswith(("-c ", "-r "))]
    assert len(named) == 1
    target = (path.parent / named[0]).resolve()
    assert target in (ROOT / LOCK, ROOT / "requirements.txt")


def test_maintainers_tools_have_upper_bounds_and_learners_do_without() -> None:
    learner, tester, _ = [
        [line for line in (ROOT / name).read_text().splitlines() if line[:1].isalpha()]
        for name in LISTS
    ]
    assert [line for line in learner + tester if "<" not in line] == []
    tools = {"ruff", "mypy", "playwright", "pytest", "nbval", "sphinx"}
    assert tools <= {re.split(r"[<>=;]", line)[0] for line in tester}
    assert not tools & {re.split(r"[<>=;]", line)[0] for line in learner}


@pytest.fixture
def index(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index on disk that uv reads, and settings that must not get into the lock."""
    if importlib.util.find_spec("uv") is None:
        needs.missing("uv is not installed here: pip installed this environment")
    wheels = root.parent / "wheels"
    for name in ("idle", "hub", "term", "hatchling"):
        write_wheel(wheels, name, "1.30")
    for pin in ("pip==26.0", "uv==0.13.9", "editables==0.6"):
        write_wheel(wheels, *pin.split("=="))
    for version in ("2.0", "2.5", "2.6b1", "3.0"):
        write_wheel(wheels, "demo", version)
    write_index(root.parent / "simple", wheels)
    local = root.parent / "local"
    write_wheel(local, "demo", "2.5+cpu")
    monkeypatch.setenv("UV_FIND_LINKS", str(local))
    monkeypatch.setenv("UV_DEFAULT_INDEX", (root.parent / "simple").as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(root.parent / "cache"))
    return wheels


@pytest.mark.parametrize(
    ("options", "demo"), [([], "2.5"), (["--oldest"], "2.0"), (["--pre"], "2.6b1")]
)
def test_compiled_twice_it_is_the_same(
    root: Path, index: Path, options: list[str], demo: str
) -> None:
    command = ["--root", str(root), "lock", *options]
    assert main(command) == 0
    first = (root / LOCK).read_text()
    assert main(command) == 0
    assert (root / LOCK).read_text() == first
    assert f"demo=={demo}\n" in first
    assert "term==1.30 ; sys_platform == 'win32'\n" in first
    assert check_lock(root) == []


def test_a_system_without_wheels_is_found(root: Path, index: Path) -> None:
    wheel = index / "idle-1.30-py3-none-any.whl"
    wheel.rename(index / "idle-1.30-py3-none-win_amd64.whl")
    write_index(root.parent / "simple", index)
    with pytest.raises(LockError, match="manylinux"):
        compile_lock(root)


def test_without_uv_it_says_how_to_get_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LockError, match="pip install uv"):
        compile_lock(root)
