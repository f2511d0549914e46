"""What reading a file that nobody should trust needs, whatever its format."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from .errors import UnsafeFileError

# Everything a damaged file makes the standard library's readers raise. OSError is
# among them because gzip and bz2 have no other word for a broken stream.
DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


class RefusedError(Exception):
    """Why a file is refused: a clause that begins with a lower-case letter."""


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn a refusal into an error that names the file and what to do about it.

    Parameters
    ----------
    name
        The file's name, as the reader knows it.

    Raises
    ------
    UnsafeFileError
        The block raised `RefusedError`.

    Examples
    --------
    >>> with refusing("model.zip"):
    ...     raise RefusedError("it is empty")
    Traceback (most recent call last):
        ...
    notebook_utils.errors.UnsafeFileError: Refused 'model.zip': it is empty. Nothing \
of it was used. Fetch it again from its publisher and compare its sha256; if it is the \
same file, do not use it.
    """
    try:
        yield
    except RefusedError as error:
        raise UnsafeFileError(
            f"Refused '{name}': {error}. Nothing of it was used. Fetch it again from "
            "its publisher and compare its sha256; if it is the same file, do not use "
            "it."
        ) from error


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes."""


def read_some(source: Readable, size_bytes: int) -> bytes:
    """Read at most so many bytes; what cannot be read is refused as damaged."""
    try:
        return source.read(size_bytes)
    except DAMAGE as error:
        raise RefusedError(f"it is damaged or cut short ({error})") from error


class BoundedReader:
    """A file to read once, from which no more than so many bytes ever come.

    Parameters
    ----------
    source
        The file, already decompressed where it is compressed.
    max_bytes
        How many bytes it may have. A request for more than is left is refused before
        room is made for the answer.
    """

    def __init__(self, source: IO[bytes], max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._left = max_bytes

    def read(self, size_bytes: int) -> bytes:
        """Read so many bytes, or what there is."""
        if size_bytes > self._left:
            raise self._too_large()
        data = read_some(self._source, size_bytes)
        self._left -= len(data)
        return data

    def readline(self) -> bytes:
        """Read up to the end of the line."""
        try:
            line = self._source.readline(self._left + 1)
        except DAMAGE as error:
            raise RefusedError(f"it is damaged or cut short ({error})") from error
        self._left -= len(line)
        if self._left < 0:
            raise self._too_large()
        return line

    def expect_end(self) -> None:
        """Refuse what is left; reaching the end also makes gzip check its sum."""
        if read_some(self._source, 1):
            raise RefusedError("more bytes follow where it should end")

    def _too_large(self) -> RefusedError:
        return RefusedError(
            f"it holds or announces more than the {self._max_bytes} bytes that "
            "max_bytes allows"
        )
