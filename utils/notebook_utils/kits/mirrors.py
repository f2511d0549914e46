"""Mirrors of published kits: a folder, or the address of one.

A mirror holds ``<kit>/<file>`` and ``index.json``, which says what size and sha256 each
file has. ``python -m notebook_utils prefetch`` makes one for a class, a stick or a
server. Whoever names a mirror agrees to use what its index lists, and nothing else.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..download import ExpectedFile
from ..errors import DownloadError, DownloadFailure
from ..files import write_whole
from .catalogue import PublishedFile
from .hosts import HostPolicy, fetch, is_url

INDEX = "index.json"
Sums = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Mirror:
    """A folder or an address, and what its index lists."""

    place: str
    kits: Mapping[str, Sums]

    def files(
        self, kit: str, files: tuple[PublishedFile, ...]
    ) -> tuple[PublishedFile, ...] | None:
        """Return a kit's files as this mirror has them, pinned to what the index says.

        Parameters
        ----------
        kit
            The kit's name.
        files
            What the catalogue says of it. What else the index lists is not looked at,
            so that it cannot lead out of the mirror.

        Returns
        -------
        tuple of PublishedFile or None
            None if the index does not list them all.

        Raises
        ------
        DownloadError
            The catalogue pins another file; `kind` is ``ALTERED``.
        """
        listed = self.kits.get(kit, {})
        if any(file.name not in listed for file in files):
            return None
        return tuple(self._file(kit, file, listed[file.name]) for file in files)

    def _file(
        self, kit: str, file: PublishedFile, sums: Mapping[str, Any]
    ) -> PublishedFile:
        expected = _expected(sums)
        pinned = file.expected.sha256 or file.sha256_prefix
        if not str(expected.sha256).startswith(pinned):
            raise DownloadError(
                f"{self.place}/{kit}/{file.name}: expected sha256 {pinned}, the "
                f"{INDEX} lists {expected.sha256}",
                kind=DownloadFailure.ALTERED,
            )
        address = _join(self.place, kit, file.name)
        return PublishedFile(file.name, (address,), expected=expected)


def open_mirror(place: str, policy: HostPolicy) -> Mirror:
    """Open the mirror in a folder or at an address by reading its index.

    Raises
    ------
    DownloadError
        There is no index, or it cannot be had or read.
    """
    file = PublishedFile(INDEX, (_join(place, INDEX),))
    try:
        with tempfile.TemporaryDirectory(prefix="notebook-kits-") as folder:
            fetch(file, Path(folder) / INDEX, policy, show_progress=False)
            return Mirror(place, read_index(Path(folder) / INDEX))
    except (OSError, ValueError) as error:
        raise DownloadError(f"{INDEX} of {place} cannot be read: {error}") from error


def read_index(path: Path) -> dict[str, Sums]:
    """Read the index of a mirror: for each kit and file the size and sha256.

    Raises
    ------
    ValueError
        It is not an index.
    OSError
        It cannot be read.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        kits: dict[str, Sums] = dict(content["kits"].items())
        for files in kits.values():
            for sums in files.values():
                _expected(sums)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected sizes and checksums by kit and file: {error}"
        ) from None
    return kits


def write_index(folder: Path, kits: Mapping[str, Sums]) -> None:
    """Write the index of the mirror in a folder."""
    with write_whole(folder / INDEX) as file:
        file.write(json.dumps({"kits": kits}, indent=1, sort_keys=True).encode())


def _expected(sums: Mapping[str, Any]) -> ExpectedFile:
    return ExpectedFile(sums["sha256"], sums["size_bytes"])


def _join(place: str, *names: str) -> str:
    if is_url(place):
        return "/".join([place.rstrip("/"), *names])
    return str(Path(place, *names))
