"""Fetch one file, whole and verified, or not at all.

A file appears under its final name only after its last byte has arrived and its size
and hash agree with what was asked for. Until then it has another name in the same
folder, so that a killed kernel never leaves half a file that looks like a whole one.
"""

import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tqdm.auto import tqdm
from urllib3.util import Retry

from .errors import DownloadError
from .files import write_whole

CHUNK_BYTES = 1 << 18


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
        Seconds to wait for a connection, and for each read.
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
        No address gave the file whole. Nothing lies under the final name then, except
        what lay there before and is as expected.
    ValueError
        An argument is not what is described above.

    Notes
    -----
    A file that is already there is used again if it has the size and hash asked for.
    Where neither is given it is trusted, because only whole files get their final name.
    A host that does not answer, or answers 429 or 5xx, is asked three times more.

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
    target = _target(url, filename, directory)
    wanted = Wanted(sha256, size_bytes)
    if target.is_file() and wanted.mismatch(target) is None:
        if not silent:
            print(f"'{target.name}' is already there.")
    else:
        fetch_first(
            addresses,
            target,
            wanted,
            timeout=timeout,
            retries=3,
            progress=show_progress and not silent,
        )
    return target


class _UnexpectedFileError(Exception):
    """What arrived is not the file that was asked for."""


class Wanted:
    """The size and hash that a file must have, either of them possibly unknown."""

    def __init__(self, sha256: str | None, size_bytes: int | None) -> None:
        if sha256 is not None:
            sha256 = sha256.lower()
            if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
                raise ValueError(
                    f"Expected 64 hexadecimal digits for sha256, found {sha256!r}."
                )
        self.sha256 = sha256
        self.size_bytes = size_bytes

    def differs(self, size_bytes: int, sha256: str) -> str | None:
        """Say in what way a file is not the one wanted; None if it is."""
        if self.size_bytes is not None and size_bytes != self.size_bytes:
            return f"expected {self.size_bytes} bytes, found {size_bytes}"
        if self.sha256 is not None and sha256 != self.sha256:
            return f"expected sha256 {self.sha256}, found {sha256}"
        return None

    def mismatch(self, path: Path) -> str | None:
        """Say the same of a file on the disk, hashed only where a hash is wanted."""
        sha256 = file_sha256(path) if self.sha256 else ""
        return self.differs(path.stat().st_size, sha256)


def fetch_first(
    addresses: Sequence[str],
    target: Path,
    wanted: Wanted,
    *,
    timeout: float,
    retries: int,
    progress: bool,
) -> None:
    """Fetch a file from the first address that gives it whole.

    Parameters
    ----------
    addresses
        Asked in this order.
    target
        The path to put the file at.
    wanted
        The size and hash it must have.
    timeout
        Seconds to wait for a connection, and for each read.
    retries
        How often a host that does not answer, or answers 429 or 5xx, is asked again.
    progress
        Show a progress bar.

    Raises
    ------
    DownloadError
        No address gave the file.
    """
    failures = []
    for address in addresses:
        try:
            with _session(retries) as session:
                _fetch(session, address, target, wanted, timeout, progress)
        except (requests.RequestException, OSError, _UnexpectedFileError) as error:
            failures.append(f"{address}: {_reason(error, timeout)}")
        else:
            return
    raise DownloadError(
        f"Could not fetch '{target.name}'.\n  "
        + "\n  ".join(failures)
        + f"\nCheck the connection and try again, or put the file at\n  {target}"
    )


def file_sha256(path: Path) -> str:
    """Hash a file.

    Parameters
    ----------
    path
        The file; read in pieces, so its size does not matter.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    if not name or name in (".", "..") or Path(name).name != name or "\\" in name:
        raise ValueError(
            f"Expected a file name without folders, found {name!r}. Give the name as "
            "filename= and the folder as directory=."
        )
    folder = Path(directory if directory is not None else ".").resolve()
    if (folder / name).is_dir():
        raise ValueError(f"'{folder / name}' is a folder; choose another filename.")
    return folder / name


def _session(retries: int) -> requests.Session:
    try:
        release = version("inference-workshop")
    except PackageNotFoundError:  # run from a copy that was never installed
        release = "0"
    session = requests.Session()
    session.headers["User-Agent"] = f"inference-workshop/{release}"
    # Identity: a compressed answer would have another length than the file.
    session.headers["Accept-Encoding"] = "identity"
    adapter = HTTPAdapter(
        max_retries=Retry(
            total=retries,
            backoff_factor=0.5,
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
        )
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _fetch(
    session: requests.Session,
    url: str,
    target: Path,
    wanted: Wanted,
    timeout: float,
    progress: bool,
) -> None:
    with session.get(url, stream=True, timeout=timeout) as response:
        if not response.ok:
            raise _UnexpectedFileError(f"the server answered {response.status_code}")
        announced = response.headers.get("Content-Length")
        total = int(announced) if announced and announced.isdigit() else None
        digest = hashlib.sha256()
        received_bytes = 0
        with (
            write_whole(target) as file,
            tqdm(
                total=total,
                desc=target.name,
                unit="B",
                unit_scale=True,
                mininterval=0.25,
                disable=not progress,
            ) as bar,
        ):
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                received_bytes += len(chunk)
                bar.update(len(chunk))
            if total is not None and received_bytes != total:
                raise _UnexpectedFileError(f"{received_bytes} of {total} bytes arrived")
            difference = wanted.differs(received_bytes, digest.hexdigest())
            if difference:
                raise _UnexpectedFileError(difference)


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer in {timeout:g} s"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)
