"""Measures candidates side by side, and says how far the figures can be trusted.

A figure measured now and one measured a minute later differ by whatever has changed in
between: another program, the clock rate, the temperature. So candidates are measured in
rounds, each a turn of every candidate, and compared within the rounds.
"""

from .comparison import Comparison
from .environment import Environment, describe_environment
from .rounds import compare
from .speedup import SpeedUp, paired_speedup
from .timing import Timing

__all__ = [
    "Comparison",
    "Environment",
    "SpeedUp",
    "Timing",
    "compare",
    "describe_environment",
    "paired_speedup",
]
