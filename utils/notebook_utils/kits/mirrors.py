"""Mirrors of published kits: a folder, or the address of one.

A mirror holds ``<kit>/<file>`` and ``index.json``, which says what size and sha256 each
file has. ``python -m notebook_utils prefetch`` makes one for a class, a stick or a
server. Whoever names a mirror agrees to use what its index lists, and nothing else.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..download import ExpectedFile, file_sha256
from ..errors import DownloadError, DownloadFailure
from ..files import write_whole
from .catalogue import PublishedFile
from .hosts import HostPolicy, fetch, is_url

INDEX = "index.json"
# From the name of a file to its size_bytes and sha256, as in the lock.
Sums = dict[str, dict[str, Any]]


def sums_of(folder: Path, names: Iterable[str]) -> Sums:
    """Return size and checksum of files, by their names."""
    paths = {name: folder / name for name in names}
    return {
        name: {"size_bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for name, path in paths.items()
    }


def fetch_index(place: str, policy: HostPolicy) -> dict[str, Sums]:
    """Return what the mirror in a folder or at an address lists, by kit.

    Raises DownloadError where there is no index, or it cannot be had or read.
    """
    file = PublishedFile(INDEX, (_join(place, INDEX),))
    try:
        with tempfile.TemporaryDirectory(prefix="notebook-kits-") as folder:
            fetch(file, Path(folder) / INDEX, policy, show_progress=False)
            return read_index(Path(folder))
    except (OSError, ValueError) as error:
        raise DownloadError(f"{INDEX} of {place} cannot be read: {error}") from error


def read_index(folder: Path) -> dict[str, Sums]:
    """Read the index of the mirror in a folder; raise ValueError if it is none."""
    content = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    try:
        return {
            kit: {name: _checked(sums) for name, sums in files.items()}
            for kit, files in content["kits"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected sizes and checksums by kit and file: {error}"
        ) from None


def write_index(folder: Path, kits: Mapping[str, Sums]) -> None:
    """Write the index of the mirror in a folder."""
    with write_whole(folder / INDEX) as file:
        file.write(json.dumps({"kits": kits}, indent=1, sort_keys=True).encode())


def mirrored_files(
    place: str, kit: str, listed: Sums, files: Sequence[PublishedFile]
) -> list[PublishedFile]:
    """Return a kit's files as a mirror has them, pinned to what its index says.

    Names of files come from the catalogue. What else the index lists is not looked at,
    so that it cannot lead out of the mirror. Raises DownloadError where it does not
    list them all, or the catalogue pins another file.
    """
    if any(file.name not in listed for file in files):
        raise DownloadError(f"{place} lacks this kit")
    found = []
    for file in files:
        expected = ExpectedFile(**listed[file.name])
        pinned = file.expected.sha256 or file.sha256_prefix
        if not str(expected.sha256).startswith(pinned):
            raise DownloadError(
                f"{place}/{kit}/{file.name}: expected sha256 {pinned}, the {INDEX} "
                f"lists {expected.sha256}",
                kind=DownloadFailure.ALTERED,
            )
        addresses = (_join(place, kit, file.name),)
        found.append(PublishedFile(file.name, addresses, expected=expected))
    return found


def _checked(sums: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: sums[key] for key in ("size_bytes", "sha256")}
    ExpectedFile(**known)  # raises ValueError where these are none
    return known


def _join(place: str, *names: str) -> str:
    if is_url(place):
        return "/".join([place.rstrip("/"), *names])
    return str(Path(place, *names))
