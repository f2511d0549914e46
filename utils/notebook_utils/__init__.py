"""What the lessons of Inference Workshop import.

Importing this package loads nothing heavy: every name below is fetched from its module
when it is first used, so that downloading a file does not need OpenVINO and asking for
the devices does not need matplotlib.

Import it before OpenVINO, which then sends no reports of its use.
"""

import sys as _sys
from typing import Any as _Any

import lazy_loader as _lazy

# OpenVINO reports conversions and imports to a web service, each from a process forked
# off the kernel, which holds the kernel's memory a second time. Where it cannot import
# the package that does this, it uses a stand-in of its own that does nothing.
_modules: dict[str, _Any] = _sys.modules
_modules.setdefault("openvino_telemetry", None)

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
