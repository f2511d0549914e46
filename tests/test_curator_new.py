import re
import shutil
from pathlib import Path

import nbformat
import pytest

from curator.__main__ import main
from curator.collection import read_collection
from curator.new import new_lesson
from curator.results import LessonResult
from curator.sync import sync
from fixtures.curator_lessons import make_checkout
from nbval_run import run_under_nbval

ROOT = Path(__file__).resolve().parents[1]
NAME = "97-my-lesson"
PARTS = ("notebooks", "data")


@pytest.fixture
def copy(tmp_path):
    """A copy of this checkout, as far as lessons and generated pages are concerned."""
    root = tmp_path / "a copy"
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part)
    for name in ("README.md", "pyproject.toml"):
        shutil.copyfile(ROOT / name, root / name)
    sync(root)
    return root


def files(root):
    """Return what is in the files of `PARTS`, and in the README."""
    paths = [
        root / "README.md",
        *(p for part in PARTS for p in (root / part).rglob("*")),
    ]
    kept = [p for p in paths if p.is_file() and "cache" not in str(p)]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


def changed(before, after):
    return {name for name in before | after if before.get(name) != after.get(name)}


def edit_entry(root, pattern, words):
    """Change the entry of the lesson, which is the last one in the list."""
    listing = root / "notebooks" / "collection.toml"
    others, _, entry = listing.read_text(encoding="utf-8").rpartition("\n[[lesson]]")
    entry = re.sub(pattern, words, f"\n[[lesson]]{entry}", flags=re.DOTALL)
    listing.write_text(others + entry, encoding="utf-8")


@pytest.mark.slow
def test_lesson_is_added_tested_finished_and_removed(copy, capsys):
    """And nothing is edited but the notebook and its entry in the list."""
    before = files(copy)
    command = ["--root", str(copy)]
    assert main([*command, "new", NAME]) == 0
    mine = {f"notebooks/{NAME}.ipynb", "notebooks/collection.toml"}
    assert changed(before, files(copy)) == mine | {"notebooks/refreshed.json"}
    assert main([*command, "lint", "97"]) == 0, capsys.readouterr().out
    assert main([*command, "sync", "--check"]) == 0
    (lesson,) = read_collection(copy / "notebooks").select(["97"])
    (copy / "build").mkdir()
    result = run_under_nbval(lesson.path, LessonResult.of(lesson), copy / "build")
    assert (result.status, result.compared) == ("passed", 1), result.reason
    assert [kit["kit"] for kit in result.kits] == ["classification-ir"]

    edit_entry(copy, "draft = true[^\n]*\n", "")
    capsys.readouterr()
    assert main([*command, "lint", "97"]) == 1
    *findings, count = capsys.readouterr().out.strip().splitlines()
    assert count == f"{len(findings)} findings."
    assert all(": filled-in: " in finding for finding in findings)

    book = nbformat.read(lesson.path, as_version=4)
    for cell in book.cells:
        cell.source = re.sub(r"\(fill in[^)]*\)", "These are words.", cell.source)
    nbformat.write(book, lesson.path)
    edit_entry(copy, r"\(fill in[^)]*\)", "Words.")
    assert main([*command, "sync"]) == 0
    assert main([*command, "lint", "97"]) == 0, capsys.readouterr().out
    assert f"[97](notebooks/{NAME}.ipynb)" in (copy / "README.md").read_text("utf-8")

    lesson.path.unlink()
    edit_entry(copy, ".*", "")
    assert main([*command, "sync"]) == 0
    assert changed(before, files(copy)) == set()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my-lesson", "Expected two digits"),
        ("06_my_lesson", "Expected two digits"),
        ("06-My-lesson", "Expected two digits"),
        ("../06-lesson", "Expected two digits"),
        ("00-other", "The number 00 is taken by 00-first"),
        ("07-there", "exists already"),
    ],
)
def test_name_that_cannot_be_is_refused(tmp_path, name, message):
    root = make_checkout(tmp_path, {"00-first": ["1"]})
    (root / "notebooks" / "07-there.ipynb").touch()
    (root / "README.md").touch()
    before = files(root)
    with pytest.raises(ValueError, match=message):
        new_lesson(root, name)
    assert files(root) == before


def test_lesson_takes_its_place_by_number_with_its_title(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["1"], "05-last": ["1"]})
    listing = root / "notebooks" / "collection.toml"
    listing.write_text(f"# Kept.\n\n{listing.read_text()}# Kept too.\n")
    before = listing.read_text()
    lesson = new_lesson(root, "03-any-words", 'Say "hello"')
    assert lesson.title == 'Say "hello"'
    cells = nbformat.read(lesson.path, as_version=4).cells
    assert cells[0].source.startswith('# Say "hello"\n')
    assert "(00-first.ipynb)" in cells[-1].source
    assert new_lesson(root, "06-any-words").title == "Any words"
    numbers = [x.number for x in read_collection(root / "notebooks").lessons]
    assert numbers == ["00", "03", "05", "06"]
    tables = listing.read_text().split("\n\n[[lesson]]\n")
    kept = [table for table in tables if "(fill in" not in table]
    assert "\n\n[[lesson]]\n".join(kept) == before.rstrip()
    assert len(tables) == 5
