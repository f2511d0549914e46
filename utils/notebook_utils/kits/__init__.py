"""Kits: the files that a lesson needs, from one of two origins.

``loading`` chooses the origin and hands out a ``Kit``; ``registry`` reads what
``kits.toml`` says about each. Published files come through ``published``, from one of
the ``mirrors`` or from their ``hosts`` (``kaggle`` is one with a library of its own),
and stay in the ``cache``. ``prefetch`` and ``serve`` make a mirror for a class
and hand it round, and ``commands`` puts all of it on the command line.
"""

from .kit import Kit as Kit
from .loading import included_folder as included_folder
from .loading import list_kits as list_kits
from .loading import load_kit as load_kit
from .overview import show_kits as show_kits
from .preference import kits_widget as kits_widget
