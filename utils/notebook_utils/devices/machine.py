"""What can be seen of a machine's drivers."""

import ctypes
import importlib.util
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """What can be seen of the drivers, as far as it explains an absent device."""

    system: str = "Linux"  # or "Windows" or "Darwin"
    plugins: frozenset[str] = frozenset({"GPU", "NPU"})  # of OpenVINO, installed
    in_container: bool = False
    in_wsl: bool = False  # Windows Subsystem for Linux
    gpu_nodes: tuple[str, ...] = ()  # /dev/dri/renderD*, and /dev/dxg in WSL
    gpu_vendors: frozenset[str] = frozenset()  # of PCI, such as "0x8086", where known
    npu_nodes: tuple[str, ...] = ()  # /dev/accel/accel*
    denied_nodes: frozenset[str] = frozenset()  # of either, closed to this user
    opencl_loader: bool = False
    opencl_driver: bool = False  # from Intel, registered with the loader
    npu_driver: bool = False  # in user space


def look_at_machine(
    root: Path = Path("/"), loads: Callable[[str], bool] | None = None
) -> Machine:
    """Collect what explains an absent device.

    `root` holds ``dev``, ``etc``, ``proc`` and ``sys``; `loads` tells whether a shared
    library can be loaded.
    """
    loads = loads or _loads
    in_wsl = "microsoft" in _read(root / "proc" / "version").lower()
    gpu_nodes = [*(root / "dev" / "dri").glob("renderD*")]
    if in_wsl:
        gpu_nodes += (root / "dev").glob("dxg")
    npu_nodes = [*(root / "dev" / "accel").glob("accel*")]
    nodes = [*gpu_nodes, *npu_nodes]
    vendors = (
        _read(root / "sys" / "class" / "drm" / node.name / "device" / "vendor").strip()
        for node in gpu_nodes
    )
    return Machine(
        system=platform.system(),
        plugins=_installed_plugins(),
        in_container=_in_container(root),
        in_wsl=in_wsl,
        gpu_nodes=tuple(str(node) for node in sorted(gpu_nodes)),
        gpu_vendors=frozenset(vendor for vendor in vendors if vendor),
        npu_nodes=tuple(str(node) for node in sorted(npu_nodes)),
        denied_nodes=frozenset(
            str(node) for node in nodes if not os.access(node, os.R_OK | os.W_OK)
        ),
        opencl_loader=loads("libOpenCL.so.1"),
        opencl_driver=any((root / "etc" / "OpenCL" / "vendors").glob("*intel*.icd")),
        npu_driver=loads("libze_loader.so.1")
        and any(map(loads, ("libze_intel_npu.so.1", "libze_intel_vpu.so.1"))),
    )


def _installed_plugins() -> frozenset[str]:
    spec = importlib.util.find_spec("openvino")
    folders = spec.submodule_search_locations if spec else None
    libraries = Path(next(iter(folders or [""]))) / "libs"
    if not libraries.is_dir():  # not the layout of a wheel: nothing can be said
        return frozenset({"GPU", "NPU"})
    return frozenset(
        device
        for device in ("GPU", "NPU")
        if any(libraries.glob(f"*openvino_intel_{device.lower()}_plugin*"))
    )


def _in_container(root: Path) -> bool:
    marks = (root / ".dockerenv", root / "run" / ".containerenv")
    groups = _read(root / "proc" / "1" / "cgroup")
    return any(mark.exists() for mark in marks) or any(
        word in groups for word in ("docker", "kubepods", "containerd", "lxc")
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
