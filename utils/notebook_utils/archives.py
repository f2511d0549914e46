"""Unpack an archive that nobody should trust: in one folder, whole or not at all.

An archive is a list of names and bytes made by somebody else. Names can lead out of
the folder, and a few bytes can grow to fill the disk. So names are checked before
anything is written, and bytes are counted as they come, whatever the headers say.
"""

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, cast

from .errors import WorkshopError
from .untrusted import DAMAGE, Readable, RefusedError, read_some, refusing

CHUNK_BYTES = 1 << 18
HEADER_BYTES = 1 << 20  # a tar's names and attributes are read into memory
FREE_BYTES = 1 << 20  # so little unpacked is no bomb, whatever its ratio

_DECOMPRESSORS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_END_BYTES = 22 + 0xFFFF  # the last record, and the longest comment behind it
_ZIP64 = 0xFFFF  # in that record: the number stands elsewhere
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
    """Unpack a tar or zip archive into a new folder.

    The members are written to a temporary folder beside the new one, which takes its
    name only when the last of them is there. A refused archive leaves nothing.

    Parameters
    ----------
    archive
        A zip, or a tar that is plain or compressed with gzip, bzip2 or xz. Its first
        bytes decide, not its name.
    directory
        The folder to make. Its parents are made too; it must not be there yet, or be
        empty.
    max_bytes
        How many bytes it may unpack to. Headers and padding of a tar count.
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
        a member is a link, a device, a sparse or encrypted file, appears twice, or has
        a name that leads out of the folder on some operating system.
    WorkshopError
        `directory` is already there and not an empty folder.
    OSError
        The archive cannot be opened, or the folder cannot be written.

    Notes
    -----
    Links are refused even where they stay inside: no model needs one, Windows makes
    them only for administrators, and most ways around `tarfile.data_filter` went
    through links. Permissions and times are not taken over.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with zipfile.ZipFile(f"{folder}/model.zip", "w") as package:
    ...         package.writestr("model/labels.txt", "cube")
    ...     unpacked = unpack(f"{folder}/model.zip", f"{folder}/new")
    ...     (unpacked / "model" / "labels.txt").read_text()
    'cube'
    """
    archive = Path(archive)
    target = Path(directory).absolute()
    _check_free(target)
    budget = _Budget(archive.stat().st_size, max_bytes, max_ratio, max_members)
    with (
        _whole_folder(target) as part,
        refusing(archive.name),
        closing(_members(archive, part, budget)) as members,
    ):
        _write_members(members, part, budget)
    return target


class _Member(NamedTuple):
    name: str
    content: Readable | None  # None for a folder


class _Budget:
    """How much may still be unpacked, counted on bytes read and not on headers."""

    def __init__(
        self, packed_bytes: int, max_bytes: int, max_ratio: float, max_members: int
    ) -> None:
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._max_ratio_bytes = max(FREE_BYTES, max_ratio * packed_bytes)
        self._max_members = max_members
        self._bytes = 0
        self._members = 0

    def spend(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        if self._bytes > self._max_bytes:
            raise RefusedError(
                f"it unpacks to more than the {self._max_bytes} bytes that max_bytes "
                "allows"
            )
        if self._bytes > self._max_ratio_bytes:
            raise RefusedError(
                f"it unpacks to more than {self._max_ratio} times its own size, which "
                "is what max_ratio allows"
            )

    def count_member(self) -> None:
        self._members += 1
        if self._members > self._max_members:
            raise RefusedError(
                f"it holds more than the {self._max_members} members that max_members "
                "allows"
            )


def _check_free(target: Path) -> None:
    """Raise unless a folder can be put at `target`."""
    if os.path.lexists(target) and not (
        target.is_dir() and not target.is_symlink() and not any(target.iterdir())
    ):
        raise WorkshopError(
            f"Cannot unpack to '{target}': expected no folder of this name or an empty "
            "one, found one in use. Delete it or name another folder."
        )


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that takes the target's name if all went well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(
        tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    )
    try:
        yield part
        part.chmod(0o755)  # mkdtemp makes it private; a shared cache is read by all
        _check_free(target)  # another process may have been faster
        if target.is_dir():
            target.rmdir()
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _members(
    archive: Path, folder: Path, budget: _Budget
) -> Generator[_Member, None, None]:
    """Read an archive's members one after the other; `folder` is where they will go."""
    with archive.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        try:
            if start.startswith(_ZIP_STARTS):
                yield from _zip_members(file, budget)
                return
            for magic, decompressor in _DECOMPRESSORS.items():
                if start.startswith(magic):
                    with decompressor(file) as unpacked:
                        yield from _tar_members(unpacked, folder, budget)
                    return
            yield from _tar_members(file, folder, budget)
        except DAMAGE as error:
            raise RefusedError(
                f"it is no tar or zip archive, damaged or cut short ({error})"
            ) from error


def _zip_members(file: IO[bytes], budget: _Budget) -> Generator[_Member, None, None]:
    with zipfile.ZipFile(file) as package:
        infos = package.infolist()
        if _announced_members(file) not in (len(infos), _ZIP64):
            raise RefusedError("it is damaged (its list of members is cut short)")
        for info in infos:
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise RefusedError(f"'{info.filename}' is a link or a device")
            if info.flag_bits & 1:
                raise RefusedError(f"'{info.filename}' is encrypted")
            if info.is_dir():
                yield _Member(info.orig_filename, None)
            else:
                with package.open(info) as content:
                    yield _Member(info.orig_filename, _CountingReader(content, budget))


def _announced_members(file: IO[bytes]) -> int:
    """Read from a zip's last record how many members there are.

    zipfile reads the list without counting, so that one wrong length in it hides
    every member that follows.
    """
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _ZIP_END_BYTES))
    _, _, record = file.read().rpartition(b"PK\x05\x06")
    return int.from_bytes(record[6:8], "little")


def _tar_members(
    unpacked: IO[bytes], folder: Path, budget: _Budget
) -> Generator[_Member, None, None]:
    reader = _TarReader(unpacked, budget)
    stream = cast(IO[bytes], reader)  # tarfile asks a stream for read() only
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_StrictHeader) as package:
        while (info := package.next()) is not None:
            if info.islnk() or info.issym():
                raise RefusedError(f"'{info.name}' is a link to '{info.linkname}'")
            if not info.isfile() and not info.isdir():
                raise RefusedError(f"'{info.name}' is a device or a pipe")
            if info.issparse():
                raise RefusedError(f"'{info.name}' is a sparse file")
            _check_name(info.name)  # the filter would quietly change an absolute name
            if hasattr(tarfile, "data_filter"):  # Debian 12 has Python 3.11.2: it lacks
                tarfile.data_filter(info, str(folder))  # this second opinion
            reader.left = HEADER_BYTES + info.size
            yield _Member(info.name, package.extractfile(info))
            reader.left = HEADER_BYTES
    reader.drain()


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


class _CountingReader:
    """Spends what is read."""

    def __init__(self, source: Readable, budget: _Budget) -> None:
        self._source = source
        self._budget = budget

    def read(self, size_bytes: int, /) -> bytes:
        data = read_some(self._source, size_bytes)
        self._budget.spend(len(data))
        return data


class _TarReader(_CountingReader):
    """Bounds what tarfile reads that is not a member's content, and keeps in memory."""

    left = HEADER_BYTES  # until the next header must have been read

    def read(self, size_bytes: int, /) -> bytes:
        data = super().read(size_bytes)
        self.left -= len(data)
        if self.left < 0:
            raise RefusedError(f"a header takes more than {HEADER_BYTES} bytes")
        return data

    def drain(self) -> None:
        """Read to the end, where the compressed formats keep their check sum."""
        while super().read(CHUNK_BYTES):
            pass


def _write_members(members: Iterator[_Member], folder: Path, budget: _Budget) -> None:
    """Write files and folders below `folder`, which nobody else uses."""
    names = _Names()
    for member in members:
        budget.count_member()
        path = folder.joinpath(*names.add(member.name, member.content is None))
        if member.content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(member.content, path)
    if names.is_empty():
        raise RefusedError("it holds no file")


def _write(content: Readable, path: Path) -> None:
    with path.open("xb") as file:
        while data := read_some(content, CHUNK_BYTES):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


class _Names:
    """The names seen so far, told apart as the least careful file system does."""

    def __init__(self) -> None:
        self._files: set[tuple[str, ...]] = set()
        self._folders: set[tuple[str, ...]] = set()

    def is_empty(self) -> bool:
        return not self._files

    def add(self, name: str, is_folder: bool) -> tuple[str, ...]:
        """Check a member's name and return its parts."""
        parts = _check_name(name)
        key = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        folders = {key[:count] for count in range(len(key) + is_folder)}
        files = set() if is_folder else {key}
        taken = files & self._files or files & self._folders or folders & self._files
        if taken or not (is_folder or parts):
            raise RefusedError(f"'{name}' is in it twice, or both file and folder")
        self._folders |= folders
        self._files |= files
        return parts


def _check_name(name: str) -> tuple[str, ...]:
    """Split a member's name; refuse one that leads elsewhere on any system."""
    if name.startswith(("/", "\\")):
        raise RefusedError(f"'{name}' is an absolute name")
    if "\\" in name or ":" in name:
        raise RefusedError(f"'{name}' has a Windows drive, separator or stream in it")
    if not name.isprintable():
        raise RefusedError(f"{name!r} has unprintable characters in it")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise RefusedError(f"'{name}' leads out of the folder")
    for part in parts:
        _check_part(name, part)
    return parts


def _check_part(name: str, part: str) -> None:
    if (
        part.endswith((".", " "))
        or part.split(".")[0].rstrip().upper() in _DEVICE_NAMES
    ):
        raise RefusedError(f"'{name}' is a name that Windows keeps or changes")
    if len(part.encode(errors="replace")) > 255:
        raise RefusedError(f"'{name[:60]}...' is longer than a file's name may be")
