import hashlib
from pathlib import Path

import pytest

from curator import published_lane
from curator.collection import read_collection
from curator.published_lane import check_published, plan_kits, read_manifest
from curator.results import LessonResult
from fixtures.curator_lessons import FIXTURES, make_checkout
from notebook_utils import WorkshopError
from notebook_utils.kits.catalogue import catalogue

IR = "classification-ir"
FILES = {
    "classification.xml": ("model.xml", "substitute: another network"),
    "classification.bin": ("model.bin", "substitute"),
    "coco_hollywood.jpg": ("picture.jpg", "real"),
    "labels_of_ours.txt": ("", "labels"),
    "segmentation.xml": ("model.xml", "real, an older revision: seven outputs"),
    "segmentation.bin": ("model.bin", "real, an older revision"),
    "segmentation.onnx": ("model.onnx", "substitute"),
}
OVERLAY = """
[classification-ir.published]
labels = {}
expected = { label = "ball" }
files = [
  { name = "model.xml", file = "classification.xml" },
  { name = "model.bin", file = "classification.bin" },
  { name = "labels.txt", file = "labels_of_ours.txt" },
]
"""
LESSON = """\
from notebook_utils import load_kit
kit = load_kit("classification-ir")
assert kit.origin == "published", kit.reason
assert (kit.folder / "model.xml").read_text() == "classification.xml"
kit.expect("label", kit.labels[0])
assert load_kit("classification-tf").origin == "included"
"""


def url_of(name):
    for entry in catalogue().values():
        for file in entry.published.files if entry.published else ():
            if file.source.endswith(f"/{name}"):
                return file.source
    return ""


@pytest.fixture
def folder(tmp_path):
    """Stand-ins of the published files: their names for content."""
    files = tmp_path / "published" / "files"
    files.mkdir(parents=True)
    rows = ["file\turl\tkind\tlicence\tbytes\tsha256"]
    for name, (_, kind) in FILES.items():
        body = name.encode() if name != "labels_of_ours.txt" else b"ball\n"
        if name == "coco_hollywood.jpg":
            body = (Path(FIXTURES).parent / "conftest.py").read_bytes()
        (files / name).write_bytes(body)
        sha256 = hashlib.sha256(body).hexdigest()
        rows.append(f"{name}\t{url_of(name)}\t{kind}\tMIT\t{len(body)}\t{sha256}")
    (files.parent / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return files.parent


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name in ("", "_MIRROR", "_SHARED_CACHE"):
        monkeypatch.delenv(f"NOTEBOOK_KITS{name}", raising=False)
    root = make_checkout(tmp_path / "checkout", {"00-toys": [LESSON], "01-no": ["1"]})
    collection = root / "notebooks" / "collection.toml"
    kits = f'kits = ["{IR}", "classification-tf"]'
    collection.write_text(collection.read_text().replace("kits = []", kits, 1))
    overlay = root / published_lane.OVERLAY
    overlay.parent.mkdir(parents=True)
    overlay.write_text(OVERLAY)
    return root


def lessons_of(root):
    return read_collection(root / "notebooks").lessons


def plans(folder, root):
    return {plan.kit: plan for plan in plan_kits(folder, root / published_lane.OVERLAY)}


def test_what_the_files_complete(folder, root):
    found = plans(folder, root)
    assert found[IR].why_not == ""
    assert found[IR].kind == "substitute"
    assert found["segmentation-ir"].why_not == ""
    assert found["segmentation-ir"].kind == "real, an older revision"
    assert found["classification-onnx"].why_not == "never published"
    assert found["classification-tf"].why_not == "model.pb is not at hand"


def test_a_substitute_counts_only_where_the_overlay_says_how_to_use_it(folder, root):
    why_not = plans(folder, root)["segmentation-onnx"].why_not
    assert why_not == "of model.onnx only another file is at hand"


def test_files_that_are_not_what_the_manifest_says(folder):
    assert set(read_manifest(folder)) == set(FILES)
    (folder / "files" / "classification.bin").write_bytes(b"classification.BIN")
    with pytest.raises(WorkshopError, match=r"classification\.bin .*sha256"):
        read_manifest(folder)
    (folder / "files" / "classification.bin").unlink()
    with pytest.raises(WorkshopError, match="it is missing"):
        read_manifest(folder)
    with pytest.raises(WorkshopError, match="PUBLISHED_FILES"):
        read_manifest(folder / "files")


def test_a_kit_that_falls_back_fails_the_lane(root, folder, monkeypatch):
    fell_back = {"kit": IR, "origin": "included", "reason": "altered"}
    broken = LessonResult("00-toys", "", "failed", "Cell 1 raised", kits=[fell_back])
    monkeypatch.setattr(published_lane, "run", lambda *arguments: [broken])
    checks, lacking = check_published(lessons_of(root), root, root / "build", folder)
    findings = {check.name: check.findings for check in checks}
    assert findings == {
        "00-toys": ("00-toys: Cell 1 raised",),
        IR: (f"{IR} did not run: altered",),
    }
    assert lacking == 1


def test_a_kit_that_no_lesson_loads_fails_the_lane(root, folder, monkeypatch):
    idle = LessonResult("00-toys", "", "passed")
    monkeypatch.setattr(published_lane, "run", lambda *arguments: [idle])
    checks, _ = check_published(lessons_of(root), root, root / "build", folder)
    assert [check.name for check in checks if not check.passed] == [IR]


def test_the_overlay_stands_in_for_files_of_the_same_names():
    import tomllib

    text = (FIXTURES / "published_overlay.toml").read_text()
    for kit, origins in tomllib.loads(text).items():
        published = catalogue()[kit].published
        assert set(origins) == {"published"}
        names = {facts["name"] for facts in origins["published"]["files"]}
        assert names == {file.name for file in published.files}
