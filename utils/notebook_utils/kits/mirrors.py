"""Take published kits from a mirror: a folder, or the address of one.

A mirror holds ``<kit>/<file>`` and ``index.json``, which says what size and sha256 each
file has. ``python -m notebook_utils prefetch`` makes one for a class, a stick or a
server. Whoever names a mirror agrees to use what its index lists, and nothing else.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..download import Wanted
from ..errors import DownloadError
from ..files import write_whole
from ..workspace import cache_dir
from .cache import record, shared_cache_dir
from .hosts import Patience, ask, first_failure
from .published import PublishedFile

INDEX = "index.json"
Sums = dict[str, dict[str, Any]]


class AlteredFileError(DownloadError):
    """A file of a mirror is not the one that the index lists."""


class Mirror:
    """Kits in a folder or at an address, and the index that lists them.

    Parameters
    ----------
    place
        The folder, or an address that begins with ``http://`` or ``https://``.
    kits
        What the index lists: for each kit and file the size and sha256.
    """

    def __init__(self, place: str, kits: Mapping[str, Sums]) -> None:
        self.place = place
        self.kits = kits

    def lists(self, kit: str, names: Iterable[str]) -> bool:
        """Tell whether the index lists all these files of a kit."""
        return set(names) <= set(self.kits.get(kit, {}))

    def bring(
        self, kit: str, files: Sequence[PublishedFile], patience: Patience
    ) -> Path:
        """Return a folder of the cache with a kit's files from this mirror.

        Parameters
        ----------
        kit
            The kit's name.
        files
            What it consists of; the index lists them all.
        patience
            How long to wait for the mirror.

        Returns
        -------
        Path
            Its name holds the first digits of a hash of what the index lists, so the
            files of two mirrors never meet.

        Raises
        ------
        AlteredFileError
            A file is not the one that the index lists, or that ``kits.toml`` pins.
        DownloadError
            A file cannot be had.
        """
        sums = {file.name: self.kits[kit][file.name] for file in files}
        digest = hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()
        relative = Path("mirrored") / f"{kit}-{digest[:8]}"
        shared = shared_cache_dir()
        if shared and not _missing(shared / relative, sums):
            return shared / relative
        folder = cache_dir() / relative
        missing = _missing(folder, sums)
        for name in missing:
            self._bring_file(kit, name, folder / name, _wanted(sums[name]), patience)
        for file in files:
            fault = file.mismatch(folder / file.name)
            if fault:
                raise _refused(kit, file.name, self.place, fault)
        if missing:
            record(folder, sums)
        return folder

    def _bring_file(
        self, kit: str, name: str, target: Path, wanted: Wanted, patience: Patience
    ) -> None:
        try:
            if is_address(self.place):
                address = f"{self.place.rstrip('/')}/{kit}/{name}"
                ask([address], target, wanted, patience)
            else:
                _copy(Path(self.place) / kit / name, target, wanted)
        except DownloadError as error:
            fault = first_failure(error)
            if "expected" not in fault:  # what `Wanted` says of another file
                raise
            raise _refused(kit, name, self.place, fault) from error


def open_mirror(place: str, patience: Patience) -> Mirror:
    """Read the index of a mirror.

    Parameters
    ----------
    place
        The folder, or an address that begins with ``http://`` or ``https://``.
    patience
        How long to wait for an address.

    Returns
    -------
    Mirror
        What the index lists, and where.

    Raises
    ------
    DownloadError
        There is no index, or it cannot be had or read.
    """
    with tempfile.TemporaryDirectory(prefix="notebook-kits-") as folder:
        index = Path(place) / INDEX
        if is_address(place):
            index = Path(folder) / INDEX
            address = f"{place.rstrip('/')}/{INDEX}"
            ask([address], index, Wanted(None, None), patience, progress=False)
        try:
            return Mirror(place, read_index(index))
        except FileNotFoundError:
            fault = f"there is no {INDEX} in {place}"
        except (OSError, ValueError) as error:
            fault = f"{INDEX} of {place} cannot be read: {error}"
    raise DownloadError(
        f"Could not use the mirror.\n  {fault}\nLook at NOTEBOOK_KITS_MIRROR. It names "
        "a folder or an address with what `python -m notebook_utils prefetch` made."
    )


def is_address(place: str) -> bool:
    """Tell an address from a folder."""
    return place.startswith(("http://", "https://"))


def read_index(path: Path) -> dict[str, Sums]:
    """Read the index of a mirror.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        For each kit and file the size and sha256.

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
                _wanted(sums)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected sizes and hashes by kit and file: {error}"
        ) from None
    return kits


def write_index(folder: Path, kits: Mapping[str, Sums]) -> None:
    """Write the index of a mirror.

    Parameters
    ----------
    folder
        The mirror.
    kits
        For each kit and file the size and sha256.
    """
    with write_whole(folder / INDEX) as file:
        file.write(json.dumps({"kits": kits}, indent=1, sort_keys=True).encode())


def _refused(kit: str, name: str, place: str, fault: str) -> AlteredFileError:
    return AlteredFileError(
        f"Refused '{name}' of kit {kit!r} from the mirror.\n  {fault}\n"
        f"The mirror {place} holds another file than its {INDEX} lists, or than this "
        "version of the collection knows. Make it again:\n"
        f"  python -m notebook_utils prefetch {kit} --to FOLDER"
    )


def _wanted(sums: Mapping[str, Any]) -> Wanted:
    return Wanted(sums["sha256"], sums["size_bytes"])


def _missing(folder: Path, sums: Sums) -> list[str]:
    return [
        name
        for name, facts in sums.items()
        if not (folder / name).is_file()
        or _wanted(facts).mismatch(folder / name) is not None
    ]


def _copy(original: Path, target: Path, wanted: Wanted) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with original.open("rb") as source, write_whole(target) as file:
            while piece := source.read(1 << 20):
                file.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
            fault = wanted.mismatch_of(size_bytes, digest.hexdigest())
            if fault is not None:
                raise _could_not_copy(original, fault)
    except OSError as error:
        raise _could_not_copy(original, error.strerror or str(error)) from error


def _could_not_copy(original: Path, fault: str) -> DownloadError:
    return DownloadError(f"Could not copy '{original.name}'.\n  {original}: {fault}")
