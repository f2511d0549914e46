"""The folders that kits are kept in: one of this user, and perhaps one for all users.

Under each lie ``published/`` (fetched from the hosts), ``mirrored/`` (taken from a
mirror) and ``included/`` (with files that were generated), and in these a folder for
each kit. Its ``sums.json`` says what the files were when they came.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..download import ExpectedFile, file_sha256
from ..errors import DownloadError, DownloadFailure, KitError
from ..files import write_whole
from ..workspace import cache_dir
from .catalogue import PublishedFile
from .hosts import HostPolicy, fetch, silent_hosts_dir

SUMS = "sums.json"
SECTIONS = ("published", "mirrored", "included")
# No other source of files helps where these files cannot be kept.
UNUSABLE_CACHE = frozenset({DownloadFailure.NO_SPACE, DownloadFailure.UNWRITABLE})


@dataclass(frozen=True)
class CachedKit:
    """A kit's folder in a cache; a `shared` one this user only reads."""

    folder: Path
    shared: bool

    @property
    def section(self) -> str:
        """``"published"``, ``"mirrored"`` or ``"included"``."""
        return self.folder.parent.name

    @property
    def size_bytes(self) -> int:
        """What its files take on the disk, without those of the cache itself."""
        paths = [p for p in self.folder.iterdir() if not p.name.startswith(".")]
        return sum(path.stat().st_size for path in paths if path.name != SUMS)

    def altered_files(self) -> Iterator[str]:
        """Yield a line for each file that is not what it was when it came."""
        for name, expected in recorded(self.folder).items():
            path = self.folder / name
            fault = expected.mismatch(path) if path.is_file() else "it is missing"
            if fault:
                yield f"{name}: {fault}"


def cache_dirs() -> tuple[Path, ...]:
    """Return this user's cache, then the one for all users of the machine, if any.

    The environment variable ``NOTEBOOK_KITS_SHARED_CACHE`` names the second one, which
    is looked at and never written to. Whoever keeps it fills it by naming it as
    ``NOTEBOOK_KITS_CACHE``.
    """
    shared = os.environ.get("NOTEBOOK_KITS_SHARED_CACHE")
    return (cache_dir(), *([Path(shared)] if shared else []))


def cached_kits() -> tuple[CachedKit, ...]:
    """Return the kits in this user's cache, then those in the shared one."""
    return tuple(
        CachedKit(folder, shared)
        for place, shared in zip(cache_dirs(), (False, True), strict=False)
        for section in SECTIONS
        if (place / section).is_dir()
        for folder in sorted((place / section).iterdir())
        if folder.is_dir()
    )


def clean_cache(names: Sequence[str] = ()) -> int:
    """Remove kits from this user's cache; they come back when they are loaded.

    Parameters
    ----------
    names
        The kits; all if there are none.

    Returns
    -------
    int
        How many bytes were freed.

    Raises
    ------
    KitError
        A kit is not in the cache. Nothing was removed.

    Notes
    -----
    Only the folders that :func:`cached_kits` lists are removed, so nothing else is lost
    where ``NOTEBOOK_KITS_CACHE`` names a folder with other things in it.
    """
    own = [kit for kit in cached_kits() if not kit.shared]
    found = {name: [kit for kit in own if _is_of(kit, name)] for name in names}
    for name, kits in found.items():
        if not kits:
            raise KitError(f"Kit {name!r} is not in the cache {cache_dir()}.")
    chosen = [kit for kits in found.values() for kit in kits] if names else own
    freed_bytes = sum(kit.size_bytes for kit in chosen)
    for kit in chosen:
        shutil.rmtree(kit.folder)
    if not names:
        shutil.rmtree(silent_hosts_dir(), ignore_errors=True)
    return freed_bytes


def cached(relative: Path, files: Sequence[PublishedFile]) -> Path | None:
    """Return the folder `relative` of a cache that holds all files, or None."""
    folders = [place / relative for place in cache_dirs()]
    return next((folder for folder in folders if not _missing(folder, files)), None)


def bring(relative: Path, files: Sequence[PublishedFile], policy: HostPolicy) -> Path:
    """Return the folder `relative` of a cache; fetch what none of them holds.

    Raises
    ------
    DownloadError
        A file cannot be had, or there is no room for it.
    """
    there = cached(relative, files)
    if there is not None:
        return there
    folder = cache_dir() / relative
    missing = _missing(folder, files)
    with writing_to_cache():
        for file in missing:  # what is there is altered
            (folder / file.name).unlink(missing_ok=True)
    for file in missing:
        with writing_to_cache(file.size_bytes):
            fetch(file, folder / file.name, policy)
    record(folder, [file.name for file in files])
    return folder


def recorded(folder: Path) -> dict[str, ExpectedFile]:
    """Return what the files of a kit were when they came, by their names."""
    try:
        sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
        return {
            name: ExpectedFile(facts["sha256"], facts["size_bytes"])
            for name, facts in sums.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def record(folder: Path, names: Iterable[str]) -> None:
    """Write down what the files of a kit are now."""
    with writing_to_cache(), write_whole(folder / SUMS) as file:
        file.write(json.dumps(sums_of(folder, names), indent=1).encode())


def sums_of(folder: Path, names: Iterable[str]) -> dict[str, dict[str, str | int]]:
    """Return ``size_bytes`` and ``sha256`` of files, by their names."""
    paths = {name: folder / name for name in names}
    return {
        name: {"size_bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for name, path in paths.items()
    }


@contextmanager
def writing_to_cache(needed_bytes: int | None = None) -> Iterator[None]:
    """Say what is full or cannot be written to, and which variable moves it.

    `needed_bytes` is the size of what is written, where it is known.

    Raises
    ------
    DownloadError
        The block could not write to the cache; its `kind` is ``NO_SPACE`` or
        ``UNWRITABLE``.
    """
    try:
        yield
    except OSError as error:
        kind = DownloadFailure.of_disk(error)
        raise _unusable(kind, error.strerror or str(error), needed_bytes) from error
    except DownloadError as error:
        if error.kind not in UNUSABLE_CACHE:
            raise
        raise _unusable(error.kind, error.reason, needed_bytes) from error


def _unusable(
    kind: DownloadFailure, cause: str, needed_bytes: int | None
) -> DownloadError:
    folder = cache_dir()
    if kind is DownloadFailure.UNWRITABLE:
        fault, remedy = f"cannot be written to ({cause})", "Name"
    else:
        fault = "is on a full disk"
        with suppress(OSError):
            free_bytes = shutil.disk_usage(_existing(folder)).free
            fault += f": {free_bytes / 1e6:.1f} MB free"
        if needed_bytes is not None:
            fault += f", {needed_bytes / 1e6:.1f} MB needed"
        remedy = "Make room with 'python -m notebook_utils cache clean', or name"
    return DownloadError(
        f"the cache {folder} {fault}. {remedy} another folder in the environment "
        "variable NOTEBOOK_KITS_CACHE",
        kind=kind,
    )


def _existing(folder: Path) -> Path:
    """Return the nearest folder on the way up that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _missing(folder: Path, files: Sequence[PublishedFile]) -> list[PublishedFile]:
    """Return the files that a folder lacks or that are not what they should be."""
    sums = recorded(folder)
    return [
        file
        for file in files
        if file.mismatch(folder / file.name) is not None
        or (file.name in sums and sums[file.name].mismatch(folder / file.name))
    ]


def _is_of(kit: CachedKit, name: str) -> bool:
    # Mirrored and included kits carry the first digits of a checksum behind their name.
    return (
        re.fullmatch(re.escape(name) + r"(-[0-9a-f]{8})?", kit.folder.name) is not None
    )
