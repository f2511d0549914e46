"""The machine itself: Python, processor, memory and disk."""

import importlib.util
import os
import platform
import sys
from pathlib import Path
from shutil import disk_usage

from .check import Check

PYTHON_VERSIONS = ((3, 11), (3, 13))
MEMORY_GB = 2.0
DISK_GB = 1.0
_GB = 1024**3


def python() -> Check:
    """Compare this Python with the versions that the packages are made for."""
    first, last = PYTHON_VERSIONS
    ok = first <= sys.version_info[:2] <= last
    wanted = f"{first[0]}.{first[1]} to {last[0]}.{last[1]}"
    found = f"{platform.python_version()} ({sys.executable})"
    return Check("Python", ok, found, "" if ok else f"Install Python {wanted}.")


def processor() -> Check:
    """Look for the instructions that decide how fast a model runs."""
    import openvino as ov

    core = ov.Core()
    known = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    types = [name for name in known if name in ("FP32", "FP16", "BF16", "INT8")]
    precision = core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
    parts = [f"{_cores()} cores"]
    if importlib.util.find_spec("torch") is not None:
        import torch

        parts.append(f"vectors: {torch.backends.cpu.get_cpu_capability()}")
    parts.append(f"OpenVINO computes in {', '.join(types)}, by default in {precision}")
    return Check("processor", True, "; ".join(parts))


def _cores() -> int:
    """Count the cores this process may use, which a container may limit."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def memory(root: Path = Path("/sys/fs/cgroup")) -> Check:
    """Look for free memory; the limit of a container counts."""
    import psutil

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    limit, used = (_bytes_in(root / f"memory.{what}") for what in ("max", "current"))
    if limit is not None and limit < total:  # a container may use less than there is
        total, free = limit, min(free, limit - (used or 0))
    found = f"{free / _GB:.1f} GB free of {total / _GB:.1f} GB"
    remedy = (
        f"Close programs and other notebooks: with less than {MEMORY_GB:.0f} GB free, "
        "a kernel may be stopped."
    )
    return Check("memory", True, found, "" if free >= MEMORY_GB * _GB else remedy)


def _bytes_in(path: Path) -> int | None:
    text = path.read_text(encoding="ascii").strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None  # "max": no limit


def disk() -> Check:
    """Look for room where kits are kept."""
    from ..workspace import cache_dir

    folder = cache_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = disk_usage(existing).free
    ok = free >= DISK_GB * _GB
    remedy = "" if ok else f"Free some space: downloads need up to {DISK_GB:.0f} GB."
    return Check("disk", ok, f"{free / _GB:.1f} GB free for {folder}", remedy)
