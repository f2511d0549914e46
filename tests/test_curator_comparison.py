"""Outputs are compared in one way, and every fixture gets one verdict everywhere."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_output
from rich.console import Console

from curator.collection import read_collection
from curator.comparison import WIDGET_VIEW, compared, difference, why_not_comparable
from curator.lint import RULES, Notebook
from curator.record import Refreshed, code_digest, write_entry
from curator.refresh import refresh_lessons
from fixtures.curator_lessons import CHECKED, FIXTURES, code, make_checkout, stream

# The same as in the tests of the nbval plugin, as an entry in the list of lessons.
BUDGETS = {
    "fail-times-out": "cpu_seconds = 1.5",
    "fail-cpu-budget": "cpu_seconds = 0.5",
    "fail-memory-budget": "cpu_seconds = 60\nmemory_mb = 200",
}
# What a notebook alone can show; the others go wrong when they are run.
STORED = ("fail-nothing-compared", "fail-nothing-to-compare", "fail-null-count")


def data(**content):
    content = {kind.replace("_", "/"): text for kind, text in content.items()}
    return new_output("display_data", data=content)


def html(alt, picture):
    return data(text_html=f'<img alt="{alt}" src="data:image/{picture}">')


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ([data(text_html="b", text_plain="a")], [data(text_plain="a", text_html="b")]),
        ([stream("a\n"), stream("b\n")], [stream("a\nb\n")]),
        ([stream("a"), stream("b", "stderr")], [stream("b", "stderr"), stream("a")]),
        (
            [data(application_json={"a": 1, "b": 2})],
            [data(application_json={"b": 2, "a": 1})],
        ),
        ([stream("a"), data(image_png="iVBO")], [stream("a"), data(image_png="else")]),
        ([html("A ball", "png;base64,iV+/=")], [html("A ball", "jpeg;base64,abc")]),
    ],
    ids=["mime order", "stream in parts", "two streams", "json", "picture", "in html"],
)
def test_same_outputs_agree(stored, fresh):
    assert compared(stored)
    assert difference(stored, fresh) is None


@pytest.mark.parametrize(
    ("stored", "fresh", "last_lines"),
    [
        ([stream("old\nsame\n")], [stream("new\nsame\n")], ["+new", " same", " "]),
        ([stream("a\n")], [stream("a")], [" a", "-"]),
        ([stream("a")], [stream("a", "stderr")], ["+stderr:", " a"]),
        ([data(text_plain="a")], [], ["-text/plain:", "-a"]),
        ([], [data(text_plain="a")], ["+text/plain:", "+a"]),
        (
            [data(text_plain="a"), data(text_plain="b")],
            [data(text_plain="b"), data(text_plain="a")],
            ["-text/plain:", "-b"],
        ),
        (
            [html("A ball", "png;base64,iV")],
            [html("A cube", "png;base64,iV")],
            ['+<img alt="A cube" src="data:image">'],
        ),
        (
            [new_output("error", ename="A", evalue="b")],
            [new_output("error", ename="A", evalue="c")],
            ["-A: b", "+A: c"],
        ),
    ],
)
def test_difference_is_shown(stored, fresh, last_lines):
    assert difference(stored, fresh).splitlines()[-len(last_lines) :] == last_lines


@pytest.mark.parametrize(
    ("output", "count", "reason"),
    [
        (stream("a"), 1, ""),
        (stream("a"), None, "its execution count is null"),
        (data(image_png="iVBO"), 1, "no output to compare"),
        (new_output("display_data", {WIDGET_VIEW: {}}), 1, "no output to compare"),
    ],
)
def test_what_cannot_be_compared_is_told(output, count, reason):
    cell = code("x", count=count, tags=[CHECKED])
    cell.outputs = [output]
    assert reason in why_not_comparable(cell)
    assert bool(why_not_comparable(cell)) == bool(reason)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.ipynb")), ids=lambda p: p.stem)
def test_refresh_and_lint_agree_with_nbval(path, tmp_path):
    """Its name says what nbval makes of it, as the tests of the plugin show."""
    notebook = nbformat.read(path, as_version=4)
    more = {path.stem: BUDGETS.get(path.stem, "cpu_seconds = 60")}
    root = make_checkout(tmp_path, {path.stem: notebook}, more)
    folder = root / "notebooks"
    shutil.copyfile(path, folder / path.name)
    write_entry(folder, path.name, Refreshed(code_digest(notebook), 1, 1))
    lessons = read_collection(folder).lessons
    (result,) = refresh_lessons(lessons, Console(quiet=True))
    passes = path.stem.startswith("pass-")
    assert (result.reason == "The stored outputs still hold.") == passes, result.reason
    book = Notebook(lessons[0], root, notebook)
    found = list(RULES["checked-outputs"].find(book))
    assert bool(found) == (path.stem in STORED)
