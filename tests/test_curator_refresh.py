import json
import shutil

import nbformat
import pytest
from rich.console import Console

from curator.collection import read_collection
from curator.record import code_digest
from curator.refresh import refresh_lessons, tidy
from fixtures.curator_lessons import CHECKED, code, make_checkout, notebook, shown, text

RANDOM = "import secrets\n\nprint(secrets.token_hex())"
LESSON = (text("# Title"), RANDOM)


class Shelf:
    """One lesson in a folder of its own, to be refreshed."""

    def __init__(self, root, *cells):
        if cells:
            checked = code("print(6 * 7)", tags=[CHECKED])
            make_checkout(root, {"00-first": notebook(*cells, checked)})
        self.folder = root / "notebooks"
        self.path = self.folder / "00-first.ipynb"

    def refresh(self, force=False):
        lessons = read_collection(self.folder).lessons
        (result,) = refresh_lessons(lessons, Console(quiet=True), force)
        return result

    def read(self):
        return nbformat.read(self.path, as_version=4)

    def edit(self, change):
        book = self.read()
        change(book)
        nbformat.write(book, self.path)


@pytest.fixture(scope="module")
def refreshed_once(tmp_path_factory):
    shelf = Shelf(tmp_path_factory.mktemp("once"), *LESSON)
    assert shelf.refresh().status == "passed"
    return shelf


@pytest.fixture
def shelf(refreshed_once, tmp_path):
    """A lesson that was refreshed before."""
    shutil.copytree(refreshed_once.folder, tmp_path / "notebooks")
    return Shelf(tmp_path)


def test_outputs_and_counts_are_stored_once(shelf):
    book = shelf.read()
    assert [cell.execution_count for cell in book.cells[1:]] == [1, 2]
    assert book.cells[2].outputs[0].text == "42\n"
    assert [cell.id for cell in book.cells] == ["cell-0", "cell-1", "cell-2"]
    assert shelf.path.read_text().endswith("}\n")
    record = json.loads((shelf.folder / "refreshed.json").read_text())
    entry = record.pop("00-first.ipynb")
    assert (record, entry["code"]) == ({}, code_digest(book))
    assert entry["peak_memory_mb"] > 10
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in shelf.folder.iterdir()}
    assert shelf.refresh().reason == "The stored outputs still hold."
    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before}
    assert set(before) == set(shelf.folder.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.cells[1].update(source=RANDOM + "\nx = 1"),
        lambda book: book.cells[2].metadata.update(tags=[CHECKED, "other"]),
        lambda book: book.cells[2].outputs[0].update(text="41\n"),
        lambda book: book.cells[1].update(execution_count=7),
        None,
    ],
    ids=["source", "tags", "checked output", "count", "force"],
)
def test_outputs_are_stored_where_something_changed_or_by_force(shelf, change):
    before = shelf.read().cells[1].outputs
    if change:
        shelf.edit(change)
    shelf.refresh(force=change is None)
    assert shelf.read().cells[1].outputs != before


def test_prose_can_change_while_the_outputs_stay(shelf):
    before = shelf.read().cells[1].outputs
    shelf.edit(lambda book: book.cells[0].update(source="# New title"))
    shelf.refresh()
    assert shelf.read().cells[0].source == "# New title"
    assert shelf.read().cells[1].outputs == before


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (code("1 / 0", "old\n", 5, [CHECKED]), "Cell 1 raised ZeroDivisionError."),
        (code("x = 1", tags=[CHECKED]), "Cell 1: The cell is tagged"),
        (code("print(1)"), "Nothing was compared."),
    ],
)
def test_lesson_that_nbval_would_refuse_is_left_as_it_was(tmp_path, cell, reason):
    make_checkout(tmp_path, {"00-first": notebook(cell)})
    shelf = Shelf(tmp_path)
    before = shelf.path.read_bytes()
    result = shelf.refresh()
    assert result.status == "failed"
    assert result.reason.startswith(reason)
    assert shelf.path.read_bytes() == before
    assert not (shelf.folder / "refreshed.json").exists()


def test_run_is_as_under_nbval_with_packaged_kits(tmp_path, monkeypatch):
    """There, what native code prints is no output."""
    monkeypatch.setenv("NOTEBOOK_KITS", "published")
    source = "os.write(1, b'native')\nprint(os.environ['NOTEBOOK_KITS'])"
    shelf = Shelf(tmp_path, f"import os\n\n{source}")
    shelf.refresh()
    assert [output.text for output in shelf.read().cells[0].outputs] == ["auto\n"]


def test_result_with_a_table_settles(tmp_path):
    """A notebook stores mime types sorted; a kernel sends the plain text first."""
    source = (
        "from types import SimpleNamespace\n\n"
        "class Kit(SimpleNamespace):\n"
        "    def _repr_html_(self):\n"
        "        return '<table>'\n\n\n"
        "kit = Kit()\nkit"
    )
    show = code(source, tags=[CHECKED])
    shelf = Shelf(tmp_path, show)
    assert shelf.refresh().reason == "Outputs stored."
    assert shelf.refresh().reason == "The stored outputs still hold."


def test_file_that_was_changed_meanwhile_is_not_overwritten(tmp_path):
    change = "from pathlib import Path\n\nPath('00-first.ipynb').write_text('mine')"
    shelf = Shelf(tmp_path, change)
    assert shelf.refresh().reason == "Its file was changed while it ran."
    assert shelf.path.read_text() == "mine"


def test_only_what_is_of_use_is_kept():
    solution = code("x = 1", tags=["a"])
    solution.metadata.jupyter = {"source_hidden": True, "outputs_hidden": False}
    solution.metadata.execution = {"iopub.status.busy": "2026-01-01"}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}}
    slider, bar = shown({"text/plain": "Slider()", **view}), shown(view)
    metadata = {"widgets": {}, "language_info": {"name": "python", "version": "3"}}
    clean = tidy(notebook(solution, code("2"), slider, bar, **metadata))
    kept = {"tags": ["a"], "jupyter": {"source_hidden": True}}
    assert [cell.metadata for cell in clean.cells[:2]] == [kept, {}]
    assert set(clean.metadata) == {"kernelspec", "language_info"}
    assert clean.metadata.language_info == {"name": "python"}
    data = [cell.outputs[0].data for cell in clean.cells[2:]]
    assert data == [{"text/plain": "Slider()"}, view]
