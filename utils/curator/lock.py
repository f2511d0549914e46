"""The lock: one exact version of every package, for all systems and Pythons.

``constraints.txt`` is compiled by ``uv`` from the lists of requirements, for Linux,
Windows and macOS together, and holds neither addresses nor paths.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from notebook_utils.errors import WorkshopError

LOCK = "constraints.txt"
LISTS = ("requirements.txt", "requirements-dev.txt", "classroom/requirements.txt")
# What installs the lists and this checkout, and belongs to none of them.
INSTALLERS = ("pip>=25,<27", "uv>=0.13,<1", "editables>=0.5,<1")
PYTHONS = ("3.11", "3.12", "3.13")

# Each system by uv's name of it, with the markers that tell it from the others. The
# oldest glibc is the one of OpenVINO's wheels for Arm; the oldest macOS is 14.
SYSTEMS: dict[str, dict[str, str]] = {
    "x86_64-manylinux_2_28": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "aarch64-manylinux_2_35": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "x86_64-pc-windows-msvc": {"sys_platform": "win32", "platform_machine": "AMD64"},
    "aarch64-apple-darwin": {"sys_platform": "darwin", "platform_machine": "arm64"},
}
_OLDEST_MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}

# Settings of one machine that would get into everybody's lock.
_OF_THIS_MACHINE = ("UV_FIND_LINKS", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_TORCH_BACKEND")
_QUIET = ("--quiet", "--no-header", "--no-annotate", "--no-config")


class LockError(WorkshopError):
    """The lock cannot be compiled: no uv, or no set of versions fits the ranges."""


def check_lock(root: Path) -> list[str]:
    """Look whether the lock fits the ranges, on every system; needs no network.

    Parameters
    ----------
    root
        The checkout.

    Returns
    -------
    list of str
        A sentence for each requirement whose version is missing, ambiguous or out of
        range, and for each line of the lock that is more than a name and a version.
    """
    path = root / LOCK
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    locked, findings = _read_lock(text)
    for wanted in [*map(Requirement, _lines(root)), *_project(root)]:
        for where in _environments():
            if wanted.marker is None or wanted.marker.evaluate(where):
                fault = _fault(wanted, locked, where)
                findings += [fault] if fault else []
    remedy = ". Run 'python -m curator lock'."
    return [f"{LOCK}: {finding}{remedy}" for finding in dict.fromkeys(findings)]


def compile_lock(root: Path, resolution: str = "highest", pre: bool = False) -> str:
    """Compile the lock anew and look whether every system has wheels for it.

    The oldest versions are for a trial on one system; for them nothing is looked up.

    Parameters
    ----------
    root
        The checkout.
    resolution
        ``"highest"``, or ``"lowest-direct"`` for the oldest versions that ranges allow.
    pre
        Also take pre-releases.

    Returns
    -------
    str
        The content of ``constraints.txt``.

    Raises
    ------
    LockError
        There is no uv, or it found no set of versions; the message has its words.
    """
    newer = ["--prerelease", "allow"] if pre else []
    options = ["--universal", "--python-version", PYTHONS[0], "--resolution"]
    # The checkout itself would be an address; what it depends on is in the lock.
    options += [resolution, "--no-emit-package", "inference-workshop", *newer]
    build = _pyproject(root)["build-system"]["requires"]
    lock = _compile(root, [*_lines(root), *build, "-e .", *INSTALLERS], options)
    _, faults = _read_lock(lock)
    if faults:
        raise LockError("\n".join(faults))
    if resolution != "highest":
        return lock
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, LOCK)
        constraints.write_text(lock, encoding="utf-8")
        wheels = ["--only-binary", ":all:", "--constraints", str(constraints), *newer]
        wanted = [*_lines(root), *map(str, _project(root)), *INSTALLERS]
        for system, python in itertools.product(SYSTEMS, PYTHONS):
            place = ["--python-platform", system, "--python-version", python]
            _compile(root, wanted, [*place, *wheels])
    return lock


def _compile(root: Path, wanted: Iterable[str], options: Sequence[str]) -> str:
    """Let uv find versions; return what it prints, such as ``numpy==2.4.6``."""
    if importlib.util.find_spec("uv") is None:
        raise LockError("The lock is compiled by uv, which is not here: pip install uv")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "-"),
            *("--python", sys.executable, *_QUIET, *options),
        ],
        cwd=root,
        input="\n".join(wanted),
        capture_output=True,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k not in _OF_THIS_MACHINE}
        | _OLDEST_MACOS,
    )
    if done.returncode:
        raise LockError(f"uv failed ({' '.join(options)}):\n{done.stderr.strip()}")
    return done.stdout


def _lines(root: Path) -> Iterator[str]:
    """Return the requirements of all lists, without the options of pip among them."""
    for name in LISTS:
        for line in (root / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-")):
                yield line


def _project(root: Path) -> list[Requirement]:
    """Return what the package depends on, and what builds it."""
    about = _pyproject(root)
    lines = about["project"]["dependencies"] + about["build-system"]["requires"]
    return [Requirement(line) for line in lines]


def _pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def _read_lock(text: str) -> tuple[dict[str, list[Requirement]], list[str]]:
    """Return the entries by name, and a finding for each line that is none."""
    locked: dict[str, list[Requirement]] = {}
    findings = []
    for line in text.splitlines():
        try:
            entry = Requirement(line)
        except InvalidRequirement:
            findings.append(f"{line!r} is no requirement")
            continue
        if entry.url or _version(entry) is None:
            findings.append(f"{line!r} is more than a name and a release")
        locked.setdefault(canonicalize_name(entry.name), []).append(entry)
    return locked, findings


def _version(entry: Requirement) -> Version | None:
    """Return the release that an entry pins; None if it pins none, or a local build."""
    (pin, *others) = [*entry.specifier] or [None]
    if pin is None or others or pin.operator != "==" or pin.version.endswith("*"):
        return None
    version = Version(pin.version)
    return None if version.local else version


def _fault(
    wanted: Requirement, locked: dict[str, list[Requirement]], where: dict[str, str]
) -> str | None:
    """Say how the lock fails a requirement on one system; None if it does not."""
    entries = [
        entry
        for entry in locked.get(canonicalize_name(wanted.name), [])
        if entry.marker is None or entry.marker.evaluate(where)
    ]
    place = f"on {where['sys_platform']} with Python {where['python_version']}"
    if len(entries) != 1:
        found = " and ".join(map(str, entries)) or "none"
        return f"one version of {wanted.name} is expected {place}, found {found}"
    version = _version(entries[0])
    if version and not wanted.specifier.contains(version, prereleases=True):
        return f"{wanted.name}{wanted.specifier} is expected, found {version}"
    return None


def _environments() -> Iterator[dict[str, str]]:
    """Return the values of markers on each system with each Python."""
    for markers, python in itertools.product(SYSTEMS.values(), PYTHONS):
        os_name = "nt" if markers["sys_platform"] == "win32" else "posix"
        versions = {"python_version": python, "python_full_version": f"{python}.9"}
        yield {**markers, **versions, "os_name": os_name}
