"""The folders that kits are kept in: one of this user, and perhaps one for all users.

Under each lie ``published/`` (fetched from the hosts), ``mirrored/`` (taken from a
mirror), ``packaged/`` (out of packages) and ``included/`` (with files that were
generated), and in these a folder for each kit. What the lock or a mirror's index pins
is compared each time it is used.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import DownloadError, DownloadFailure, KitError
from ..workspace import cache_dir
from .catalogue import PublishedFile
from .hosts import HostPolicy, fetch, forget_silent_hosts

SECTIONS = ("published", "mirrored", "packaged", "included")
# No other source of files helps where these files cannot be kept.
UNUSABLE_CACHE = frozenset({DownloadFailure.NO_SPACE, DownloadFailure.UNWRITABLE})


def cache_dirs() -> tuple[Path, ...]:
    """Return this user's cache, then the one for all users of the machine, if any.

    The environment variable ``NOTEBOOK_KITS_SHARED_CACHE`` names the second one, which
    is looked at and never written to. Whoever keeps it fills it by naming it as
    ``NOTEBOOK_KITS_CACHE``.
    """
    shared = os.environ.get("NOTEBOOK_KITS_SHARED_CACHE")
    return (cache_dir(), *([Path(shared)] if shared else []))


def cached_kits(cache: Path) -> list[Path]:
    """Return the folders of the kits in a cache, by section and name."""
    places = [cache / section for section in SECTIONS if (cache / section).is_dir()]
    return [kit for place in places for kit in sorted(place.iterdir()) if kit.is_dir()]


def size_bytes(kit: Path) -> int:
    """Return what a kit's files take on the disk; hidden ones are the downloader's."""
    return sum(p.stat().st_size for p in kit.iterdir() if not p.name.startswith("."))


def clean_cache(names: Sequence[str] = ()) -> int:
    """Remove kits, or all, from this user's cache; return how many bytes were freed.

    Nothing else is lost where ``NOTEBOOK_KITS_CACHE`` names a folder with other things
    in it, and nothing at all where one of the kits is not in the cache (KitError).
    """
    own = cached_kits(cache_dir())
    # Mirrored and included kits carry the first digits of a checksum behind their name.
    found = {
        name: [kit for kit in own if re.sub("-[0-9a-f]{8}$", "", kit.name) == name]
        for name in names
    }
    for name, kits in found.items():
        if not kits:
            raise KitError(f"Kit {name!r} is not in the cache {cache_dir()}.")
    chosen = [kit for kits in found.values() for kit in kits] if names else own
    freed_bytes = sum(map(size_bytes, chosen))
    for kit in chosen:
        shutil.rmtree(kit)
    if not names:
        forget_silent_hosts()
    return freed_bytes


def cached(relative: Path, files: Sequence[PublishedFile]) -> Path | None:
    """Return the folder `relative` of a cache that holds all files, or None."""
    folders = [place / relative for place in cache_dirs()]
    return next((folder for folder in folders if not _missing(folder, files)), None)


def bring(relative: Path, files: Sequence[PublishedFile], policy: HostPolicy) -> Path:
    """Return the folder `relative` of a cache; fetch what none of them holds.

    Raises DownloadError where a file cannot be had, or there is no room for it.
    """
    there = cached(relative, files)
    if there is not None:
        return there
    folder = cache_dir() / relative
    for file in _missing(folder, files):
        with writing_to_cache(file.size_bytes):
            (folder / file.name).unlink(missing_ok=True)  # what is there is altered
            fetch(file, folder / file.name, policy)
    return folder


@contextmanager
def writing_to_cache(needed_bytes: int | None) -> Iterator[None]:
    """Say what is full or cannot be written to, and which variable moves it.

    Where the block cannot write to the cache, this raises a DownloadError of the kind
    ``NO_SPACE`` or ``UNWRITABLE``.
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
        remedy = "Free some space with 'python -m notebook_utils cache clean', or name"
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
    return [file for file in files if file.mismatch(folder / file.name) is not None]
