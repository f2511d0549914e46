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
    """Turn a `RejectedError` into an `UnsafeFileError` that says what to do."""
    try:
        yield
    except RejectedError as error:
        raise UnsafeFileError(
            f"Refused '{name}': {error}. Nothing of it was used. Fetch it again from "
            "its publisher and compare its sha256; if it is the same file, do not use "
            "it."
        ) from error


class BoundedReader:
    """A decompressed file to read once, from which at most so many bytes ever come."""

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
