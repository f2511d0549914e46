"""The retry policy: which failures may pass, how often to ask again, what backoff."""

import random
from dataclasses import dataclass

from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

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
    """How long to wait for a server, and how often to ask it again."""

    timeout_s: float = 10.0  # for a connection, and for each read
    retries: int = 3  # of an address after a failure that may pass

    def backoff_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, in seconds.

        The wait doubles with each failure. Half of it is drawn by lot, so that a class
        of thirty does not come back all at once.
        """
        longest = min(FIRST_BACKOFF_S * 2.0 ** (failures - 1), MAX_WAIT_S)
        return longest * (0.5 + random.random() / 2)  # noqa: S311


def retry_after_s(header: str | None) -> float | None:
    """Read the seconds or the date of a ``Retry-After`` header; None if it has none."""
    if header is None:
        return None
    try:
        return float(Retry().parse_retry_after(header))
    except (InvalidHeader, ValueError, OverflowError):
        return None
