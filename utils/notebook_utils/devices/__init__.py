"""What OpenVINO can run on here, and why not on the rest.

"GPU not detected" is among the most frequent questions about OpenVINO, and the runtime
itself says nothing: a device that cannot be used is absent from the list. This package
lists the devices by full name, looks for the likely reason of an absence, and offers a
choice that never fails because the machine has fewer devices than the author's.
"""

from .listing import available_devices, missing_devices
from .machine import Machine, look_at_machine
from .reasons import INTEL_VENDOR, gpu_reason, npu_reason
from .widgets import ENVIRONMENT_VARIABLE, device_widget, quantization_widget

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "INTEL_VENDOR",
    "Machine",
    "available_devices",
    "device_widget",
    "gpu_reason",
    "look_at_machine",
    "missing_devices",
    "npu_reason",
    "quantization_widget",
]
