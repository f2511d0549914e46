"""Make a mirror: fetch published kits into a folder, for a class or a stick."""

from collections.abc import Sequence
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
    """The files that were there already, those fetched, and why others cannot be had.

    All are named ``<kit>/<file>``.
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
    work = _Work(folder)
    try:
        for kit, files in kits.items():
            for file in files:
                work.bring(kit, file)
                write_index(folder, work.index)
    except OSError as error:
        raise KitError(
            f"Cannot write to {folder}: {error.strerror or error}. Make room, or give "
            "another folder; the same command goes on from here."
        ) from error
    return work.done


class _Work:
    """A mirror that is being made."""

    def __init__(self, folder: Path) -> None:
        self.done = Prefetched()
        self.index: dict[str, Sums] = {}
        with suppress(OSError, ValueError):  # no mirror yet, or one that is made again
            self.index = read_index(folder / INDEX)
        self._folder = folder
        self._silent: set[str] = set()
        self._here: dict[str, Path] = {}  # source -> the file that came from it

    def bring(self, kit: str, file: PublishedFile) -> None:
        """Keep, copy or fetch one file, and enter it in the index."""
        label, target = f"{kit}/{file.name}", self._folder / kit / file.name
        listed = self.index.setdefault(kit, {})
        if self._is_right(file, target, listed):
            self.done.kept.append(label)
        else:
            listed.pop(file.name, None)
            target.unlink(missing_ok=True)
            try:
                self._copy_or_fetch(file, target)
            except DownloadError as error:
                if error.kind in UNUSABLE_CACHE:
                    raise OSError(error.reason) from error
                self.done.failed[label] = error.reason
                return
            self.done.fetched.append(label)
        self._here[file.source] = target
        listed.update(sums_of(target.parent, [file.name]))

    def _is_right(self, file: PublishedFile, target: Path, listed: Sums) -> bool:
        if file.mismatch(target) is not None:
            return False
        if file.name not in listed:  # then only a pin can tell that it is the file
            return file.expected.sha256 is not None
        return listed[file.name] == sums_of(target.parent, [file.name])[file.name]

    def _copy_or_fetch(self, file: PublishedFile, target: Path) -> None:
        hosts = {host_of(address) for address in file.addresses}
        if file.source in self._here:  # kits share pictures and labels
            with write_whole(target) as copy:
                copy.write(self._here[file.source].read_bytes())
        elif hosts and hosts <= self._silent:
            reason = f"{', '.join(sorted(hosts))} did not answer before"
            raise DownloadError(reason, kind=DownloadFailure.UNREACHABLE)
        else:
            try:
                fetch(file, target, RETRIES)
            except DownloadError as error:
                if error.kind is DownloadFailure.UNREACHABLE:
                    self._silent |= hosts
                raise


def _chosen(names: Sequence[str]) -> dict[str, tuple[PublishedFile, ...]]:
    published = {
        name: entry.published.files
        for name, entry in catalogue().items()
        if entry.published is not None
    }
    for name in names:
        if name not in published:
            raise KitError(
                f"Kit {name!r} has no published files. These have: "
                f"{', '.join(published)}."
            )
    return {name: published[name] for name in names or published}
