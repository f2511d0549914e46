import json

import pytest

from kit_catalogue import KitCatalogue
from misbehaving_server import Answer
from notebook_utils import KitError, load_kit
from notebook_utils.__main__ import main
from notebook_utils.kits.hosts import remember
from notebook_utils.kits.prefetch import prefetch


@pytest.fixture(autouse=True)
def kits(server, tmp_path, kits_cache, monkeypatch):
    """Two kits that share a picture, and one that was never published."""
    kits = {
        name: {"published": {"files": [file(server, name), file(server, "picture")]}}
        for name in ("one", "two")
    }
    for name in ("one", "two", "picture"):
        server.answers[f"/{name}"] = Answer(name.encode())
    return KitCatalogue(monkeypatch, tmp_path, kits | {"ours": {"included": {}}})


def file(server, name):
    return {"name": f"{name}.bin", "url": server.url(f"/{name}")}


def index(folder):
    return json.loads((folder / "index.json").read_text())["kits"]


def test_a_mirror_of_all_kits(tmp_path, server, capsys):
    assert main(["prefetch", "--to", str(tmp_path / "mirror")]) == 0
    assert "4 files fetched" in capsys.readouterr().out
    listed = index(tmp_path / "mirror")
    assert sorted(listed) == ["one", "two"]
    assert listed["two"]["two.bin"]["size_bytes"] == 3
    assert (tmp_path / "mirror" / "two" / "picture.bin").read_bytes() == b"picture"
    assert server.requests.count("/picture") == 1, "shared files are fetched once"


def test_what_is_there_and_verifies_is_kept(tmp_path, server, kits):
    prefetch([], tmp_path)
    (tmp_path / "one" / "one.bin").write_bytes(b"altered")
    server.requests.clear()
    done = prefetch([], tmp_path)
    assert done.fetched == ["one/one.bin"]
    assert len(done.kept) == 3
    assert server.requests == ["/one"]
    server.answers["/two"] = Answer(b"TWO")
    kits.pin({server.url("/two"): b"TWO"})
    assert prefetch([], tmp_path).fetched == ["two/two.bin"], "it is another one now"


def test_a_file_beside_a_lost_index_is_not_trusted(tmp_path):
    prefetch(["one"], tmp_path)
    (tmp_path / "index.json").write_text("half an ind")
    assert len(prefetch(["one"], tmp_path).fetched) == 2


def test_the_kits_that_are_named_beside_those_of_an_earlier_run(tmp_path):
    assert prefetch(["two"], tmp_path).fetched == ["two/two.bin", "two/picture.bin"]
    assert not (tmp_path / "one").exists()
    prefetch(["one"], tmp_path)
    assert sorted(index(tmp_path)) == ["one", "two"]


def test_one_failure_leaves_the_rest(tmp_path, server, capsys):
    del server.answers["/one"]
    assert main(["prefetch", "--to", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "3 files fetched, 0 already there, 1 unavailable" in printed
    assert "404" in printed
    assert "\n    one/one.bin\n" in printed
    assert sorted(index(tmp_path)["one"]) == ["picture.bin"]
    server.answers["/one"] = Answer(b"one")
    assert main(["prefetch", "--to", str(tmp_path)]) == 0


def test_a_silent_host_is_asked_for_one_file(tmp_path, server, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    remember(server.url("/"), silent=True)
    server.shutdown()
    server.server_close()
    failed = prefetch([], tmp_path / "mirror").failed
    assert len(waits) == 3, "the retries of one file"
    assert "no connection" in failed["one/one.bin"]
    assert "is not asked again" in failed["two/picture.bin"]


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "mirror").write_text("no folder")
    with pytest.raises(KitError, match=r"Cannot write to .*mirror.*another folder"):
        prefetch(["one"], tmp_path / "mirror")


def test_an_altered_file_that_cannot_be_had_leaves_the_index(tmp_path, server):
    prefetch(["one"], tmp_path)
    (tmp_path / "one" / "one.bin").write_bytes(b"altered")
    server.answers.clear()
    prefetch(["one"], tmp_path)
    assert sorted(index(tmp_path)["one"]) == ["picture.bin"]


def test_kits_that_cannot_be_fetched(tmp_path):
    for name in ("ours", "unknown"):
        with pytest.raises(KitError, match="one, two"):
            prefetch([name], tmp_path)


def test_a_prefetched_folder_is_a_mirror(tmp_path, monkeypatch, server):
    prefetch([], tmp_path / "mirror")
    server.answers.clear()
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(tmp_path / "mirror"))
    kit = load_kit("one")
    assert kit.origin == "published"
    assert (kit.folder / "one.bin").read_bytes() == b"one"
