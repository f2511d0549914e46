import copy
import json
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from conftest import Answer
from notebook_utils import DownloadError, KitError, kits, list_kits, load_kit
from notebook_utils.kit import Kit, KitFile, Preparation

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
LABELS = b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NOTEBOOK_KITS", raising=False)


@pytest.fixture
def published(server, monkeypatch):
    """The first kit, its published files on loopback; returns that origin's entry."""
    registry = copy.deepcopy(kits._registry())
    entry = registry["classification-ir"]["published"]
    bodies = {"model.xml": b"<net/>", "model.bin": b"\0" * 9, "labels.txt": LABELS}
    entry["files"] = [{"name": name, "url": server.url(f"/{name}")} for name in bodies]
    for name, body in bodies.items():
        server.answers[f"/{name}"] = Answer(body)
    monkeypatch.setattr(kits, "_registry", lambda: registry)
    return entry


@pytest.mark.parametrize("name", list_kits())
def test_every_included_kit_is_complete(name):
    kit = load_kit(name, origin="included")
    assert kit.origin == "included"
    assert (kit.folder / "picture.jpg").is_file()
    assert kit.licence == "Apache-2.0"
    assert {"model", "picture"} <= {f.name.split(".")[0] for f in kit.files}
    assert bool(kit.labels) == (kit.folder / "labels.txt").is_file()


@pytest.mark.parametrize("name", list_kits())
def test_a_picture_becomes_the_input_that_the_entry_describes(name):
    kit = load_kit(name, origin="included")
    height, width = kit.preparation.size
    nchw = kit.preparation.layout == "NCHW"
    expected = (1, 3, height, width) if nchw else (1, height, width, 3)
    assert kit.prepare(PICTURE).shape == expected


def test_auto_takes_the_included_files_while_the_published_are_not_proven():
    kit = load_kit("classification-ir")
    assert kit.origin == "included"
    assert "not proven yet" in kit.reason
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
    registry = copy.deepcopy(kits._registry())
    registry["classification-ir"]["included"]["generated"] = {
        "model.pth": "generators:write"
    }
    monkeypatch.setattr(kits, "_registry", lambda: registry)
    for _ in range(2):
        kit = load_kit("classification-ir", origin="included")
    assert len(calls) == 1
    assert (kit.folder / "model.pth").read_bytes() == b"generated"
    assert (kit.folder / "model.xml").is_file(), "the files of the kit are beside it"
    assert kit.folder.is_relative_to(tmp_path / "cache")
    assert "generated on this machine" in repr(kit)


def test_unknown_names():
    with pytest.raises(KitError, match="classification-ir"):
        load_kit("klassification")
    with pytest.raises(ValueError, match="NOTEBOOK_KITS"):
        load_kit("classification-ir", origin="famous")
    with pytest.raises(KitError, match="missing"):
        kits.included_folder("nothing")


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    card = {"files": {"model.xml": {"bytes": 1, "sha256": ""}}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(kits, "included_folder", lambda name: tmp_path)
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
        "preparation": Preparation((2, 3)),
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


def test_preparation_in_each_layout_and_colour_order():
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[..., 0] = 200
    nchw = Preparation((2, 3))(rgb)
    assert (nchw.shape, nchw.dtype) == ((1, 3, 2, 3), np.float32)
    assert nchw[0, :, 0, 0].tolist() == [200, 0, 0]
    nhwc = Preparation((2, 3), layout="NHWC", channels="BGR", element_type="u8")(rgb)
    assert (nhwc.shape, nhwc.dtype) == ((1, 2, 3, 3), np.uint8)
    assert nhwc[0, 0, 0].tolist() == [0, 0, 200]
    assert nchw.flags.c_contiguous
    assert nhwc.flags.c_contiguous


def test_preparation_scales_in_the_order_of_the_channels():
    rgb = np.full((2, 2, 3), 100, np.uint8)
    scaled = Preparation((2, 2), mean=(0.0, 50.0, 100.0), scale=(1.0, 2.0, 4.0))(rgb)
    np.testing.assert_allclose(scaled[0, :, 0, 0], [100, 25, 0])


@pytest.mark.parametrize(
    "picture", [PICTURE[..., 0], PICTURE.astype(float), PICTURE[..., :2]]
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(ValueError, match="Expected a picture of shape"):
        Preparation((2, 2))(picture)
