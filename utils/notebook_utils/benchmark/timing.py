"""What was measured of one candidate."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NORMAL_95 = 1.96  # of the normal distribution, 95 % lie within so many deviations


@dataclass(frozen=True, eq=False)
class Timing:
    """How long one candidate takes."""

    name: str
    first_ms: float  # the very first call, which also prepares memory and threads
    rounds_ms: npt.NDArray[np.float64]  # (rounds, calls), in the order they were made

    @property
    def runs(self) -> int:
        """How many calls were measured, the first one and the warm-up left out."""
        return self.rounds_ms.size

    @property
    def median_ms(self) -> float:
        """Half of the calls took longer. One slow call does not move it, as a mean."""
        return float(np.median(self.rounds_ms))

    @property
    def p95_ms(self) -> float:
        """One call in twenty took longer: what a user notices as stutter."""
        return float(np.percentile(self.rounds_ms, 95))

    @property
    def fps(self) -> float:
        """How many calls fit into a second, one after the other."""
        return 1000 / self.median_ms

    @property
    def precision(self) -> float:
        """How well the median is known: half its 95 % interval, as a share of it.

        Infinite for fewer than eight calls. The interval lies between two of the sorted
        calls, so nothing is assumed about how calls are distributed; but calls are
        taken as independent, which a drifting machine is not.
        """
        runs = np.sort(self.rounds_ms, axis=None)
        reach = NORMAL_95 * math.sqrt(runs.size) / 2
        low, high = math.floor(runs.size / 2 - reach), math.ceil(runs.size / 2 + reach)
        if low < 0 or high >= runs.size:
            return math.inf
        return float(runs[high] - runs[low]) / 2 / self.median_ms
