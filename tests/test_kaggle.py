"""Kaggle's own library, pointed at a server on loopback."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import running
from notebook_utils import DownloadError
from notebook_utils.download import ExpectedFile
from notebook_utils.errors import DownloadFailure
from notebook_utils.kits.catalogue import PublishedFile
from notebook_utils.kits.hosts import RETRIES, fetch

HANDLE = "tensorflow/inception/tfLite/v4-quant"


class Kaggle(BaseHTTPRequestHandler):
    """Answers what the library asks: the version, the list of files, the download."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if "Download" in self.path:
            body = b"model"
        elif "Files" in self.path:
            body = json.dumps({"files": [{"name": "1.tflite"}]}).encode()
        else:
            body = json.dumps({"versionNumber": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(autouse=True)
def kaggle(tmp_path, monkeypatch):
    from kagglesdk import kaggle_env

    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no-credentials"))
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        test = kaggle_env.KaggleEnv.TEST
        monkeypatch.setitem(kaggle_env._env_to_endpoint, test, address)
        yield server


def fetch_member(member, target, **expected):
    kaggle = (HANDLE, member)
    file = PublishedFile("m", kaggle=kaggle, expected=ExpectedFile(**expected))
    fetch(file, target, RETRIES)


def test_a_file_comes_through_kaggles_library(tmp_path):
    target = tmp_path / "kit" / "model.tflite"
    fetch_member("1.tflite", target)
    assert target.read_bytes() == b"model"


def test_another_file_than_the_one_that_is_expected(tmp_path):
    target = tmp_path / "model.tflite"
    with pytest.raises(DownloadError, match="expected 6 bytes, found 5") as caught:
        fetch_member("1.tflite", target, size_bytes=6)
    assert caught.value.kind is DownloadFailure.ALTERED
    assert not target.exists()


def test_a_model_without_the_file(tmp_path):
    with pytest.raises(DownloadError, match=r"2\.tflite"):
        fetch_member("2.tflite", tmp_path / "m")
