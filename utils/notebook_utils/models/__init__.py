"""Networks that a lesson needs, and what it takes to load them.

Importing this package does not import PyTorch; the first use of a network does.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
