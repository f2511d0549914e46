"""Is this machine ready for the lessons, and if not, what to do about it.

Every check says what it found and, where that is not enough, the exact remedy. The last
line is short enough to be read across a classroom: ``READY 9/9``.
"""

import argparse
import importlib.util
import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from shutil import disk_usage

from .workspace import APPLICATION, checkout

PYTHON_VERSIONS = ((3, 11), (3, 13))
MEMORY_GB = 2.0
DISK_GB = 1.0
_GB = 1024**3


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What it is.
    ok
        Whether the lessons can run with it as it is.
    found
        What was found, in one line.
    remedy
        What to do; with `ok`, what would be better.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "FAIL" if not self.ok else "note" if self.remedy else "ok"
        line = f"{mark:<5}{self.name}: {self.found}"
        return f"{line} -> {self.remedy}" if self.remedy else line


def checks() -> tuple[Check, ...]:
    """Look at everything that the lessons need.

    Returns
    -------
    tuple of Check
        Always the same number, in the same order. A check that cannot be made counts
        as failed and carries its error.

    Examples
    --------
    >>> [check.name for check in checks()][:3]
    ['Python', 'packages', 'OpenVINO']
    """
    return tuple(_safely(name, look) for name, look in _CHECKS.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Print the checks, one in a line, and whether the machine is ready.

    Parameters
    ----------
    argv
        ``--json`` for a machine to read; the words of the command line if not given.

    Returns
    -------
    int
        The exit status: 0 if every check passed, else 1.
    """
    parser = argparse.ArgumentParser(
        prog="notebook_utils doctor", description="Is this machine ready?"
    )
    parser.add_argument("--json", action="store_true", help="for a machine to read")
    arguments = parser.parse_args(argv)
    results = checks()
    passed = sum(check.ok for check in results)
    ready = passed == len(results)
    if arguments.json:
        listed = [asdict(check) for check in results]
        print(json.dumps({"ready": ready, "passed": passed, "checks": listed}))
    else:
        print(*results, sep="\n")
        print(f"{'READY' if ready else 'NOT READY'} {passed}/{len(results)}")
    return 0 if ready else 1


def _safely(name: str, look: Callable[[], Check]) -> Check:
    try:
        check = look()
    except Exception as error:  # whatever it is, the other checks still count
        return Check(
            name,
            ok=False,
            found=_one_line(f"{type(error).__name__}: {error}"),
            remedy="Install this package and what it needs again.",
        )
    return Check(name, check.ok, _one_line(check.found), _one_line(check.remedy))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _python() -> Check:
    first, last = PYTHON_VERSIONS
    ok = first <= sys.version_info[:2] <= last
    wanted = f"{first[0]}.{first[1]} to {last[0]}.{last[1]}"
    found = f"{platform.python_version()} ({sys.executable})"
    return Check("Python", ok, found, "" if ok else f"Install Python {wanted}.")


def _packages() -> Check:
    wanted = _requirements()
    faults = {line: fault for line in wanted if (fault := _fault(line))}
    if not faults:
        return Check("packages", True, f"all {len(wanted)} as required")
    remedy = "Run in the folder of requirements.txt: pip install -r requirements.txt"
    if checkout() is None:
        quoted = (f'"{line.split(";")[0].strip()}"' for line in faults)
        remedy = f"pip install {' '.join(quoted)}"
    return Check("packages", False, "; ".join(faults.values()), remedy)


def _requirements() -> list[str]:
    """Collect what the package needs and, in a checkout, what the notebooks need."""
    lines = [*(metadata.requires(APPLICATION) or ())]
    root = checkout()
    if root is not None:
        text = (root / "requirements.txt").read_text(encoding="utf-8")
        lines += (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def _fault(line: str) -> str | None:
    """Say what is wrong with the installation of one requirement; None if nothing."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return None
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"{requirement.name} is {version}, expected {requirement.specifier}"


def _openvino() -> Check:
    import openvino as ov

    from .devices import available_devices, missing_devices

    devices = available_devices()
    parts = [ov.__version__.split("-")[0]]
    parts += [f"{name} = {full_name}" for name, full_name in devices.items()]
    if "CPU" in devices:
        precision = ov.Core().get_property("CPU", "INFERENCE_PRECISION_HINT")
        parts.append(f"CPU computes in {precision.to_string()} by default")
    parts += [f"no {name}: {reason}" for name, reason in missing_devices().items()]
    return Check(
        "OpenVINO",
        bool(devices),
        "; ".join(parts),
        "" if devices else "Install it again: pip install --force-reinstall openvino",
    )


def _memory(root: Path = Path("/sys/fs/cgroup")) -> Check:
    import psutil

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    limit, used = (_bytes_in(root / f"memory.{what}") for what in ("max", "current"))
    if limit is not None and limit < total:  # a container may use less than there is
        total, free = limit, min(free, limit - (used or 0))
    return Check(
        "memory",
        True,
        f"{free / _GB:.1f} GB free of {total / _GB:.1f} GB",
        ""
        if free >= MEMORY_GB * _GB
        else f"Close programs and other notebooks: with less than {MEMORY_GB:.0f} GB "
        "free, a kernel may be stopped.",
    )


def _bytes_in(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max": no limit


def _disk() -> Check:
    from .kits.cache import cache_dir

    folder = cache_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = disk_usage(existing).free
    ok = free >= DISK_GB * _GB
    return Check(
        "disk",
        ok,
        f"{free / _GB:.1f} GB free for {folder}",
        "" if ok else f"Make room: downloads need up to {DISK_GB:.0f} GB.",
    )


def _widgets() -> Check:
    if importlib.util.find_spec("ipywidgets") is None:
        return Check(
            "widgets", False, "ipywidgets is not installed", "pip install ipywidgets"
        )
    return Check("widgets", True, f"ipywidgets {metadata.version('ipywidgets')}")


def _torchvision() -> Check:
    if importlib.util.find_spec("torch") is None:
        return Check(
            "torchvision",
            True,
            "torch is not installed",
            "The lessons with PyTorch need it: pip install torch torchvision",
        )
    import torch

    from .errors import WorkshopError
    from .models import ensure_torchvision

    try:
        torchvision = ensure_torchvision()
    except WorkshopError as error:
        return Check("torchvision", False, "it cannot be imported", str(error))
    return Check(
        "torchvision",
        True,
        f"{torchvision.__version__} beside torch {torch.__version__}",
    )


def _kits() -> Check:
    from .kits import list_kits

    names = list_kits()
    faults = [fault for name in names for fault in _kit_faults(name)]
    if not faults:
        return Check("kits", True, f"all {len(names)} included kits are whole")
    remedy = "Install the package again, or run in the checkout: git checkout data/kits"
    return Check("kits", False, "; ".join(faults), remedy)


def _kit_faults(name: str) -> list[str]:
    from .download import file_sha256
    from .errors import KitError
    from .kits import included_folder

    try:
        folder = included_folder(name)
    except KitError:
        return [f"{name}: its folder is missing"]
    card = folder / "card.json"
    if not card.is_file():
        return [f"{name}: card.json is missing"]
    faults = []
    files = json.loads(card.read_text(encoding="utf-8"))["files"]
    for file, facts in files.items():
        if not (folder / file).is_file():
            faults.append(f"{name}: {file} is missing")
        elif file_sha256(folder / file) != facts["sha256"]:
            faults.append(f"{name}: {file} is not as its card says")
    return faults


def _shadow(folder: Path | None = None) -> Check:
    """Look for a file that notebooks would import in place of this package.

    Notebooks of openvino_notebooks write one into their own folder.
    """
    root = checkout()
    folders = [folder or Path.cwd()]
    if root is not None:
        folders += [root / "notebooks", root / "work"]
    shadows = [
        str(path) for f in folders if (path := f / "notebook_utils.py").is_file()
    ]
    if not shadows:
        return Check("imports", True, "nothing shadows notebook_utils")
    return Check(
        "imports",
        False,
        f"{', '.join(shadows)} would be imported in place of this package",
        "Delete or rename it, then restart the kernel.",
    )


_CHECKS: dict[str, Callable[[], Check]] = {
    "Python": _python,
    "packages": _packages,
    "OpenVINO": _openvino,
    "memory": _memory,
    "disk": _disk,
    "widgets": _widgets,
    "torchvision": _torchvision,
    "kits": _kits,
    "imports": _shadow,
}


if __name__ == "__main__":
    sys.exit(main())
