import copy
import hashlib
import json
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from conftest import Answer
from notebook_utils import DownloadError, KitError, list_kits, load_kit
from notebook_utils.kits import loading, registry
from notebook_utils.kits.cache import clean_cache, sums_of
from notebook_utils.kits.hosts import silent_hosts
from notebook_utils.kits.kit import Kit, KitFile, Preprocessing
from notebook_utils.kits.mirrors import write_index

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
# A kit without a model is a data set, which has tests of its own.
KITS_OF_MODELS = [
    name
    for name in list_kits()
    if "preprocess" in registry.registry()[name]["included"]
]
LABELS = b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    for name in ("", "_MIRROR", "_SHARED_CACHE", "_OVERLAY", "_FOUND"):
        monkeypatch.delenv(f"NOTEBOOK_KITS{name}", raising=False)


@pytest.fixture
def published(server, monkeypatch):
    """The first kit, its published files on loopback; returns that origin's entry."""
    entries = copy.deepcopy(registry.registry())
    entry = entries["classification-ir"]["published"]
    bodies = {"model.xml": b"<net/>", "model.bin": b"\0" * 9, "labels.txt": LABELS}
    entry["files"] = [{"name": name, "url": server.url(f"/{name}")} for name in bodies]
    for name, body in bodies.items():
        server.answers[f"/{name}"] = Answer(body)
    monkeypatch.setattr(registry, "_read", lambda overlay: entries)
    return entry


@pytest.mark.parametrize("name", KITS_OF_MODELS)
def test_every_included_kit_of_a_model_is_complete(name):
    kit = load_kit(name, origin="included")
    assert kit.origin == "included"
    assert (kit.folder / "picture.jpg").is_file()
    assert kit.licence == "Apache-2.0"
    assert {"model", "picture"} <= {f.name.split(".")[0] for f in kit.files}
    assert bool(kit.labels) == (kit.folder / "labels.txt").is_file()


@pytest.mark.parametrize("name", KITS_OF_MODELS)
def test_a_picture_becomes_the_input_that_the_entry_describes(name):
    kit = load_kit(name, origin="included")
    height, width = kit.preprocessing.size
    nchw = kit.preprocessing.layout == "NCHW"
    expected = (1, 3, height, width) if nchw else (1, height, width, 3)
    assert kit.preprocess(PICTURE).shape == expected


def test_auto_takes_the_included_files_while_the_published_are_not_proven():
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "not tried with" in kit.reason
    assert "origin='published'" in kit.reason


def test_a_kit_that_was_never_published_is_included_and_says_so():
    kit = load_kit("classification-onnx", origin="published")
    assert kit.origin == "included"
    assert "never published" in kit.reason


def test_published_files_keep_the_names_of_the_included_ones(published):
    kit = load_kit("classification-ir", origin="published")
    assert kit.origin == "published"
    assert (kit.folder / "model.bin").read_bytes() == b"\0" * 9
    assert kit.labels == ("background", "tench", "goldfish")


def test_published_files_are_fetched_once(published, server):
    for _ in range(2):
        load_kit("classification-ir", origin="published")
    assert sorted(server.requests) == ["/labels.txt", "/model.bin", "/model.xml"]


def test_published_but_not_to_be_had_is_an_error(published, server):
    del server.answers["/model.bin"]
    with pytest.raises(DownloadError, match="answered 404"):
        load_kit("classification-ir", origin="published")


def test_auto_takes_proven_files(published):
    published["proven"] = True
    assert load_kit("classification-ir").origin == "published"


def test_auto_falls_back_and_says_why(published, server):
    published["proven"] = True
    server.answers["/model.bin"] = Answer(b"", 503)
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "answered 503" in kit.reason
    assert server.requests.count("/model.bin") == 1, "auto asks a host once"


def test_auto_takes_no_licence_that_binds_the_learner(published):
    published |= {"proven": True, "licence": "AGPL-3.0"}
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "AGPL-3.0" in kit.reason


def test_included_never_opens_a_connection(published, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    published["proven"] = True
    monkeypatch.setenv("NOTEBOOK_KITS", "included")
    assert load_kit("classification-ir").origin == "included"


def test_the_argument_is_stronger_than_the_variable(published, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS", "published")
    assert load_kit("classification-ir").origin == "published"
    assert load_kit("classification-ir", origin="included").origin == "included"


def test_a_model_that_only_kagglehub_has(published, monkeypatch, tmp_path):
    (tmp_path / "1.tflite").write_bytes(b"model")
    stand_in = SimpleNamespace(model_download=lambda handle: str(tmp_path))
    monkeypatch.setitem(sys.modules, "kagglehub", stand_in)
    source = {"kagglehub": "owner/model", "member": "1.tflite"}
    published["files"] = [{"name": "model.tflite", **source}]
    kit = load_kit("classification-ir", origin="published")
    assert (kit.folder / "model.tflite").read_bytes() == b"model"
    assert "owner/model" in repr(kit)


def test_a_model_that_kagglehub_cannot_get(published, monkeypatch):
    def refuse(handle):
        raise RuntimeError("403")

    stand_in = SimpleNamespace(model_download=refuse)
    monkeypatch.setitem(sys.modules, "kagglehub", stand_in)
    source = {"kagglehub": "owner/model", "member": "1.tflite"}
    published["files"] = [{"name": "model.tflite", **source}]
    with pytest.raises(DownloadError, match="owner/model: 403"):
        load_kit("classification-ir", origin="published")


def test_what_is_too_large_for_git_is_generated_once(monkeypatch, tmp_path):
    calls = []

    def write(file):
        calls.append(file)
        file.write(b"generated")

    monkeypatch.setitem(sys.modules, "generators", SimpleNamespace(write=write))
    entries = copy.deepcopy(registry.registry())
    entries["classification-ir"]["included"]["generated"] = {
        "model.pth": "generators:write"
    }
    monkeypatch.setattr(registry, "_read", lambda overlay: entries)
    for _ in range(2):
        kit = load_kit("classification-ir", origin="included")
    assert len(calls) == 1
    assert (kit.folder / "model.pth").read_bytes() == b"generated"
    assert (kit.folder / "model.xml").is_file(), "the files of the kit are beside it"
    assert kit.folder.is_relative_to(tmp_path / "cache")
    assert "generated on this machine" in repr(kit)


@pytest.fixture
def black_hole():
    """An address whose host takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def connections(listener):
    """Count the connections that wait to be accepted."""
    listener.setblocking(False)
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_auto_knocks_once_at_a_host_that_swallows_everything(published, black_hole):
    listener, address = black_hole
    published["proven"] = True
    for facts in published["files"]:
        facts["url"] = f"{address}/{facts['name']}"
        facts["mirrors"] = [f"{address}/elsewhere/{facts['name']}"]
    first = load_kit("classification-ir")
    assert first.origin == "included"
    assert "no answer in 3 s" in first.reason
    second = load_kit("classification-ir")
    assert "is not asked again for ten minutes" in second.reason
    assert connections(listener) == 1


def test_auto_tries_another_host_when_one_is_silent(published, server):
    published["proven"] = True
    for facts in published["files"]:
        facts["mirrors"] = [facts["url"]]
        facts["url"] = f"http://localhost:{closed_port()}/{facts['name']}"
    assert load_kit("classification-ir").origin == "published"
    assert sorted(server.requests) == ["/labels.txt", "/model.bin", "/model.xml"]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_published_asks_a_host_that_was_silent_and_auto_then_does_too(
    published, server
):
    published["proven"] = True
    silent_hosts().note(server.url("/"))
    assert load_kit("classification-ir").origin == "included"
    assert server.requests == []
    kit = load_kit("classification-ir", origin="published")
    assert kit.origin == "published"
    clean_cache(["classification-ir"])
    assert load_kit("classification-ir").origin == "published"


def test_a_host_that_answers_with_an_error_is_not_silent(published, server):
    published["proven"] = True
    server.answers["/model.xml"] = [Answer(b"", 404), Answer(b"<net/>")]
    assert load_kit("classification-ir").origin == "included"
    assert load_kit("classification-ir").origin == "published"


def make_mirror(folder, **files):
    files = files or {"model.xml": b"<mirror/>", "model.bin": b"1", "labels.txt": b"a"}
    kit = folder / "classification-ir"
    kit.mkdir(parents=True)
    for name, body in files.items():
        (kit / name).write_bytes(body)
    write_index(folder, {kit.name: sums_of(kit, files)})
    return kit


@pytest.fixture
def mirror(published, tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    make_mirror(folder)
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(folder))
    return folder


def test_naming_a_mirror_is_consent_to_what_its_index_lists(mirror, server):
    kit = load_kit("classification-ir")
    assert kit.origin == "published"
    assert (kit.folder / "model.xml").read_bytes() == b"<mirror/>"
    assert "not tried yet" in kit.reason
    assert str(mirror) in kit.reason
    assert str(mirror) in repr(kit)
    assert server.requests == [], "no host is asked"


def test_a_mirror_is_asked_before_the_cache(published, mirror, monkeypatch):
    monkeypatch.delenv("NOTEBOOK_KITS_MIRROR")
    from_host = load_kit("classification-ir", origin="published")
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(mirror))
    from_mirror = load_kit("classification-ir", origin="published")
    assert (from_host.folder / "model.xml").read_bytes() == b"<net/>"
    assert (from_mirror.folder / "model.xml").read_bytes() == b"<mirror/>"


def test_what_came_from_a_mirror_is_not_used_without_it(mirror, monkeypatch):
    load_kit("classification-ir")
    monkeypatch.delenv("NOTEBOOK_KITS_MIRROR")
    assert load_kit("classification-ir").origin == "included"
    kit = load_kit("classification-ir", origin="published")
    assert (kit.folder / "model.xml").read_bytes() == b"<net/>"


def test_included_does_not_look_at_the_mirror(mirror):
    assert load_kit("classification-ir", origin="included").origin == "included"


def test_a_kit_that_the_mirror_lacks_comes_from_its_host(mirror, server):
    write_index(mirror, {})
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "lacks this kit" in kit.reason
    assert load_kit("classification-ir", origin="published").origin == "published"
    assert "/model.xml" in server.requests


def test_an_error_of_the_host_says_that_the_mirror_was_asked(mirror, server):
    write_index(mirror, {})
    server.answers.clear()
    with pytest.raises(DownloadError, match=r"404(.|\n)*lacks this kit"):
        load_kit("classification-ir", origin="published")


def test_a_file_altered_in_the_mirror_is_refused(mirror, server):
    (mirror / "classification-ir" / "model.bin").write_bytes(b"2")
    with pytest.raises(DownloadError, match=r"Refused 'model\.bin'(.|\n)*sha256"):
        load_kit("classification-ir", origin="published")
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "expected sha256" in kit.reason
    assert server.requests == [], "nothing is fetched in its place unasked"


def test_a_mirror_with_another_file_than_is_pinned_is_refused(published, mirror):
    published["files"][0]["sha256"] = "0" * 64
    with pytest.raises(DownloadError, match=r"Refused 'model\.xml'(.|\n)*00000"):
        load_kit("classification-ir", origin="published")


def test_a_mirror_that_is_not_there(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(tmp_path / "unplugged"))
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "there is no index.json" in kit.reason


def test_the_shared_cache_is_looked_at_and_never_written(
    published, server, tmp_path, monkeypatch
):
    shared = tmp_path / "shared"
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(shared))
    load_kit("classification-ir", origin="published")
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "mine"))
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(shared))
    before = {path: path.stat().st_mtime_ns for path in shared.rglob("*")}
    server.answers.clear()
    kit = load_kit("classification-ir", origin="published")
    assert kit.folder.is_relative_to(shared)
    with pytest.raises(KitError, match="not in the cache"):
        clean_cache(["classification-ir"])
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*")} == before


def test_a_shared_cache_without_the_kit_stays_as_it_is(
    published, tmp_path, monkeypatch
):
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(tmp_path / "shared"))
    kit = load_kit("classification-ir", origin="published")
    assert kit.folder.is_relative_to(tmp_path / "cache")
    assert not (tmp_path / "shared").exists()


def test_a_file_altered_in_the_cache_is_fetched_again(published, server):
    kit = load_kit("classification-ir", origin="published")
    (kit.folder / "model.bin").write_bytes(b"damaged")
    kit = load_kit("classification-ir", origin="published")
    assert (kit.folder / "model.bin").read_bytes() == b"\0" * 9
    assert server.requests.count("/model.bin") == 2
    assert server.requests.count("/model.xml") == 1


def test_the_first_digits_of_a_hash_are_checked(published):
    sha256 = hashlib.sha256(b"<net/>").hexdigest()
    published["files"][0]["sha256_prefix"] = sha256[:8]
    folder = load_kit("classification-ir", origin="published").folder
    published["files"][0]["sha256_prefix"] = "00000000"
    with pytest.raises(DownloadError, match=r"Refused 'model\.xml'(.|\n)*00000000"):
        load_kit("classification-ir", origin="published")
    assert not (folder / "model.xml").exists(), "no wrong file under the final name"


def test_auto_leaves_kaggle_alone(published, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    published["proven"] = True
    source = {"kagglehub": "owner/model", "member": "1.tflite"}
    published["files"] = [{"name": "model.tflite", **source}]
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "origin='published'" in kit.reason


def test_a_model_of_kaggle_can_come_from_a_mirror(mirror, published, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    published["files"][0] = {
        "name": "model.xml",
        "kagglehub": "owner/model",
        "member": "1",
    }
    assert load_kit("classification-ir").origin == "published"


def test_what_lessons_find_can_be_collected(tmp_path, monkeypatch):
    log = tmp_path / "found.jsonl"
    monkeypatch.setenv("NOTEBOOK_KITS_FOUND", str(log))
    kit(tmp_path).expect("count", np.int64(3))
    found = {"kit": "toy", "origin": "included", "what": "count", "found": 3}
    assert json.loads(log.read_text()) == found


@pytest.mark.parametrize("name", list_kits())
def test_pins_are_whole_hashes_of_known_files(name):
    for facts in registry.registry()[name].get("published", {}).get("files", ()):
        assert set(facts.get("sha256", "")) <= set("0123456789abcdef")
        assert len(facts.get("sha256", "0" * 64)) == 64
        assert facts.get("sha256_prefix", "") in facts.get("url", "")


def test_unknown_names():
    with pytest.raises(KitError, match="classification-ir"):
        load_kit("klassification")
    with pytest.raises(ValueError, match="NOTEBOOK_KITS"):
        load_kit("classification-ir", origin="famous")
    with pytest.raises(KitError, match="missing"):
        loading.included_folder("nothing")


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    card = {"files": {"model.xml": {"bytes": 1, "sha256": ""}}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(loading, "included_folder", lambda name: tmp_path)
    with pytest.raises(KitError, match=r"model\.xml"):
        load_kit("classification-ir", origin="included")


def test_whoever_runs_the_lessons_learns_which_kits_were_used(monkeypatch, tmp_path):
    log = tmp_path / "kits.jsonl"
    monkeypatch.setenv("NOTEBOOK_KITS_LOG", str(log))
    load_kit("classification-ir", origin="included")
    assert json.loads(log.read_text())["origin"] == "included"


def kit(folder, **changes):
    facts = {
        "name": "toy",
        "title": "a toy",
        "origin": "included",
        "reason": "because <it> is",
        "folder": folder,
        "licence": "Apache-2.0",
        "attribution": "us",
        "files": (KitFile("model.bin", "made by toybox"),),
        "labels": ("ball", "duck"),
        "preprocessing": Preprocessing((2, 3)),
        "expected": {"label": "duck", "count": 3},
    }
    return Kit(**(facts | changes))


def test_a_kit_shown_is_a_table_of_its_files(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\0" * 412_345)
    text = repr(kit(tmp_path))
    assert "model.bin  included  412 kB  Apache-2.0  made by toybox" in text
    assert text.endswith("because <it> is")
    assert "because &lt;it&gt; is" in kit(tmp_path)._repr_html_()


def test_expect_accepts_what_is_recorded(tmp_path, capsys):
    kit(tmp_path).expect("label", "duck")
    kit(tmp_path).expect("count", np.int64(3))
    assert "as recorded" in capsys.readouterr().out


def test_expect_refuses_anything_else(tmp_path):
    with pytest.raises(AssertionError, match="Expected the label 'duck'"):
        kit(tmp_path).expect("label", "ball")


def test_expect_says_when_nothing_is_recorded(tmp_path, capsys):
    kit(tmp_path).expect("score", 0.5)
    assert "Nothing is recorded" in capsys.readouterr().out


def test_preprocessing_in_each_layout_and_colour_order():
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[..., 0] = 200
    nchw = Preprocessing((2, 3))(rgb)
    assert (nchw.shape, nchw.dtype) == ((1, 3, 2, 3), np.float32)
    assert nchw[0, :, 0, 0].tolist() == [200, 0, 0]
    nhwc = Preprocessing((2, 3), layout="NHWC", channels="BGR", element_type="u8")(rgb)
    assert (nhwc.shape, nhwc.dtype) == ((1, 2, 3, 3), np.uint8)
    assert nhwc[0, 0, 0].tolist() == [0, 0, 200]
    assert nchw.flags.c_contiguous
    assert nhwc.flags.c_contiguous


def test_preprocessing_scales_in_the_order_of_the_channels():
    rgb = np.full((2, 2, 3), 100, np.uint8)
    scaled = Preprocessing((2, 2), mean=(0.0, 50.0, 100.0), scale=(1.0, 2.0, 4.0))(rgb)
    np.testing.assert_allclose(scaled[0, :, 0, 0], [100, 25, 0])


@pytest.mark.parametrize(
    "picture", [PICTURE[..., 0], PICTURE.astype(float), PICTURE[..., :2]]
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(ValueError, match="Expected a picture of shape"):
        Preprocessing((2, 2))(picture)
