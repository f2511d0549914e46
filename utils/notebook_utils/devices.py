"""What OpenVINO can run on here, and why not on the rest.

"GPU not detected" is among the most frequent questions about OpenVINO, and the runtime
itself says nothing: a device that cannot be used is absent from the list. This module
lists the devices by full name, looks for the likely reason of an absence, and offers a
choice that never fails because the machine has fewer devices than the author's.
"""

import ctypes
import importlib.util
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import WorkshopError

if TYPE_CHECKING:
    from ipywidgets import Dropdown

ENVIRONMENT_VARIABLE = "NOTEBOOK_DEVICE"
INTEL_VENDOR = "0x8086"


def available_devices() -> dict[str, str]:
    """List the devices that OpenVINO can run a model on, by full name.

    Returns
    -------
    dict of str to str
        Device name (``"CPU"``, ``"GPU.0"``) to full name, in OpenVINO's order. ``AUTO``
        is not among them: it is a way to choose a device, not a device.

    Raises
    ------
    WorkshopError
        OpenVINO is not installed.

    Examples
    --------
    >>> "CPU" in available_devices()
    True
    """
    try:
        import openvino as ov
    except ImportError as error:
        raise WorkshopError(
            "OpenVINO is not installed in this environment. Install it: "
            "pip install openvino"
        ) from error
    core = ov.Core()
    return {name: _full_name(core, name) for name in core.available_devices}


def missing_devices() -> dict[str, str]:
    """Say why there is no GPU or NPU, where there is none.

    Returns
    -------
    dict of str to str
        ``"GPU"`` and ``"NPU"``, each only if it is absent, to one sentence: the likely
        reason and the remedy.

    Raises
    ------
    WorkshopError
        OpenVINO is not installed.

    Notes
    -----
    Nothing on the machine is changed; device files are looked at, not opened.

    Examples
    --------
    >>> set(missing_devices()) <= {"GPU", "NPU"}
    True
    """
    return _missing(available_devices())


def device_widget(
    default: str = "AUTO",
    exclude: str | Iterable[str] | None = None,
    added: str | Iterable[str] | None = None,
    description: str = "Device:",
) -> "Dropdown | DeviceChoice":
    """Offer the devices of this machine in a drop-down list.

    The widget has a value at once, so that a notebook runs to its end without anybody
    touching it.

    Parameters
    ----------
    default
        The device chosen at first. Where it is not offered, ``AUTO``, ``CPU`` or the
        first one is chosen, in this order, and one line says so. The environment
        variable ``NOTEBOOK_DEVICE`` takes its place.
    exclude
        Devices that are not offered. ``"GPU"`` stands for ``"GPU.0"``, ``"GPU.1"`` too.
    added
        Further names to offer, such as ``"HETERO:GPU,CPU"``.
    description
        The text in front of the list.

    Returns
    -------
    ipywidgets.Dropdown or DeviceChoice
        Its ``value`` is the name to compile a model for.

    Raises
    ------
    ValueError
        Nothing is left to offer.
    WorkshopError
        OpenVINO is not installed.

    Examples
    --------
    >>> device_widget("CPU", description="Run on:").value
    'CPU'
    """
    devices = available_devices()
    options = _options(devices, _names(exclude), _names(added))
    override = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    asked = override or default
    value = _choose(options, (asked, default, "AUTO", "CPU"))
    if value.upper() != asked.upper():
        source = f"{ENVIRONMENT_VARIABLE}={asked}" if override else asked
        print(_notice(source, options, value, _reason(asked, devices)))
    try:
        import ipywidgets
    except ImportError:
        return DeviceChoice(value, options, description)
    return ipywidgets.Dropdown(
        options=options,
        value=value,
        description=description,
        style={"description_width": "initial"},  # the default cuts long texts off
    )


@dataclass
class DeviceChoice:
    """Stand in for the drop-down list where ipywidgets is not installed.

    Parameters
    ----------
    value
        The chosen device; assign another of the `options` to change it.
    options
        The devices on offer.
    description
        The text that the drop-down list would show.

    Examples
    --------
    >>> DeviceChoice("AUTO", ("CPU", "AUTO"))
    Device: AUTO (options: CPU, AUTO)
    """

    value: str
    options: tuple[str, ...]
    description: str = "Device:"

    def __repr__(self) -> str:
        return f"{self.description} {self.value} (options: {', '.join(self.options)})"


@dataclass(frozen=True)
class Machine:
    """What can be seen of the drivers, as far as it explains an absent device.

    Parameters
    ----------
    system
        ``"Linux"``, ``"Windows"`` or ``"Darwin"``.
    plugins
        The OpenVINO plugins installed, of ``"GPU"`` and ``"NPU"``.
    in_container, in_wsl
        Whether this is a container, or Windows Subsystem for Linux.
    gpu_nodes
        Render nodes: ``/dev/dri/renderD*``, ``/dev/dxg`` in WSL.
    gpu_vendors
        PCI vendor of each render node for which it is known, such as ``"0x8086"``.
    npu_nodes
        ``/dev/accel/accel*``.
    denied_nodes
        Those of either kind that this user may not open.
    opencl_loader, opencl_driver
        Whether the OpenCL loader is installed, and an Intel driver registered with it.
    npu_driver
        Whether the user-space driver of the NPU is installed.
    """

    system: str = "Linux"
    plugins: frozenset[str] = frozenset({"GPU", "NPU"})
    in_container: bool = False
    in_wsl: bool = False
    gpu_nodes: tuple[str, ...] = ()
    gpu_vendors: frozenset[str] = frozenset()
    npu_nodes: tuple[str, ...] = ()
    denied_nodes: frozenset[str] = frozenset()
    opencl_loader: bool = False
    opencl_driver: bool = False
    npu_driver: bool = False


def look_at_machine(
    root: Path = Path("/"), loads: Callable[[str], bool] | None = None
) -> Machine:
    """Collect what explains an absent device.

    Parameters
    ----------
    root
        The folder to look for ``dev``, ``etc``, ``proc`` and ``sys`` in.
    loads
        Tells whether a shared library of that name can be loaded; tries it if not
        given.

    Returns
    -------
    Machine
        What was found.
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


def gpu_reason(machine: Machine) -> str:
    """Explain an absent GPU in one sentence.

    Parameters
    ----------
    machine
        What was seen.

    Returns
    -------
    str
        The likely reason and the remedy.

    Examples
    --------
    >>> gpu_reason(Machine(system="Windows"))
    'No Intel GPU, or no driver for it: install the current graphics driver from \
Intel and restart the computer.'
    """
    nodes = machine.gpu_nodes
    if "GPU" not in machine.plugins:
        return _no_plugin(machine, "GPU")
    if machine.system == "Windows":
        return (
            "No Intel GPU, or no driver for it: install the current graphics driver "
            "from Intel and restart the computer."
        )
    if not nodes:
        return _no_gpu_node(machine)
    if machine.gpu_vendors and INTEL_VENDOR not in machine.gpu_vendors:
        return "The GPU here is not from Intel, and OpenVINO needs one: use the CPU."
    if machine.denied_nodes.issuperset(nodes):
        return _denied(nodes[0], machine.in_container)
    if not (machine.opencl_loader and machine.opencl_driver):
        absent = "driver" if machine.opencl_loader else "loader (libOpenCL.so.1)"
        return (
            f"There is a GPU but no OpenCL {absent}: sudo apt install "
            "ocl-icd-libopencl1 intel-opencl-icd (or your system's packages of these)."
        )
    return (
        "There is a GPU and an OpenCL driver, but OpenVINO cannot use them: update the "
        "driver (intel-opencl-icd), which may be older than the GPU."
    )


def npu_reason(machine: Machine) -> str:
    """Explain an absent NPU in one sentence.

    Parameters
    ----------
    machine
        What was seen.

    Returns
    -------
    str
        The likely reason and the remedy.

    Examples
    --------
    >>> npu_reason(Machine(npu_nodes=("/dev/accel/accel0",)))
    'There is an NPU but no driver for programs: install the packages of \
github.com/intel/linux-npu-driver.'
    """
    nodes = machine.npu_nodes
    if "NPU" not in machine.plugins:
        return _no_plugin(machine, "NPU")
    if machine.system == "Windows":
        return (
            "No NPU, or no driver for it: Intel Core Ultra processors have one, and "
            "Windows Update or Intel has the driver."
        )
    if not nodes:
        return _no_npu_node(machine)
    if machine.denied_nodes.issuperset(nodes):
        return _denied(nodes[0], machine.in_container)
    if not machine.npu_driver:
        return (
            "There is an NPU but no driver for programs: install the packages of "
            "github.com/intel/linux-npu-driver."
        )
    return (
        "There is an NPU and a driver, but OpenVINO cannot use them: update the driver "
        "from github.com/intel/linux-npu-driver."
    )


def _full_name(core: Any, name: str) -> str:
    try:
        return str(core.get_property(name, "FULL_DEVICE_NAME")).strip() or name
    except RuntimeError:  # a plugin that lists a device need not describe it
        return name


def _missing(devices: Iterable[str]) -> dict[str, str]:
    present = {name.split(".")[0] for name in devices}
    explain = {"GPU": gpu_reason, "NPU": npu_reason}
    absent = [name for name in explain if name not in present]
    if not absent:
        return {}
    machine = look_at_machine()
    return {name: explain[name](machine) for name in absent}


def _names(names: str | Iterable[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def _options(
    devices: Iterable[str], exclude: tuple[str, ...], added: tuple[str, ...]
) -> tuple[str, ...]:
    offered = [
        name
        for name in (*devices, "AUTO")
        if not any(name == out or name.startswith(f"{out}.") for out in exclude)
    ]
    options = tuple(dict.fromkeys((*offered, *added)))
    if not options:
        raise ValueError(
            f"No device is left to offer: all are excluded by {', '.join(exclude)}. "
            "Exclude fewer, or name others with added=."
        )
    return options


def _choose(options: tuple[str, ...], wishes: Iterable[str]) -> str:
    """Return the first wish that is on offer, in the spelling of the offer."""
    spelling = {name.upper(): name for name in options}
    for wish in wishes:
        if wish.upper() in spelling:
            return spelling[wish.upper()]
    return options[0]


def _notice(source: str, options: tuple[str, ...], value: str, reason: str) -> str:
    offered = ", ".join(options)
    return f"{source} is not offered here ({offered}): using {value}. {reason}".strip()


def _reason(asked: str, devices: Iterable[str]) -> str:
    """Explain the absence of a GPU or NPU; empty for whatever else was asked for."""
    kind = asked.upper().split(".")[0]
    return _missing(devices).get(kind, "") if kind in ("GPU", "NPU") else ""


def _no_plugin(machine: Machine, device: str) -> str:
    note = " for macOS" if machine.system == "Darwin" else " installed here"
    return f"The OpenVINO package{note} has no {device} plugin: use the CPU."


def _no_gpu_node(machine: Machine) -> str:
    if machine.in_wsl:
        return (
            "Windows passes no GPU on to this Linux (no /dev/dxg): install Intel's "
            "graphics driver in Windows, then run: wsl --update"
        )
    if machine.in_container:
        return (
            "No GPU is visible in this container: if the host has an Intel one, start "
            "the container with --device /dev/dri"
        )
    return (
        "No Intel GPU is visible (no /dev/dri/renderD*): use the CPU, or, if the "
        "computer has one, enable it in the firmware and update the Linux kernel."
    )


def _no_npu_node(machine: Machine) -> str:
    if machine.in_wsl:
        return "Windows Subsystem for Linux passes no NPU on: use OpenVINO in Windows."
    if machine.in_container:
        return (
            "No NPU is visible in this container: if the host has one, start the "
            "container with --device /dev/accel"
        )
    return (
        "No NPU is visible (no /dev/accel/accel*): use the CPU, or, with an Intel Core "
        "Ultra processor, use Linux 6.6 or later, which has the module intel_vpu."
    )


def _denied(node: str, in_container: bool) -> str:
    if in_container:
        return (
            f"This user may not open {node}: start the container with --group-add and "
            f"the number that this prints on the host: stat -c %g {node}"
        )
    return (
        f"This user may not open {node}: run sudo usermod -aG render $USER, then log "
        "out and in again."
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
