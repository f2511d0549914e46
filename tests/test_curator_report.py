import base64
import io
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from PIL import Image

from curator.collection import Lesson
from curator.report import THUMBNAIL_PX, thumbnails, write_report
from curator.results import CellTime, FailingCell, LessonResult
from fixtures.curator_lessons import code, notebook


def picture(size=(600, 300), kind="PNG", mode="RGB", colour="red"):
    """Return the base64 text of a picture."""
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, kind)
    return base64.b64encode(stream.getvalue()).decode()


def shown(data, metadata=None):
    """Return a code cell whose output is `data`, by mime type."""
    cell = code("show(scene)", count=1)
    cell.outputs = [new_output("display_data", data=data, metadata=metadata or {})]
    return cell


def decoded(thumbnail):
    encoded = thumbnail.url.removeprefix("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        return image.copy()


def result(name="00-first", status="passed"):
    lesson = Lesson(Path(f"{name}.ipynb"), "Its title", "...", 5, 60, 1000)
    made = LessonResult.of(lesson)
    made.status = status
    return made


def test_picture_is_made_small_and_keeps_its_shape_on_white():
    clear = picture(mode="RGBA", colour=(0, 0, 0, 0))
    (found,) = thumbnails(notebook(shown({"image/png": clear})))
    assert decoded(found).size == (THUMBNAIL_PX[0], THUMBNAIL_PX[0] // 2)
    assert decoded(found).getpixel((5, 5)) == (255, 255, 255)


def test_alt_text_is_kept_and_made_up_where_there_is_none():
    described = {"image/jpeg": {"alt": "A red field"}}
    html = f'<img alt="A red page &amp; more" src="data:image/png;base64,{picture()}">'
    book = notebook(
        shown({"image/jpeg": picture(kind="JPEG")}, described),
        shown({"text/html": html}),
        shown({"image/png": picture()}),
        code("1", "1\n", 1),
        shown({"text/html": "<b>"}),
    )
    assert [found.alt for found in thumbnails(book)] == [
        "A red field",
        "A red page & more",
        "Picture from cell 3: show(scene)",
    ]


def broken_pictures():
    whole = base64.b64decode(picture(mode="RGBA"))
    bombs = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f" * 8 + b"\x08\2\0\0\0"
    damaged = bytearray(whole)
    damaged[45] ^= 255
    broken = [b"", b"no picture", whole[:60], bytes(damaged), bombs]
    return ["not base64", *(base64.b64encode(data).decode() for data in broken)]


@pytest.mark.parametrize("encoded", broken_pictures())
def test_picture_that_cannot_be_decoded_is_left_out(encoded, tmp_path):
    book = notebook(shown({"image/png": encoded}), shown({"image/png": picture()}))
    assert [found.alt[:19] for found in thumbnails(book)] == ["Picture from cell 2"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A folder with the report of three lessons; there is a copy of the first."""
    folder = tmp_path_factory.mktemp("report")
    nbformat.write(notebook(shown({"image/png": picture()})), folder / "00-a.ipynb")
    good, bad, missing = result("00-a"), result("01-b", "failed"), result("02-c")
    missing.status = "not_run"
    good.cells = good.cells_run = 7
    good.compared = 3
    good.cpu_s, good.peak_memory_mb = 1.26, 99.9
    good.slowest_cells = [CellTime(1, 3.0, "third"), CellTime(2, 1.0, "last")]
    bad.cpu_s, bad.peak_memory_mb = 61.0, 10.0
    bad.slowest_cells = [CellTime(2, 9.234, "import <first>")]
    bad.reason = "Cell 2 raised <ValueError>."
    bad.failing_cell = FailingCell(2, "a < b", "ValueError", "no & never", "one\ntwo")
    kit = {"kit": "a-kit", "origin": "published", "reason": "by request"}
    good.kits, bad.kits = [kit], [kit, {**kit, "origin": "included"}]
    write_report(folder, [good, bad, missing], "A run")
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "1 of 2 lessons did not pass: 01-b.",
        "Cell 2 raised &lt;ValueError&gt;.",
        "<pre>a &lt; b</pre>",
        "no &amp; never",
        "<pre>one\ntwo</pre>",
        "9.23 s",
        '<td class="number over">61.0 / 60</td>',
        '<td class="number">10 / 1000</td>',
        "<td>by request</td>",
        "<td>00-a, 01-b</td>",
        'href="00-a.ipynb"',
        'src="data:image/jpeg;base64,',
        'alt="Picture from cell 1: show(scene)"',
    ],
)
def test_page_tells(report, words):
    assert words in (report / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words", ["01-b.ipynb", "http://", "https://", "<script", "<first>"]
)
def test_page_links_to_nothing_that_is_not_there(report, words):
    assert words not in (report / "index.html").read_text(encoding="utf-8")


def test_slowest_cells_of_all_lessons_come_first_and_each_kit_once(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    lines = ("import &lt;first", "third", "last")
    places = [page.index(f"<code>{line}") for line in lines]
    assert places == sorted(places)
    assert page.count('<td class="name">a-kit</td>') == 2


@pytest.mark.parametrize(
    "words",
    [
        "| 00-a | ✓ passed | 7 of 7 | 3 | 1.3 of 60 | 100 of 1000 MB |",
        "| 02-c | · not run | 0 of 0 | - |",
        "**1 of 2 lessons did not pass: 01-b.**",
        "**01-b**: Cell 2 raised <ValueError>.\n\n```\none\ntwo\n```",
    ],
)
def test_summary_says_the_same_in_markdown(report, words):
    assert words in (report / "summary.md").read_text(encoding="utf-8")


def test_json_holds_the_same(report):
    content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert content["title"] == "A run"
    statuses = [lesson["status"] for lesson in content["lessons"]]
    assert statuses == ["passed", "failed", "not_run"]
    assert {"python", "platform", "openvino"} <= set(content["versions"])


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([], "Every lesson passed."),
        ([result("01-b", "skipped")], "1 of 2 lessons ran; none of them failed."),
    ],
)
def test_the_word_compared_appears_only_where_something_was(tmp_path, others, verdict):
    ran = result()
    for compared in (None, 3):
        ran.compared = compared
        page = write_report(tmp_path, [ran, *others], "A run").read_text("utf-8")
        summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
        assert ("ompared" in page) == ("compared" in summary) == (compared == 3)
        assert verdict in page
