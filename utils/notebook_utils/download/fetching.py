"""Fetch one file, whole and verified, or not at all.

A file appears under its final name only after its last byte has arrived and its size
and hash agree with what was asked for. Until then it has another name in the same
folder, so that a killed kernel never leaves half a file that looks like a whole one,
and so that the next call goes on from there.
"""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ..errors import DownloadError, DownloadFailure
from ..files import locked
from .expected import ExpectedFile
from .partial import Partial
from .progress import suitable_progress
from .retry import (
    MAX_WAIT_S,
    PermanentError,
    RetryPolicy,
    StalePartialError,
    TransientError,
)
from .session import announced_bytes, open_session
from .transfer import Transfer

# An attempt that brought as much as this is no failure of the server's.
HEADWAY_BYTES = 1 << 20
# How long to ask for the size of a file that is there already: it may be used as it is.
HEAD_TIMEOUT_S = 3.0
_ADVICE = {
    DownloadFailure.NO_SPACE: "Free some space there",
    DownloadFailure.UNWRITABLE: "Choose a folder that you may write to",
}


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
    """
    addresses = (url, *mirrors)
    for address in addresses:
        _check_address(address)
    if not timeout > 0:
        raise ValueError(f"Expected a timeout of more than 0 s, found {timeout}.")
    target = _target(url, filename, directory)
    expected = ExpectedFile(sha256, size_bytes)
    progress = show_progress and not silent
    is_fetched = fetch_first(
        addresses,
        target,
        expected,
        RetryPolicy(timeout),
        show_progress=progress,
        reuse_by_size=True,
    )
    if not is_fetched and not silent:
        print(f"'{target.name}' is already there.")
    return target


def fetch_first(
    addresses: Sequence[str],
    target: Path,
    expected: ExpectedFile,
    policy: RetryPolicy,
    *,
    show_progress: bool = True,
    reuse_by_size: bool = False,
) -> bool:
    """Fetch a file from the first address that gives it whole.

    False if the file was there already, perhaps because another process has just
    fetched it. With `reuse_by_size` that is also a file of which neither size nor
    checksum is known, if the first address announces its size or cannot be asked.

    Raises
    ------
    DownloadError
        No address gave the file. Its kind and reason are those of the first address,
        except where the disk is the reason.
    """
    failures: dict[str, PermanentError] = {}
    kept_bytes = 0
    try:
        before = _identity(target)
        target.parent.mkdir(parents=True, exist_ok=True)

        def say_who_fetches() -> None:
            if show_progress:
                print(f"Another process is fetching '{target.name}'; waiting for it.")

        with locked(target, say_who_fetches) as shared:
            if (
                target.is_file()
                and expected.mismatch(target) is None
                and (
                    expected.is_known
                    or _identity(target) != before  # another process has fetched it
                    or (reuse_by_size and _has_size(target, addresses[0], policy))
                )
            ):
                return False
            partial = Partial(target, shared)
            failures = _try_addresses(
                addresses, partial, expected, policy, show_progress
            )
            kept_bytes = partial.size_bytes
    except OSError as error:
        kind = DownloadFailure.of_disk(error)
        reason = f"not written: {error.strerror or error}"
        failures[str(target.parent)] = PermanentError(reason, kind)
    if failures:
        raise _download_error(target, expected, failures, kept_bytes)
    return True


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when another file takes this name; None without a file."""
    if not path.is_file():
        return None
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _has_size(path: Path, url: str, policy: RetryPolicy) -> bool:
    with open_session() as session:
        announced = announced_bytes(session, url, min(policy.timeout_s, HEAD_TIMEOUT_S))
    return announced in (None, path.stat().st_size)


def _try_addresses(
    addresses: Sequence[str],
    partial: Partial,
    expected: ExpectedFile,
    policy: RetryPolicy,
    show_progress: bool,
) -> dict[str, PermanentError]:
    """Put the file in place; say of each address why not if none gives it."""
    failures: dict[str, PermanentError] = {}
    try:
        if _was_complete(partial, expected):
            return {}
        with (
            open_session() as session,
            suitable_progress(partial.target.name, show_progress) as progress,
        ):
            transfer = Transfer(session, partial, expected, policy.timeout_s, progress)
            for address in addresses:
                try:
                    _try_address(transfer, address, policy)
                except PermanentError as error:
                    failures[address] = error
                    if error.kind is DownloadFailure.NO_SPACE:
                        break  # no other address helps
                else:
                    return {}
    finally:
        partial.discard_if_useless()
    return failures


def _try_address(transfer: Transfer, url: str, policy: RetryPolicy) -> None:
    """Ask one address as often as the retry policy allows."""
    partial = transfer.partial
    failures, requests_made, furthest = 0, 0, partial.size_bytes
    while True:
        requests_made += 1
        try:
            transfer.attempt(url)
            return
        except StalePartialError:
            # Not a failure, and it cannot go on for ever: it takes bytes to start over
            # from, and those came with a failure that was counted.
            partial.discard()
        except TransientError as error:
            if partial.size_bytes >= furthest + HEADWAY_BYTES:
                failures, furthest = 0, partial.size_bytes
            failures += 1
            wait_s = error.wait_s
            if wait_s is None:
                wait_s = policy.backoff_s(failures)
            if failures > policy.retries or wait_s > MAX_WAIT_S:
                times = "once" if requests_made == 1 else f"{requests_made} times"
                raise PermanentError(f"{error} (asked {times})", error.kind) from error
            time.sleep(wait_s)


def _was_complete(partial: Partial, expected: ExpectedFile) -> bool:
    """Finish what was killed between its last byte and its final name."""
    origin = partial.origin()
    if origin is None or expected.sha256 is None or origin.sha256 != expected.sha256:
        return False
    if partial.size_bytes not in (origin.total_bytes, expected.size_bytes):
        return False
    if expected.mismatch(partial.path) is not None:
        partial.discard()
        return False
    partial.keep()
    return True


def _download_error(
    target: Path,
    expected: ExpectedFile,
    failures: Mapping[str, PermanentError],
    kept_bytes: int,
) -> DownloadError:
    """Say where it failed and why, what was expected, and what to do."""
    reasons = [f"{place}: {error}" for place, error in failures.items()]
    kinds = [error.kind for error in failures.values()]
    decisive, advice = 0, "Check the connection"
    if kinds[-1] in _ADVICE:  # the disk is the reason, whatever addresses said before
        decisive, advice = -1, _ADVICE[kinds[-1]]
    kept = f" Kept for the next try: {kept_bytes} bytes." if kept_bytes else ""
    return DownloadError(
        f"Could not fetch '{target.name}'.\n  "
        + "\n  ".join(reasons)
        + f"\nExpected: {expected}.{kept}"
        + f"\n{advice} and try again, or put the file at\n  {target}",
        kind=kinds[decisive],
        reason=reasons[decisive],
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
