"""Timing that can be trusted: what else the machine does strikes all candidates alike.

A figure measured now and one measured a minute later differ by whatever has changed in
between: another program, the clock rate, the temperature. So candidates are measured in
rounds, each a turn of every candidate, and compared within the rounds.

Modules: `environment` (where it was measured), `timing` (one candidate), `ratios` (two
of them), `comparison` (all of them) and `rounds` (the measuring).
"""

from .comparison import Comparison
from .environment import Environment, describe_environment
from .ratios import Ratio, paired_ratio
from .rounds import compare
from .timing import Timing

__all__ = [
    "Comparison",
    "Environment",
    "Ratio",
    "Timing",
    "compare",
    "describe_environment",
    "paired_ratio",
]
