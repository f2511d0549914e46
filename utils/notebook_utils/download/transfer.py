"""One attempt to fetch one file from one address.

It ends in one of four ways: the whole, verified file is there (no exception), a later
attempt may succeed (`TransientError`), the partial file does not fit what the server
has now (`StalePartialError`), or asking again is no use (`PermanentError`).
"""

import hashlib
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ..errors import DownloadFailure
from .expected import ExpectedFile
from .partial import Origin, Partial
from .progress import Progress
from .retry import PermanentError, StalePartialError, TransientError, retry_after_s
from .session import content_encoding, content_length, send_request

CHUNK_BYTES = 1 << 18
# A connection that is slower than this for a whole window is taken to hang.
MIN_BYTES_PER_S = 1024
WINDOW_S = 60.0
# zlib may make a thousand bytes of one, so it gets few at a time.
GZIP_CHUNK_BYTES = 1 << 14


@dataclass(frozen=True)
class Transfer:
    """What all attempts to fetch one file have in common."""

    session: requests.Session
    partial: Partial
    expected: ExpectedFile
    timeout_s: float  # for a connection, and for each read
    progress: Progress

    def attempt(self, url: str) -> None:
        """Fetch what is missing of the file, verify it, and put it in place.

        Raises an AttemptError, or an OSError where the disk is the reason.
        """
        start, headers = self._resume_headers(url)
        with send_request(
            self.session, "GET", url, self.timeout_s, headers
        ) as response:
            _check_status(response, start)
            if response.status_code == 206:
                total = _check_range(response, url, start, self.partial.origin())
            else:
                start, total = 0, content_length(response)
                self._check_content_type(response)
            needed = self.expected.size_bytes or total
            self._check_free_space(needed)
            origin = Origin(
                url, _strong_validator(response), total, self.expected.sha256
            )
            try:
                size_bytes, sha256, broken = self._append(response, start, origin)
            except OSError as error:
                if DownloadFailure.of_disk(error) is DownloadFailure.UNWRITABLE:
                    raise
                self.partial.discard()  # the person needs the room
                raise PermanentError(
                    f"{self.partial.target.parent} is full, and the file needs "
                    f"{needed or 'an unknown number of'} bytes",
                    DownloadFailure.NO_SPACE,
                ) from error
        mismatch = self.expected.mismatch_of(size_bytes, sha256)
        if mismatch is None and self.expected.sha256 is not None:
            self.partial.keep()  # the checksum vouches for it, not the server's words
            return
        if not self.expected.is_exceeded_by(size_bytes):
            self._check_length(response, size_bytes, total, broken)
        if mismatch is not None:
            self._discard(response, start, mismatch)
        self.partial.keep()

    def _resume_headers(self, url: str) -> tuple[int, dict[str, str]]:
        """Decide from which byte to resume, and what to ask the server for."""
        start, origin = self.partial.size_bytes, self.partial.origin()
        if start and origin is not None:
            headers = {"Range": f"bytes={start}-"}
            if origin.url == url and origin.validator:
                return start, headers | {"If-Range": origin.validator}
            # Another address, or no validator: the checksum will tell.
            if origin.sha256 is not None and origin.sha256 == self.expected.sha256:
                return start, headers
        return 0, {}

    def _check_content_type(self, response: requests.Response) -> None:
        """Refuse the web page that many servers send in place of a file."""
        suffix = self.partial.target.suffix.lower()
        is_page_wanted = suffix in ("", ".html", ".htm", ".xhtml")
        if not self.expected.is_known and not is_page_wanted and _is_web_page(response):
            raise PermanentError(
                f"expected a {suffix} file, found a web page (Content-Type "
                f"{response.headers['Content-Type']!r}); pass sha256= to accept it"
            )

    def _check_free_space(self, total: int | None) -> None:
        folder = self.partial.target.parent
        missing = (total or 0) - self.partial.size_bytes
        free = shutil.disk_usage(folder).free
        if missing > free:
            raise PermanentError(
                f"{folder} needs {missing} bytes but has only {free} free",
                DownloadFailure.NO_SPACE,
            )

    def _append(
        self, response: requests.Response, start: int, origin: Origin
    ) -> tuple[int, str, TransientError | None]:
        """Append what arrives; return the size, the checksum and what broke it off."""
        size_bytes, expected = start, self.expected
        is_hashed = expected.sha256 is not None
        digest = hashlib.sha256()
        broken: TransientError | None = None
        self.progress.begin(start, origin.total_bytes or expected.size_bytes)
        with ThreadPoolExecutor(1) as pool, self.partial.open_at(start, origin) as file:
            to_hash = start if is_hashed else 0
            hashing = pool.submit(_update_from, digest, self.partial.path, to_hash)
            try:
                for piece in _pieces(response, self.partial.target.suffix):
                    size_bytes += len(piece)
                    file.write(piece)
                    if is_hashed:
                        # OpenSSL lets go of the interpreter, so another core hashes
                        # this piece while the next one is received.
                        hashing.result()
                        hashing = pool.submit(digest.update, piece)
                    self.progress.advance(len(piece))
                    if expected.is_exceeded_by(size_bytes):
                        break
            except TransientError as error:
                broken = error
            hashing.result()
        return size_bytes, digest.hexdigest(), broken

    def _check_length(
        self,
        response: requests.Response,
        size_bytes: int,
        total: int | None,
        broken: TransientError | None,
    ) -> None:
        """Raise if the transfer ended before the whole file had come."""
        if broken is not None:
            of_all = "" if total is None else f" of {total}"
            reason = f"{broken} after {size_bytes}{of_all} bytes"
            raise TransientError(reason) from broken
        if total is None and _ends_with_connection(response):
            total = self.expected.size_bytes
        if total is not None and size_bytes < total:
            raise TransientError(f"{size_bytes} of {total} bytes arrived")

    def _discard(self, response: requests.Response, start: int, mismatch: str) -> None:
        """Remove a file that is not the expected one, and say so."""
        self.partial.discard()
        if start:
            raise StalePartialError(mismatch, DownloadFailure.ALTERED)
        if _ends_with_connection(response):  # perhaps it broke: nothing tells
            raise TransientError(mismatch, DownloadFailure.ALTERED)
        hint = "; the server sent a web page" if _is_web_page(response) else ""
        is_known = self.expected.is_known
        kind = DownloadFailure.ALTERED if is_known else DownloadFailure.REFUSED
        raise PermanentError(mismatch + hint, kind)


def _check_status(response: requests.Response, start: int) -> None:
    status = response.status_code
    if status == 200 or (status == 206 and start):
        return
    reason = f"the server answered {status} {response.reason}".rstrip()
    if status in (412, 416) and start:
        raise StalePartialError(reason)
    if status == 429 or status >= 500:
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        when = f" and asks to retry in {wait_s:g} s" if wait_s else ""
        raise TransientError(reason + when, DownloadFailure.REFUSED, wait_s)
    raise PermanentError(f"{reason}, expected 200")


def _check_range(
    response: requests.Response, url: str, start: int, origin: Origin | None
) -> int | None:
    """Return the whole file's size if this is the rest of what is there."""
    found = response.headers.get("Content-Range", "")
    match = re.fullmatch(
        r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", found.strip(), re.I
    )
    if match is None or int(match[1]) != start or content_encoding(response):
        raise StalePartialError(f"expected bytes from {start}, found {found!r}")
    if origin is None:  # it was there when the request was made
        raise StalePartialError("the note beside the partial file is gone")
    total = None if match[2] == "*" else int(match[2])
    if None not in (total, origin.total_bytes) and total != origin.total_bytes:
        raise StalePartialError(f"it has {total} bytes now, not {origin.total_bytes}")
    validator = _strong_validator(response)
    if origin.url == url and _contradict(validator, origin.validator):
        raise StalePartialError("the file changed on the server")
    return total or origin.total_bytes


def _update_from(digest: "hashlib._Hash", path: Path, size_bytes: int) -> None:
    """Hash the first bytes of a file."""
    with path.open("rb") as file:
        while size_bytes and (data := file.read(min(size_bytes, CHUNK_BYTES))):
            digest.update(data)
            size_bytes -= len(data)


def _pieces(response: requests.Response, suffix: str) -> Iterator[bytes]:
    """Yield the file's bytes, without the gzip that some servers insist on."""
    encoding = content_encoding(response)
    if encoding == "gzip" and suffix.lower() in (".gz", ".tgz", ".svgz"):
        encoding = ""  # it names the file's own compression, which is to stay
    if encoding not in ("", "gzip"):
        raise PermanentError(f"expected the file unencoded, found {encoding!r}")
    if not encoding:
        yield from _received(response, CHUNK_BYTES)
        return
    decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for piece in _received(response, GZIP_CHUNK_BYTES):
        try:
            yield decoder.decompress(piece)
        except zlib.error as error:
            raise PermanentError(f"it cannot be decompressed: {error}") from error
        if decoder.unused_data:
            raise PermanentError("extra bytes follow its gzip data")
    if not decoder.eof:
        raise TransientError("its compressed bytes ended early")


def _received(response: requests.Response, chunk_bytes: int) -> Iterator[bytes]:
    since, count = time.monotonic(), 0
    while True:
        try:
            piece = response.raw.read1(chunk_bytes, decode_content=False)
        except ReadTimeoutError as error:
            raise TransientError("it stopped sending") from error
        except (HTTPError, OSError) as error:
            raise TransientError("the connection broke") from error
        if not piece:
            return
        yield piece
        count += len(piece)
        if time.monotonic() - since >= WINDOW_S:
            if count < MIN_BYTES_PER_S * WINDOW_S:
                raise TransientError(f"it sent only {count} bytes in {WINDOW_S:g} s")
            since, count = time.monotonic(), 0


def _ends_with_connection(response: requests.Response) -> bool:
    """Whether a body that was cut short looks like a whole one."""
    headers = response.headers
    return "Content-Length" not in headers and "Transfer-Encoding" not in headers


def _strong_validator(response: requests.Response) -> str | None:
    """Return what identifies these very bytes to the server, if it says.

    A date is strong if the file was at rest for a second when it was sent (RFC 9110,
    section 8.8.2.2). An encoded body is never resumed, so it needs none.
    """
    if content_encoding(response):
        return None
    etag = response.headers.get("ETag", "").strip()
    if re.fullmatch(r'"[\x21\x23-\x7e]*"', etag):
        return etag
    modified = response.headers.get("Last-Modified", "").strip()
    try:
        sent = parsedate_to_datetime(response.headers.get("Date", ""))
        age = sent - parsedate_to_datetime(modified)
    except (ValueError, TypeError, OverflowError):
        return None
    return modified if age >= timedelta(seconds=1) and modified.isascii() else None


def _contradict(found: str | None, noted: str | None) -> bool:
    """Whether two validators of one kind, ETags or dates, differ."""
    if found is None or noted is None:
        return False
    return found != noted and found.startswith('"') == noted.startswith('"')


def _is_web_page(response: requests.Response) -> bool:
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")
