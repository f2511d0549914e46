import json

import nbformat
import pytest

from curator.__main__ import main
from curator.files import NotebookError
from curator.record import Refreshed, code_digest, write_entry
from curator.sync import BEGIN, END, SyncError, sync
from fixtures.curator_lessons import CHECKED, code, make_checkout, notebook, text
from kit_catalogue import KitCatalogue

KINDS = (".md", ".ipynb", ".json")
CARD = {
    "kit": "a-kit",
    "title": "Tells ducks from cubes.",
    "licence": "Apache-2.0",
    "trained_on": "1000 scenes",
    "measured_on": "200 scenes",
    "parameters": 177000,
    "figures": {"top1": 0.987, "top5": 1.0},
    "built_with": "python -m toybox build a-kit",
    "files": {"model.xml": {"bytes": 12345, "sha256": "ab" * 32}},
}
SECTION = f"""
## a-kit

Tells ducks from cubes.

- Trained on: 1000 scenes
- Measured on: 200 scenes
- Figures: top1 0.987; top5 1.0
- Parameters: 177,000
- Licence: Apache-2.0
- Built with: `python -m toybox build a-kit`

| file | bytes | sha256 |
| --- | --- | --- |
| model.xml | 12,345 | `{"ab" * 32}` |
"""
LESSON = (
    text("# First"),
    text("## Set up"),
    code("print(1)", "1\n", 1, [CHECKED]),
    text("## Count to `3`?\n\n### Not this"),
)


class Shelf:
    """A checkout with a lesson that was refreshed, one that was not, and a card."""

    def __init__(self, root):
        lessons = {"01-a|b": [], "02-last": notebook(*LESSON)}
        self.root = make_checkout(root, lessons)
        self.folder = root / "notebooks"
        self.path = self.folder / "02-last.ipynb"
        self.listing = self.folder / "collection.toml"
        self.card = root / "data" / "kits" / "a-kit" / "card.json"
        self.card.parent.mkdir(parents=True)
        self.card.write_text(json.dumps(CARD))
        (root / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
        entry = Refreshed(code_digest(self.read()), peak_memory_mb=612, cpu_s=9)
        write_entry(self.folder, self.path.name, entry)
        sync(root)

    def read(self):
        return nbformat.read(self.path, as_version=4)

    def edit(self, change):
        book = self.read()
        change(book)
        nbformat.write(book, self.path)
        sync(self.root)

    @property
    def readme(self):
        return (self.root / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_pages_tell_everything(shelf):
    assert shelf.readme == (
        f"# Title\n\n{BEGIN}\n"
        "| no. | lesson | what it is about | minutes | memory | download | result |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        r"| [01](notebooks/01-a%7Cb.ipynb) | 01-a\|b | About 01-a\|b "
        "| 1 | 1.7 GB | none | not run yet |\n"
        "| [02](notebooks/02-last.ipynb) | 02-last | About 02-last "
        "| 1 | 0.7 GB | none | ✓ passed, 1 checked output |\n"
        f"{END}\n\nThe end.\n"
    )
    assert (shelf.root / "data" / "README.md").read_text("utf-8").endswith(SECTION)


def test_check_names_what_drifted_and_nothing_is_written_twice(shelf, capsys):
    root, cards = shelf.root, shelf.root / "data" / "README.md"
    command = ["--root", str(root), "sync"]
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.suffix in KINDS}
    assert len(before) == 6
    assert main(command) == main([*command, "--check"]) == 0
    assert {p: p.stat().st_mtime_ns for p in before} == before
    cards.unlink()
    assert main([*command, "--check"]) == 1
    assert not cards.exists()
    assert capsys.readouterr().out.startswith("data/README.md has drifted.")
    assert main(command) == 0
    cards.write_text("edited")
    assert sync(root, check=True) == ["data/README.md"]


def test_what_cannot_be_made_is_told(shelf):
    shelf.card.write_text(json.dumps({k: v for k, v in CARD.items() if k != "files"}))
    with pytest.raises(SyncError, match=r"card\.json has no 'files'"):
        sync(shelf.root)
    (shelf.root / "README.md").write_text(f"{END}\n{BEGIN}\n")
    with pytest.raises(SyncError, match="lacks the lines"):
        sync(shelf.root)
    shelf.path.write_text("{")
    with pytest.raises(NotebookError, match=r"02-last\.ipynb cannot be read"):
        sync(shelf.root)


def test_page_with_a_place_for_it_lists_the_other_lessons(shelf):
    shelf.edit(lambda book: book.cells.append(text(f"## Lessons\n\n{BEGIN}\n{END}\n")))
    source = shelf.read().cells[-1].source
    assert "| [01](01-a%7Cb.ipynb) |" in source
    assert "02-last" not in source
    assert "not run yet" not in source


def test_facts_stand_below_the_title_and_are_put_back_without_a_run(shelf):
    record = (shelf.folder / "refreshed.json").read_bytes()

    def move(book):
        book.cells[2].source = "## Get ready"
        book.cells.append(book.cells.pop(1))

    shelf.edit(move)
    cells = shelf.read().cells
    ids = ["cell-0", "facts", "cell-1", "cell-2", "cell-3"]
    assert [cell.id for cell in cells] == ids
    assert cells[1].metadata.tags == ["generated"]
    assert cells[1].source == (
        "This page takes about 1 minute, needs 0.7 GB of memory and downloads nothing."
    )
    assert cells[3].outputs[0].text == "1\n"
    assert (shelf.folder / "refreshed.json").read_bytes() == record
    assert "| ✓ passed, 1 checked output |" in shelf.readme


def test_table_tells_what_became_of_a_lesson(shelf):
    shelf.edit(lambda book: book.cells[3].update(source="print(2)"))
    assert "| 0.7 GB | none | changed since it was run |" in shelf.readme
    for line, words in (
        ('skip = { reason = "Broken", until = 2999-12-31 }', "2999-12-31: Broken |"),
        ("draft = true", "not run yet |"),
    ):
        with shelf.listing.open("a") as stream:
            stream.write(f"{line}\n")
        sync(shelf.root)
        assert words in shelf.readme
    assert "02-last" not in shelf.readme


def test_download_is_what_auto_takes(shelf, tmp_path, monkeypatch):
    def kit(licence="MIT", **source):
        files = [{"name": "model", **source}]
        return {"published": {"licence": licence, "files": files}}

    kits = {
        "a": kit(url="https://host/x"),
        "b": kit(url="https://host/x"),
        "c": kit(kagglehub="a/b", member="m"),
        "d": kit(url="https://host/y"),
        "e": kit(licence="AGPL-3.0", url="https://host/x"),
        "f": {},
    }
    files = {"https://host/x": b"x" * 1_200_000, "kagglehub: a/b/m": b"m" * 2_000_000}
    KitCatalogue(monkeypatch, tmp_path, kits).pin(files, verified="abce")
    listed = shelf.listing.read_text().replace("kits = []", f"kits = {sorted(kits)}")
    shelf.listing.write_text(listed)
    sync(shelf.root)
    assert "| 0.7 GB | 4 MB |" in shelf.readme
    assert "may download 4 MB." in shelf.read().cells[1].source


def test_record_forgets_lessons_that_are_gone(shelf):
    write_entry(shelf.folder, "07-gone.ipynb", Refreshed("", 1, 1))
    sync(shelf.root)
    assert "07-gone" not in (shelf.folder / "refreshed.json").read_text()
