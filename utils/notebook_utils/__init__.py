"""What the lessons of Inference Workshop import.

Importing this package loads nothing heavy: every name below is fetched from its module
when it is first used, so that downloading a file does not need OpenVINO and asking for
the devices does not need matplotlib.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
