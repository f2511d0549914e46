import json

import pytest

from conftest import Answer
from kit_catalogue import sums
from notebook_utils import DownloadError
from notebook_utils.kits.catalogue import PublishedFile
from notebook_utils.kits.hosts import ONE_ATTEMPT, RETRIES
from notebook_utils.kits.mirrors import open_mirror, read_index, write_index

FILES = (PublishedFile("model.xml"), PublishedFile("labels.txt"))
BODIES = {"model.xml": b"<net/>", "labels.txt": b"ball"}
INDEX = {"toys": {name: sums(body) for name, body in BODIES.items()}}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))


def test_the_files_of_a_kit_are_those_that_the_index_lists(tmp_path):
    write_index(tmp_path, INDEX)
    assert read_index(tmp_path / "index.json") == INDEX
    mirror = open_mirror(str(tmp_path), ONE_ATTEMPT)
    model, labels = mirror.files("toys", FILES)
    assert model.source == str(tmp_path / "toys" / "model.xml")
    assert (labels.expected.size_bytes, labels.name) == (4, "labels.txt")
    assert mirror.files("toys", (*FILES, PublishedFile("picture.jpg"))) is None
    assert mirror.files("cats", FILES) is None


def test_the_index_cannot_lead_out_of_the_mirror(tmp_path):
    """Names of files come from the catalogue; what else it lists is not looked at."""
    write_index(tmp_path, {"toys": {**INDEX["toys"], "../../escaped": sums(b"")}})
    files = open_mirror(str(tmp_path), ONE_ATTEMPT).files("toys", FILES)
    assert [file.name for file in files] == ["model.xml", "labels.txt"]


def test_the_index_of_an_address_is_asked_for_each_time(server):
    index = json.dumps({"kits": INDEX}).encode()
    server.answers["/index.json"] = Answer(index)
    for _ in range(2):
        (model, _) = open_mirror(server.url("/"), RETRIES).files("toys", FILES)
        assert model.source == server.url("/toys/model.xml")
    assert server.requests == ["/index.json"] * 2


@pytest.mark.parametrize(
    "content",
    [
        "<html>",
        "[]",
        '{"kits": []}',
        '{"kits": {"toys": {"model.xml": {}}}}',
        '{"kits": {"toys": {"model.xml": {"sha256": "12", "size_bytes": 1}}}}',
    ],
)
def test_what_is_no_index_is_refused(tmp_path, content):
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(DownloadError, match=r"index\.json of .* cannot be read"):
        open_mirror(str(tmp_path), ONE_ATTEMPT)


def test_no_index_at_all(tmp_path, server):
    with pytest.raises(DownloadError, match=r"index\.json: No such file"):
        open_mirror(str(tmp_path), ONE_ATTEMPT)
    with pytest.raises(DownloadError, match=r"index\.json: .*404"):
        open_mirror(server.url(""), RETRIES)
