"""The retry policy: which failures may pass, how often to ask again, what backoff."""

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import DownloadFailure

MAX_WAIT_S = 60.0
FIRST_BACKOFF_S = 0.5


class AttemptError(Exception):
    """An attempt that did not bring the file; its text fits behind the address."""

    def __init__(
        self, reason: str, kind: DownloadFailure = DownloadFailure.REFUSED
    ) -> None:
        super().__init__(reason)
        self.kind = kind


class PermanentError(AttemptError):
    """The file is not to be had at this address, however often it is asked."""


class StalePartialError(AttemptError):
    """What was kept of the file cannot be resumed here."""


class TransientError(AttemptError):
    """The next attempt may well succeed, after `wait_s` seconds if the server said."""

    def __init__(
        self,
        reason: str,
        kind: DownloadFailure = DownloadFailure.INCOMPLETE,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(reason, kind)
        self.wait_s = wait_s


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, and how often to ask it again.

    Parameters
    ----------
    timeout_s
        Seconds to wait for a connection, and for each read.
    retries
        How often an address is asked again after a failure that may pass. With 0 each
        gets a single request.
    """

    timeout_s: float = 10.0
    retries: int = 3

    def backoff_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, in seconds.

        The wait doubles with each failure. Half of it is drawn by lot, so that a class
        of thirty does not come back all at once.

        Examples
        --------
        >>> [0.5 <= RetryPolicy().backoff_s(2) <= 1.0 for _ in range(3)]
        [True, True, True]
        """
        longest = min(FIRST_BACKOFF_S * 2.0 ** (failures - 1), MAX_WAIT_S)
        return longest * (0.5 + random.random() / 2)  # noqa: S311


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
