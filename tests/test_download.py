import hashlib
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from conftest import Answer
from notebook_utils import DownloadError, download_file
from notebook_utils.download.retry import Pace

BODY = bytes(range(256)) * 400
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Let nobody really wait between two attempts, and say how long they would."""
    slept: list[float] = []
    pace = Pace(sleep=slept.append)
    monkeypatch.setattr("notebook_utils.download.fetching.Pace", lambda: pace)
    return slept


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_arrives_whole(server, tmp_path):
    server.answers["/a/model.bin"] = Answer(BODY)
    path = download_file(server.url("/a/model.bin"), directory=tmp_path / "new")
    assert path == tmp_path / "new" / "model.bin"
    assert path.read_bytes() == BODY
    assert files_in(path.parent) == ["model.bin"]
    assert server.user_agents[0].startswith("inference-workshop/")


def test_name_comes_from_the_path_of_the_url_alone(server, tmp_path):
    server.answers["/a%20model.bin?raw=true"] = Answer(BODY)
    path = download_file(server.url("/a%20model.bin?raw=true"), directory=tmp_path)
    assert path.name == "a model.bin"


def test_the_current_folder_is_the_default(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.answers["/model.bin"] = Answer(BODY)
    assert download_file(server.url("/model.bin"), "m.bin") == tmp_path / "m.bin"


@pytest.mark.parametrize("check", [{}, {"sha256": SHA256}, {"size_bytes": len(BODY)}])
def test_a_good_file_is_not_fetched_twice(server, tmp_path, check):
    server.answers["/model.bin"] = Answer(BODY)
    for _ in range(2):
        download_file(server.url("/model.bin"), directory=tmp_path, **check)
    assert server.requests == ["/model.bin"]


@pytest.mark.parametrize("check", [{"sha256": SHA256}, {"size_bytes": len(BODY)}])
def test_a_truncated_file_that_is_there_is_replaced(server, tmp_path, check):
    server.answers["/model.bin"] = Answer(BODY)
    (tmp_path / "model.bin").write_bytes(BODY[:1000])
    path = download_file(server.url("/model.bin"), directory=tmp_path, **check)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("answer", "check", "words"),
    [
        (Answer(BODY, send_bytes=1000), {}, "model.bin"),
        (Answer(b"wrong"), {"sha256": SHA256}, "expected sha256"),
        (Answer(BODY[:-1]), {"size_bytes": len(BODY)}, "expected 102400 bytes"),
        (Answer(b"no", 404), {}, "answered 404"),
        (Answer(b"<html>", 403), {}, "answered 403"),
    ],
)
def test_what_is_not_the_file_leaves_nothing(server, tmp_path, answer, check, words):
    server.answers["/model.bin"] = answer
    with pytest.raises(DownloadError, match=words) as caught:
        download_file(server.url("/model.bin"), directory=tmp_path, **check)
    assert files_in(tmp_path) == []
    message = str(caught.value)
    assert server.url("/model.bin") in message
    assert str(tmp_path / "model.bin") in message, "where to put it by hand"


def test_a_failure_keeps_the_file_that_was_there(server, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"older")
    with pytest.raises(DownloadError):
        download_file(server.url("/model.bin"), directory=tmp_path, sha256=SHA256)
    assert (tmp_path / "model.bin").read_bytes() == b"older"


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.answers["/model.bin"] = [Answer(b"", 503), Answer(BODY)]
    path = download_file(server.url("/model.bin"), directory=tmp_path)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 2


def test_nobody_comes_back_in_step(server, tmp_path, waits):
    server.answers["/model.bin"] = Answer(b"", 503)
    for _ in range(2):
        with pytest.raises(DownloadError):
            download_file(server.url("/model.bin"), directory=tmp_path)
    assert all(
        low <= wait <= 2 * low
        for low, wait in zip([0.25, 0.5, 1.0] * 2, waits, strict=True)
    )
    assert waits[:3] != waits[3:], "the pauses are drawn by lot"


def test_all_addresses_are_named_when_none_gives_the_file(server, tmp_path):
    mirror = server.url("/mirror")
    with pytest.raises(DownloadError) as caught:
        download_file(server.url("/model.bin"), directory=tmp_path, mirrors=[mirror])
    lines = str(caught.value).splitlines()
    assert lines[0] == "Could not fetch 'model.bin'."
    assert lines[1].startswith(f"  {server.url('/model.bin')}: the server answered 404")
    assert lines[2].startswith(f"  {mirror}: the server answered 404")


def test_a_file_brought_by_hand_is_taken_up(server, tmp_path):
    with pytest.raises(DownloadError) as caught:
        download_file(server.url("/model.bin"), directory=tmp_path, sha256=SHA256)
    place = str(caught.value).splitlines()[-1].strip()
    Path(place).write_bytes(BODY)
    path = download_file(server.url("/model.bin"), directory=tmp_path, sha256=SHA256)
    assert path.read_bytes() == BODY


def test_a_proxy_of_the_environment_is_asked(server, tmp_path, monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url(""))
    server.answers["http://files.invalid/model.bin"] = Answer(BODY)
    path = download_file("http://files.invalid/model.bin", directory=tmp_path)
    assert path.read_bytes() == BODY


class SecureHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def secure_site(tmp_path):
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
    with HTTPServer(("127.0.0.1", 0), SecureHandler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{running.server_port}/model.bin", certificate
        running.shutdown()
        thread.join()


def test_a_certificate_that_the_system_does_not_know(secure_site, tmp_path):
    address, _ = secure_site
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        download_file(address, directory=tmp_path / "new")
    assert files_in(tmp_path / "new") == []


def test_a_certificate_that_the_system_knows(secure_site, tmp_path, monkeypatch):
    address, certificate = secure_site
    before = ssl.SSLContext
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    path = download_file(address, directory=tmp_path / "new", sha256=SHA256)
    assert path.read_bytes() == BODY
    assert ssl.SSLContext is before, "nobody else's connections are changed"


def test_mirrors_are_asked_in_order(server, tmp_path):
    server.answers["/second"] = Answer(BODY)
    path = download_file(
        server.url("/first"),
        "model.bin",
        tmp_path,
        sha256=SHA256,
        mirrors=[server.url("/second"), server.url("/third")],
    )
    assert path.read_bytes() == BODY
    assert server.requests == ["/first", "/second"]


def test_nobody_listening_is_an_error_that_says_so(tmp_path):
    with pytest.raises(DownloadError, match="no connection"):
        download_file("http://127.0.0.1:9/model.bin", directory=tmp_path)


def test_silent_prints_nothing(server, tmp_path, capsys):
    server.answers["/model.bin"] = Answer(BODY)
    for _ in range(2):
        download_file(server.url("/model.bin"), directory=tmp_path, silent=True)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


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


def test_a_folder_of_that_name_is_left_alone(tmp_path):
    (tmp_path / "model.bin").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        download_file("http://127.0.0.1/model.bin", directory=tmp_path)
