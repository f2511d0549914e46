from nbformat.v4 import new_output

from curator.comparison import CHECKED, WIDGET_VIEW, compared, is_checked
from fixtures.curator_lessons import code


def shown(**data):
    return new_output(
        "display_data", data={k.replace("_", "/"): v for k, v in data.items()}
    )


def test_text_is_compared_in_its_order():
    outputs = [
        new_output("stream", name="stdout", text="a\n"),
        shown(text_plain="b", text_html="<b>c</b>"),
    ]
    assert compared(outputs) == [
        ("stdout", "a\n"),
        ("text/plain", "b"),
        ("text/html", "<b>c</b>"),
    ]


def test_pictures_and_widgets_are_not():
    outputs = [shown(image_png="iVBO"), new_output("display_data", {WIDGET_VIEW: {}})]
    assert compared(outputs) == []


def test_picture_in_html_counts_by_its_text_alone():
    first = shown(text_html='<img alt="A ball" src="data:image/png;base64,iV+/=">')
    second = shown(text_html='<img alt="A ball" src="data:image/jpeg;base64,abc">')
    other = shown(text_html='<img alt="A cube" src="data:image/jpeg;base64,abc">')
    assert compared([first]) == compared([second])
    assert compared([first]) != compared([other])


def test_tag_says_what_is_checked():
    assert is_checked(code("1", tags=[CHECKED]))
    assert not is_checked(code("1", tags=["other"]))
    assert not is_checked(code("1"))
