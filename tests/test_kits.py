import errno
import hashlib
import json
import os
import re
import shutil
import socket
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from conftest import running
from kit_catalogue import KitCatalogue, sums
from misbehaving_server import Answer
from notebook_utils import DownloadError, KitError, list_kits, load_kit
from notebook_utils.errors import DownloadFailure
from notebook_utils.kits import included, packaged, sources
from notebook_utils.kits.cache import clean_cache
from notebook_utils.kits.catalogue import catalogue
from notebook_utils.kits.hosts import remember
from notebook_utils.kits.kit import Kit, Preprocessing
from notebook_utils.kits.loading import read_labels
from notebook_utils.kits.mirrors import write_index
from notebook_utils.kits.serve import FolderServer

KIT = "classification-ir"
PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
# A kit without a model is a data set, which has tests of its own.
KITS_OF_MODELS = [kit for kit, e in catalogue().items() if e.included.preprocess]
LABELS = b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"
BODIES = {"model.xml": b"<net/>", "model.bin": b"\0" * 9, "labels.txt": LABELS}
pytestmark = pytest.mark.usefixtures("kits_cache")
ADDRESSES = sorted(f"/{name}" for name in BODIES)


@pytest.fixture
def published(server, tmp_path, monkeypatch):
    """The catalogue, with the published files of the first kit on loopback."""
    for name, body in BODIES.items():
        server.answers[f"/{name}"] = Answer(body)
    files = [{"name": name, "url": server.url(f"/{name}")} for name in BODIES]
    kits = {KIT: {"published": {"files": files}}}
    return KitCatalogue(monkeypatch, tmp_path, kits, beside_ours=True)


@pytest.fixture
def verified(published, server):
    """The same; the lock pins the files, and the kit is verified."""
    pins = {server.url(f"/{name}"): body for name, body in BODIES.items()}
    published.pin(pins, verified=[KIT])
    return published


class QuickModule:
    """A module whose functions write a few bytes, where it has such functions."""

    def __init__(self, name):
        self._module = import_module(name)

    def __getattr__(self, name):
        assert callable(getattr(self._module, name))
        return lambda file: file.write(b"generated")


@pytest.mark.parametrize("name", KITS_OF_MODELS)
def test_every_included_kit_of_a_model_is_complete(name, monkeypatch):
    monkeypatch.setattr(packaged, "import_module", QuickModule)
    kit = load_kit(name, origin="included")
    assert kit.origin == "included"
    assert (kit.folder / "picture.jpg").is_file()
    assert kit.licence == "Apache-2.0"
    assert {"model", "picture"} <= {name.split(".")[0] for name in kit.files}
    assert bool(kit.labels) == (kit.folder / "labels.txt").is_file()
    height, width = kit.preprocessing.size
    nchw = kit.preprocessing.layout == "NCHW"
    expected = (1, 3, height, width) if nchw else (1, height, width, 3)
    assert kit.preprocess(PICTURE).shape == expected


@pytest.mark.parametrize("name", list_kits())
def test_the_catalogue_and_its_lock_agree(name):
    entry = catalogue()[name]
    for file in entry.published.files if entry.published else ():
        assert file.size_bytes, f"{file.name}: give about_mb"
        assert file.sha256_prefix in file.source
        assert not entry.verified or file.expected.sha256


def test_a_kit_is_verified_while_all_its_files_are_pinned(verified, server):
    assert catalogue()[KIT].verified
    verified.kits[KIT]["published"]["files"][0]["url"] = server.url("/moved.xml")
    verified.write()
    assert not catalogue()[KIT].verified


@pytest.mark.parametrize(
    "choice", ["included", "auto", "prefer-published", "published"]
)
@pytest.mark.parametrize("state", ["pinned", "verified", "binding", "unreachable"])
def test_each_choice(published, verified, server, choice, state, monkeypatch):
    if state == "pinned":
        published.pin({})
    if state == "binding":
        published.change(KIT, licence="AGPL-3.0")
    if state == "unreachable":
        server.answers = {path: Answer(b"", 503) for path in ADDRESSES}
        monkeypatch.setattr("time.sleep", lambda seconds: None)
    gets_published = choice in ("published", "prefer-published") or (
        choice == "auto" and state == "verified"
    )
    if state == "unreachable" and choice == "published":
        with pytest.raises(DownloadError, match="answered 503") as caught:
            load_kit(KIT, choice.upper())
        assert str(Path("published", KIT)) in str(caught.value), "where to put them"
        assert caught.value.kind is DownloadFailure.REFUSED
        return
    kit = load_kit(KIT, choice.upper())
    if state == "unreachable" or not gets_published:
        assert kit.origin == "included"
    else:
        assert kit.origin == "published"
        assert kit.labels == ("background", "tench", "goldfish")
        assert (kit.folder / "model.bin").read_bytes() == BODIES["model.bin"]
    told = {
        ("auto", "pinned"): "not verified yet; fetch them with origin='published'",
        ("auto", "binding"): "under AGPL-3.0; fetch them with origin='published'",
        ("auto", "unreachable"): "answered 503",
        ("prefer-published", "unreachable"): "answered 503",
    }
    asked_for = "published files." if choice == "auto" else "as asked for"
    assert told.get((choice, state), asked_for) in kit.reason
    if choice == "included":
        assert server.requests == []
    if (choice, state) == ("auto", "unreachable"):
        assert len(server.requests) == 1, "auto asks a host once"


def test_a_kit_that_was_never_published_is_included_and_says_so():
    assert "never published" in load_kit("classification-onnx", "published").reason


def test_included_never_opens_a_connection(verified, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("NOTEBOOK_KITS", "Included")
    assert load_kit(KIT).origin == "included"


def test_the_argument_is_stronger_than_the_variable(published, server, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS", "published")
    for _ in range(2):
        assert load_kit(KIT).origin == "published"
    assert sorted(server.requests) == ADDRESSES, "fetched once"
    assert load_kit(KIT, origin="included").origin == "included"


@pytest.mark.parametrize("damage", [b"damaged", b"\1" * 9])
def test_a_file_altered_in_the_cache_is_fetched_again(verified, server, damage):
    for _ in range(2):
        model = load_kit(KIT).folder / "model.bin"
        assert model.read_bytes() == BODIES["model.bin"]
        model.write_bytes(damage)
    assert sorted(server.requests) == sorted([*ADDRESSES, "/model.bin"])


def test_files_that_are_not_those_of_the_lock_are_refused(verified, server):
    server.answers["/model.xml"] = Answer(b"<other/>")
    with pytest.raises(DownloadError, match="expected 6 bytes, found more") as caught:
        load_kit(KIT, origin="published")
    assert caught.value.kind is DownloadFailure.ALTERED
    assert load_kit(KIT).origin == "included"


def test_the_first_digits_of_a_checksum_are_checked(published):
    (first, *others) = published.kits[KIT]["published"]["files"]
    prefix = hashlib.sha256(BODIES["model.xml"]).hexdigest()[:8]
    published.change(KIT, files=[first | {"sha256_prefix": prefix}, *others])
    folder = load_kit(KIT, origin="published").folder
    published.change(KIT, files=[first | {"sha256_prefix": "00000000"}, *others])
    with pytest.raises(DownloadError, match=r"model\.xml(.|\n)*00000000"):
        load_kit(KIT, origin="published")
    assert not (folder / "model.xml").exists(), "no wrong file under the final name"


@pytest.fixture
def of_kaggle(published):
    """The kit; its model is at Kaggle alone."""
    source = {"kagglehub": "owner/model", "member": "1.tflite"}
    rest = published.kits[KIT]["published"]["files"][1:]
    published.change(KIT, files=[{"name": "model.xml", **source}, *rest])
    return published


def test_auto_leaves_kaggle_alone(of_kaggle, server, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    pins = {server.url(f"/{name}"): body for name, body in BODIES.items()}
    of_kaggle.pin(pins | {"kagglehub: owner/model/1.tflite": b"model"}, [KIT])
    kit = load_kit(KIT)
    assert kit.origin == "included"
    assert "use origin='published'" in kit.reason
    with pytest.raises(DownloadError, match="owner/model: import of kagglehub"):
        load_kit(KIT, origin="published")


def move_first(published, address):
    """Let the catalogue name another host before the one that has the files."""
    files = [
        {"name": f["name"], "url": f"{address}/{f['name']}", "alternates": [f["url"]]}
        for f in published.kits[KIT]["published"]["files"]
    ]
    published.change(KIT, files=files)
    published.pin({f["url"]: BODIES[f["name"]] for f in files}, [KIT])


def test_auto_knocks_once_at_a_host_that_never_answers(verified, server):
    server.answers = dict.fromkeys(ADDRESSES, Answer(never_answers=True))
    for _ in range(2):
        assert load_kit(KIT).origin == "included"
    assert len(server.requests) == 1, "nobody waits a second time"


def test_auto_tries_another_host_when_one_is_silent(published, server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    move_first(published, f"http://localhost:{port}")
    assert load_kit(KIT).origin == "published"
    assert sorted(server.requests) == ADDRESSES


@pytest.mark.parametrize("choice", ["auto", "prefer-published"])
def test_only_published_asks_a_host_that_was_silent(verified, server, choice):
    remember(server.url("/"), silent=True)
    kit = load_kit(KIT, choice)
    assert kit.origin == "included"
    assert "is not asked again for ten minutes" in kit.reason
    assert server.requests == []
    assert load_kit(KIT, origin="published").origin == "published"
    clean_cache([KIT])
    assert load_kit(KIT, choice).origin == "published", "it has answered"


def test_a_host_that_answers_with_an_error_is_not_silent(verified, server):
    server.answers["/model.xml"] = [Answer(b"", 404), Answer(b"<net/>")]
    assert load_kit(KIT).origin == "included"
    assert load_kit(KIT).origin == "published"


MIRRORED = {"model.xml": b"<mirror/>", "model.bin": b"1", "labels.txt": b"a"}


@pytest.fixture(params=["folder", "address"])
def mirror(request, published, tmp_path, monkeypatch):
    """A mirror of the kit, in a folder and served: `files` is where its files lie."""
    folder = tmp_path / "mirror"
    files = folder / KIT
    files.mkdir(parents=True)
    for name, body in MIRRORED.items():
        (files / name).write_bytes(body)
    write_index(folder, {KIT: {name: sums(body) for name, body in MIRRORED.items()}})
    with running(FolderServer(folder)) as served:
        place = str(folder) if request.param == "folder" else served.address
        monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", place)
        yield SimpleNamespace(folder=folder, files=files, place=place)


def test_naming_a_mirror_is_consent_to_what_its_index_lists(mirror, server):
    kit = load_kit(KIT)
    assert kit.origin == "published"
    assert (kit.folder / "model.xml").read_bytes() == b"<mirror/>"
    assert f"the index of the mirror {mirror.place} lists them. They" in kit.reason
    assert "not verified; naming the mirror is consent" in kit.reason
    assert f"mirror {mirror.place}" in kit.files.values()
    assert server.requests == [], "no host is asked"
    assert load_kit(KIT, origin="included").origin == "included"


def test_what_came_from_a_mirror_is_kept_apart(published, mirror, monkeypatch):
    assert load_kit(KIT).origin == "published"
    monkeypatch.delenv("NOTEBOOK_KITS_MIRROR")
    assert load_kit(KIT).origin == "included", "it is not used without the mirror"
    from_host = load_kit(KIT, origin="published")
    assert (from_host.folder / "model.xml").read_bytes() == b"<net/>"
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", mirror.place)
    from_mirror = load_kit(KIT, origin="published")
    assert (from_mirror.folder / "model.xml").read_bytes() == b"<mirror/>"


def alter(mirror):
    (mirror.files / "model.bin").write_bytes(b"2")


# What is wrong with the mirror -> how to make it so, and what the reason says of it.
MIRROR_FAULTS = {
    "no such kit": (
        lambda mirror: write_index(mirror.folder, {}),
        "lacks this kit. The published files are not verified",
    ),
    "no such file": (
        lambda mirror: (mirror.files / "model.bin").unlink(),
        r"Not from the mirror: .*model\.bin",
    ),
    "altered": (alter, "expected sha256"),
    "unplugged": (lambda mirror: shutil.rmtree(mirror.folder), r"index\.json"),
}


@pytest.mark.parametrize("fault", MIRROR_FAULTS)
def test_what_a_mirror_cannot_give(mirror, server, fault):
    damage, reason = MIRROR_FAULTS[fault]
    damage(mirror)
    kit = load_kit(KIT)
    assert kit.origin == "included"
    assert re.search(reason, kit.reason)
    assert server.requests == [], "nothing is fetched in its place unasked"
    if fault == "altered":
        with pytest.raises(DownloadError, match=r"sha256(.|\n)*prefetch") as caught:
            load_kit(KIT, origin="published")
        assert caught.value.kind is DownloadFailure.ALTERED
    else:
        kit = load_kit(KIT, origin="published")
        assert kit.origin == "published"
        assert "mirror" in kit.reason
    assert load_kit(KIT, "prefer-published").origin == "published", "the host has it"
    assert sorted(server.requests) == ADDRESSES


def test_neither_the_mirror_nor_the_host(mirror, server):
    write_index(mirror.folder, {})
    server.answers.clear()
    with pytest.raises(DownloadError, match=r"lacks this kit(.|\n)*404"):
        load_kit(KIT, origin="published")


def test_a_mirror_with_another_file_than_is_pinned_is_refused(verified, mirror):
    with pytest.raises(DownloadError, match=r"model\.xml: expected sha256") as caught:
        load_kit(KIT, origin="published")
    assert caught.value.kind is DownloadFailure.ALTERED


def test_a_model_of_kaggle_can_come_from_a_mirror(mirror, of_kaggle, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert load_kit(KIT).origin == "published"


def test_the_shared_cache_is_looked_at_and_never_written(
    published, server, tmp_path, monkeypatch
):
    shared = tmp_path / "shared"
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(shared))
    kit = load_kit(KIT, origin="published")
    assert kit.folder.is_relative_to(tmp_path / "cache") and not shared.exists()
    shutil.move(tmp_path / "cache", shared)
    before = {path: path.stat().st_mtime_ns for path in shared.rglob("*")}
    server.answers.clear()
    kit = load_kit(KIT, origin="published")
    assert kit.folder.is_relative_to(shared)
    with pytest.raises(KitError, match="not in the cache"):
        clean_cache([KIT])
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*")} == before


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """The first kit, with a file that a function writes; returns the calls to it."""
    calls = []

    def write(file):
        calls.append(file)
        file.write(b"generated")

    monkeypatch.setitem(sys.modules, "generators", SimpleNamespace(write=write))
    kits = {KIT: {"included": {"generated": {"model.pth": "generators:write"}}}}
    KitCatalogue(monkeypatch, tmp_path, kits, beside_ours=True)
    return calls


def test_what_is_too_large_for_git_is_generated_once(generated, kits_cache):
    for _ in range(2):
        kit = load_kit(KIT, origin="included")
    assert len(generated) == 1
    assert (kit.folder / "model.pth").read_bytes() == b"generated"
    assert (kit.folder / "model.xml").is_file(), "the files of the kit are beside it"
    assert kit.folder.is_relative_to(kits_cache)
    assert re.fullmatch(rf"{KIT}-[0-9a-f]{{8}}", kit.folder.name), "of its card"
    if os.name == "posix":
        mode = (kit.folder / "model.pth").stat().st_mode
        assert mode & 0o444 == 0o444, "all users of a shared cache can read it"
    assert "generated on this machine" in repr(kit)


@pytest.fixture(params=["full", "a file in its place"])
def unusable_cache(request, kits_cache, monkeypatch):
    """A cache that nothing can be written to; gives what an error says of it."""
    if request.param == "a file in its place":
        kits_cache.write_text("no folder")
        return "cannot be written to"

    def replace(path, target, replace=Path.replace):
        if Path(target).is_relative_to(kits_cache):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    return r"is on a full disk: [\d.]+ MB free, [\d.]+ MB needed.*cache clean"


def test_no_room_for_what_is_generated(generated, unusable_cache):
    message = rf"cannot be completed: the cache .*{unusable_cache}.*NOTEBOOK_KITS_CACHE"
    with pytest.raises(KitError, match=message):
        load_kit(KIT, origin="included")


def test_no_room_for_what_a_mirror_has(mirror, server, unusable_cache):
    message = rf"the cache .*{unusable_cache}(.|\n)*NOTEBOOK_KITS_CACHE"
    with pytest.raises(DownloadError, match=message) as caught:
        load_kit(KIT, origin="published")
    assert caught.value.kind in ("no_space", "unwritable")
    kit = load_kit(KIT)
    assert kit.origin == "included"
    assert "NOTEBOOK_KITS_CACHE" in kit.reason
    assert server.requests == [], "no host helps there"


def test_unknown_names():
    with pytest.raises(KitError, match="classification-ir"):
        load_kit("klassification")
    with pytest.raises(ValueError, match=r"'prefer-published'.*NOTEBOOK_KITS"):
        load_kit(KIT, origin="famous")
    with pytest.raises(KitError, match="missing"):
        included.included_folder("nothing")


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    card = {"files": {"model.xml": {"bytes": 1, "sha256": ""}}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    for module in (included, sources):
        monkeypatch.setattr(module, "included_folder", lambda name: tmp_path)
    with pytest.raises(KitError, match=r"model\.xml"):
        load_kit(KIT, origin="included")


def test_whoever_runs_the_lessons_learns_what_was_loaded_and_found(caplog, tmp_path):
    with caplog.at_level("INFO", logger="notebook_utils.kits"):
        load_kit(KIT, origin="included")
        kit(tmp_path).expect("count", np.int64(3))
    loaded, found = caplog.records
    assert (loaded.kit, loaded.origin) == (KIT, "included")
    assert (found.kit, found.what, found.found) == ("toy", "count", 3)


def test_labels_are_one_for_each_output(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(LABELS + b"\n street sign \n")
    assert read_labels(path, first=["background"], without=["street sign"]) == (
        "background",
        "tench",
        "goldfish",
    )
    assert read_labels(tmp_path / "none.txt") == ()
    coco = catalogue()["detection-yolov5n"].published.labels["without"]
    assert len(set(coco)) == len(coco) == 91 - 80, "names in the file, and classes"


def kit(folder):
    return Kit(
        name="toy",
        title="a toy",
        origin="included",
        reason="because <it> is",
        folder=folder,
        licence="Apache-2.0",
        attribution="us",
        files={"model.bin": "made by toybox"},
        labels=("ball", "duck"),
        preprocessing=None,
        expected={"label": "duck", "count": 3},
    )


def test_a_kit_shown_is_a_table_of_its_files(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\0" * 412_345)
    text = repr(kit(tmp_path))
    assert "model.bin  included  412 kB  Apache-2.0  made by toybox" in text
    assert text.endswith("because <it> is")
    assert "because &lt;it&gt; is" in kit(tmp_path)._repr_html_()


def test_expect(tmp_path, capsys):
    kit(tmp_path).expect("label", "duck")
    kit(tmp_path).expect("count", np.int64(3))
    assert capsys.readouterr().out.count("as recorded") == 2
    kit(tmp_path).expect("score", 0.5)
    assert "Nothing is recorded" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="Expected the label 'duck'"):
        kit(tmp_path).expect("label", "ball")


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
def test_what_is_no_image_is_refused(picture):
    with pytest.raises(ValueError, match="Expected a picture of shape"):
        Preprocessing((2, 2))(picture)
