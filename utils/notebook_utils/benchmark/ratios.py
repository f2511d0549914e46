"""How many times as fast one candidate is as another."""

from typing import NamedTuple

import numpy as np

from .timing import Timing

RESAMPLES = 4000


class Ratio(NamedTuple):
    """How many times as fast, and where it lies with a probability of 95 %.

    Parameters
    ----------
    median : float
        Above 1: faster than the baseline.
    low, high : float
        The ends of the interval.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def paired_ratio(baseline: Timing, candidate: Timing) -> Ratio:
    """Say how many times as fast a candidate is as a baseline.

    Each round gives one ratio, of two turns that lie seconds apart, so that a machine
    that slows down between rounds slows down both. The result is the median of these
    ratios; it need not be the quotient of the two medians.

    Parameters
    ----------
    baseline, candidate : Timing
        Of the same rounds.

    Returns
    -------
    Ratio
        Its interval is a bootstrap: the median of rounds drawn anew with replacement,
        4,000 times, from a fixed seed.

    Raises
    ------
    ValueError
        They are not of the same number of rounds.

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> slow = Timing("slow", 9.0, np.array([[8.0], [9.0], [10.0]]))
    >>> fast = Timing("fast", 5.0, np.array([[4.0], [4.5], [5.0]]))
    >>> print(paired_ratio(slow, fast))
    2.00 (2.00 to 2.00)
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
    return Ratio(float(np.median(ratios)), float(low), float(high))
