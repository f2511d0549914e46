"""The names that only notebooks written for openvino_notebooks import.

They keep their signatures. Where one behaves otherwise than there, its notes begin with
"Unlike openvino_notebooks" and say why. A wrong argument raises ``TypeError`` or
``ValueError`` with what was expected. The lessons use the other modules.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
