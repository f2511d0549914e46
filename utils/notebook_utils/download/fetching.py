"""Fetch one file, whole and verified, or not at all.

A file appears under its final name only after its last byte has arrived and its size
and hash agree with what was asked for. Until then it has another name in the same
folder, so that a killed kernel never leaves half a file that looks like a whole one,
and so that the next call goes on from there.
"""

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import requests

from ..errors import DownloadError, DownloadFailure
from ..files import locked
from .partial import Partial
from .progress import Progress
from .retry import LONGEST_WAIT_S, Pace
from .transfer import (
    RefusedError,
    StartOverError,
    TryAgainError,
    announced_bytes,
    attempt,
    open_session,
)
from .wanted import Wanted

# An attempt that brought as much as this on is no failure of the server's.
HEADWAY_BYTES = 1 << 20
# How long to ask for the size of a file that is there already: it may be used as it is.
GLANCE_S = 3.0
NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT)

_Identity: TypeAlias = tuple[int, int, int]


def download_file(
    url: str,
    filename: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    show_progress: bool = True,
    silent: bool = False,
    timeout: float = 10,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    mirrors: Sequence[str] = (),
) -> Path:
    """Fetch a file and return the path at which it now lies.

    Parameters
    ----------
    url
        Where the file is, ``http`` or ``https``.
    filename
        Its name here, without folders. The last part of the URL's path if not given.
    directory
        The folder to put it in, made if it is not there. The current one if not given.
    show_progress
        Show a progress bar.
    silent
        Print nothing; implies no progress bar.
    timeout
        Seconds to wait for a connection, and for each read; more than 0.
    sha256
        64 hexadecimal digits that the file must hash to.
    size_bytes
        The size that the file must have.
    mirrors
        Other addresses of the same file, asked in this order when `url` fails.

    Returns
    -------
    Path
        Absolute path of the file.

    Raises
    ------
    DownloadError
        No address gave the file whole. Under its name lies what lay there before, if
        anything.
    ValueError
        An argument is not what is described above.

    Notes
    -----
    A file that is already there is used again if it has the size and hash asked for.
    Where neither is given it is compared with the size that the server announces, and
    trusted where the server cannot be asked. Two addresses whose files have one name
    and one size can only be told apart by `sha256`.

    A connection that breaks or hangs, and an answer of 429 or 5xx, are tried three
    times more, with growing pauses or those that the server asks for. What has arrived
    is kept beside the target and continued, also by a later call and from a mirror, if
    the server or `sha256` vouches that it is the same file. One process of a machine
    fetches a file; others that want it wait, and use what the first one fetched.

    Where a server announces no length, or one that is too small, a part can look like
    the whole: only `sha256` and `size_bytes` tell them apart.

    Unlike openvino_notebooks: what lies under the file's name is whole, where a broken
    connection left a part that the next call took for the file; a download goes on
    where it stopped; and `timeout` is obeyed, where a silent server was waited for.

    Examples
    --------
    >>> download_file("ftp://example.org/model.onnx")
    Traceback (most recent call last):
        ...
    ValueError: Cannot fetch 'ftp://example.org/model.onnx': expected an address that \
begins with http:// or https://.
    """
    addresses = (url, *mirrors)
    for address in addresses:
        _check_address(address)
    if not timeout > 0:
        raise ValueError(f"Expected a timeout of more than 0 s, found {timeout}.")
    target = _target(url, filename, directory)
    wanted = Wanted(sha256, size_bytes)
    before = _identity(target)
    if before is not None and _is_whole(target, wanted, url, timeout):
        if not silent:
            print(f"'{target.name}' is already there.")
        return target
    terms = _Terms(timeout, 3, show_progress and not silent, Pace())
    _fetch(addresses, target, wanted, terms, before)
    return target


@dataclass(frozen=True)
class _Terms:
    """How to fetch, whatever the file."""

    timeout: float
    retries: int
    progress: bool
    pace: Pace


def fetch_first(
    addresses: Sequence[str],
    target: Path,
    wanted: Wanted,
    *,
    timeout: float,
    retries: int,
    progress: bool,
    pace: Pace | None = None,
) -> None:
    """Fetch a file from the first address that gives it whole.

    Parameters
    ----------
    addresses
        Asked in this order.
    target
        The path to put the file at; its folder is made if it is not there.
    wanted
        The size and hash it must have.
    timeout
        Seconds to wait for a connection, and for each read.
    retries
        How often an address is asked again after a failure that may pass. With 0 each
        gets a single request.
    progress
        Show a progress bar.
    pace
        The clock to go by and the way to wait; the real ones if None.

    Raises
    ------
    DownloadError
        No address gave the file.

    Notes
    -----
    What another process has put at `target` in the meantime is used if it is what is
    wanted.
    """
    terms = _Terms(timeout, retries, progress, pace or Pace())
    _fetch(addresses, target, wanted, terms, _identity(target))


def _fetch(
    addresses: Sequence[str],
    target: Path,
    wanted: Wanted,
    terms: _Terms,
    before: _Identity | None,
) -> None:
    """Fetch a file, unless another process did since `before` was taken."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder has that name")
        with locked(target, lambda: _say_who_fetches(target, terms)) as shared:
            there = _identity(target)
            is_news = wanted.is_known or there != before
            if there is not None and is_news and wanted.mismatch(target) is None:
                return
            partial = Partial(target, shared)
            failures = _try_all(addresses, partial, wanted, terms)
    except OSError as error:
        raise _disk_error(target, wanted, error) from error
    if failures:
        raise _address_error(target, wanted, failures, partial.size_bytes)


def _try_all(
    addresses: Sequence[str], partial: Partial, wanted: Wanted, terms: _Terms
) -> dict[str, RefusedError]:
    """Put the file in place; say of each address why not if none gives it."""
    failures: dict[str, RefusedError] = {}
    try:
        if _was_complete(partial, wanted):
            return {}
        with (
            open_session() as session,
            Progress(partial.target.name, terms.progress, terms.pace.clock) as progress,
        ):
            for address in addresses:
                try:
                    _try_one(session, address, partial, wanted, terms, progress)
                except RefusedError as error:
                    failures[address] = error
                    if error.kind is DownloadFailure.NO_SPACE:
                        break  # no other address helps
                else:
                    return {}
    except OSError as error:
        if error.errno in NO_SPACE_ERRNOS:
            partial.discard()  # the person needs the room
        raise
    finally:
        partial.discard_if_useless()
    return failures


def _try_one(
    session: requests.Session,
    url: str,
    partial: Partial,
    wanted: Wanted,
    terms: _Terms,
    progress: Progress,
) -> None:
    """Ask one address as often as makes sense."""
    pace, failures, requests_made, furthest = terms.pace, 0, 0, partial.size_bytes
    while True:
        requests_made += 1
        try:
            attempt(session, url, partial, wanted, terms.timeout, progress, pace.clock)
            return
        except StartOverError:
            # Not a failure, and it cannot go on for ever: it takes bytes to start over
            # from, and those came with a failure that was counted.
            partial.discard()
        except TryAgainError as error:
            if partial.size_bytes >= furthest + HEADWAY_BYTES:
                failures, furthest = 0, partial.size_bytes
            failures += 1
            wait_s = error.wait_s
            if wait_s is None:
                wait_s = pace.wait_s(failures)
            if failures > terms.retries or wait_s > LONGEST_WAIT_S:
                times = "once" if requests_made == 1 else f"{requests_made} times"
                raise RefusedError(f"{error} (asked {times})", error.kind) from error
            pace.sleep(wait_s)


def _was_complete(partial: Partial, wanted: Wanted) -> bool:
    """Finish what was killed between its last byte and its final name."""
    note = partial.note()
    if note is None or wanted.sha256 is None or note.sha256 != wanted.sha256:
        return False
    if partial.size_bytes not in (note.total_bytes, wanted.size_bytes):
        return False
    if wanted.mismatch(partial.path) is not None:
        partial.discard()
        return False
    partial.keep()
    return True


def _is_whole(target: Path, wanted: Wanted, url: str, timeout: float) -> bool:
    """Judge a file that is there already."""
    if wanted.mismatch(target) is not None:
        return False
    if wanted.is_known:
        return True
    with open_session() as session:
        announced = announced_bytes(session, url, min(timeout, GLANCE_S))
    return announced in (None, target.stat().st_size)


def _identity(target: Path) -> _Identity | None:
    """Return what changes when another file takes this name; None without a file."""
    if not target.is_file():
        return None
    facts = target.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _say_who_fetches(target: Path, terms: _Terms) -> None:
    if terms.progress:
        print(f"Another process is fetching '{target.name}'; waiting for it.")


def _address_error(
    target: Path, wanted: Wanted, failures: Mapping[str, RefusedError], kept_bytes: int
) -> DownloadError:
    """Say why no address gave the file; what decides is the first one's reason."""
    reasons = [f"{address}: {error}" for address, error in failures.items()]
    kind = next(iter(failures.values())).kind
    kept = f"\nKept for the next try: {kept_bytes} bytes." if kept_bytes else ""
    if DownloadFailure.NO_SPACE in [error.kind for error in failures.values()]:
        kind = DownloadFailure.NO_SPACE
    advice = "Check the connection and try again"
    if kind is DownloadFailure.NO_SPACE:
        advice = f"Make room on the disk of {target.parent} and try again"
    return DownloadError(
        f"Could not fetch '{target.name}'.\n  "
        + "\n  ".join(reasons)
        + f"\nExpected: {wanted}.{kept}"
        + f"\n{advice}, or put the file at\n  {target}",
        kind=kind,
        reason=reasons[0],
    )


def _disk_error(target: Path, wanted: Wanted, error: OSError) -> DownloadError:
    """Say what is full or cannot be written."""
    if error.errno in NO_SPACE_ERRNOS:
        kind, advice = DownloadFailure.NO_SPACE, "Make room there"
    else:
        kind, advice = DownloadFailure.UNWRITABLE, "Choose a folder you may write to"
    reason = f"{target.parent}: not written: {error.strerror or error}"
    return DownloadError(
        f"Could not fetch '{target.name}'.\n  {reason}\nExpected: {wanted}."
        f"\n{advice} and try again, or put the file at\n  {target}",
        kind=kind,
        reason=reason,
    )


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(
            f"Cannot fetch {url!r}: expected an address that begins with http:// or "
            "https://."
        )


def _target(
    url: str,
    filename: str | os.PathLike[str] | None,
    directory: str | os.PathLike[str] | None,
) -> Path:
    last_part = unquote(PurePosixPath(urlsplit(url).path).name)
    name = os.fspath(filename) if filename is not None else last_part
    if name in ("", ".", "..") or Path(name).name != name or "\\" in name:
        raise ValueError(
            f"Expected a file name without folders, found {name!r}. Give the name as "
            "filename= and the folder as directory=."
        )
    if not name.isprintable():
        raise ValueError(
            f"Expected a file name that can be printed, found {name!r}. Give another "
            "one as filename=."
        )
    folder = Path(directory if directory is not None else ".").resolve()
    if (folder / name).is_dir():
        raise ValueError(f"'{folder / name}' is a folder; choose another filename.")
    return folder / name
