import json
import shutil

import pytest

from conftest import Answer
from notebook_utils import DownloadError
from notebook_utils.kits.cache import sums_of
from notebook_utils.kits.hosts import ASKED_FOR, UNASKED, Patience
from notebook_utils.kits.mirrors import (
    AlteredFileError,
    open_mirror,
    read_index,
    write_index,
)
from notebook_utils.kits.published import PublishedFile

FILES = [PublishedFile.read({"name": name}) for name in ("model.xml", "labels.txt")]
BODIES = {"model.xml": b"<net/>", "labels.txt": b"ball"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NOTEBOOK_KITS_SHARED_CACHE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    kit = tmp_path / "mirror" / "toys"
    kit.mkdir(parents=True)
    for name, body in BODIES.items():
        (kit / name).write_bytes(body)
    write_index(kit.parent, {"toys": sums_of(kit, BODIES)})
    return kit.parent


@pytest.fixture
def address(folder, server):
    """The same mirror, on loopback."""
    for path in folder.rglob("*.*"):
        relative = path.relative_to(folder).as_posix()
        server.answers[f"/{relative}"] = Answer(path.read_bytes())
    return server.url("/")


def test_the_index_comes_back_as_it_was_written(folder):
    index = read_index(folder / "index.json")
    assert index["toys"]["labels.txt"]["size_bytes"] == 4


def test_a_kit_comes_from_a_folder(folder):
    mirror = open_mirror(str(folder), UNASKED)
    assert mirror.lists("toys", BODIES)
    assert not mirror.lists("toys", [*BODIES, "picture.jpg"])
    assert not mirror.lists("cats", ["model.xml"])
    brought = mirror.bring("toys", FILES, UNASKED)
    assert (brought / "labels.txt").read_bytes() == b"ball"


def test_a_kit_comes_from_an_address_once(address, server):
    for _ in range(2):
        brought = open_mirror(address, UNASKED).bring("toys", FILES, UNASKED)
    assert (brought / "model.xml").read_bytes() == b"<net/>"
    assert server.requests.count("/toys/model.xml") == 1
    assert server.requests.count("/index.json") == 2, "the index may have changed"


def test_the_stick_may_be_pulled_out_once_the_kit_is_there(folder):
    mirror = open_mirror(str(folder), UNASKED)
    brought = mirror.bring("toys", FILES, UNASKED)
    shutil.rmtree(folder)
    assert (brought / "model.xml").is_file()
    assert mirror.bring("toys", FILES, UNASKED) == brought


def test_the_files_of_two_mirrors_do_not_meet(folder, tmp_path):
    first = open_mirror(str(folder), UNASKED).bring("toys", FILES, UNASKED)
    other = tmp_path / "other" / "toys"
    other.mkdir(parents=True)
    for name in BODIES:
        (other / name).write_bytes(b"other")
    write_index(other.parent, {"toys": sums_of(other, BODIES)})
    second = open_mirror(str(other.parent), UNASKED).bring("toys", FILES, UNASKED)
    assert first != second
    assert (first / "labels.txt").read_bytes() == b"ball"


def test_an_altered_file_is_refused_from_a_folder(folder, cache):
    (folder / "toys" / "labels.txt").write_bytes(b"cone")
    with pytest.raises(AlteredFileError, match=r"Refused 'labels\.txt' of kit"):
        open_mirror(str(folder), UNASKED).bring("toys", FILES, UNASKED)
    assert not list(cache.rglob("labels.txt"))


def test_an_altered_file_is_refused_from_an_address(address, server, cache):
    server.answers["/toys/labels.txt"] = Answer(b"cone")
    once = Patience(timeout=3, retries=0, insists=True)
    mirror = open_mirror(address, once)
    with pytest.raises(AlteredFileError, match=r"sha256(.|\n)*prefetch toys") as caught:
        mirror.bring("toys", FILES, once)
    assert address in str(caught.value)
    assert not list(cache.rglob("labels.txt"))


def test_a_file_altered_in_the_cache_comes_from_the_mirror_again(folder):
    mirror = open_mirror(str(folder), UNASKED)
    brought = mirror.bring("toys", FILES, UNASKED)
    (brought / "labels.txt").write_bytes(b"cone")
    mirror.bring("toys", FILES, UNASKED)
    assert (brought / "labels.txt").read_bytes() == b"ball"


def test_a_file_that_is_listed_but_missing(folder):
    (folder / "toys" / "labels.txt").unlink()
    with pytest.raises(DownloadError, match=r"labels\.txt: No such file"):
        open_mirror(str(folder), UNASKED).bring("toys", FILES, UNASKED)


def test_a_shared_cache_saves_the_copy(folder, tmp_path, monkeypatch, cache):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "shared"))
    mirror = open_mirror(str(folder), UNASKED)
    mirror.bring("toys", FILES, UNASKED)
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(cache))
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(tmp_path / "shared"))
    brought = mirror.bring("toys", FILES, UNASKED)
    assert brought.is_relative_to(tmp_path / "shared")
    assert not cache.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html>",
        "[]",
        '{"kits": []}',
        '{"kits": {"toys": {"model.xml": {}}}}',
        '{"kits": {"toys": {"model.xml": {"sha256": "12", "size_bytes": 1}}}}',
    ],
)
def test_what_is_no_index_is_refused(folder, content):
    (folder / "index.json").write_text(content)
    with pytest.raises(DownloadError, match="cannot be read"):
        open_mirror(str(folder), UNASKED)


def test_no_index_at_all(tmp_path, server):
    with pytest.raises(DownloadError, match="NOTEBOOK_KITS_MIRROR"):
        open_mirror(str(tmp_path), UNASKED)
    with pytest.raises(DownloadError, match="404"):
        open_mirror(server.url(""), ASKED_FOR)


def test_the_index_cannot_lead_out_of_the_mirror(folder, cache):
    """Names of files come from kits.toml; what else it lists is not looked at."""
    index = json.loads((folder / "index.json").read_text())
    index["kits"]["toys"]["../../escaped"] = {"sha256": "0" * 64, "size_bytes": 1}
    (folder / "index.json").write_text(json.dumps(index))
    open_mirror(str(folder), UNASKED).bring("toys", FILES, UNASKED)
    names = {path.name for path in cache.rglob("*") if path.is_file()}
    assert names == {"model.xml", "labels.txt", "sums.json"}
