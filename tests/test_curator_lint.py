"""Every rule has a good and a bad example."""

import dataclasses

import nbformat
import pytest

from curator.__main__ import main
from curator.collection import read_collection
from curator.lint import RULES, Notebook, lint_lessons, run_tools
from curator.record import Refreshed, code_digest, write_entry
from fixtures.curator_lessons import make_checkout, notebook, text
from fixtures.lint_examples import BAD, GOOD, LESSON, ROOT

# This needs more than one file: its examples are below.
WITH_FILES = ("stale-outputs",)


def find(rule, content, lesson=LESSON):
    return list(RULES[rule].find(Notebook(lesson, ROOT, content)))


def test_every_rule_has_examples_and_says_what_to_do():
    assert set(RULES) == set(GOOD) == set(BAD)
    assert {rule for rule, examples in BAD.items() if not examples} == set(WITH_FILES)
    for name, rule in RULES.items():
        assert rule.remedy.endswith(".") and rule.find.__doc__, name


@pytest.mark.parametrize(
    ("rule", "book"), [(rule, book) for rule, books in GOOD.items() for book in books]
)
def test_good_example_is_accepted(rule, book):
    assert find(rule, book) == []


@pytest.mark.parametrize(
    ("rule", "book", "index", "words"),
    [(rule, *example) for rule, examples in BAD.items() for example in examples],
)
def test_bad_example_is_found(rule, book, index, words):
    ((found_index, what),) = find(rule, book)
    assert found_index == index
    assert words in what


def test_outputs_of_changed_code_are_found(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["x = 1"]})
    (lesson,) = read_collection(root / "notebooks").lessons
    book = nbformat.read(lesson.path, 4)
    assert find("stale-outputs", book, lesson) == [(None, "It was never refreshed.")]
    entry = Refreshed(code_digest(book), peak_memory_mb=100, cpu_s=1)
    write_entry(lesson.path.parent, lesson.path.name, entry)
    book.cells.append(text("More prose."))
    assert find("stale-outputs", book, lesson) == []
    book.cells[0].source = "x = 2"
    assert "Its code or tags changed" in find("stale-outputs", book, lesson)[0][1]


def test_start_page_needs_no_exercises(tmp_path):
    book = notebook(text("# Title"), text("## Set up"), 'WORKSHOP = ".."')
    root = make_checkout(tmp_path, {"00-start": book, "01-first": book})
    found = "\n".join(lint_lessons(read_collection(root / "notebooks").lessons, root))
    for rule in ("exercises", "page-order"):
        assert f"01-first.ipynb: {rule}: " in found
        assert f"00-start.ipynb: {rule}: " not in found


def test_summary_in_the_collection_must_be_filled_in_unless_it_is_a_draft():
    lesson = dataclasses.replace(LESSON, summary="(fill in: one line)")
    content = notebook(text("(fill in: why)"))
    found = find("filled-in", content, lesson)
    assert [index for index, _ in found] == [0, None]
    assert "collection.toml" in found[1][1]
    assert find("filled-in", content, dataclasses.replace(lesson, draft=True)) == []


def test_tools_look_at_notebooks_and_types(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["import os"], "01-second": ["x=1"]})
    unused, unformatted = run_tools(root, [root / "notebooks"])
    assert "F401" in unused
    assert "01-second.ipynb" in unformatted
    assert "00-first.ipynb" not in unformatted
    (root / "pyproject.toml").write_text('[tool.mypy]\nfiles = ["wrong.py"]\n')
    (root / "wrong.py").write_text("x: int = 'text'\n")
    assert "Incompatible types" in run_tools(root)[-1]


def test_command_prints_file_cell_rule_and_remedy_and_ends_with_1(tmp_path, capsys):
    long = notebook(text("Look:"), "x = 1\n" * 21)
    root = make_checkout(tmp_path, {"00-first": ["x = 1"], "01-second": long})
    assert main(["--root", str(root), "lint", "01"]) == 1
    found = capsys.readouterr().out
    assert (
        "notebooks/01-second.ipynb: cell 2: cell-length: It has 21 non-blank lines; "
        "at most 20 fit. Split it, with a sentence before each part.\n"
    ) in found
    assert "00-first" not in found
