"""Lessons on published files kept at hand, through a mirror on loopback.

``PUBLISHED_FILES`` names a folder with ``files/`` and ``manifest.tsv``, which says what
each file is. Some are not the files that the catalogue means but others of the same
kind; ``published_overlay.toml`` says how a lesson has to use those.
"""

import csv
import os
import shutil
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from curator.collection import Lesson, read_collection
from curator.observer import CATALOGUES
from curator.report import write_report
from curator.results import LessonResult
from curator.runner import run_lessons
from notebook_utils.download import ExpectedFile
from notebook_utils.kits.catalogue import catalogue
from notebook_utils.kits.mirrors import sums_of, write_index
from notebook_utils.kits.serve import FolderServer

pytestmark = pytest.mark.published
ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "test" / "published"
OVERLAY = ROOT / "tests" / "fixtures" / "published_overlay.toml"
LESSONS = [x for x in read_collection(ROOT / "notebooks").lessons if x.kits]
KITS = sorted({kit for lesson in LESSONS for kit in lesson.kits})

# A row of the manifest, with the file's path under "path".
Row = dict[str, str]
# For each kit its files, or why it cannot be completed.
Kits = dict[str, dict[str, Row] | str]


def complete(kit: str, rows: list[Row]) -> dict[str, Row] | str:
    """Return a row for each file of a kit, or why there is none for one."""
    entry = catalogue()[kit]
    if entry.published is None:
        return "never published"
    overlay = tomllib.loads(OVERLAY.read_text(encoding="utf-8")).get(kit)
    stand_ins = {}
    if overlay is not None:
        stand_ins = {f["name"]: f["file"] for f in overlay["published"]["files"]}
    found = {}
    for file in entry.published.files:
        key, wanted = "url", file.source
        if stand_ins:
            key, wanted = "file", stand_ins[file.name]
        row = next((row for row in rows if row[key] == wanted), None)
        if row is None:
            return f"{file.name} is not at hand"
        if not stand_ins and not row["kind"].startswith("real"):
            return f"of {file.name} only another file is at hand"
        found[file.name] = row
    return found


@pytest.fixture(scope="module")
def kits() -> Kits:
    """The files of each kit that can be completed, and why others cannot."""
    if not (chosen := os.environ.get("PUBLISHED_FILES")):
        pytest.skip("PUBLISHED_FILES names no folder")
    folder = Path(chosen)
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        row["path"] = str(folder / "files" / row["file"])
        expected = ExpectedFile(row["sha256"], int(row["bytes"]))
        assert expected.mismatch(Path(row["path"])) is None, row["file"]
    return {kit: complete(kit, rows) for kit in KITS}


@pytest.fixture(scope="module")
def environment(
    kits: Kits, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What a kernel is told of the mirror; kits that it lacks are included."""
    mirror = tmp_path_factory.mktemp("mirror")
    index = {}
    for kit, files in kits.items():
        if isinstance(files, dict):
            (mirror / kit).mkdir()
            for name, row in files.items():
                shutil.copy(row["path"], mirror / kit / name)
            index[kit] = sums_of(mirror / kit, list(files))
    write_index(mirror, index)
    with FolderServer(mirror) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield {
            "NOTEBOOK_KITS": "auto",
            "NOTEBOOK_KITS_MIRROR": server.address,
            "NOTEBOOK_KITS_CACHE": str(tmp_path_factory.mktemp("cache")),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            CATALOGUES: str(OVERLAY),
        }
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def results() -> Iterator[list[LessonResult]]:
    """What came of each lesson so far; in the end there is a report."""
    results: list[LessonResult] = []
    yield results
    write_report(OUTPUT, results, "Lessons on published files")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_lesson_passes_within_its_budgets(
    lesson: Lesson,
    kits: Kits,
    environment: dict[str, str],
    results: list[LessonResult],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if all(isinstance(kits[kit], str) for kit in lesson.kits):
        pytest.skip(", ".join(f"{kit}: {kits[kit]}" for kit in lesson.kits))
    with capsys.disabled():
        (result,) = run_lessons([lesson], OUTPUT, Console(), environment)
    results.append(result)
    if result.status == "skipped":
        pytest.skip(result.reason)
    cell = result.failing_cell
    details = f"\n{cell.source}\n{cell.traceback}" if cell else ""
    assert result.status == "passed", result.reason + details


@pytest.mark.parametrize("kit", KITS)
def test_kit_was_loaded_from_its_published_files(
    kit: str,
    kits: Kits,
    results: list[LessonResult],
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = kits[kit]
    if isinstance(files, str):
        pytest.skip(f"{kit}: {files}")
    loaded = [entry for result in results for entry in result.kits]
    loaded = [entry for entry in loaded if entry["kit"] == kit]
    assert "published" in [entry["origin"] for entry in loaded], loaded
    with capsys.disabled():
        substitute = any(row["kind"].startswith("substitute") for row in files.values())
        print("  substitute files  " if substitute else "  real files  ", end="")
