"""Unpack a tar archive that nobody should trust: in one folder, whole or not at all.

`tarfile`'s data filter keeps members inside the folder. It does not notice an archive
that was cut short, one that grows to fill the disk, or names that another operating
system reads differently; those are checked here.
"""

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self, cast

from .errors import WorkshopError
from .untrusted import DAMAGE, BoundedReader, RejectedError, rejecting

CHUNK_BYTES = 1 << 18
FREE_BYTES = 1 << 20  # so little unpacked is no bomb, whatever its ratio

_DECOMPRESSORS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DEVICE_NAMES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{kind}{number}" for kind in ("COM", "LPT") for number in "0123456789¹²³"
}


def unpack(
    archive: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    max_bytes: int = 2 << 30,
    max_ratio: float = 100,
    max_members: int = 10_000,
) -> Path:
    """Unpack a tar archive into a new folder.

    The members are written to a temporary folder beside the new one, which takes its
    name only when the last of them is there. A refused archive leaves nothing.

    Parameters
    ----------
    archive
        A tar, plain or compressed with gzip, bzip2 or xz. Its first bytes decide, not
        its name.
    directory
        The folder to make. Its parents are made too; it must not be there yet, or be
        empty.
    max_bytes
        How many bytes it may unpack to, with headers and padding.
    max_ratio
        How many times its own size it may unpack to; not asked below 1 MiB.
    max_members
        How many files and folders it may hold.

    Returns
    -------
    Path
        Absolute path of the folder.

    Raises
    ------
    UnsafeFileError
        The archive is damaged, cut short, empty or none at all; it passes a bound; or
        a member is a link, a device or a sparse file, appears twice, or has a name that
        leads out of the folder on some operating system.
    WorkshopError
        `directory` is already there and not an empty folder.
    OSError
        The archive cannot be opened, or the folder cannot be written.

    Notes
    -----
    Links are refused even where they stay inside: no model needs one, and Windows makes
    them only for administrators. Permissions and times are not taken over.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "labels.txt").write_text("cube")
    ...     with tarfile.open(f"{folder}/model.tar.gz", "w:gz") as package:
    ...         package.add(f"{folder}/labels.txt", "model/labels.txt")
    ...     unpacked = unpack(f"{folder}/model.tar.gz", f"{folder}/new")
    ...     (unpacked / "model" / "labels.txt").read_text()
    'cube'
    """
    archive = Path(archive)
    target = Path(directory).absolute()
    _check_free(target)
    max_ratio_bytes = int(max(FREE_BYTES, max_ratio * archive.stat().st_size))
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("rb") as file,
        tempfile.TemporaryDirectory(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        ) as folder,
        rejecting(archive.name),
    ):
        part = Path(folder, target.name)
        part.mkdir()
        try:
            with _decompressed(file) as content:
                reader = BoundedReader(content, min(max_bytes, max_ratio_bytes))
                _extract_all(reader, part, max_members)
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's word, not a decompressor's
            raise RejectedError(
                f"it is damaged, cut short or no tar archive ({error})"
            ) from error
        _check_free(target)  # another process may have been faster
        if target.is_dir():
            target.rmdir()
        part.rename(target)
    return target


def _check_free(target: Path) -> None:
    """Raise unless a folder can be put at `target`."""
    if os.path.lexists(target) and not (
        target.is_dir() and not target.is_symlink() and not any(target.iterdir())
    ):
        raise WorkshopError(
            f"Cannot unpack to '{target}': expected a new or an empty folder, "
            "found something there. Delete it or choose another folder."
        )


@contextmanager
def _decompressed(file: IO[bytes]) -> Iterator[IO[bytes]]:
    start = file.read(6)
    file.seek(0)
    for magic, decompressor in _DECOMPRESSORS.items():
        if start.startswith(magic):
            with decompressor(file) as content:
                yield content
            return
    yield file


def _extract_all(reader: BoundedReader, folder: Path, max_members: int) -> None:
    """Write files and folders below `folder`, which nobody else uses."""
    names = _Names()
    stream = cast(IO[bytes], reader)  # tarfile asks a stream for read() only
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_StrictHeader) as package:
        # Debian 12 has Python 3.11.2, which lacks this second opinion.
        package.extraction_filter = getattr(tarfile, "data_filter", None)
        for count, info in enumerate(iter(package.next, None), 1):
            if count > max_members:
                raise RejectedError(f"it holds more than {max_members} members")
            if not (info.isreg() or info.isdir()) or info.issparse():
                raise RejectedError(f"'{info.name}' is a link, device or sparse file")
            names.add(info.name, info.isdir())
            package.extract(info, folder, set_attrs=False)
    while reader.read(CHUNK_BYTES):  # the compressed formats end in a checksum
        pass
    if not names.files:
        raise RejectedError("it holds no files")


class _StrictHeader(tarfile.TarInfo):
    """A header that is damaged or missing is an error, not the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf == bytes(tarfile.BLOCKSIZE):  # the mark at the end
                raise
            raise tarfile.ReadError(f"no valid header: {error}") from error


class _Names:
    """The names seen so far, told apart as the least careful file system does."""

    def __init__(self) -> None:
        self.files: set[tuple[str, ...]] = set()
        self._folders: set[tuple[str, ...]] = set()

    def add(self, name: str, is_folder: bool) -> None:
        """Check a member's name and remember it."""
        parts = _checked_parts(name)
        key = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        folders = {key[:count] for count in range(len(key) + is_folder)}
        files = set() if is_folder else {key}
        taken = files & self.files or files & self._folders or folders & self.files
        if taken or not (is_folder or parts):
            raise RejectedError(f"'{name}' occurs twice, or as file and folder")
        self._folders |= folders
        self.files |= files


def _checked_parts(name: str) -> tuple[str, ...]:
    """Split a member's name; refuse one that leads elsewhere on any system."""
    if name.startswith(("/", "\\")):
        raise RejectedError(f"'{name}' is an absolute path")
    if "\\" in name or ":" in name:
        raise RejectedError(f"'{name}' has a Windows drive, separator or stream in it")
    if not name.isprintable():
        raise RejectedError(f"{name!r} has unprintable characters in it")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise RejectedError(f"'{name}' leads out of the folder")
    for part in parts:
        is_device = part.split(".")[0].rstrip().upper() in _DEVICE_NAMES
        if is_device or part.endswith((".", " ")):
            raise RejectedError(f"'{name}' is a name that Windows keeps or changes")
        if len(part.encode(errors="replace")) > 255:
            raise RejectedError(f"'{name[:60]}...' is longer than a name may be")
    return parts
