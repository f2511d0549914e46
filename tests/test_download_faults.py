"""Every fault of the misbehaving server, and how a download ends.

Whatever happens, nothing but the whole file may lie under the final name.
"""

import errno
import gzip
import hashlib
import io
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from misbehaving_server import BODY, OTHER_BODY
from misbehaving_server import Answer as Fault
from notebook_utils import DownloadError, download_file
from notebook_utils.download import ExpectedFile, RetryPolicy, fetch_first
from notebook_utils.errors import DownloadFailure

SHA256 = hashlib.sha256(BODY).hexdigest()
SIZE = len(BODY)
TIMEOUT_S = 0.3
UNREACHABLE, REFUSED, INCOMPLETE, ALTERED, NO_SPACE, UNWRITABLE = DownloadFailure
HASH = {"sha256": SHA256}
BOTH = {"sha256": SHA256, "size_bytes": SIZE}
NOTHING: dict[str, object] = {}
DROP = 70_000
DATES = {
    "Date": "Sat, 03 Jan 2026 10:00:00 GMT",
    "Last-Modified": "Fri, 02 Jan 2026 10:00:00 GMT",
}
# Written in the very second it was sent: it may have changed since under that date.
FRESH = DATES | {"Last-Modified": DATES["Date"]}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Let nobody really wait between two attempts, and say how long they would."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("random.random", lambda: 1.0)
    return slept


def fetch(server, folder, path="/model.bin", **check):
    return download_file(
        server.url(path), directory=folder, timeout=TIMEOUT_S, silent=True, **check
    )


def fetch_with_retries(server, folder, retries, path="/model.bin"):
    """Fetch with a number of retries that a learner cannot set."""
    policy = RetryPolicy(TIMEOUT_S, retries)
    target = folder / "model.bin"
    fetch_first([server.url(path)], target, ExpectedFile(), policy, show_progress=False)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def drop(**more):
    return Fault(close_after=DROP, **more)


A = '"a"'
B = '"b"'
PAGE = {"Content-Type": "text/html; charset=utf-8"}

# name of the fault, the answers, what is known of the file, and the bytes from which
# it is asked for
WHOLE = [
    ("none", [Fault()], {}, [0]),
    ("no Content-Length", [Fault(length="none")], {}, [0]),
    ("chunked", [Fault(length="chunked")], {}, [0]),
    ("gzip though identity was asked", [Fault(encoding="gzip")], BOTH, [0]),
    ("gzip, nothing known", [Fault(encoding="gzip")], {}, [0]),
    ("gzip and chunked", [Fault(encoding="gzip", length="chunked")], BOTH, [0]),
    ("gzip, cut, then whole", [Fault(encoding="gzip", close_after=DROP), Fault()], {},
     [0, 0]),
    ("slow drip", [Fault(drip_bytes=20_000)], {}, [0]),
    ("cut, then continued by ETag", [drop(etag=A), Fault(etag=A)], {}, [0, DROP]),
    ("cut, then continued by date", [drop(headers=DATES), Fault(headers=DATES)], {},
     [0, DROP]),
    ("cut, then continued by hash", [drop(), Fault()], HASH, [0, DROP]),
    ("cut, no validator, no hash", [drop(), Fault()], {}, [0, 0]),
    ("cut, weak ETag", [drop(etag='W/"a"'), Fault(etag='W/"a"')], {}, [0, 0]),
    ("cut, changed in the second it was sent", [drop(headers=FRESH), Fault()], {},
     [0, 0]),
    ("cut twice", [drop(etag=A), drop(etag=A), Fault(etag=A)], {}, [0, DROP, 2 * DROP]),
    ("cut before the answer", [Fault(close_before_answer=True), Fault()], {}, [0, 0]),
    ("chunked, cut", [drop(length="chunked", etag=A), Fault(etag=A)], {}, [0, DROP]),
    ("stalls in the middle", [Fault(stall_after=DROP, etag=A), Fault(etag=A)], {},
     [0, DROP]),
    ("stalls before the first byte", [Fault(stall_after=0), Fault()], {}, [0, 0]),
    ("200 to a Range request", [drop(etag=A), Fault(etag=A, ranges="ignored")], {},
     [0, DROP]),
    ("206 from the wrong place", [drop(etag=A), Fault(etag=A, ranges="elsewhere")], {},
     [0, DROP, 0]),
    ("206 that names no place", [drop(etag=A), Fault(etag=A, ranges="unnamed")], {},
     [0, DROP, 0]),
    ("206 that lies about the place", [drop(etag=A), Fault(etag=A, ranges="lying")],
     HASH, [0, DROP, 0]),
    ("206 that ends early", [drop(etag=A), Fault(etag=A, ranges="few"), Fault(etag=A)],
     {}, [0, DROP, DROP + 10_000]),
    ("206 with gzip", [drop(etag=A), Fault(etag=A, encoding="gzip"), Fault()], {},
     [0, DROP, 0]),
    ("416 to a Range request", [drop(etag=A), Fault(etag=A, ranges="416")], {},
     [0, DROP, 0]),
    ("412 to a Range request", [drop(etag=A), Fault(status=412), Fault()], {},
     [0, DROP, 0]),
    ("changed, If-Range obeyed", [drop(body=OTHER_BODY, etag=A), Fault(etag=B)], {},
     [0, DROP]),
    ("changed, If-Range ignored",
     [drop(body=OTHER_BODY, etag=A), Fault(etag=B, ranges="careless")],
     {}, [0, DROP, 0]),
    ("changed, in size only", [drop(body=OTHER_BODY + b"1", etag=A), Fault(etag=A)], {},
     [0, DROP, 0]),
    ("changed, with the same ETag", [drop(body=OTHER_BODY, etag=A), Fault(etag=A)],
     HASH, [0, DROP, 0]),
    ("Content-Length too large, hash known", [Fault(length=SIZE + 9)], BOTH, [0]),
    ("no length, cut, hash known", [drop(length="none"), Fault()], HASH, [0, 0]),
    ("no length, cut, size known", [drop(length="none", etag=A), Fault(etag=A)],
     {"size_bytes": SIZE}, [0, DROP]),
    ("503", [Fault(status=503), Fault()], {}, [0, 0]),
    ("500 twice", [Fault(status=500), Fault(status=500), Fault()], {}, [0, 0, 0]),
    ("429 with Retry-After", [Fault(status=429, headers={"Retry-After": "7"}), Fault()],
     {}, [0, 0]),
    ("redirect", [Fault(b"", 302, headers={"Location": "/good.bin"})], {}, [0, 0]),
]  # fmt: skip

# ... how often it is asked for, the words with which it is refused, and the kind
FAILS = [
    ("always cut, no validator", [drop()], {}, 4, "broke after 70000 of 200000 bytes",
     INCOMPLETE),
    ("always cut before the answer", [Fault(close_before_answer=True)], {}, 4,
     "no connection.*asked 4 times", UNREACHABLE),
    ("never answers", [Fault(never_answers=True)], {}, 4, "no answer in 0.3 s",
     UNREACHABLE),
    ("always stalls", [Fault(stall_after=0)], {}, 4, "stopped sending", INCOMPLETE),
    ("Content-Length too large", [Fault(length=SIZE + 9)], {}, 4, "broke", INCOMPLETE),
    ("Content-Length too small, hash known", [Fault(length=SIZE - 9)], HASH, 1,
     "expected sha256", ALTERED),
    ("Content-Length too small, size known", [Fault(length=SIZE - 9)],
     {"size_bytes": SIZE}, 1, f"expected {SIZE} bytes, found {SIZE - 9}", ALTERED),
    ("chunked, always cut", [drop(length="chunked")], {}, 4, "broke", INCOMPLETE),
    ("no length, always cut, hash known", [drop(length="none")], HASH, 4,
     "expected sha256", ALTERED),
    ("no length, always cut, size known", [drop(length="none")], {"size_bytes": SIZE},
     4, f"{DROP} of {SIZE} bytes", INCOMPLETE),
    ("gzip, always cut", [Fault(encoding="gzip", length="none", close_after=DROP)], {},
     4, "ended early", INCOMPLETE),
    ("gzip that is none", [Fault(headers={"Content-Encoding": "gzip"})], {}, 1,
     "cannot be decompressed", REFUSED),
    ("an encoding nobody asked for", [Fault(headers={"Content-Encoding": "br"})], {}, 1,
     "unencoded, found 'br'", REFUSED),
    ("gzip of another file", [Fault(OTHER_BODY, encoding="gzip")], HASH, 1,
     "expected sha256", ALTERED),
    ("wrong bytes", [Fault(OTHER_BODY)], HASH, 1, "expected sha256", ALTERED),
    ("wrong bytes, too many", [Fault(BODY * 9)], {"size_bytes": SIZE}, 1,
     f"expected {SIZE} bytes", ALTERED),
    ("206 to a request for all", [Fault(status=206)], {}, 1, "answered 206", REFUSED),
    ("204", [Fault(b"", 204, length="none")], {}, 1, "answered 204", REFUSED),
    *((f"always {status}", [Fault(b"", status)], {}, 1 if status < 429 else 4,
       f"answered {status}", REFUSED) for status in (304, 403, 404, 416, 429, 500)),
    ("503, come back in an hour", [Fault(b"", 503, headers={"Retry-After": "3600"})],
     {}, 1, "answered 503.*retry in 3600 s", REFUSED),
    ("a web page with 200", [Fault(b"<html>", headers=PAGE)], {}, 1, "web page",
     REFUSED),
    ("a web page with 200, hash known", [Fault(b"<html>", headers=PAGE)], HASH, 1,
     "expected sha256.*web page", ALTERED),
    ("empty", [Fault(b"")], {}, 1, "found 0 bytes", REFUSED),
    ("empty, hash known", [Fault(b"")], HASH, 1, "expected sha256", ALTERED),
    ("redirect loop", [Fault(b"", 302, headers={"Location": "/model.bin"})], {}, 11,
     "redirected more than 10 times", REFUSED),
    ("redirect to file://", [Fault(b"", 302, headers={"Location": "file:///etc/hosts"})],
     {}, 1, "redirected to an unusable address", REFUSED),
    ("redirect to ftp://", [Fault(b"", 301, headers={"Location": "ftp://h/model.bin"})],
     {}, 1, "redirected to an unusable address", REFUSED),
    ("redirect to nowhere", [Fault(b"", 302, headers={"Location": "http://["})], {}, 1,
     "not valid HTTP", REFUSED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "answers", "check", "starts"),
    WHOLE,
    ids=[case[0] for case in WHOLE],
)
def test_ends_whole(server, tmp_path, fault, answers, check, starts):
    server.answers = {"/model.bin": list(answers), "/good.bin": [Fault()]}
    path = fetch(server, tmp_path, **check)
    assert path.read_bytes() == BODY
    assert names(tmp_path) == ["model.bin"], "nothing else is left behind"
    assert server.ranges() == [f"bytes={start}-" if start else None for start in starts]


@pytest.mark.parametrize(
    ("fault", "answers", "check", "requests_made", "words", "kind"),
    FAILS,
    ids=[case[0] for case in FAILS],
)
def test_ends_in_an_error(
    server, tmp_path, fault, answers, check, requests_made, words, kind
):
    server.answers["/model.bin"] = list(answers)
    with pytest.raises(DownloadError, match=words) as caught:
        fetch(server, tmp_path, **check)
    message = str(caught.value)
    assert server.url("/model.bin") in message
    assert str(tmp_path / "model.bin") in message, "where to put it by hand"
    assert f"Expected: {ExpectedFile(**check)}" in message
    assert caught.value.kind is kind
    assert caught.value.reason == message.splitlines()[1].strip()
    assert names(tmp_path) == [], "nothing is left behind"
    assert len(server.requests) == requests_made


SWEEP = [*range(0, 20), 4095, 4096, 8192, 65_535, 65_536, 131_072, SIZE - 1]


@pytest.mark.parametrize("check", [NOTHING, HASH], ids=["nothing known", "hash known"])
@pytest.mark.parametrize("etag", [None, A])
def test_closing_after_any_number_of_bytes(server, tmp_path, check, etag):
    for count in SWEEP:
        folder = tmp_path / str(count)
        path = f"/{count}/model.bin"
        server.answers[path] = [Fault(close_after=count, etag=etag), Fault(etag=etag)]
        assert fetch(server, folder, path, **check).read_bytes() == BODY
        assert names(folder) == ["model.bin"]
        is_continued = count > 0 and (etag or check)
        expected = f"bytes={count}-" if is_continued else None
        assert server.ranges()[-1] == expected


@pytest.mark.parametrize(
    ("fault", "answer", "count"),
    [
        ("Content-Length too small, nothing known", Fault(length=SIZE - 9), SIZE - 9),
        ("no length, cut, nothing known", drop(length="none"), DROP),
    ],
)
def test_what_http_cannot_tell(server, tmp_path, fault, answer, count):
    """By the protocol these are whole files: only a hash or a size tells."""
    server.answers["/model.bin"] = [answer]
    assert fetch(server, tmp_path).read_bytes() == BODY[:count]


def test_what_arrived_is_continued_by_a_later_call(server, tmp_path):
    server.answers["/model.bin"] = [drop(etag=A), *[Fault(status=500)] * 3]
    with pytest.raises(DownloadError, match=f"Kept for the next try: {DROP} bytes"):
        fetch(server, tmp_path)
    assert names(tmp_path) == [".model.bin.part", ".model.bin.part.json"]
    server.answers["/model.bin"] = [Fault(etag=A)]
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges()[-1] == f"bytes={DROP}-"
    assert server.log[-1].headers["If-Range"] == A
    assert names(tmp_path) == ["model.bin"]


@pytest.mark.parametrize(("check", "start"), [(HASH, DROP), (NOTHING, 0)])
def test_a_mirror_continues_only_what_a_hash_vouches_for(
    server, tmp_path, check, start
):
    body = BODY if check else OTHER_BODY
    server.answers = {
        "/model.bin": [drop(body=body, etag=A), Fault(b"gone", 404)],
        "/mirror": [Fault(etag=A)],
    }
    path = fetch(server, tmp_path, mirrors=[server.url("/mirror")], **check)
    assert path.read_bytes() == BODY
    last = server.log[-1].headers
    assert last.get("Range") == (f"bytes={start}-" if start else None)
    assert "If-Range" not in last


def test_a_server_that_keeps_cutting_but_gets_on_is_asked_on(server, tmp_path):
    body = BODY * 40
    cut = Fault(body, etag=A, close_after=1_200_000)
    server.answers["/model.bin"] = [cut]
    assert fetch(server, tmp_path).read_bytes() == body
    assert len(server.requests) == 7, "more than a server that brings nothing gets"


def test_a_drip_without_end_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr("notebook_utils.download.transfer.WINDOW_S", 0.1)
    server.answers["/model.bin"] = [Fault(drip_bytes=1)]
    with pytest.raises(DownloadError, match=r"sent only \d+ bytes in 0.1 s"):
        fetch_with_retries(server, tmp_path, 1)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Fault(b"", 503), [0.5, 1.0, 2.0]),
        (Fault(b"", 503, headers={"Retry-After": "7"}), [7, 7, 7]),
        (Fault(b"", 429, headers={"Retry-After": "0"}), [0, 0, 0]),
        (Fault(b"", 503, headers={"Retry-After": "soon"}), [0.5, 1.0, 2.0]),
        (Fault(b"", 503, headers={"Retry-After": "61"}), []),
        (Fault(b"", 404), []),
    ],
)
def test_how_long_it_waits(server, tmp_path, waits, answer, expected):
    server.answers["/model.bin"] = [answer]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    assert waits == expected


def test_without_retries_an_address_is_asked_once(server, tmp_path, waits):
    server.answers["/model.bin"] = [drop(etag=A)]
    with pytest.raises(DownloadError, match="asked once"):
        fetch_with_retries(server, tmp_path, 0)
    assert len(server.requests) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("name", "body", "headers", "check"),
    [
        ("a.tar.gz", gzip.compress(BODY), {"Content-Type": "application/gzip"}, {}),
        ("b.tar.gz", gzip.compress(BODY), {"Content-Encoding": "x-gzip"}, {}),
        ("page.html", b"<html>", PAGE, {}),
        ("empty.bin", b"", {}, {"size_bytes": 0}),
    ],
)
def test_what_was_asked_for_stays_as_it_is(
    server, tmp_path, name, body, headers, check
):
    server.answers[f"/{name}"] = [Fault(body, headers=headers)]
    assert fetch(server, tmp_path, f"/{name}", **check).read_bytes() == body


@pytest.mark.parametrize("check", [HASH, NOTHING], ids=["hash", "announced size"])
def test_a_truncated_file_is_there(server, tmp_path, check):
    server.answers["/model.bin"] = [Fault()]
    (tmp_path / "model.bin").write_bytes(BODY[:1000])
    assert fetch(server, tmp_path, **check).read_bytes() == BODY


def test_a_file_of_which_nothing_is_known_is_there(server, tmp_path):
    model = tmp_path / "model.bin"
    model.write_bytes(BODY)
    server.answers["/model.bin"] = [Fault(close_before_answer=True)]
    assert fetch(server, tmp_path).read_bytes() == BODY, "there is nobody to ask"
    server.answers["/model.bin"] = [Fault(OTHER_BODY)]
    assert fetch(server, tmp_path).read_bytes() == BODY, "it has the size announced"
    assert server.requests == []
    fetch_with_retries(server, tmp_path, 0)
    assert model.read_bytes() == OTHER_BODY, "a caller who does not reuse by size"


@pytest.mark.parametrize("kind", ["part", "note", "other hash", "complete", "too long"])
def test_what_another_process_left_behind(server, tmp_path, kind):
    note = f'{{"url": "{server.url("/model.bin")}", "validator": null, '
    note += f'"total_bytes": {SIZE}, "sha256": "{SHA256}"}}'
    left = {
        "part": (BODY[:DROP], None),
        "note": (BODY[:DROP], note[:30]),
        "other hash": (OTHER_BODY[:DROP], note.replace(SHA256, "0" * 64)),
        "complete": (BODY, note),
        "too long": (BODY + b"1", note),
    }
    part, words = left[kind]
    (tmp_path / ".model.bin.part").write_bytes(part)
    if words is not None:
        (tmp_path / ".model.bin.part.json").write_text(words)
    server.answers["/model.bin"] = [Fault()]
    assert fetch(server, tmp_path, **HASH).read_bytes() == BODY
    assert names(tmp_path) == ["model.bin"]
    requests_made = {"complete": 0, "too long": 2}.get(kind, 1)
    assert len(server.requests) == requests_made


def test_two_addresses_for_one_name(server, tmp_path):
    server.answers = {
        "/a/model.bin": [drop(body=OTHER_BODY, etag=A)],
        "/b/model.bin": [Fault(etag=A)],
    }
    with pytest.raises(DownloadError):
        fetch_with_retries(server, tmp_path, 0, "/a/model.bin")
    assert fetch(server, tmp_path, "/b/model.bin").read_bytes() == BODY
    assert "Range" not in server.log[-1].headers


class FullDisk(io.FileIO):
    """A file on a disk that fills up, with the error number of `full`."""

    full = errno.ENOSPC

    def write(self, data):
        raise OSError(self.full, os.strerror(self.full))


@pytest.mark.parametrize("full", ["announced", errno.ENOSPC, errno.EDQUOT])
def test_no_room(server, tmp_path, monkeypatch, full):
    words = "is full"
    if full == "announced":
        usage = SimpleNamespace(total=SIZE, used=1, free=SIZE - 1)
        monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
        words = f"but has only {SIZE - 1} free"
    else:
        monkeypatch.setattr(FullDisk, "full", full)
        monkeypatch.setattr("os.fdopen", lambda handle, mode: FullDisk(handle, mode))
    server.answers["/model.bin"] = [Fault(etag=A)]
    with pytest.raises(DownloadError, match=words) as caught:
        fetch(server, tmp_path, mirrors=[server.url("/mirror")])
    assert caught.value.kind is NO_SPACE
    assert str(tmp_path) in caught.value.reason
    assert f"needs {SIZE} bytes" in caught.value.reason
    assert "Free some space there" in str(caught.value)
    assert names(tmp_path) == []
    assert len(server.requests) == 1, "no mirror helps against a full disk"


@contextmanager
def somebody_without_rights():
    """Run as a person whom a read-only folder stops, unlike root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folder modes")
def test_a_read_only_folder(server):
    server.answers["/model.bin"] = [Fault(etag=A)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "there.bin").write_bytes(BODY)
        folder.chmod(0o555)
        try:
            with somebody_without_rights():
                with pytest.raises(DownloadError, match="Permission denied") as caught:
                    fetch(server, folder)
                path = fetch(server, folder, "/there.bin", **HASH)
                assert path.read_bytes() == BODY
            assert caught.value.kind is UNWRITABLE
            assert str(folder) in caught.value.reason
            assert names(folder) == ["there.bin"]
        finally:
            folder.chmod(0o755)


def test_a_folder_in_the_files_place_and_the_other_way_round(server, tmp_path):
    (tmp_path / "model.bin").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        fetch(server, tmp_path)
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(DownloadError, match="not written") as caught:
        fetch(server, tmp_path / "folder" / "below")
    assert caught.value.kind is UNWRITABLE
    assert server.requests == []


@pytest.mark.parametrize("path", ["/..", "/%2e%2e%2fx.bin", "/a%5cb", "/x%00y", "/."])
def test_names_that_lead_elsewhere(server, tmp_path, path):
    with pytest.raises(ValueError, match="Expected a file name"):
        fetch(server, tmp_path, path)
    assert server.requests == []
    assert names(tmp_path) == []


def test_a_link_in_place_of_the_part_is_not_followed(server, tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".model.bin.part").symlink_to(tmp_path / "precious")
    server.answers["/model.bin"] = [Fault()]
    with pytest.raises(DownloadError, match="not written"):
        fetch(server, folder)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_folder_that_cannot_lock(server, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    server.answers["/model.bin"] = [drop(etag=A), Fault(etag=A)]
    assert fetch(server, tmp_path / "new").read_bytes() == BODY
    assert names(tmp_path / "new") == ["model.bin"]


FETCH = """
import sys
from notebook_utils.download import download_file
url, folder, sha256 = sys.argv[1:]
download_file(url, directory=folder, silent=True, sha256=sha256 or None)
"""


def start_fetching(url, folder, sha256=""):
    return subprocess.Popen([sys.executable, "-c", FETCH, url, str(folder), sha256])


@pytest.mark.parametrize("sha256", ["", SHA256], ids=["nothing known", "hash known"])
def test_many_processes_make_one_transfer(server, tmp_path, sha256):
    count = 6
    server.answers["/model.bin"] = [Fault(drip_bytes=4000)]
    url = server.url("/model.bin")
    processes = [start_fetching(url, tmp_path, sha256) for _ in range(count)]
    assert [process.wait() for process in processes] == [0] * count
    assert (tmp_path / "model.bin").read_bytes() == BODY
    assert names(tmp_path) == ["model.bin"]
    assert len(server.requests) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("offset", [0, 1, 65_536, 131_073, SIZE - 1, SIZE])
def test_killed_and_fetched_again(server, tmp_path, offset):
    server.answers["/model.bin"] = [
        Fault(etag=A, stall_after=offset, length=SIZE + 1),
        Fault(etag=A),
    ]
    process = start_fetching(server.url("/model.bin"), tmp_path)
    assert server.stalled.wait(20)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "model.bin" not in names(tmp_path)
    assert fetch(server, tmp_path, **HASH).read_bytes() == BODY
    assert names(tmp_path) == ["model.bin"], "the dead process's lock blocks nobody"


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
NUMBER = st.integers(-5, 10**20).map(str)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *(f"Content-{of}" for of in ("Range", "Length", "Encoding", "Type")),
            *("Transfer-Encoding", "ETag", "Last-Modified", "Date", "Retry-After"),
            "Location",
        ]
    ),
    NUMBER
    | TEXT
    | st.builds("bytes {}-{}/{}".format, NUMBER, NUMBER, NUMBER)
    | st.sampled_from(["", "gzip", "deflate", "x"]),
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    headers=HEADERS,
    status=st.sampled_from([200, 200, 206, 206, 301, 302, 307, 416, 429, 503]),
    close_after=st.none() | st.integers(0, 3000),
)
@example(  # the body of a redirect must not be read, however long it says it is
    headers={"Content-Encoding": "gzip", "Content-Length": "25274798184"}
    | {"Location": "0"},
    status=301,
    close_after=None,
)
def test_no_header_makes_another_file_of_it(
    server, tmp_path, headers, status, close_after
):
    body = BODY[:4000]
    sha256 = hashlib.sha256(body).hexdigest()
    first = Fault(body, etag=A, close_after=1000)
    length = "none" if "Content-Length" in headers else "true"
    odd = Fault(body, status, None, headers, length, close_after=close_after)
    server.answers["/model.bin"] = [first, odd, odd]
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        folder = Path(name)
        try:
            path = fetch(server, folder, sha256=sha256)
        except DownloadError:
            assert "model.bin" not in names(folder)
        else:
            assert path.read_bytes() == body
            assert names(folder) == ["model.bin"]
