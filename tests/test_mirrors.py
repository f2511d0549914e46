import pytest

from kit_catalogue import sums
from notebook_utils import DownloadError
from notebook_utils.kits.catalogue import PublishedFile
from notebook_utils.kits.hosts import ONE_ATTEMPT
from notebook_utils.kits.mirrors import fetch_index, mirrored_files, write_index

FILES = (PublishedFile("model.xml"), PublishedFile("labels.txt"))
BODIES = {"model.xml": b"<net/>", "labels.txt": b"ball"}
pytestmark = pytest.mark.usefixtures("kits_cache")
INDEX = {"toys": {name: sums(body) for name, body in BODIES.items()}}


def test_the_files_of_a_kit_are_those_that_the_index_lists(tmp_path):
    listed = INDEX["toys"] | {"../../escaped": sums(b"")}
    write_index(tmp_path, {"toys": listed})
    assert fetch_index(str(tmp_path), ONE_ATTEMPT) == {"toys": listed}
    model, labels = mirrored_files(str(tmp_path), "toys", listed, FILES)
    assert model.source == str(tmp_path / "toys" / "model.xml")
    assert (labels.expected.size_bytes, labels.name) == (4, "labels.txt")
    at_host, _ = mirrored_files("http://host/", "toys", listed, FILES)
    assert at_host.source == "http://host/toys/model.xml"
    more = (*FILES, PublishedFile("picture.jpg"))
    with pytest.raises(DownloadError, match="lacks this kit"):
        mirrored_files(str(tmp_path), "toys", listed, more)


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
        fetch_index(str(tmp_path), ONE_ATTEMPT)
