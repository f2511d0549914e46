import json
import shutil

import pytest

from curator import verify as module
from curator.__main__ import main
from fixtures.curator_lessons import make_checkout
from kit_catalogue import KitCatalogue, sums
from misbehaving_server import Answer
from notebook_utils.kits.catalogue import Lock, catalogue, lock_of

KIT, OTHER = "classification-ir", "classification-tf"
BODIES = {"model.xml": b"<net/>", "model.bin": b"\0" * 9, "labels.txt": b"ball\ncone\n"}
LESSON = """\
from notebook_utils import load_kit
kit = load_kit("classification-ir")
kit.expect("label", "cone")
kit.expect("count", 3)
load_kit("classification-onnx").expect("label", "duck")
"""


@pytest.fixture
def kits(server, tmp_path, kits_cache, monkeypatch):
    """Two kits whose hosts are on loopback; they share their labels."""
    for name, body in BODIES.items():
        server.answers[f"/{name}"] = Answer(body)
    files = [{"name": name, "url": server.url(f"/{name}")} for name in BODIES]
    return KitCatalogue(
        monkeypatch,
        tmp_path,
        {kit: {"published": {"files": files}} for kit in (KIT, OTHER)},
        beside_ours=True,
    )


@pytest.fixture
def verify(tmp_path):
    """Run the command on a checkout of one lesson."""

    def run(*words, lesson=LESSON):
        shutil.rmtree(tmp_path / "checkout", ignore_errors=True)
        root = make_checkout(tmp_path / "checkout", {"00-toys": [lesson]})
        path = root / "notebooks" / "collection.toml"
        path.write_text(path.read_text().replace("kits = []", f'kits = ["{KIT}"]'))
        return main(["--root", str(root), "verify", *words])

    return run


def test_a_kit_is_fetched_run_and_locked(kits, verify, server):
    assert verify(KIT) == 0
    lock = Lock.read(lock_of(kits.path))
    pins = {server.url(f"/{name}"): sums(body) for name, body in BODIES.items()}
    assert lock.files == pins
    assert lock.kits == {KIT: {"expected": {"label": "cone", "count": 3}}}
    entry = catalogue()[KIT]
    assert entry.verified
    assert entry.published.expected == {"label": "cone", "count": 3}
    before = lock_of(kits.path).read_bytes()
    assert verify(KIT) == 0
    assert lock_of(kits.path).read_bytes() == before


@pytest.mark.parametrize(
    ("lesson", "problem"),
    [
        (f"{LESSON}1 / 0", "00-toys failed: Cell 1 raised ZeroDivisionError"),
        ("1", f"no lesson loaded {KIT} from its published files"),
        (f'{LESSON}kit.expect("count", 4)', "the count was 3, then 4"),
    ],
)
def test_a_kit_whose_lesson_does_not_hold_is_not_verified(
    kits, verify, capsys, lesson, problem
):
    assert verify(KIT, lesson=lesson) == 1
    assert f"Not verified: {problem}" in capsys.readouterr().out
    assert not lock_of(kits.path).exists()


def test_one_kit_that_cannot_be_had_keeps_no_other_from_it(
    kits, verify, server, capsys
):
    del server.answers["/model.bin"]
    assert verify("classification-onnx", KIT) == 1
    printed = capsys.readouterr().out
    assert "There is no kit 'classification-onnx' that was published." in printed
    assert "404" in printed
    assert printed.endswith("0 verified, 2 not\n")


def test_by_default_what_lessons_use_and_is_not_verified(
    kits, verify, monkeypatch, server
):
    asked = []
    monkeypatch.setattr(module, "fetch", lambda *a: asked.append(a[0].name) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        verify()
    assert asked == ["model.xml"]
    kits.pin({server.url(f"/{name}"): body for name, body in BODIES.items()}, [KIT])
    assert verify() == 0, "there is none left"


def test_a_host_with_another_file_undoes_what_was_verified_on_it(kits, verify, server):
    pins = {server.url(f"/{name}"): body for name, body in BODIES.items()}
    kits.pin(pins, verified=[KIT, OTHER])
    assert verify(KIT) == 0
    assert catalogue()[OTHER].verified, "nothing of it has changed"
    server.answers["/labels.txt"] = Answer(b"cone\nball\n")
    assert verify(KIT) == 0
    assert catalogue()[KIT].verified
    assert not catalogue()[OTHER].verified


@pytest.fixture
def folder(tmp_path, server):
    """A folder of published files; all but the labels are at hand."""
    (tmp_path / "published" / "files").mkdir(parents=True)
    rows = ["file\turl\tkind\tbytes\tsha256"]
    kinds = {"model.xml": "real", "model.bin": "real: weights", "labels.txt": "older"}
    for name, kind in kinds.items():
        (tmp_path / "published" / "files" / name).write_bytes(BODIES[name])
        pin = sums(BODIES[name])
        row = (name, server.url(f"/{name}"), kind, pin["size_bytes"], pin["sha256"])
        rows.append("\t".join(map(str, row)))
    (tmp_path / "published" / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path / "published"


def test_files_at_hand_are_pinned_even_where_others_lack(
    kits, verify, folder, server, capsys
):
    assert verify(KIT, "--files", str(folder)) == 1
    assert "Not verified: labels.txt: not at hand" in capsys.readouterr().out
    pinned = {server.url(f"/{name}") for name in ("model.xml", "model.bin")}
    assert set(Lock.read(lock_of(kits.path)).files) == pinned
    assert not catalogue()[KIT].verified
    manifest = folder / "manifest.tsv"
    manifest.write_text(manifest.read_text().replace("older", "real"))
    assert verify(KIT, "--files", str(folder)) == 0
    assert server.requests == []
    assert catalogue()[KIT].verified


def test_files_that_are_not_what_the_manifest_says(kits, verify, folder, capsys):
    (folder / "files" / "model.bin").write_bytes(b"\1" * 9)
    assert verify(KIT, "--files", str(folder)) == 1
    (folder / "files" / "model.xml").unlink()
    assert verify(KIT, "--files", str(folder)) == 1
    assert verify(KIT, "--files", str(folder / "files")) == 1
    printed = capsys.readouterr().out
    assert "model.bin is not as manifest.tsv says: expected sha256" in printed
    assert "model.xml is not as manifest.tsv says: it is missing" in printed
    assert "There is no " in printed


def test_the_lock_of_the_collection_is_as_it_would_be_written():
    from notebook_utils.kits.catalogue import CATALOGUES

    path = lock_of(CATALOGUES[0])
    assert Lock.read(path).text == path.read_text("utf-8")
    assert set(json.loads(path.read_text("utf-8"))["kits"]) <= set(catalogue())
