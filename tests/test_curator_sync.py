import json

import nbformat
import pytest

from curator.__main__ import main
from curator.sync import BEGIN, END, SyncError, model_card, sync
from fixtures.curator_lessons import make_checkout

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
    assert readme.startswith(f"# Title\n\n{BEGIN}\n| | lesson |")
    assert readme.endswith(f"\n{END}\n\nThe end.\n")
    row = "| [00](notebooks/00-first.ipynb) | 00-first | About 00-first | 1 | none |"
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


def test_second_call_writes_nothing(root):
    sync(root)
    before = {p: p.stat().st_mtime_ns for p in root.rglob("README.md")}
    assert len(before) == 2
    sync(root)
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_check_names_what_drifted_and_writes_nothing(root, capsys):
    command = ["--root", str(root), "sync"]
    assert main([*command, "--check"]) == 1
    assert not (root / "data" / "README.md").exists()
    printed = capsys.readouterr().out
    assert "README.md has drifted." in printed
    assert "data/README.md has drifted." in printed
    assert main(command) == 0
    assert main([*command, "--check"]) == 0
    (root / "data" / "README.md").write_text("edited")
    capsys.readouterr()
    assert main([*command, "--check"]) == 1
    assert capsys.readouterr().out.startswith("data/README.md has drifted.")


def test_readme_without_markers_is_refused(root):
    (root / "README.md").write_text(f"{END}\n{BEGIN}\n")
    with pytest.raises(SyncError, match="lacks the lines"):
        sync(root)


@pytest.mark.parametrize("key", ["trained_on", "files"])
def test_incomplete_card_is_refused(key):
    card = {name: value for name, value in CARD.items() if name != key}
    with pytest.raises(SyncError, match=f"x/card.json has no '{key}'"):
        model_card(card, "x/card.json")


def test_start_page_lists_the_other_lessons(root):
    path = root / "notebooks" / "00-first.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = f"## Lessons\n\n{BEGIN}\n{END}\n"
    notebook.cells.append(nbformat.v4.new_markdown_cell(place))
    nbformat.write(notebook, path)
    sync(root)
    source = nbformat.read(path, as_version=4).cells[-1].source
    assert "| [01](01-a%7Cb.ipynb) |" in source
    assert "00-first" not in source
    assert all(check.passed for check in sync(root, check=True))
