import json

import pytest

from conftest import Answer
from notebook_utils import DownloadError
from notebook_utils.download import Wanted
from notebook_utils.kits.hosts import (
    ASKED_FOR,
    UNASKED,
    SilentHosts,
    ask,
    first_failure,
    host_of,
)

ADDRESS = "https://example.org/model.xml"


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hosts(tmp_path, clock):
    return SilentHosts(tmp_path / "cache" / "hosts.json", clock)


def test_a_silent_host_may_be_asked_again_after_ten_minutes(hosts, clock):
    hosts.note(ADDRESS)
    clock.now += 599
    assert hosts.silent_for("https://example.org/labels.txt") == 599
    clock.now += 1
    assert hosts.silent_for(ADDRESS) is None


def test_the_memory_is_of_hosts_and_their_ports(hosts):
    hosts.note("http://127.0.0.1:8000/model.xml")
    assert hosts.silent_for("http://127.0.0.1:8001/model.xml") is None
    assert hosts.silent_for(ADDRESS) is None
    assert host_of("https://user:secret@example.org/") == "example.org"


def test_other_processes_know_it_too(hosts, tmp_path, clock):
    hosts.note(ADDRESS)
    other = SilentHosts(tmp_path / "cache" / "hosts.json", clock)
    assert other.silent_for(ADDRESS) == 0
    other.forget(ADDRESS)
    assert hosts.silent_for(ADDRESS) is None


def test_noting_one_host_keeps_the_age_of_the_others(hosts, clock):
    hosts.note(ADDRESS)
    clock.now += 60
    hosts.note("https://example.net/")
    assert hosts.silent_for(ADDRESS) == 60


def test_a_clock_that_was_put_back_does_not_silence_a_host_for_years(hosts, clock):
    hosts.note(ADDRESS)
    clock.now -= 3600
    assert hosts.silent_for(ADDRESS) is None


@pytest.mark.parametrize("content", ["", "[]", '{"example.org": "x"}', "\0"])
def test_a_damaged_memory_is_no_memory(hosts, tmp_path, content):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "hosts.json").write_text(content)
    assert hosts.silent_for(ADDRESS) is None
    hosts.note(ADDRESS)
    assert hosts.silent_for(ADDRESS) == 0


def test_a_memory_that_cannot_be_written_is_no_error(tmp_path, clock):
    (tmp_path / "file").touch()
    hosts = SilentHosts(tmp_path / "file" / "hosts.json", clock)
    hosts.note(ADDRESS)
    assert hosts.silent_for(ADDRESS) is None


def test_a_host_that_refuses_connections_is_remembered(tmp_path, monkeypatch, server):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path))
    server.shutdown()
    server.server_close()
    target = tmp_path / "model.xml"
    with pytest.raises(DownloadError, match="no connection"):
        ask([server.url("/x")], target, Wanted(None, None), UNASKED, progress=False)
    assert server.url("").removeprefix("http://") in json.loads(
        (tmp_path / "hosts.json").read_text()
    )
    with pytest.raises(DownloadError, match="not asked again"):
        ask([server.url("/y")], target, Wanted(None, None), UNASKED, progress=False)


def test_all_failures_are_told(tmp_path, monkeypatch, server):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path))
    server.answers["/a"] = Answer(b"short", 403)
    addresses = [server.url("/a"), server.url("/b")]
    with pytest.raises(DownloadError, match=r"403(.|\n)*404") as caught:
        ask(addresses, tmp_path / "f", Wanted(None, None), ASKED_FOR, progress=False)
    assert "403" in first_failure(caught.value)
    assert not (tmp_path / "f").exists()
