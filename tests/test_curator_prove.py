import shutil
import tomllib

import pytest

from conftest import Answer
from curator.__main__ import main
from curator.prove import Proof, propose, prove, read_found
from fixtures.curator_lessons import make_checkout
from notebook_utils import KitError
from notebook_utils.kits import registry

KIT = "classification-ir"
BODIES = {
    "model.xml": b"<net/>",
    "model.bin": b"\0" * 9,
    "picture.jpg": b"picture",
    "labels.txt": b"ball\ncone\n",
}
LESSON = """\
from notebook_utils import load_kit
kit = load_kit("classification-ir")
kit.expect("label", "cone")
kit.expect("count", 3)
load_kit("classification-onnx").expect("label", "duck")
"""
SUMS = {name: {"size_bytes": 1, "sha256": "a" * 64} for name in BODIES}


@pytest.fixture
def kits_toml(server, tmp_path, monkeypatch):
    """The kit's hosts on loopback, and a copy of kits.toml that may be changed."""
    for name in ("", "_MIRROR", "_SHARED_CACHE", "_FOUND"):
        monkeypatch.delenv(f"NOTEBOOK_KITS{name}", raising=False)
    overlay = tmp_path / "overlay.toml"
    rows = "".join(f'{{name="{n}", url="{server.url("/" + n)}"}},\n' for n in BODIES)
    overlay.write_text(f"[{KIT}.published]\nfiles = [{rows}]\n")
    monkeypatch.setenv("NOTEBOOK_KITS_OVERLAY", str(overlay))
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    copy = shutil.copy(registry.REGISTRY, tmp_path / "kits.toml")
    registry.registry()  # read before the copy takes its place
    monkeypatch.setattr(registry, "REGISTRY", copy)
    for name, body in BODIES.items():
        server.answers[f"/{name}"] = Answer(body)
    return copy


def checkout(tmp_path, *cells):
    root = make_checkout(tmp_path / "checkout", {"00-toys": cells})
    path = root / "notebooks" / "collection.toml"
    path.write_text(path.read_text().replace("kits = []", f'kits = ["{KIT}"]'))
    return root


def test_a_kit_is_fetched_run_and_recorded(kits_toml, tmp_path, capsys, server):
    root = checkout(tmp_path, LESSON)
    before = tomllib.loads(kits_toml.read_text())
    assert main(["--root", str(root), "prove", KIT, "--write"]) == 0
    printed = capsys.readouterr().out
    assert "model.bin: 9 bytes, sha256 " in printed
    assert f"[{KIT}.published]\nproven = true" in printed
    after = tomllib.loads(kits_toml.read_text())
    entry = after[KIT]["published"]
    assert entry["expected"] == {"label": "cone", "count": 3}
    assert [facts["size_bytes"] for facts in entry["files"]] == [6, 9, 7, 10]
    old = before[KIT]["published"]
    assert [f["url"] for f in entry["files"]] == [f["url"] for f in old["files"]]
    before[KIT]["published"] = after[KIT]["published"]
    assert after == before, "the other kits are as they were"


def test_a_kit_whose_lesson_fails_is_not_proven(kits_toml, tmp_path, capsys):
    cell = "from notebook_utils import load_kit\nload_kit('classification-ir')\n1 / 0"
    root = checkout(tmp_path, cell)
    before = kits_toml.read_text()
    assert main(["--root", str(root), "prove", KIT, "--write"]) == 1
    printed = capsys.readouterr().out
    assert "Not proven: 00-toys: Cell 1 raised ZeroDivisionError." in printed
    assert "model.bin: 9 bytes" in printed
    assert kits_toml.read_text() == before


def test_a_lesson_that_loads_another_origin_proves_nothing(
    kits_toml, tmp_path, monkeypatch
):
    from curator import prove as module
    from curator.collection import read_collection

    monkeypatch.setattr(module, "run", lambda *arguments: [])
    lessons = read_collection(checkout(tmp_path, "1") / "notebooks").lessons
    assert prove(KIT, lessons, tmp_path / "build") == 1


def test_a_file_that_cannot_be_had(kits_toml, tmp_path, server, capsys):
    del server.answers["/model.bin"]
    assert main(["--root", str(checkout(tmp_path, "1")), "prove", KIT]) == 2
    assert "404" in capsys.readouterr().err


def test_kits_that_cannot_be_proven(tmp_path):
    with pytest.raises(KitError, match="'classification-onnx'"):
        prove("classification-onnx", [], tmp_path)
    with pytest.raises(KitError, match="No lesson uses"):
        prove(KIT, [], tmp_path)


def test_contradictions_are_found(tmp_path):
    log = tmp_path / "found.jsonl"
    row = '{{"kit": "{}", "origin": "{}", "what": "label", "found": "{}"}}\n'
    rows = [(KIT, "published", "a"), (KIT, "published", "b"), (KIT, "included", "c")]
    log.write_text("".join(row.format(*values) for values in rows))
    found, contradictions = read_found(log, KIT)
    assert found == {"label": "a"}
    assert contradictions == ["the label was 'a', then 'b'"]


@pytest.mark.parametrize(
    "kit", [n for n, entry in registry.registry().items() if "published" in entry]
)
def test_every_kit_can_be_entered_and_entered_again(kit):
    text = registry.REGISTRY.read_text(encoding="utf-8")
    names = [facts["name"] for facts in tomllib.loads(text)[kit]["published"]["files"]]
    sums = {name: {"size_bytes": 5, "sha256": "ab" * 32} for name in names}
    once = propose(text, Proof(kit, sums, {"label": 'a "quoted" dög', "count": 2}))
    assert len(once.splitlines()) - len(text.splitlines()) in (0, 1)
    assert propose(once, Proof(kit, sums, {"label": "b"})) == once.replace(
        'expected = { label = "a \\"quoted\\" dög", count = 2 }',
        'expected = { label = "b" }',
    )


def test_an_unusual_form_is_left_to_a_person():
    text = f'[{KIT}.published]\nproven=false\nfiles = [{{name="model.xml"}}]\n'
    with pytest.raises(ValueError, match="by hand"):
        propose(text, Proof(KIT, {"model.xml": SUMS["model.xml"]}, {}))


def test_every_kit_that_is_not_proven_is_tried(monkeypatch, tmp_path, capsys):
    from curator import prove as module

    def kit(**published):
        return {"published": published} if published else {}

    kits = {
        "a": kit(proven=False),
        "b": kit(proven=True),
        "c": kit(proven=False),
        "d": kit(proven=False),
        "e": kit(),
    }
    tried = []

    def try_kit(name, lessons, output, *, write):
        tried.append((name, output, write))
        if name == "a":
            raise KitError("The host is silent.")
        return 0

    monkeypatch.setattr(module.registry, "registry", lambda: kits)
    monkeypatch.setattr(module, "prove", try_kit)
    root = make_checkout(tmp_path, {"00-first": []})
    listing = root / "notebooks" / "collection.toml"
    listing.write_text(listing.read_text().replace("[]", '["a", "b", "c", "e"]'))
    assert main(["--root", str(root), "prove", "--write"]) == 1
    folder = root / "build" / "prove"
    assert tried == [("a", folder / "a", True), ("c", folder / "c", True)]
    printed = capsys.readouterr().out
    assert "The host is silent." in printed
    assert printed.endswith("Not proven: a\n")
