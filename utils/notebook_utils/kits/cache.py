"""The folders that kits are kept in: one of this user, and perhaps one for all.

Under each lie ``published/`` (fetched from the hosts), ``mirrored/`` (taken from a
mirror) and ``included/`` (with files that were generated), and in these a folder for
each kit. Its ``sums.json`` says what the files were when they came.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..download import Wanted, file_sha256
from ..errors import KitError
from ..files import write_whole
from ..workspace import cache_dir

SUMS = "sums.json"
SECTIONS = ("published", "mirrored", "included")


@dataclass(frozen=True)
class CachedKit:
    """A kit's folder in a cache.

    Parameters
    ----------
    folder
        Where the files are.
    shared
        Whether it is in the shared cache, which this user only reads.
    """

    folder: Path
    shared: bool

    @property
    def section(self) -> str:
        """``"published"``, ``"mirrored"`` or ``"included"``."""
        return self.folder.parent.name

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, without those of the cache itself."""
        found = sorted(self.folder.iterdir())
        return tuple(p for p in found if p.name != SUMS and not p.name.startswith("."))

    @property
    def size_bytes(self) -> int:
        """What its files take on the disk, together."""
        return sum(path.stat().st_size for path in self.files)


def shared_cache_dir() -> Path | None:
    """Return the folder with kits for all users of a machine.

    It is looked at and never written to. Whoever keeps it fills it by naming it as
    ``NOTEBOOK_KITS_CACHE``.

    Returns
    -------
    Path or None
        What the environment variable ``NOTEBOOK_KITS_SHARED_CACHE`` names.
    """
    chosen = os.environ.get("NOTEBOOK_KITS_SHARED_CACHE")
    return Path(chosen) if chosen else None


def cached_kits() -> tuple[CachedKit, ...]:
    """Return the kits in this user's cache, then those in the shared one."""
    places = [(cache_dir(), False)]
    shared = shared_cache_dir()
    if shared is not None:
        places.append((shared, True))
    return tuple(
        CachedKit(folder, shared)
        for place, shared in places
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
        (cache_dir() / "hosts.json").unlink(missing_ok=True)
    return freed_bytes


def altered_files(kit: CachedKit) -> tuple[str, ...]:
    """Say which files of a kit are not what they were when they came.

    Parameters
    ----------
    kit
        One of :func:`cached_kits`.

    Returns
    -------
    tuple of str
        A line for each; empty if all is well.
    """
    faults = []
    for name, wanted in recorded(kit.folder).items():
        path = kit.folder / name
        fault = wanted.mismatch(path) if path.is_file() else "it is missing"
        if fault:
            faults.append(f"{name}: {fault}")
    return tuple(faults)


def recorded(folder: Path) -> dict[str, Wanted]:
    """Return what the files of a kit were when they came, by their names."""
    try:
        sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
        return {
            name: Wanted(facts["sha256"], facts["size_bytes"])
            for name, facts in sums.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def record(folder: Path, names: Iterable[str]) -> None:
    """Write down what the files of a kit are now.

    Parameters
    ----------
    folder
        The kit's folder in the cache.
    names
        Its files.
    """
    with write_whole(folder / SUMS) as file:
        file.write(json.dumps(sums_of(folder, names), indent=1).encode())


def sums_of(folder: Path, names: Iterable[str]) -> dict[str, dict[str, str | int]]:
    """Return size and sha256 of files, in the form of an index.

    Parameters
    ----------
    folder
        Where they are.
    names
        Their names.

    Returns
    -------
    dict
        From each name to its ``size_bytes`` and ``sha256``.
    """
    paths = {name: folder / name for name in names}
    return {
        name: {"size_bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for name, path in paths.items()
    }


def _is_of(kit: CachedKit, name: str) -> bool:
    # Mirrored and included kits carry the first digits of a hash behind their name.
    return (
        re.fullmatch(re.escape(name) + r"(-[0-9a-f]{8})?", kit.folder.name) is not None
    )
