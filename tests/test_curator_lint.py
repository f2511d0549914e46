"""Every rule has a good and a bad example."""

from pathlib import Path

import pytest
from nbformat.v4 import new_output

from curator.__main__ import main
from curator.checks import Check, print_findings
from curator.lint import RULES, Book, check_tools
from fixtures.curator_lessons import CHECKED, code, make_checkout, notebook, text

ROOT = Path("/srv/checkout")
PICTURE = "iVBORw0KGgo/home/someone/tmp/x"


def shown(data):
    cell = code("scene", count=1)
    cell.outputs = [new_output("display_data", data=data)]
    return cell


def tagged(cell):
    return with_metadata(cell, tags=[CHECKED])


def with_metadata(cell, **metadata):
    cell.metadata.update(metadata)
    return cell


def with_notebook_metadata(**metadata):
    book = notebook(text("# Title"))
    book.metadata.update(metadata)
    return book


def raised():
    cell = code("1 / 0", count=1)
    cell.outputs = [new_output("error", ename="ZeroDivisionError", evalue="")]
    return cell


TEMPORARY = "/tmp"  # noqa: S108 - a text that the rule must find
HIDDEN = {"source_hidden": True}
PROSE = text("Look at this:")

GOOD = {
    "execution-counts": [
        notebook(code("1", count=1), PROSE, code("2", count=2)),
        notebook(),
    ],
    "tagged-outputs": [
        notebook(code("print(1)", "1\n", 1, [CHECKED])),
        notebook(code("x = 1", None, 1)),
    ],
    "stored-errors": [notebook(code("print(1)", "ZeroDivisionError\n", 1))],
    "machine-paths": [
        notebook(code("read('data/home/x.txt')", "see https://host/home/x\n", 1)),
        notebook(shown({"image/png": PICTURE})),
        notebook(shown({"text/html": f'<img src="data:image/png;base64,{PICTURE}">'})),
        notebook(text("Your home is `/home`; what is in `/tmp` is lost.")),
    ],
    "cell-length": [notebook("\n\n".join("x = 1" for _ in range(20)))],
    "line-width": [notebook("x" * 88), notebook(text("x" * 200))],
    "unwanted-metadata": [
        with_notebook_metadata(kernelspec={"name": "python3"}, language_info={}),
        notebook(with_metadata(code("1", tags=["a"]), jupyter=HIDDEN)),
        notebook(with_metadata(code("1"), jupyter=HIDDEN | {"outputs_hidden": True})),
    ],
    "quiet-openvino": [
        notebook(PROSE, "import notebook_utils", "import openvino as ov"),
        notebook(PROSE, "x = 1"),
    ],
    "prose-before-code": [
        notebook("1", "2", PROSE, "3", "4"),
        notebook(PROSE, "1", "2", with_metadata(code("3"), jupyter=HIDDEN), PROSE, "4"),
    ],
    "alt-text": [
        notebook(text("![A red ball](ball.png)")),
        notebook(text('<img src="ball.png" alt="A red ball">')),
        notebook(text("Write `![](ball.png)`, or:\n\n```\n<img src='x'>\n```")),
        notebook("'![](ball.png)'"),
    ],
    "title-page": [notebook(text("# Title\n\n## What you will learn"), "1")],
}
# the index of the cell that must be named (None: the notebook), and a part of the words
BAD = {
    "execution-counts": [
        (
            notebook(code("1", count=1), PROSE, code("2", count=3)),
            2,
            "is 3, expected 2",
        ),
        (notebook(code("1")), 0, "is None, expected 1"),
    ],
    "tagged-outputs": [
        (notebook(PROSE, code("print(1)", "1\n", None, [CHECKED])), 1, "not run"),
        (notebook(code("x = 1", None, 1, [CHECKED])), 0, "no output to compare"),
        (notebook(tagged(shown({"image/png": PICTURE}))), 0, "no output to compare"),
    ],
    "stored-errors": [(notebook(raised()), 0, "ZeroDivisionError")],
    "machine-paths": [
        (notebook("open('/home/ann/x.txt')"), 0, "/home/ann"),
        (notebook(code("1", "/Users/ann/x\n", 1)), 0, "/Users/ann"),
        (
            notebook(code("1", f"{TEMPORARY}/ipykernel_1/2.py:1: UserWarning\n", 1)),
            0,
            f"{TEMPORARY}/ip",
        ),
        (notebook(text("see file:///root/x")), 0, "/root/x"),
        (notebook(r"open('C:\\Users\\ann')"), 0, "Users"),
        (notebook(shown({"text/plain": "PosixPath('/home/ann')"})), 0, "/home/ann"),
        (notebook(code("1", "/srv/checkout/data\n", 1)), 0, "this checkout"),
        (with_notebook_metadata(path="/home/ann"), None, "/home/ann"),
    ],
    "cell-length": [(notebook(PROSE, "x = 1\n" * 21), 1, "21 non-blank lines")],
    "line-width": [(notebook("%pip install " + "x" * 76), 0, "89 columns")],
    "unwanted-metadata": [
        (with_notebook_metadata(widgets={}), None, "'widgets'"),
        (notebook(with_metadata(code("1"), execution={})), 0, "'execution'"),
        (notebook(with_metadata(text("a"), jupyter={"a": 1})), 0, "'jupyter'"),
    ],
    "quiet-openvino": [
        (notebook(PROSE, "import openvino as ov\nimport notebook_utils"), 1, "before"),
        (notebook(PROSE, "from openvino import Core"), 1, "before"),
    ],
    "prose-before-code": [(notebook(PROSE, "1", "2", "3", "4"), 3, "third code cell")],
    "alt-text": [
        (notebook(text("A ball: ![](ball.png)")), 0, "ball.png"),
        (notebook(text('<img src="ball.png">')), 0, "ball.png"),
        (notebook(text('A ball: <img src="ball.png" alt="">')), 0, "ball.png"),
    ],
    "title-page": [
        (notebook("1", text("# Title")), None, "not begin with a markdown cell"),
        (notebook(text("## Title")), 0, "0 first-level headings"),
        (notebook(text("# Title\n\n# Another")), 0, "2 first-level headings"),
        (notebook(), None, "not begin with a markdown cell"),
    ],
}


def find(rule, book):
    return list(RULES[rule].find(Book(ROOT / "notebooks" / "a.ipynb", ROOT, book)))


def test_every_rule_has_examples():
    assert set(RULES) == set(GOOD) == set(BAD)


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
    book = Book(ROOT / "notebooks" / "a.ipynb", ROOT, notebook(PROSE, "x" * 89))
    (finding,) = RULES["line-width"].check([book]).findings
    assert finding == (
        "notebooks/a.ipynb: cell 2: line-width: A line has 89 columns; at most 88 fit. "
        "Break the line."
    )


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
