"""When to ask a server again."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 60.0
FIRST_WAIT_S = 0.5


@dataclass(frozen=True)
class Pace:
    """The clock that transfers go by; tests bring one that does not really wait.

    Parameters
    ----------
    sleep
        Waits for so many seconds.
    clock
        Seconds since any moment, never going back.
    jitter
        A random number from 0 to 1: a class of thirty must not come back all at once.
    """

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, in seconds.

        Examples
        --------
        >>> [Pace(jitter=lambda: 1.0).wait_s(failures) for failures in (1, 2, 3)]
        [0.5, 1.0, 2.0]
        """
        longest = min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S)
        return longest * (0.5 + self.jitter() / 2)


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` header.

    Parameters
    ----------
    header
        Seconds or a date; None if the server sent none.
    now
        The time to count a date from.

    Returns
    -------
    float or None
        Seconds to wait, 0 or more; None if the header says nothing that can be read.

    Examples
    --------
    >>> retry_after_s("120"), retry_after_s("soon")
    (120.0, None)
    """
    if header is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
