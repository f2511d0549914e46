"""Build the pip commands that fill a folder for ``start.py --wheels FOLDER``."""

import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement

CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# What `start.py` installs before the requirements, and to build this checkout.
BUILD_TOOLS = ("pip", "hatchling", "editables")

# pip judges the conditions of dependencies by the machine it runs on. These are wanted
# on the other systems alone, and would be left out.
FOREIGN = {
    "Windows": ("colorama", "pywinpty", "tzdata"),
    "macOS": ("appnope",),
    "Linux": (),
}
_SYS_PLATFORM = {"Windows": "win32", "macOS": "darwin", "Linux": "linux"}
_MACHINES = ("x86_64", "aarch64", "arm64", "amd64")
_OLDEST_GLIBC = 17  # manylinux2014


def wheel_commands(
    root: Path,
    folder: Path,
    python: str | None = None,
    platforms: Sequence[str] = (),
) -> list[list[str]]:
    """Return the commands that fetch all wheels a class needs.

    Parameters
    ----------
    root
        The checkout; its ``requirements.txt`` and ``pyproject.toml`` are read.
    folder
        Where to put the wheels.
    python
        The Python of the class, such as ``"3.12"``. This one if not given.
    platforms
        Wheel tags of its machines, such as ``manylinux_2_28_x86_64``, ``win_amd64``,
        ``macosx_14_0_arm64``. This machine if there are none.

    Returns
    -------
    list of list of str
        To be run one after the other. On Linux torch is fetched first and alone, from
        the index of CPU builds, as the other index holds a build of several GB.

    Raises
    ------
    ValueError
        `python` or a tag is not of that form.

    Examples
    --------
    >>> system_of("win_amd64")
    'Windows'
    """
    if python is not None:
        _check_python(python)
    commands = []
    tags: Sequence[str | None] = platforms or [None]
    for tag in tags:
        options = [] if tag is None and python is None else _target(python, tag)
        commands += _commands(root, folder, system_of(tag), _machine(tag), options)
    return commands


def system_of(tag: str | None) -> str:
    """Return the system that a wheel's tag is for: ``"Linux"``, ``"macOS"``, ..."""
    begins = {"manylinux": "Linux", "linux": "Linux", "win": "Windows"}
    begins |= {"macosx": "macOS", "darwin": "macOS"}
    for begin, system in begins.items():
        if (tag or sys.platform).startswith(begin):
            return system
    raise ValueError(
        f"Expected the tag of a platform, such as 'manylinux_2_28_x86_64', 'win_amd64' "
        f"or 'macosx_14_0_arm64', found {tag!r}."
    )


def _commands(
    root: Path, folder: Path, system: str, machine: str, options: Sequence[str]
) -> list[list[str]]:
    pip = [sys.executable, "-m", "pip", "download", "--only-binary=:all:"]
    pip += ["--dest", str(folder), "--find-links", str(folder), *options]
    lines = [str(line) for line in _requirements(root, system, machine)]
    torch = [line for line in lines if line.startswith("torch")]
    rest = [*BUILD_TOOLS, *FOREIGN[system], *lines]
    commands = [[*pip, *rest]]
    if torch and system == "Linux":
        commands.insert(0, [*pip, "--index-url", CPU_INDEX, *torch])
    return commands


def _target(python: str | None, tag: str | None) -> list[str]:
    options = [] if python is None else ["--python-version", python]
    for name in [] if tag is None else _compatible(tag):
        options += ["--platform", name]
    return options


def _compatible(tag: str) -> Iterable[str]:
    """Return a tag and those of older systems, whose wheels run there as well."""
    if not tag.startswith("manylinux_2_"):
        return [tag]  # pip itself knows those of macOS
    minor, _, machine = tag.removeprefix("manylinux_2_").partition("_")
    if not minor.isdigit() or not machine:
        raise ValueError(f"Expected a tag like 'manylinux_2_28_x86_64', found {tag!r}.")
    versions = range(int(minor), _OLDEST_GLIBC - 1, -1)
    older = [f"manylinux_2_{version}_{machine}" for version in versions]
    return [*older, f"manylinux2014_{machine}"]


def _requirements(root: Path, system: str, machine: str) -> Iterable[Requirement]:
    """Return what the checkout needs on a system, its conditions judged for that one.

    The line that installs the checkout itself gives way to what `pyproject.toml` says
    it depends on: a wheel of it would not be an editable install.
    """
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith(("#", "-"))]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    there = {"sys_platform": _SYS_PLATFORM[system]}
    if machine:
        there["platform_machine"] = machine
    for line in [*lines, *project["project"]["dependencies"]]:
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate(there):
            wanted.marker = None
            yield wanted


def _machine(tag: str | None) -> str:
    machine = next((m for m in _MACHINES if tag and tag.endswith(m)), "")
    return machine.upper() if machine == "amd64" else machine  # as Windows spells it


def _check_python(python: str) -> None:
    major, _, minor = python.partition(".")
    if major != "3" or not minor.isdigit():
        raise ValueError(f"Expected a Python version like '3.12', found {python!r}.")
