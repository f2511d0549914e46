import os
import time

import pytest

from conftest import Answer
from notebook_utils import DownloadError
from notebook_utils.errors import DownloadFailure
from notebook_utils.kits.catalogue import PublishedFile
from notebook_utils.kits.hosts import ONE_ATTEMPT, fetch, remember, silent_for

pytestmark = pytest.mark.usefixtures("kits_cache")
ADDRESS = "https://example.org/model.xml"


@pytest.mark.parametrize(
    ("ago_s", "is_silent"),
    [(590, True), (610, False), (-3600, False)],  # the last: the clock was put back
)
def test_a_silent_host_is_asked_again_after_ten_minutes(kits_cache, ago_s, is_silent):
    remember(ADDRESS, silent=True)
    (note,) = kits_cache.glob("*/*")
    os.utime(note, (time.time() - ago_s, time.time() - ago_s))
    assert (silent_for("https://example.org/labels.txt") is not None) is is_silent


def test_the_memory_is_of_hosts_and_their_ports():
    remember("http://127.0.0.1:8000/model.xml", silent=True)
    assert silent_for("http://127.0.0.1:8001/model.xml") is None
    assert silent_for(ADDRESS) is None
    remember("http://127.0.0.1:8000/labels.txt", silent=False)
    assert silent_for("http://127.0.0.1:8000/model.xml") is None
    remember("https://user:secret@example.org/", silent=True)
    assert silent_for(ADDRESS) is not None


def test_a_memory_that_cannot_be_written_is_no_error(kits_cache):
    kits_cache.write_text("no folder")
    remember(ADDRESS, silent=True)
    assert silent_for(ADDRESS) is None


def test_a_host_that_refuses_connections_is_remembered(tmp_path, server):
    server.shutdown()
    server.server_close()
    for path, message in (("/x", "no connection"), ("/y", "not asked again")):
        file = PublishedFile("model.xml", (server.url(path),))
        with pytest.raises(DownloadError, match=message) as caught:
            fetch(file, tmp_path / "model.xml", ONE_ATTEMPT, show_progress=False)
        assert caught.value.kind is DownloadFailure.UNREACHABLE


def test_one_address_after_the_other(tmp_path, server):
    server.answers["/a"] = Answer(b"short", 403)
    file = PublishedFile("f", (server.url("/a"), server.url("/b")))
    with pytest.raises(DownloadError, match="404"):
        fetch(file, tmp_path / "f", ONE_ATTEMPT, show_progress=False)
    assert not (tmp_path / "f").exists()
    server.answers["/b"] = Answer(b"body")
    fetch(file, tmp_path / "f", ONE_ATTEMPT, show_progress=False)
    assert (tmp_path / "f").read_bytes() == b"body"
