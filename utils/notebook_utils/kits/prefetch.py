"""Make a mirror: fetch published kits into a folder, for a class or a stick."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DownloadError, DownloadFailure, KitError
from ..files import write_whole
from .cache import UNUSABLE_CACHE, sums_of
from .catalogue import PublishedFile, catalogue
from .hosts import RETRIES, fetch, host_of
from .mirrors import INDEX, Sums, read_index, write_index


@dataclass
class Prefetched:
    """What came of making a mirror.

    Parameters
    ----------
    kept, fetched
        The files that were there already and those that were fetched, as
        ``<kit>/<file>``.
    failed
        For each file that cannot be had the reason.
    """

    kept: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def prefetch(names: Sequence[str], folder: Path) -> Prefetched:
    """Fetch the published files of kits into a folder, with an index of them.

    Parameters
    ----------
    names
        The kits; all that were published if there are none.
    folder
        The mirror, made if it is not there. What is in it and verifies is kept.

    Returns
    -------
    Prefetched
        Which files are there now, and which cannot be had.

    Raises
    ------
    KitError
        There is no such kit, or it was never published; nothing was fetched then. Or
        the folder is full or cannot be written to; what was fetched is kept then.

    Notes
    -----
    The index is written after each file, so that a run that is ended loses nothing. A
    host that does not answer is not asked for its other files in the same run.
    """
    kits = _chosen(names)
    index: dict[str, Sums] = {}
    with suppress(OSError, ValueError):  # no mirror yet, or one that is made again
        index = read_index(folder / INDEX)
    work = _Work(folder, index)
    try:
        for name, files in kits.items():
            for file in files:
                work.bring(name, file)
    except OSError as error:
        raise _cannot_write(folder, error.strerror or str(error)) from error
    return work.result


class _Work:
    """A mirror that is being made."""

    def __init__(self, folder: Path, index: dict[str, Sums]) -> None:
        self.result = Prefetched()
        self._folder = folder
        self._index = index
        self._silent: set[str] = set()
        self._here: dict[str, Path] = {}  # address -> the file that came from it

    def bring(self, kit: str, file: PublishedFile) -> None:
        """Keep, copy or fetch one file, and enter it in the index."""
        label, target = f"{kit}/{file.name}", self._folder / kit / file.name
        if self._is_kept(kit, file, target):
            self.result.kept.append(label)
        else:
            self._index.get(kit, {}).pop(file.name, None)
            try:
                self._copy_or_fetch(file, target)
            except DownloadError as error:
                if error.kind in UNUSABLE_CACHE:
                    raise _cannot_write(self._folder, error.reason) from error
                self.result.failed[label] = error.reason
                if error.kind is DownloadFailure.UNREACHABLE:
                    self._silent |= _hosts(file)
                write_index(self._folder, self._index)
                return
            self.result.fetched.append(label)
        self._here |= dict.fromkeys(file.addresses[:1], target)
        sums = sums_of(target.parent, [file.name])
        self._index.setdefault(kit, {}).update(sums)
        write_index(self._folder, self._index)

    def _is_kept(self, kit: str, file: PublishedFile, target: Path) -> bool:
        if file.mismatch(target) is not None:
            return False
        listed = self._index.get(kit, {}).get(file.name)
        if listed is None:  # then only a pinned checksum can tell that it is the file
            return file.expected.sha256 is not None
        return listed == sums_of(target.parent, [file.name])[file.name]

    def _copy_or_fetch(self, file: PublishedFile, target: Path) -> None:
        for address in file.addresses[:1]:
            if address in self._here:  # kits share pictures and labels
                with write_whole(target) as copy:
                    copy.write(self._here[address].read_bytes())
                return
        if file.addresses and _hosts(file) <= self._silent:
            hosts = ", ".join(sorted(_hosts(file)))
            raise DownloadError(
                f"{hosts} did not answer before", kind=DownloadFailure.UNREACHABLE
            )
        target.unlink(missing_ok=True)  # what is there is altered
        fetch(file, target, RETRIES)


def _cannot_write(folder: Path, cause: str) -> KitError:
    return KitError(
        f"Cannot write to {folder}: {cause}. Make room, or give another folder; the "
        "same command goes on from here."
    )


def _hosts(file: PublishedFile) -> set[str]:
    return {host_of(address) for address in file.addresses}


def _chosen(names: Iterable[str]) -> dict[str, list[PublishedFile]]:
    published = {
        name: list(entry.published.files)
        for name, entry in catalogue().items()
        if entry.published is not None
    }
    chosen = tuple(names) or tuple(published)
    for name in chosen:
        if name not in published:
            raise KitError(
                f"Kit {name!r} has no published files. These have: "
                f"{', '.join(published)}."
            )
    return {name: published[name] for name in chosen}
