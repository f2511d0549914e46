"""The devices that OpenVINO sees, by full name, and why it does not see the others."""

from collections.abc import Iterable
from typing import Any

from .machine import look_at_machine
from .reasons import gpu_reason, npu_reason


def available_devices() -> dict[str, str]:
    """List the devices that OpenVINO can run a model on, by full name.

    Returns
    -------
    dict of str to str
        Device name (``"CPU"``, ``"GPU.0"``) to full name, in OpenVINO's order. ``AUTO``
        is not among them: it is a way to choose a device, not a device.
    """
    import openvino as ov

    core = ov.Core()
    return {name: _full_name(core, name) for name in core.available_devices}


def missing_devices() -> dict[str, str]:
    """Say why there is no GPU or NPU, where there is none.

    Returns
    -------
    dict of str to str
        ``"GPU"`` and ``"NPU"``, each only if it is absent, to one sentence: the likely
        reason and the remedy.

    Notes
    -----
    Nothing on the machine is changed; device files are looked at, not opened.
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
