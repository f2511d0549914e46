"""What OpenVINO can run on here, and why not on the rest.

"GPU not detected" is among the most frequent questions about OpenVINO, and the runtime
itself says nothing: a device that cannot be used is absent from the list. This package
lists the devices by full name, looks for the likely reason of an absence, and offers a
choice that never fails because the machine has fewer devices than the author's.
"""

from .listing import available_devices as available_devices
from .listing import missing_devices as missing_devices
from .widgets import device_widget as device_widget
from .widgets import quantization_widget as quantization_widget
