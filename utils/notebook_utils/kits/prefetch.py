"""Make a mirror: fetch published kits into a folder, for a class or a stick."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..download import ExpectedFile
from ..errors import DownloadError, KitError
from ..files import write_whole
from .cache import UNUSABLE_CACHE
from .catalogue import PublishedFile, catalogue
from .hosts import RETRIES, fetch, forget_silent_hosts
from .mirrors import Sums, read_index, sums_of, write_index


@dataclass
class Prefetched:
    """The files, ``<kit>/<file>``, that were there, were fetched, or cannot be had."""

    kept: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # and why


def prefetch(names: Sequence[str], folder: Path) -> Prefetched:
    """Fetch the published files of kits, or of all, into a folder with an index.

    What is there and is right is kept. The index is written after each file, so that a
    run that is ended loses nothing. A host that does not answer is asked once.

    Raises
    ------
    KitError
        There is no such kit, or it was never published; nothing was fetched then. Or
        the folder is full or cannot be written to; what was fetched is kept then.
    """
    done = Prefetched()
    index: dict[str, Sums] = {}
    here: dict[str, Path] = {}  # source -> the file that came from it
    files = _chosen(names)
    forget_silent_hosts()
    with suppress(OSError, ValueError):  # no mirror yet, or one that is made again
        index = read_index(folder)
    try:
        for kit, file in files:
            target, listed = folder / kit / file.name, index.setdefault(kit, {})
            label = f"{kit}/{file.name}"
            try:
                is_new = _bring(file, target, listed, here)
                (done.fetched if is_new else done.kept).append(label)
            except DownloadError as error:
                if error.kind in UNUSABLE_CACHE:
                    raise OSError(error.reason) from error
                done.failed[label] = error.reason
            write_index(folder, index)
    except OSError as error:
        raise KitError(
            f"Cannot write to {folder}: {error.strerror or error}. Free some space "
            "or choose another folder, then run the same command again to continue."
        ) from error
    return done


def _bring(
    file: PublishedFile, target: Path, listed: Sums, here: dict[str, Path]
) -> bool:
    """Fetch or copy one file and enter it in the index; False if it was there."""
    if is_new := not _is_right(file, target, listed):
        listed.pop(file.name, None)
        target.unlink(missing_ok=True)
        if file.source in here:  # kits share pictures and labels
            with write_whole(target) as copy:
                copy.write(here[file.source].read_bytes())
        else:
            fetch(file, target, RETRIES)
    here[file.source] = target
    listed.update(sums_of(target.parent, [file.name]))
    return is_new


def _is_right(file: PublishedFile, target: Path, listed: Sums) -> bool:
    """Tell whether a file is there and is what its index, or else a pin, says."""
    if file.mismatch(target) is not None:
        return False
    if file.name not in listed:
        return file.expected.sha256 is not None
    return ExpectedFile(**listed[file.name]).mismatch(target) is None


def _chosen(names: Sequence[str]) -> list[tuple[str, PublishedFile]]:
    published = {n: kit.published for n, kit in catalogue().items() if kit.published}
    for name in names:
        if name not in published:
            raise KitError(
                f"Kit {name!r} has no published files. These have: "
                f"{', '.join(published)}."
            )
    chosen = names or published
    return [(name, file) for name in chosen for file in published[name].files]
