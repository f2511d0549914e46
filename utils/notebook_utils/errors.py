"""The errors of this package, all under one base class.

A message says what was wrong, what was expected and what was found, and what to do
next. Wrong arguments raise ``ValueError`` or ``TypeError`` instead.
"""


class WorkshopError(Exception):
    """Something the lessons need is not there or not as it should be."""


class DownloadError(WorkshopError):
    """A file could not be fetched whole, or is not the file that was expected."""


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
