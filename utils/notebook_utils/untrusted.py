"""What reading a file that nobody should trust needs, whatever its format."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from .errors import UnsafeFileError

# Everything a damaged file makes the standard library's decompressors and tarfile
# raise. OSError is among them because gzip and bz2 have no other word for it.
DAMAGE = (EOFError, OSError, ValueError, lzma.LZMAError, tarfile.TarError, zlib.error)


class RejectedError(Exception):
    """Why a file is refused: a clause that begins with a lower-case letter."""


@contextmanager
def rejecting(name: str) -> Iterator[None]:
    """Turn a rejection into an error that names the file and what to do about it.

    Parameters
    ----------
    name
        The file's name, as the reader knows it.

    Raises
    ------
    UnsafeFileError
        The block raised `RejectedError`.

    Examples
    --------
    >>> with rejecting("model.tar"):
    ...     raise RejectedError("it is empty")
    Traceback (most recent call last):
        ...
    notebook_utils.errors.UnsafeFileError: Refused 'model.tar': it is empty. Nothing \
of it was used. Fetch it again from its publisher and compare its sha256; if it is the \
same file, do not use it.
    """
    try:
        yield
    except RejectedError as error:
        raise UnsafeFileError(
            f"Refused '{name}': {error}. Nothing of it was used. Fetch it again from "
            "its publisher and compare its sha256; if it is the same file, do not use "
            "it."
        ) from error


class BoundedReader:
    """A file to read once, from which no more than so many bytes ever come.

    Parameters
    ----------
    source
        The file, already decompressed where it is compressed.
    max_bytes
        How many bytes it may have. Nothing that announces more is given room.
    """

    def __init__(self, source: IO[bytes], max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._left = max_bytes

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes."""
        return self._counted(self._source.read(min(size_bytes, self._left + 1)))

    def readline(self) -> bytes:
        """Read up to the end of the line."""
        return self._counted(self._source.readline(self._left + 1))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise RejectedError(
                f"it holds more than {self._max_bytes} bytes unpacked, the most that "
                "is allowed"
            )
        return data
