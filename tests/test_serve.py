import http.client
import os
import socket
from contextlib import closing

import pytest

from conftest import running
from notebook_utils import WorkshopError
from notebook_utils.__main__ import main
from notebook_utils.kits.serve import FolderServer


@pytest.fixture
def folder(tmp_path):
    served = tmp_path / "mirror"
    (served / "kit").mkdir(parents=True)
    (served / "index.json").write_text("{}")
    (served / "kit" / "model.bin").write_bytes(b"model")
    (served / ".secret").write_text("hidden")
    (tmp_path / "outside.txt").write_text("private")
    return served


@pytest.fixture
def server(folder):
    with running(FolderServer(folder)) as started:
        yield started


def ask(server, path, method="GET"):
    address = ("127.0.0.1", server.server_port)
    with closing(http.client.HTTPConnection(*address, timeout=5)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_files_are_served(server):
    assert ask(server, "/index.json") == (200, b"{}")
    assert ask(server, "/kit/model.bin") == (200, b"model")
    assert ask(server, "/nothing")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/kit/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "//outside.txt",
        "/kit/..%5c..%5coutside.txt",
        "/.secret",
        "/kit/../.secret",
    ],
)
def test_nothing_outside_and_nothing_hidden(server, path):
    status, body = ask(server, path)
    assert status == 404
    assert b"private" not in body
    assert b"hidden" not in body


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege elsewhere")
def test_no_link_leads_out(server, folder):
    (folder / "kit" / "link.txt").symlink_to(folder.parent / "outside.txt")
    (folder / "up").symlink_to(folder.parent)
    assert ask(server, "/kit/link.txt")[0] == 404
    assert ask(server, "/up/outside.txt")[0] == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_is_written(server, folder, method):
    assert ask(server, "/kit/model.bin", method)[0] == 501
    assert (folder / "kit" / "model.bin").read_bytes() == b"model"


def test_a_client_that_hangs_up_leaves_no_traceback(server, folder, capfd):
    (folder / "kit" / "model.bin").write_bytes(b"\0" * 50_000_000)
    with socket.create_connection(("127.0.0.1", server.server_port)) as client:
        client.sendall(b"GET /kit/model.bin HTTP/1.1\r\n\r\n")
        client.recv(1000)
    server.shutdown()
    server.server_close()  # waits for the thread of the request
    assert capfd.readouterr().err == ""


def test_this_machine_alone_unless_asked(folder):
    with FolderServer(folder) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{server.server_port}"
    with FolderServer(folder, public=True) as server:
        assert server.server_address[0] == "0.0.0.0"  # noqa: S104
        assert server.address.endswith(f":{server.server_port}")
        assert "0.0.0.0" not in server.address  # noqa: S104


def test_what_cannot_be_served(folder, tmp_path, capsys):
    assert main(["serve", str(tmp_path / "nothing")]) == 1
    assert "There is no folder" in capsys.readouterr().err
    with FolderServer(folder) as server, pytest.raises(WorkshopError, match="--port"):
        FolderServer(folder, server.server_port)


def test_the_command_prints_the_line_for_the_class(folder, monkeypatch, capsys):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(FolderServer, "serve_forever", interrupt)
    assert main(["serve", str(folder), "--port", "0"]) == 0
    assert "  NOTEBOOK_KITS_MIRROR=http://127.0.0.1:" in capsys.readouterr().out
