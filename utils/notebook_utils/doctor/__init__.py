"""Is this machine ready for the lessons, and if not, what to do about it.

Every check says what it found and, where that is not enough, the exact remedy. The last
line is short enough to be read across a classroom: ``READY 12/12``.

``report`` runs the checks and prints them. They are in ``machine`` (Python, processor,
memory, disk), ``software`` (packages, OpenVINO, widgets, torchvision, kits, imports)
and ``connections`` (network, certificates).
"""

from .check import Check as Check
from .report import checks as checks
from .report import main as main
