"""Bring the published files of a kit from their hosts into the cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..download import Wanted, file_sha256
from ..errors import DownloadError
from ..workspace import cache_dir
from .cache import record, recorded, shared_cache_dir
from .hosts import Patience, ask
from .kaggle import fetch_from_kaggle


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published kit, as ``kits.toml`` describes it.

    Parameters
    ----------
    name
        Its name in the kit.
    addresses
        Where it is, in the order in which they are asked.
    wanted
        The size and hash it must have, where they are known.
    sha256_prefix
        The first digits of the hash, for hosts that publish no more.
    kaggle
        The model's handle at Kaggle and the file's name there, or None.
    """

    name: str
    addresses: tuple[str, ...]
    wanted: Wanted
    sha256_prefix: str = ""
    kaggle: tuple[str, str] | None = None

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> "PublishedFile":
        """Read an entry of the list ``files`` in ``kits.toml``."""
        kaggle = (facts["kagglehub"], facts["member"]) if "kagglehub" in facts else None
        addresses = (facts["url"],) if "url" in facts else ()
        return cls(
            facts["name"],
            (*addresses, *facts.get("mirrors", ())),
            Wanted(facts.get("sha256"), facts.get("size_bytes")),
            facts.get("sha256_prefix", ""),
            kaggle,
        )

    @property
    def source(self) -> str:
        """Where it comes from, for a person."""
        if self.kaggle is not None:
            return f"kagglehub: {self.kaggle[0]}"
        return self.addresses[0] if self.addresses else "no host"

    def mismatch(self, path: Path) -> str | None:
        """Say in what way a file on the disk is not this one; None if it is."""
        if not path.is_file():
            return "it is missing"
        fault = self.wanted.mismatch(path)
        if fault is None and self.sha256_prefix:
            sha256 = file_sha256(path)
            if not sha256.startswith(self.sha256_prefix):
                fault = f"expected sha256 {self.sha256_prefix}..., found {sha256}"
        return fault


def find_or_fetch(
    name: str, files: Sequence[PublishedFile], patience: Patience
) -> Path:
    """Return a folder with a kit's files, fetched unless a cache holds them.

    Parameters
    ----------
    name
        The kit's name.
    files
        What it consists of.
    patience
        How long to wait for a host.

    Returns
    -------
    Path
        A folder in this user's cache, or in the shared one where that is complete.

    Raises
    ------
    DownloadError
        A file cannot be had.
    """
    own = cache_dir() / "published" / name
    shared = shared_cache_dir()
    for folder in (own, *([shared / "published" / name] if shared else [])):
        if not _missing(folder, files):
            return folder
    for file in _missing(own, files):
        fetch(file, own / file.name, patience)
    record(own, [file.name for file in files])
    return own


def fetch(file: PublishedFile, target: Path, patience: Patience) -> None:
    """Fetch one file from its hosts, whole and verified.

    Parameters
    ----------
    file
        What to fetch.
    target
        The path to put it at.
    patience
        How long to wait for a host.

    Raises
    ------
    DownloadError
        No host gave the file, or it is not the one that is expected.
    """
    if file.kaggle is not None:
        if not patience.insists:  # Kaggle's library has longer waits of its own
            raise DownloadError(
                f"Could not fetch '{file.name}'.\n"
                "  kaggle.com is asked only with origin='published'"
            )
        fetch_from_kaggle(*file.kaggle, target, file.wanted)
    else:
        ask(file.addresses, target, file.wanted, patience)
    fault = file.mismatch(target)
    if fault:  # only a prefix is checked so late
        target.unlink(missing_ok=True)
        raise DownloadError(f"Refused '{file.name}'.\n  {file.source}: {fault}")


def _missing(folder: Path, files: Sequence[PublishedFile]) -> list[PublishedFile]:
    """Return the files that a folder lacks or that are not what they should be."""
    sums = recorded(folder)
    return [
        file
        for file in files
        if file.mismatch(folder / file.name) is not None
        or (file.name in sums and sums[file.name].mismatch(folder / file.name))
    ]
