"""Is this machine ready for the lessons, and if not, what to do about it.

Every check says what it found and, where that is not enough, the exact remedy. The last
line is short enough to be read across a classroom: ``READY 12/12``. A check with a note
counts as passed, for the lessons run with it as it is, and the line says how many have
one: ``READY 12/12, 2 with a note``.
"""

from .check import Check as Check
from .report import checks as checks
from .report import main as main
from .report import verdict as verdict
