"""The errors of this package, all under one base class.

A message says what was wrong, what was expected and what was found, and what to do
next. Wrong arguments raise ``ValueError`` or ``TypeError`` instead.
"""

import errno
from enum import StrEnum


class WorkshopError(Exception):
    """Something the lessons need is not there or not as it should be."""


class DownloadFailure(StrEnum):
    """Why a download failed; code decides on this value and never on a message."""

    UNREACHABLE = "unreachable"  # no connection, no answer, or a time-out
    REFUSED = "refused"  # the server answered, but not with the file
    INCOMPLETE = "incomplete"  # the transfer ended before the whole file had come
    ALTERED = "altered"  # the size or the checksum is not the expected one
    NO_SPACE = "no_space"  # the disk is full
    UNWRITABLE = "unwritable"  # the target cannot be written for another reason

    @classmethod
    def of_disk(cls, error: OSError) -> "DownloadFailure":
        """Tell a full disk from one that cannot be written for another reason.

        Examples
        --------
        >>> DownloadFailure.of_disk(OSError(errno.ENOSPC, "No space left"))
        <DownloadFailure.NO_SPACE: 'no_space'>
        """
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return cls.NO_SPACE if is_full else cls.UNWRITABLE


class DownloadError(WorkshopError):
    """A file could not be fetched whole, or is not the file that was expected.

    Parameters
    ----------
    message
        The whole text for the reader: what failed, and what to do next.
    kind
        Why it failed.
    reason
        The cause alone, one line with no advice; the message if not given.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: DownloadFailure = DownloadFailure.REFUSED,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.reason = reason or message


class KitError(WorkshopError):
    """A kit is unknown, incomplete, or does not say what is expected of it."""


class UnsafeFileError(WorkshopError):
    """A file from elsewhere is damaged, too large, or asks for more than data.

    Nothing of it was used.
    """


class VideoError(WorkshopError, RuntimeError):
    """A video or camera cannot be opened, or gives no frames.

    Also a ``RuntimeError``, which is what notebooks written for openvino_notebooks
    expect of its player.
    """
