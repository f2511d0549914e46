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


@pytest.fixture
def root(tmp_path):
    root = make_checkout(tmp_path, {"00-first": [], "01-a|b": []})
    (root / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    kit = root / "data" / "kits" / "a-kit"
    kit.mkdir(parents=True)
    (kit / "card.json").write_text(json.dumps(CARD))
    return root


def test_table_of_lessons_stands_between_the_markers(root):
    sync(root)
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# Title\n\n{BEGIN}\n| no. | lesson |")
    assert readme.endswith(f"\n{END}\n\nThe end.\n")
    row = (
        "| [00](notebooks/00-first.ipynb) | 00-first | About 00-first "
        "| 1 | 1.7 GB | none | not run yet |"
    )
    assert row in readme.splitlines()
    assert "old" not in readme
    assert r"| 01-a\|b |" in readme
    assert "(notebooks/01-a%7Cb.ipynb)" in readme


def test_cards_tell_everything(root):
    sync(root)
    cards = (root / "data" / "README.md").read_text(encoding="utf-8")
    for words in (
        "## a-kit",
        "Tells ducks from cubes.",
        "- Trained on: 1000 scenes",
        "- Measured on: 200 scenes",
        "- Figures: top1 0.987; top5 1.0",
        "- Parameters: 177,000",
        "- Licence: Apache-2.0",
        f"| model.xml | 12,345 | `{'ab' * 32}` |",
    ):
        assert words in cards


def test_check_names_what_drifted_and_nothing_is_written_twice(root, capsys):
    command = ["--root", str(root), "sync"]
    assert main([*command, "--check"]) == 1
    assert not (root / "data" / "README.md").exists()
    assert "\ndata/README.md has drifted." in capsys.readouterr().out
    assert main(command) == 0
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.suffix in KINDS}
    assert len(before) == 6
    assert main(command) == main([*command, "--check"]) == 0
    assert {p: p.stat().st_mtime_ns for p in before} == before
    (root / "data" / "README.md").write_text("edited")
    assert sync(root, check=True) == ["data/README.md"]


def test_readme_without_markers_is_refused(root):
    (root / "README.md").write_text(f"{END}\n{BEGIN}\n")
    with pytest.raises(SyncError, match="lacks the lines"):
        sync(root)


def test_incomplete_card_is_refused(root):
    path = root / "data" / "kits" / "a-kit" / "card.json"
    path.write_text(json.dumps({k: v for k, v in CARD.items() if k != "files"}))
    with pytest.raises(SyncError, match=r"card\.json has no 'files'"):
        sync(root)


def test_start_page_lists_the_other_lessons(root):
    path = root / "notebooks" / "00-first.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = f"## Lessons\n\n{BEGIN}\n{END}\n"
    notebook.cells.append(nbformat.v4.new_markdown_cell(place))
    nbformat.write(notebook, path)
    sync(root)
    source = read(root).cells[0].source
    assert "| [01](01-a%7Cb.ipynb) |" in source
    assert "00-first" not in source
    assert "not run yet" not in source
    assert sync(root, check=True) == []


def read(root):
    return nbformat.read(root / "notebooks" / "00-first.ipynb", as_version=4)


LESSON = (
    text("# First"),
    text("## Set up"),
    code("print(1)", "1\n", 1, [CHECKED]),
    text("## Count to `3`?\n\n### Not this"),
)


@pytest.fixture
def shelf(tmp_path):
    root = make_checkout(tmp_path, {"00-first": notebook(*LESSON)})
    (root / "README.md").write_text(f"{BEGIN}\n{END}\n")
    path = root / "notebooks" / "00-first.ipynb"
    entry = Refreshed(code_digest(read(root)), peak_memory_mb=612, cpu_s=9)
    write_entry(path.parent, path.name, entry)
    sync(root)
    return root


def test_lesson_gets_its_facts_below_the_title(shelf):
    book = read(shelf)
    assert [cell.id for cell in book.cells][:3] == ["cell-0", "facts", "cell-1"]
    assert book.cells[1].metadata.tags == ["generated"]
    assert book.cells[1].source == (
        "This page takes about 1 minute, needs 0.7 GB of memory and downloads nothing."
    )


def test_facts_are_put_back_in_place_without_a_run(shelf):
    path = shelf / "notebooks" / "00-first.ipynb"
    book = read(shelf)
    book.cells[2].source = "## Get ready"
    book.cells.append(book.cells.pop(1))  # somebody moved it
    nbformat.write(book, path)
    record = (shelf / "notebooks" / "refreshed.json").read_bytes()
    assert sync(shelf, check=True) != []
    sync(shelf)
    assert read(shelf).cells[1].id == "facts"
    assert len(read(shelf).cells) == len(LESSON) + 1
    assert read(shelf).cells[3].outputs[0].text == "1\n"
    assert (shelf / "notebooks" / "refreshed.json").read_bytes() == record
    assert "| ✓ passed, 1 checked output |" in readme(shelf)


def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


def test_table_tells_what_became_of_a_lesson(shelf):
    book = read(shelf)
    book.cells[3].source = "print(2)"
    nbformat.write(book, shelf / "notebooks" / "00-first.ipynb")
    sync(shelf)
    assert "| 0.7 GB | none | changed since it was run |" in readme(shelf)
    listing = shelf / "notebooks" / "collection.toml"
    for line, words in (
        ('skip = { reason = "Broken", until = 2999-12-31 }', "2999-12-31: Broken |"),
        ("draft = true", f"{BEGIN}\n| no. "),
    ):
        with listing.open("a") as stream:
            stream.write(f"{line}\n")
        sync(shelf)
        assert words in readme(shelf)
    assert "00-first" not in readme(shelf)


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
    path = shelf / "notebooks" / "collection.toml"
    listed = path.read_text().replace("kits = []", f"kits = {sorted(kits)}")
    path.write_text(listed)
    sync(shelf)
    assert "| 0.7 GB | 4 MB |" in readme(shelf)
    assert "may download 4 MB." in read(shelf).cells[1].source


def test_record_forgets_lessons_that_are_gone(shelf):
    folder = shelf / "notebooks"
    write_entry(folder, "07-gone.ipynb", Refreshed("", 1, 1))
    sync(shelf)
    assert "07-gone" not in (folder / "refreshed.json").read_text()


def test_lesson_that_is_no_notebook_is_named(shelf):
    (shelf / "notebooks" / "00-first.ipynb").write_text("{")
    with pytest.raises(NotebookError, match=r"00-first\.ipynb cannot be read"):
        sync(shelf)
