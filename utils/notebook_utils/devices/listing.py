"""The devices that OpenVINO sees, by full name, and why it does not see the others."""

from collections.abc import Iterable
from typing import Any

from .machine import look_at_machine
from .reasons import gpu_reason, npu_reason


def available_devices() -> dict[str, str]:
    """Return the full names of the devices OpenVINO can use, in its order, by name.

    ``AUTO`` is not among them: it is a way to choose a device, not a device.
    """
    import openvino as ov

    core = ov.Core()
    return {name: _full_name(core, name) for name in core.available_devices}


def missing_devices() -> dict[str, str]:
    """Return the likely reason and the remedy for no GPU and no NPU, by name.

    A device that is there is left out. Device files are looked at, not opened.
    """
    return reasons_for_absence(available_devices())


def reasons_for_absence(devices: Iterable[str]) -> dict[str, str]:
    """Say why GPU and NPU are not among the devices; see :func:`missing_devices`."""
    present = {name.split(".")[0] for name in devices}
    if present >= {"GPU", "NPU"}:
        return {}
    machine = look_at_machine()
    reasons = {"GPU": gpu_reason(machine), "NPU": npu_reason(machine)}
    return {name: reasons[name] for name in reasons if name not in present}


def _full_name(core: Any, name: str) -> str:
    try:
        return str(core.get_property(name, "FULL_DEVICE_NAME")).strip() or name
    except RuntimeError:  # a plugin that lists a device need not describe it
        return name
