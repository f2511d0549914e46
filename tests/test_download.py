"""What a download promises: its retry policy, TLS, mirrors, and what it says."""

import hashlib
import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from misbehaving_server import Answer
from notebook_utils import DownloadError, download_file
from notebook_utils.download.retry import MAX_WAIT_S, RetryPolicy, retry_after_s

BODY = bytes(range(256)) * 400
SHA256 = hashlib.sha256(BODY).hexdigest()
NOON = datetime(2026, 1, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 03 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 03 Jan 2026 12:00:30 -0000", 30.0),
        ("Sat, 03 Jan 2026 11:00:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("9" * 5000, None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(monkeypatch, header, expected):
    monkeypatch.setattr("time.time", NOON.timestamp)
    assert retry_after_s(header) == expected


def test_backoff_grows_and_is_bounded(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 1.0)
    longest = [RetryPolicy().backoff_s(n) for n in range(1, 20)]
    monkeypatch.setattr("random.random", lambda: 0.0)
    shortest = [RetryPolicy().backoff_s(n) for n in range(1, 20)]
    assert longest[:3] == [0.5, 1.0, 2.0]
    assert longest == sorted(longest)
    assert longest[-1] == MAX_WAIT_S
    assert [2 * wait for wait in shortest] == longest


def test_the_file_arrives_whole(server, tmp_path):
    server.answers["/a/model.bin"] = Answer(BODY)
    path = download_file(server.url("/a/model.bin"), directory=tmp_path / "new")
    assert path == tmp_path / "new" / "model.bin"
    assert path.read_bytes() == BODY
    assert list(path.parent.iterdir()) == [path]
    assert server.log[0].headers["User-Agent"].startswith("inference-workshop/")


def test_the_name_is_that_of_the_path_and_the_folder_the_current_one(
    server, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    server.answers["/a%20model.bin?raw=true"] = Answer(BODY)
    path = download_file(server.url("/a%20model.bin?raw=true"))
    assert path == tmp_path / "a model.bin"
    assert download_file(server.url(path.name), "a model.bin") == path


@pytest.mark.parametrize("check", [{}, {"sha256": SHA256}, {"size_bytes": len(BODY)}])
def test_a_good_file_is_not_fetched_twice(server, tmp_path, check, capsys):
    server.answers["/model.bin"] = Answer(BODY)
    for _ in range(2):
        download_file(server.url("/model.bin"), directory=tmp_path, **check)
    assert server.requests == ["/model.bin"]
    assert capsys.readouterr().out == "'model.bin' is already there.\n"


def test_silent_prints_nothing(server, tmp_path, capsys):
    server.answers["/model.bin"] = Answer(BODY)
    for _ in range(2):
        download_file(server.url("/model.bin"), directory=tmp_path, silent=True)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_all_addresses_are_named_when_none_gives_the_file(server, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"older")
    url, mirror = server.url("/model.bin"), server.url("/mirror")
    check = {"directory": tmp_path, "sha256": SHA256}
    with pytest.raises(DownloadError) as caught:
        download_file(url, mirrors=[mirror], **check)
    assert (tmp_path / "model.bin").read_bytes() == b"older"
    lines = str(caught.value).splitlines()
    assert lines[0] == "Could not fetch 'model.bin'."
    assert lines[1].startswith(f"  {url}: the server answered 404")
    assert lines[2].startswith(f"  {mirror}: the server answered 404")
    assert caught.value.reason == lines[1].strip(), "the first address's"
    Path(lines[-1].strip()).write_bytes(BODY)
    assert download_file(url, **check).read_bytes() == BODY, "brought by hand"


def test_mirrors_are_asked_in_order(server, tmp_path):
    server.answers["/second"] = Answer(BODY)
    mirrors = [server.url("/second"), server.url("/third")]
    path = download_file(server.url("/first"), "model.bin", tmp_path, mirrors=mirrors)
    assert path.read_bytes() == BODY
    assert server.requests == ["/first", "/second"]


def test_a_proxy_of_the_environment_is_asked(server, tmp_path, monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url(""))
    server.answers["http://files.invalid/model.bin"] = Answer(BODY)
    path = download_file("http://files.invalid/model.bin", directory=tmp_path)
    assert path.read_bytes() == BODY


@pytest.fixture
def secure_site(tmp_path, server):
    """Serve over https with a certificate that was made for this test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is needed to make a certificate, and is not installed")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.answers["/model.bin"] = Answer(BODY)
    return server.url("/model.bin").replace("http", "https"), certificate


def test_a_certificate_that_the_system_does_not_know(secure_site, tmp_path):
    address, _ = secure_site
    with pytest.raises(DownloadError, match="certificate is not trusted") as caught:
        download_file(address, directory=tmp_path / "new")
    assert caught.value.kind == "refused"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_certificate_that_the_system_knows(secure_site, tmp_path, monkeypatch):
    address, certificate = secure_site
    before = ssl.SSLContext
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    path = download_file(address, directory=tmp_path / "new", sha256=SHA256)
    assert path.read_bytes() == BODY
    assert ssl.SSLContext is before, "nobody else's connections are changed"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": "file:///etc/passwd"}, "http://"),
        ({"url": "model.bin"}, "http://"),
        ({"mirrors": ["ftp://example.org/x"]}, "http://"),
        ({"filename": "../model.bin"}, "without folders"),
        ({"filename": "a\\b"}, "without folders"),
        ({"url": "http://127.0.0.1/"}, "without folders"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"size_bytes": -1}, "0 or more"),
        ({"timeout": 0}, "more than 0 s"),
    ],
)
def test_arguments_that_make_no_sense(tmp_path, arguments, words):
    given = {"url": "http://127.0.0.1/model.bin", "directory": tmp_path} | arguments
    with pytest.raises(ValueError, match=words):
        download_file(**given)
