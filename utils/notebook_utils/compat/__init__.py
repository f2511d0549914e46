"""The names that only notebooks written for openvino_notebooks import.

They keep their signatures. Where one behaves otherwise than there, "Unlike
openvino_notebooks" begins a paragraph that says why. A wrong argument raises
``TypeError`` or ``ValueError`` with what was expected.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
