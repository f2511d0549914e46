"""Kits: the files that a lesson needs, from one of three origins.

``loading`` hands out a ``Kit``. ``catalogue`` says what each kit is, and ``sources``
asks for its files in turn: a mirror (``mirrors``), the ``cache``, the ``hosts``, and
what is ``included``. ``preference`` is what the user chose among them. ``prefetch`` and
``serve`` make a mirror for a class and hand it round, and ``commands`` puts all of it
on the command line.
"""

from .included import included_folder as included_folder
from .kit import Kit as Kit
from .loading import list_kits as list_kits
from .loading import load_kit as load_kit
from .overview import show_kits as show_kits
from .preference import kits_widget as kits_widget
