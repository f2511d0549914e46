"""A loopback server that does to a download what networks and servers do to it."""

import gzip
import hashlib
import re
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

BODY = hashlib.shake_128(b"the file").digest(200_000)
OTHER_BODY = hashlib.shake_128(b"another file").digest(200_000)


@dataclass(frozen=True)
class Answer:
    """How one request is answered; as it stands, without fault."""

    body: bytes = BODY
    status: int = 200
    etag: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    length: Literal["true", "none", "chunked"] | int = "true"
    encoding: Literal["", "gzip"] = ""
    # What a Range request gets: the rest; all of it; bytes from half as far on, saying
    # so; the same, claiming to be the rest; no word of the place; a refusal; the rest
    # of whatever there is now, If-Range or not; the rest, but not to the end.
    ranges: Literal[
        "honoured", "ignored", "elsewhere", "lying", "unnamed", "416", "careless", "few"
    ] = "honoured"
    close_after: int | None = None  # bytes of the body, then the connection is cut
    stall_after: int | None = None  # then silence, until the server is closed
    drip_bytes: int | None = None  # so many at a time, with pauses
    close_before_answer: bool = False
    never_answers: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]


class MisbehavingServer(ThreadingHTTPServer):
    """Gives the answer to a path; of a list, one to each request, the last for ever."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.requests: list[str] = []  # the paths of those that want a body
        self.log: list[Request] = []  # all
        self.stalled = threading.Event()  # a stalling answer sent its last byte
        self.released = threading.Event()
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def ranges(self) -> list[str | None]:
        """Return the Range of each request for a body."""
        return [r.headers.get("Range") for r in self.log if r.method == "GET"]

    def next_answer(self, request: Request) -> Answer:
        with self.lock:
            self.log.append(request)
            answers = self.answers.get(request.path, Answer(b"nothing here", 404))
            if request.method == "GET":
                self.requests.append(request.path)
            if isinstance(answers, Answer):
                return answers
            is_used_up = len(answers) > 1 and request.method == "GET"
            return answers.pop(0) if is_used_up else answers[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    server: MisbehavingServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.close_connection = True
        request = Request(self.command, self.path, dict(self.headers))
        fault = self.server.next_answer(request)
        if fault.never_answers:
            self.server.released.wait(60)
        if fault.never_answers or fault.close_before_answer:
            return
        status, extra, body = self._selected(fault)
        if fault.encoding == "gzip":
            body = gzip.compress(body)
            extra["Content-Encoding"] = "gzip"
        if fault.length == "chunked":
            extra["Transfer-Encoding"] = "chunked"
        elif fault.length != "none":
            announced = len(body) if fault.length == "true" else fault.length
            extra["Content-Length"] = str(announced)
        self.send_response_only(status)
        for name, value in {**extra, **fault.headers}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self._send(fault, body)

    def _selected(self, fault: Answer) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the part of the body asked for."""
        extra = {"ETag": fault.etag} if fault.etag else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        is_same = condition is None or condition in (
            fault.etag,
            fault.headers.get("Last-Modified"),
        )
        if wanted is None or fault.status != 200 or fault.ranges == "ignored":
            return fault.status, extra, fault.body
        if not is_same and fault.ranges != "careless":
            return 200, extra, fault.body
        start, size = int(wanted[1]), len(fault.body)
        if fault.ranges == "416" or start >= size:
            return 416, {"Content-Range": f"bytes */{size}"}, b""
        first = start // 2 if fault.ranges in ("elsewhere", "lying") else start
        last = min(size, start + 10_000) if fault.ranges == "few" else size
        said = start if fault.ranges == "lying" else first
        if fault.ranges != "unnamed":
            extra["Content-Range"] = f"bytes {said}-{last - 1}/{size}"
        return 206, extra, fault.body[first:last]

    def _send(self, fault: Answer, body: bytes) -> None:
        stops = [n for n in (fault.close_after, fault.stall_after) if n is not None]
        sent = body[: min(stops)] if stops else body
        step = fault.drip_bytes or max(len(sent), 1)
        with suppress(OSError):
            for first in range(0, len(sent), step):
                self._write(fault, sent[first : first + step])
                if fault.drip_bytes:
                    self.server.released.wait(0.01)
            if fault.length == "chunked" and not stops:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        if fault.stall_after is not None:
            self.server.stalled.set()
            self.server.released.wait(60)

    def _write(self, fault: Answer, data: bytes) -> None:
        if fault.length == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass
