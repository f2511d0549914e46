"""Outputs are compared in one way."""

import pytest
from nbformat.v4 import new_output

from curator.comparison import WIDGET_VIEW, compared, difference, why_not_comparable
from fixtures.curator_lessons import CHECKED, code, stream


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
