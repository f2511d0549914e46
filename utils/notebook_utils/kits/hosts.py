"""Fetch published files, and remember for ten minutes which hosts did not answer.

On a network that swallows everything each request costs its whole time-out. One request
is enough: the next kit, and the next lesson, need not wait again.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ..download import ExpectedFile, RetryPolicy, fetch_first
from ..errors import DownloadError, DownloadFailure, WorkshopError
from ..files import write_whole
from ..workspace import cache_dir
from .catalogue import PublishedFile
from .packaged import locate, made, scratch_folder

SILENCE_S = 600


@dataclass(frozen=True)
class HostPolicy(RetryPolicy):
    """A retry policy that also knows hosts which did not answer a while ago."""

    ask_silent: bool = False


# In a class on a bad network nobody waits for what they did not ask for.
ONE_ATTEMPT = HostPolicy(timeout_s=3, retries=0)
RETRIES = HostPolicy(timeout_s=10, retries=3)
ASK_ANYWAY = replace(RETRIES, ask_silent=True)


def is_url(address: str) -> bool:
    """Tell a URL from a path."""
    return address.startswith(("http://", "https://"))


def silent_for(address: str) -> float | None:
    """Return how many seconds ago a host did not answer; None if it may be asked."""
    try:
        age_s = time.time() - _note(address).stat().st_mtime
    except OSError:
        return None
    return age_s if 0 <= age_s < SILENCE_S else None


def remember(address: str, *, silent: bool) -> None:
    """Remember whether an address's host answered; it only saves time, so try."""
    note = _note(address)
    with suppress(OSError):
        if silent:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
        else:
            note.unlink(missing_ok=True)


def forget_silent_hosts() -> None:
    """Let every host be asked again."""
    shutil.rmtree(cache_dir() / "silent-hosts", ignore_errors=True)


def fetch(
    file: PublishedFile,
    target: Path,
    policy: HostPolicy,
    *,
    show_progress: bool = True,
) -> None:
    """Fetch one published file, whole and verified, and put it at `target`.

    Kaggle's library and pip have longer waits of their own, so they are left alone
    where the policy has no retries. An installed package is at hand all the same.

    Raises
    ------
    DownloadError
        No address gave the file; `kind` and `reason` are those of the last one.
    OSError
        The file cannot be written to `target`.
    """
    failure = DownloadError(f"{file.source} is not asked; use origin='published'")
    for address in file.addresses:
        try:
            _fetch_from(address, file.expected, target, policy, show_progress)
            break
        except DownloadError as error:
            failure = error
    else:
        _copy(_elsewhere(file, policy, failure), target, file.expected)
    fault = file.mismatch(target) if file.sha256_prefix else None
    if fault:
        target.unlink()
        reason = f"{file.source}: {fault}"
        raise DownloadError(reason, kind=DownloadFailure.ALTERED)


def _fetch_from(
    address: str,
    expected: ExpectedFile,
    target: Path,
    policy: HostPolicy,
    show_progress: bool,
) -> None:
    if not is_url(address):
        _copy(Path(address), target, expected)
        return
    silent_s = None if policy.ask_silent else silent_for(address)
    if silent_s is not None:
        raise DownloadError(
            f"{_host(address)} did not answer {silent_s / 60:.0f} min ago and is not "
            "asked again for ten minutes",
            kind=DownloadFailure.UNREACHABLE,
        )
    try:
        fetch_first([address], target, expected, policy, show_progress=show_progress)
    except DownloadError as error:
        if error.kind is DownloadFailure.UNREACHABLE:
            remember(address, silent=True)
        raise
    remember(address, silent=False)


def _host(address: str) -> str:
    """Return the host of an address and its port, without the name of a user."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _note(address: str) -> Path:
    """Return the path of the empty file that says when a host did not answer."""
    return cache_dir() / "silent-hosts" / _host(address).replace(":", "_")


def _elsewhere(file: PublishedFile, policy: HostPolicy, failure: DownloadError) -> Path:
    """Return a file that no address gives: made, out of a package, or of Kaggle."""
    may_download = bool(policy.retries)
    if file.made_by:
        path = scratch_folder() / file.name
        try:
            path.write_bytes(made(file.made_by))
        except WorkshopError as error:  # what the function needs is not installed
            raise DownloadError(str(error)) from error
        return path
    if file.package is not None:
        return locate(*file.package, file.expected, may_download=may_download)
    if file.kaggle is None or not may_download:
        raise failure
    return _from_kaggle(*file.kaggle)


def _from_kaggle(handle: str, member: str) -> Path:
    """Return a file that only Kaggle's own library can fetch, in that one's cache."""
    try:
        import kagglehub

        return Path(kagglehub.model_download(handle)) / member
    except Exception as error:  # the library documents none of those it raises
        raise DownloadError(f"kagglehub: {handle}: {error}") from error


def _copy(original: Path, target: Path, expected: ExpectedFile) -> None:
    try:
        fault = expected.mismatch(original)
    except OSError as error:
        raise DownloadError(f"{original}: {error.strerror or error}") from error
    if fault is not None:
        raise DownloadError(f"{original}: {fault}", kind=DownloadFailure.ALTERED)
    with original.open("rb") as source, write_whole(target) as copy:
        shutil.copyfileobj(source, copy)
