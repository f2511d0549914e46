"""What OpenVINO can run on here, and why not on the rest.

OpenVINO says nothing about a device that it cannot use, and "GPU not detected" is among
the most frequent questions about it.
"""

from .listing import available_devices as available_devices
from .listing import missing_devices as missing_devices
from .widgets import device_widget as device_widget
from .widgets import quantization_widget as quantization_widget
