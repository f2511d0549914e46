"""The speed-up of one candidate over another, with its confidence interval."""

import math
from typing import NamedTuple

import numpy as np

from .timing import Timing

RESAMPLES = 4000


class SpeedUp(NamedTuple):
    """A speed-up, above 1 if faster, and the ends of its 95 % confidence interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write an interval that is rounded outwards, so that it holds the estimate."""
        digits = 2 if self.high - self.low >= 0.05 else 3
        unit = 10**digits
        estimate = round(self.estimate * unit)
        low = min(math.floor(self.low * unit), estimate - 1) / unit
        high = max(math.ceil(self.high * unit), estimate + 1) / unit
        return f"{estimate / unit:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def paired_speedup(baseline: Timing, candidate: Timing) -> SpeedUp:
    """Return the speed-up of a candidate over a baseline, measured in the same rounds.

    Each round gives one ratio, of two turns that lie seconds apart, so that a machine
    that slows down between rounds slows down both. The result is the median of these
    ratios; it need not be the quotient of the two medians. The interval is a percentile
    bootstrap: the median of rounds drawn anew with replacement, 4,000 times, from a
    fixed seed.

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> slow = Timing("slow", 9, np.array([[8.0], [9.0], [11.0], [8.4], [9.2], [10.0]]))
    >>> fast = Timing("fast", 5, np.array([[4.0], [4.4], [5.0], [4.1], [4.7], [5.2]]))
    >>> print(paired_speedup(slow, fast))
    2.02 (1.94 to 2.13)
    """
    if len(baseline.rounds_ms) != len(candidate.rounds_ms):
        raise ValueError(
            "Expected two timings of the same rounds, found "
            f"{len(baseline.rounds_ms)} rounds of {baseline.name!r} and "
            f"{len(candidate.rounds_ms)} of {candidate.name!r}. Compare them in one "
            "call."
        )
    turns = (np.median(timing.rounds_ms, axis=1) for timing in (baseline, candidate))
    ratios = np.divide(*turns)
    drawn = np.random.default_rng(0).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return SpeedUp(float(np.median(ratios)), float(low), float(high))
