"""One attempt to fetch one file from one address.

An attempt ends in one of four ways: the whole, verified file is there (no exception),
or it is worth trying again (`TryAgain`), or what was kept of earlier attempts does not
fit what the server has now (`StartOver`), or this address will not give the file
(`RefusedError`). What to do then is decided elsewhere.
"""

import contextlib
import re
import shutil
import ssl
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any
from urllib.parse import urljoin

import requests
import truststore
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ..errors import DownloadFailure
from .partial import CHUNK_BYTES, Note, Partial, RunningHash
from .progress import Progress
from .retry import retry_after_s
from .wanted import Wanted

MOST_REDIRECTS = 10
# Slower than this for a whole minute is taken for a connection that hangs.
SLOWEST_BYTES_PER_S = 1024
PATIENCE_S = 60.0
# zlib may make a thousand bytes of one, so it gets few at a time.
COMPRESSED_BYTES = 1 << 14


class AttemptError(Exception):
    """An attempt that did not bring the file.

    Parameters
    ----------
    reason
        What went wrong, a clause that fits behind the address.
    kind
        What went wrong, for whoever decides what to do about it.
    """

    def __init__(
        self, reason: str, kind: DownloadFailure = DownloadFailure.REFUSED
    ) -> None:
        super().__init__(reason)
        self.kind = kind


class RefusedError(AttemptError):
    """The file is not to be had at this address, however often it is asked."""


class StartOverError(AttemptError):
    """What was kept of the file cannot be continued here."""


class TryAgainError(AttemptError):
    """The next attempt may well succeed, after `wait_s` seconds if the server said."""

    def __init__(
        self, reason: str, kind: DownloadFailure, wait_s: float | None = None
    ) -> None:
        super().__init__(reason, kind)
        self.wait_s = wait_s


class _SystemTrustAdapter(HTTPAdapter):
    """Believe the certificates that this machine's operating system believes.

    Schools and companies install their own there, which no bundled list has.
    """

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().init_poolmanager(*arguments, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return super().proxy_manager_for(proxy, **options)


class _Session(requests.Session):
    """Leave redirects to `_ask`: requests reads their bodies, however long they are."""

    def resolve_redirects(
        self, *arguments: Any, **options: Any
    ) -> Iterator[requests.Response]:
        return iter(())


def open_session() -> requests.Session:
    """Open a session that speaks ``http`` and ``https`` in this project's name.

    Returns
    -------
    requests.Session
        It asks the environment for a proxy, and follows no redirects by itself.
    """
    try:
        release = version("inference-workshop")
    except PackageNotFoundError:  # run from a copy that was never installed
        release = "0"
    session = _Session()
    session.headers["User-Agent"] = f"inference-workshop/{release}"
    # Identity: a compressed answer would have another length than the file.
    session.headers["Accept-Encoding"] = "identity"
    session.mount("https://", _SystemTrustAdapter())
    return session


def announced_bytes(session: requests.Session, url: str, timeout: float) -> int | None:
    """Ask how large a file is, without fetching it.

    Parameters
    ----------
    session
        Of :func:`open_session`.
    url
        The file's address.
    timeout
        Seconds to wait for an answer.

    Returns
    -------
    int or None
        None if the server cannot be asked or does not say.
    """
    try:
        with _ask(session, "HEAD", url, {}, timeout) as response:
            if response.status_code == 200 and not _encoding(response):
                return _whole_number(response.headers.get("Content-Length"))
    except AttemptError:
        pass
    return None


def attempt(
    session: requests.Session,
    url: str,
    partial: Partial,
    wanted: Wanted,
    timeout: float,
    progress: Progress,
    clock: Callable[[], float],
) -> None:
    """Fetch what is missing of a file, verify it, and put it in place.

    Parameters
    ----------
    session
        Of :func:`open_session`.
    url
        The file's address.
    partial
        What is there already, and where to put the rest.
    wanted
        The size and hash that the file must have.
    timeout
        Seconds to wait for a connection, and for each read.
    progress
        Told of each piece that arrives.
    clock
        Seconds since any moment, to recognise a connection that hangs.

    Raises
    ------
    AttemptError
        One of its three kinds, as described at the top of this module.
    OSError
        The disk, not the network, is the reason.
    """
    start, headers = _continuation(partial, url, wanted)
    with _ask(session, "GET", url, headers, timeout) as response:
        _check_status(response, start)
        if response.status_code == 206:
            total = _check_part(response, url, start, partial.note())
        else:
            start, total = 0, _announced(response)
            _check_kind(response, partial, wanted)
        _check_room(partial, wanted.size_bytes or total)
        note = Note(url, _strong_validator(response), total, wanted.sha256)
        progress.begin(start, total or wanted.size_bytes)
        difference = _receive(response, start, note, partial, wanted, progress, clock)
    if difference is not None:
        partial.discard()
        if start:
            raise StartOverError(difference, DownloadFailure.ALTERED)
        if _ends_with_connection(response):
            # Perhaps it broke: nothing tells.
            raise TryAgainError(difference, DownloadFailure.ALTERED)
        raise RefusedError(
            difference + _web_page_hint(response), DownloadFailure.ALTERED
        )
    partial.keep()


def _continuation(
    partial: Partial, url: str, wanted: Wanted
) -> tuple[int, dict[str, str]]:
    """Decide from which byte to go on, and what to ask the server for."""
    start, note = partial.size_bytes, partial.note()
    if start and note is not None:
        headers = {"Range": f"bytes={start}-"}
        if note.url == url and note.validator:
            return start, headers | {"If-Range": note.validator}
        # Another address, or none of its words to hold it to: the hash will tell.
        if wanted.sha256 is not None and note.sha256 == wanted.sha256:
            return start, headers
    return 0, {}


def _ask(
    session: requests.Session,
    method: str,
    url: str,
    headers: dict[str, str],
    timeout: float,
) -> requests.Response:
    try:
        for _ in range(MOST_REDIRECTS + 1):
            response = session.request(
                method,
                url,
                headers=headers,
                stream=True,
                timeout=timeout,
                allow_redirects=False,
            )
            target = session.get_redirect_target(response)
            if not target:
                return response
            response.close()  # unread: nothing in a redirect is of use
            url = urljoin(url, requests.utils.requote_uri(target))
        raise RefusedError(f"redirected more than {MOST_REDIRECTS} times")
    except requests.Timeout as error:
        raise TryAgainError(
            f"no answer in {timeout:g} s", DownloadFailure.UNREACHABLE
        ) from error
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:
        raise RefusedError(f"redirected to where no file is: {error}") from error
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise RefusedError(f"its certificate is not trusted: {error}") from error
        raise TryAgainError(
            f"no secure connection: {_cause(error)}", DownloadFailure.UNREACHABLE
        ) from error
    except requests.ConnectionError as error:
        raise TryAgainError(
            f"no connection: {_cause(error)}", DownloadFailure.UNREACHABLE
        ) from error
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise RefusedError(f"an answer that makes no sense: {error}") from error


def _check_status(response: requests.Response, start: int) -> None:
    status = response.status_code
    if status == 200 or (status == 206 and start):
        return
    reason = f"the server answered {status} {response.reason}".rstrip()
    if status in (412, 416) and start:
        raise StartOverError(reason)
    if status == 429 or status >= 500:
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        when = f" and asks to come back in {wait_s:g} s" if wait_s else ""
        raise TryAgainError(reason + when, DownloadFailure.REFUSED, wait_s)
    raise RefusedError(f"{reason}, expected 200")


def _check_part(
    response: requests.Response, url: str, start: int, note: Note | None
) -> int | None:
    """Return the whole file's size if this is the rest of what is there."""
    found = response.headers.get("Content-Range", "")
    match = re.fullmatch(
        r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", found.strip(), re.I
    )
    if match is None or int(match[1]) != start or _encoding(response):
        raise StartOverError(f"expected bytes from {start}, found {found!r}")
    if note is None:  # it was there when the request was made
        raise StartOverError("the note beside the partial file is gone")
    total = None if match[2] == "*" else int(match[2])
    if None not in (total, note.total_bytes) and total != note.total_bytes:
        raise StartOverError(f"it has {total} bytes now, not {note.total_bytes}")
    found_validator = _strong_validator(response)
    if note.url == url and _contradict(found_validator, note.validator):
        raise StartOverError("the file changed on the server")
    return total or note.total_bytes


def _check_kind(response: requests.Response, partial: Partial, wanted: Wanted) -> None:
    """Refuse the web page that many servers send in place of a file."""
    suffix = partial.target.suffix.lower()
    is_page_wanted = suffix in ("", ".html", ".htm", ".xhtml")
    if not wanted.is_known and not is_page_wanted and _is_web_page(response):
        raise RefusedError(
            f"expected a {suffix} file, found a web page (Content-Type "
            f"{response.headers['Content-Type']!r}); give sha256= if this is right"
        )


def _check_room(partial: Partial, total: int | None) -> None:
    if total is None:
        return
    there = partial.size_bytes
    free = shutil.disk_usage(partial.target.parent).free
    if total - there > free:
        raise RefusedError(
            f"expected room for {total - there} bytes more, found {free} bytes free",
            DownloadFailure.NO_SPACE,
        )


def _receive(
    response: requests.Response,
    start: int,
    note: Note,
    partial: Partial,
    wanted: Wanted,
    progress: Progress,
    clock: Callable[[], float],
) -> str | None:
    """Append what arrives; say in what way the result differs from what is wanted."""
    size_bytes = start
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(RunningHash()) if wanted.sha256 else None
        if running is not None and start:
            running.update_from(partial.path, start)
        file = stack.enter_context(partial.open_at(start, note))
        broken: TryAgainError | None = None
        try:
            for piece in _pieces(response, partial.target, clock):
                size_bytes += len(piece)
                file.write(piece)
                if running is not None:
                    running.update(piece)
                progress.advance(len(piece))
                if wanted.size_bytes is not None and size_bytes > wanted.size_bytes:
                    return f"expected {wanted.size_bytes} bytes, found more"
        except TryAgainError as error:
            broken = error
        sha256 = running.hexdigest() if running is not None else ""
    difference = wanted.differs(size_bytes, sha256)
    if difference is None and wanted.sha256 is not None:
        return None  # the hash says that it is whole, whatever the server announced
    total = note.total_bytes
    if broken is not None:
        of_all = "" if total is None else f" of {total}"
        raise TryAgainError(
            f"{broken} after {size_bytes}{of_all} bytes", DownloadFailure.INCOMPLETE
        ) from broken
    if total is None and _ends_with_connection(response):
        total = wanted.size_bytes
    if total is not None and size_bytes < total:
        raise TryAgainError(
            f"{size_bytes} of {total} bytes arrived", DownloadFailure.INCOMPLETE
        )
    return difference


def _pieces(
    response: requests.Response, target: PurePath, clock: Callable[[], float]
) -> Iterator[bytes]:
    """Yield the file's bytes, without the encoding that they travelled in."""
    encoding = _encoding(response)
    if encoding == "gzip" and target.suffix.lower() in (".gz", ".tgz", ".svgz"):
        # The server names the file's own compression; undone, it would be another file.
        encoding = ""
    if encoding not in ("", "gzip", "deflate"):
        raise RefusedError(f"expected the file as it is, found it in {encoding!r}")
    pieces = _received(response, clock)
    return _decompressed(pieces) if encoding else pieces


def _received(
    response: requests.Response, clock: Callable[[], float]
) -> Iterator[bytes]:
    since, count = clock(), 0
    while True:
        try:
            piece = response.raw.read1(CHUNK_BYTES, decode_content=False)
        except ReadTimeoutError as error:
            raise TryAgainError(
                "it stopped sending", DownloadFailure.INCOMPLETE
            ) from error
        except (HTTPError, OSError) as error:
            raise TryAgainError(
                "the connection broke", DownloadFailure.INCOMPLETE
            ) from error
        if not piece:
            return
        yield piece
        count += len(piece)
        if clock() - since >= PATIENCE_S:
            if count < SLOWEST_BYTES_PER_S * PATIENCE_S:
                raise TryAgainError(
                    f"it sent only {count} bytes in {PATIENCE_S:g} s and was left",
                    DownloadFailure.INCOMPLETE,
                )
            since, count = clock(), 0


def _decompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    for piece in pieces:
        for first in range(0, len(piece), COMPRESSED_BYTES):
            data = piece[first : first + COMPRESSED_BYTES]
            while data:
                if decoder.eof:  # another member follows
                    decoder = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
                try:
                    yield decoder.decompress(data)
                except zlib.error as error:
                    raise RefusedError(f"it cannot be decompressed: {error}") from error
                data = decoder.unused_data
    if not decoder.eof:
        raise TryAgainError(
            "its compressed bytes ended early", DownloadFailure.INCOMPLETE
        )


def _announced(response: requests.Response) -> int | None:
    if _encoding(response):
        return None
    return _whole_number(response.headers.get("Content-Length"))


def _ends_with_connection(response: requests.Response) -> bool:
    """Whether a body that was cut short looks like a whole one."""
    headers = response.headers
    return "Content-Length" not in headers and "Transfer-Encoding" not in headers


def _strong_validator(response: requests.Response) -> str | None:
    """Return what identifies these very bytes to the server, if it says.

    References
    ----------
    RFC 9110, section 8.8.2.2: a date is strong if the file was at rest for a second
    when it was sent. An encoded body is never continued, so it needs none.
    """
    if _encoding(response):
        return None
    etag = response.headers.get("ETag", "").strip()
    if re.fullmatch(r'"[\x21\x23-\x7e]*"', etag):
        return etag
    modified = response.headers.get("Last-Modified", "").strip()
    try:
        age = parsedate_to_datetime(
            response.headers.get("Date", "")
        ) - parsedate_to_datetime(modified)
    except (ValueError, TypeError, OverflowError):
        return None
    return modified if age >= timedelta(seconds=1) and modified.isascii() else None


def _contradict(found: str | None, noted: str | None) -> bool:
    """Whether two validators of one kind, ETags or dates, differ."""
    if found is None or noted is None:
        return False
    return found != noted and found.startswith('"') == noted.startswith('"')


def _encoding(response: requests.Response) -> str:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return {"identity": "", "x-gzip": "gzip"}.get(encoding, encoding)


def _is_web_page(response: requests.Response) -> bool:
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def _web_page_hint(response: requests.Response) -> str:
    return "; the server sent a web page" if _is_web_page(response) else ""


def _whole_number(header: str | None) -> int | None:
    found = re.fullmatch(r"[0-9]{1,18}", (header or "").strip())
    return int(found[0]) if found else None


def _cause(error: BaseException) -> str:
    """Return what the operating system said, deep below what libraries made of it."""
    deepest = error
    while (below := deepest.__cause__ or deepest.__context__) is not None:
        deepest = below
    return getattr(deepest, "strerror", None) or str(deepest)
