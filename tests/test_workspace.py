import json
import shutil
import subprocess
import sys

import pytest

from notebook_utils import WorkshopError, workspace
from notebook_utils.__main__ import main


def lesson(name, **run):
    """A notebook of two cells: its name, and code with what a run left in it."""
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [f"# {name}"]},
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "b",
            "metadata": {"tags": ["solution"]},
            "outputs": [],
            "source": ["print('µ')"],
            **run,
        },
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A checkout with two lessons, and a home of its own."""
    root = tmp_path / "a checkout"
    (root / "notebooks").mkdir(parents=True)
    for name in ("00-start-here", "01-runtime-api"):
        (root / "notebooks" / f"{name}.ipynb").write_text(lesson(name))
    monkeypatch.setattr(workspace, "checkout", lambda: root)
    monkeypatch.setattr(
        workspace, "user_data_path", lambda *a, **k: tmp_path / "home" / "data"
    )
    return root


def test_copies_are_made_once_and_never_overwritten(repository):
    work = workspace.copy_notebooks()
    assert work == repository / "work"
    mine = work / "01-runtime-api.ipynb"
    mine.write_text("my own lines")
    (repository / "notebooks" / "01-runtime-api.ipynb").write_text(lesson("new"))
    (repository / "notebooks" / "glossary.md").write_text("# Glossary")
    workspace.copy_notebooks()
    assert mine.read_text() == "my own lines"
    assert sorted(p.name for p in work.iterdir()) == [
        "00-start-here.ipynb",
        "01-runtime-api.ipynb",
        "glossary.md",
    ]


def test_copies_hold_what_the_lesson_says_and_nothing_of_a_run(repository):
    stream = {"name": "stdout", "output_type": "stream", "text": ["µ"]}
    run = lesson("01", execution_count=3, outputs=[stream])
    original = repository / "notebooks" / "01-runtime-api.ipynb"
    original.write_text(run)
    copy = workspace.copy_notebooks() / original.name
    assert copy.read_text() == lesson("01")
    assert original.read_text() == run


def test_reset_keeps_every_earlier_version(repository):
    workspace.copy_notebooks()
    copy = repository / "work" / "01-runtime-api.ipynb"
    for text in ("first", "second"):
        copy.write_text(text)
        fresh, kept = workspace.reset_notebook("01")
        assert fresh.read_text() == lesson("01-runtime-api")
        assert kept.read_text() == text
    names = sorted(p.name for p in copy.parent.glob("*-mine*"))
    assert names == ["01-runtime-api-mine-2.ipynb", "01-runtime-api-mine.ipynb"]


def test_reset_of_a_lesson_that_was_never_opened(repository):
    fresh, kept = workspace.reset_notebook("00-start-here.ipynb")
    assert fresh.read_text() == lesson("00-start-here")
    assert kept is None


def test_reset_of_an_unknown_lesson_names_those_there_are(repository):
    with pytest.raises(WorkshopError, match="01-runtime-api"):
        workspace.reset_notebook("07")


def test_a_read_only_checkout_sends_the_work_home(repository, tmp_path, monkeypatch):
    home = tmp_path / "home"
    with monkeypatch.context() as changes:
        changes.setattr("os.access", lambda path, mode: False)
        assert workspace.work_dir() == home / "data"
    (repository / "work").rmdir()
    (repository / "work").write_text("no folder")
    assert workspace.work_dir() == home / "data"
    assert workspace.output_dir("01") == home / "data" / "output" / "01"
    shutil.rmtree(home)
    home.write_text("no folder either")
    with pytest.raises(WorkshopError, match=r"data for your work .*HOME"):
        workspace.output_dir("01")


def test_without_a_checkout_there_is_a_remedy(monkeypatch):
    monkeypatch.setattr(workspace, "checkout", lambda: None)
    with pytest.raises(WorkshopError, match=r"python start\.py lab"):
        workspace.reset_notebook("01")


@pytest.mark.parametrize("name", ["", "..", "a/b", "01 02", "/etc"])
def test_a_lesson_cannot_write_elsewhere(repository, name):
    with pytest.raises(ValueError, match="lesson's number"):
        workspace.output_dir(name)


def test_this_checkout_is_found():
    root = workspace.checkout()
    assert root is not None
    assert (root / "notebooks" / "collection.toml").is_file()


def test_command_line_lists_the_kits(monkeypatch, capsys):
    monkeypatch.setenv("NOTEBOOK_KITS", "included")
    assert main(["kits"]) == 0
    assert "Kit classification-onnx" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["kits", "--frobnicate"], "Unknown arguments: --frobnicate"),
        (["reset", "77"], "No notebook is called '77'"),
    ],
)
def test_command_line_says_what_is_wrong(words, told):
    command = [sys.executable, "-m", "notebook_utils", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
