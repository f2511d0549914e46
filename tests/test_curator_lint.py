"""Every rule has a good and a bad example."""

import dataclasses
from pathlib import Path

import nbformat
import pytest

from curator.__main__ import main
from curator.checks import Check, print_findings
from curator.collection import read_collection
from curator.lint import RULES, Book, check_tools, lint_lessons
from curator.record import Refreshed, code_digest, write_entry
from fixtures.curator_lessons import make_checkout, notebook, text
from fixtures.lint_examples import BAD, GOOD
from fixtures.lint_examples.code import LESSON

ROOT = Path("/srv/checkout")
# These judge a notebook beside its entry in the collection.
LISTED = ("listed-kits", "title-page")
# These need more than one file: their examples are below.
WITH_FILES = ("stale-outputs",)


def find(rule, book):
    lesson = LESSON if rule in LISTED else None
    path = ROOT / "notebooks" / "01-a.ipynb"
    return list(RULES[rule].find(Book(path, ROOT, book, lesson)))


def test_every_rule_has_examples():
    assert set(RULES) == set(GOOD) == set(BAD)
    assert {rule for rule, examples in BAD.items() if not examples} == set(WITH_FILES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_says_what_to_do(rule):
    assert rule.remedy.endswith("."), rule.name
    assert rule.find.__doc__, rule.name


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


def test_finding_tells_file_cell_rule_and_remedy():
    book = Book(ROOT / "notebooks" / "a.ipynb", ROOT, notebook(text("Look:"), "x" * 89))
    (finding,) = RULES["line-width"].check([book]).findings
    assert finding == (
        "notebooks/a.ipynb: cell 2: line-width: A line has 89 columns; at most 88 fit. "
        "Break the line."
    )


def test_outputs_of_changed_code_are_found(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["x = 1"]})
    (lesson,) = read_collection(root / "notebooks").lessons
    book = Book(lesson.path, root, nbformat.read(lesson.path, 4), lesson)
    stale = RULES["stale-outputs"].find
    assert [what for _, what in stale(book)] == ["It was never refreshed."]
    entry = Refreshed(code_digest(book.notebook), peak_memory_mb=100, cpu_s=1)
    write_entry(lesson.path.parent, lesson.path.name, entry)
    assert list(stale(book)) == []
    book.notebook.cells.append(nbformat.v4.new_markdown_cell("More prose."))
    assert list(stale(book)) == []
    book.notebook.cells[0].source = "x = 2"
    assert "Its code or tags changed" in next(stale(book))[1]


def test_start_page_needs_no_exercises(tmp_path):
    book = notebook(text("# Title"), text("## Set up"), 'WORKSHOP = ".."')
    root = make_checkout(tmp_path, {"00-start": book, "01-first": book})
    checks = {
        c.name: c
        for c in lint_lessons(read_collection(root / "notebooks").lessons, root)
    }
    for rule in ("exercises", "page-order"):
        assert "01-first" in "".join(checks[rule].findings)
        assert "00-start" not in "".join(checks[rule].findings)


def test_summary_in_the_collection_must_be_filled_in():
    lesson = dataclasses.replace(LESSON, summary="(fill in: one line)")
    book = Book(ROOT / "a.ipynb", ROOT, notebook(), lesson)
    assert "collection.toml" in next(RULES["filled-in"].find(book))[1]


def test_links_to_other_lessons_are_followed(tmp_path):
    good, bad = "[x](01-second.ipynb#Go-on)", "[x](01-second.ipynb#Stop)"
    root = make_checkout(
        tmp_path,
        {
            "00-first": notebook(text(f"{good} {bad}")),
            "01-second": notebook(text("## Go on")),
        },
    )
    path = root / "notebooks" / "00-first.ipynb"
    book = Book(path, root, nbformat.read(path, 4))
    ((_, what),) = RULES["file-links"].find(book)
    assert what == "The link 01-second.ipynb#Stop leads to no heading."


def test_cell_that_is_not_python_is_left_to_ruff():
    broken = notebook("assert latency_ms < (", "solution_1 = ")
    assert find("asserted-timing", broken) == []
    assert find("solution-cells", broken) == []


def test_findings_are_printed_with_a_summary(capsys):
    assert not print_findings([Check("good"), Check("bad", ("x: wrong",))])
    assert capsys.readouterr().out == "x: wrong\n\nFailed: bad. Passed: 1.\n"
    assert print_findings([Check("good")])
    assert capsys.readouterr().out == "All 1 checks passed.\n"


def test_tools_look_at_notebooks_too(tmp_path):
    root = make_checkout(tmp_path, {"00-first": ["import os"], "01-second": ["x=1"]})
    unused, unformatted = check_tools(root, [root / "notebooks"])
    assert "F401" in "".join(unused.findings)
    assert "01-second.ipynb" in "".join(unformatted.findings)
    assert "00-first.ipynb" not in "".join(unformatted.findings)


def test_mypy_runs_where_everything_is_checked(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.mypy]\nfiles = ["wrong.py"]\n')
    (tmp_path / "wrong.py").write_text("x: int = 'text'\n")
    *_, mypy = check_tools(tmp_path)
    assert "Incompatible types" in "".join(mypy.findings)


def test_command_ends_with_1_where_something_is_found(tmp_path, capsys):
    root = make_checkout(tmp_path, {"00-first": ["x = 1"], "01-second": ["y = 1"]})
    assert main(["--root", str(root), "lint", "01"]) == 1
    found = capsys.readouterr().out
    assert "notebooks/01-second.ipynb: cell 1: execution-counts" in found
    assert "00-first" not in found


def test_file_that_is_no_notebook_is_named(tmp_path, capsys):
    root = make_checkout(tmp_path, {"00-first": ["x = 1"]})
    (root / "notebooks" / "00-first.ipynb").write_text("{")
    assert main(["--root", str(root), "lint"]) == 2
    assert "00-first.ipynb cannot be read as a notebook" in capsys.readouterr().err
