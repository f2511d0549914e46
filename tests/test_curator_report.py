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


def test_picture_is_made_small_and_keeps_its_shape():
    (found,) = thumbnails(notebook(shown({"image/png": picture()})))
    assert decoded(found).size == (THUMBNAIL_PX[0], THUMBNAIL_PX[0] // 2)


def test_transparent_picture_lies_on_white():
    clear = picture(mode="RGBA", colour=(0, 0, 0, 0))
    (found,) = thumbnails(notebook(shown({"image/png": clear})))
    assert decoded(found).getpixel((5, 5)) == (255, 255, 255)


def test_alt_text_is_kept_and_made_up_where_there_is_none():
    described = {"image/jpeg": {"alt": "A red field"}}
    html = f'<img alt="A red page &amp; more" src="data:image/png;base64,{picture()}">'
    book = notebook(
        shown({"image/jpeg": picture(kind="JPEG")}, described),
        shown({"text/html": html}),
        shown({"image/png": picture()}),
    )
    assert [found.alt for found in thumbnails(book)] == [
        "A red field",
        "A red page & more",
        "Picture from cell 3: show(scene)",
    ]


def test_text_is_no_picture():
    assert thumbnails(notebook(code("1", "1\n", 1), shown({"text/html": "<b>"}))) == []


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


def test_page_shows_what_went_wrong(tmp_path):
    bad = result(status="failed")
    bad.reason = "Cell 2 raised ValueError."
    bad.failing_cell = FailingCell(
        2, "if a < b:", "ValueError", "no & never", "Traceback ..."
    )
    bad.slowest_cells = [CellTime(2, 1.234, "import <slow>")]
    bad.kits = [{"kit": "a-kit", "origin": "included", "reason": "by request"}]
    page = write_report(tmp_path, [bad], "A run").read_text(encoding="utf-8")
    for words in (
        "Cell 2 raised ValueError.",
        "if a &lt; b:",
        "no &amp; never",
        "Traceback ...",
        "1.23 s",
        "import &lt;slow&gt;",
        "<td>by request</td>",
    ):
        assert words in page


def test_summary_says_the_same_in_markdown(tmp_path):
    good, bad, missing = result("00-a"), result("01-b", "failed"), result("02-c")
    good.cells = good.cells_run = 7
    good.compared = 3
    good.cpu_s, good.peak_memory_mb = 1.26, 99.9
    bad.reason = "Cell 2 raised <ValueError>."
    bad.failing_cell = FailingCell(2, "x", "ValueError", "no", "one\ntwo")
    missing.status = "not_run"
    write_report(tmp_path, [good, bad, missing], "A run")
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| 00-a | ✓ passed | 7 of 7 | 3 | 1.3 of 60 | 100 of 1000 MB |" in summary
    assert "| 02-c | · not run | 0 of 0 | - |" in summary
    assert "**1 of 2 lessons did not pass: 01-b.**" in summary
    assert "**01-b**: Cell 2 raised <ValueError>.\n\n```\none\ntwo\n```" in summary


def test_the_word_compared_appears_only_where_something_was(tmp_path):
    ran = result()
    for compared in (None, 3):
        ran.compared = compared
        page = write_report(tmp_path, [ran], "A run").read_text(encoding="utf-8")
        summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
        assert ("ompared" in page) == ("compared" in summary) == (compared == 3)


def test_broken_budget_stands_out(tmp_path):
    bad = result(status="failed")
    bad.cpu_s, bad.peak_memory_mb = 61.0, 10.0
    page = write_report(tmp_path, [bad], "A run").read_text(encoding="utf-8")
    assert '<td class="number over">61.0 / 60</td>' in page
    assert '<td class="number">10 / 1000</td>' in page


def test_slowest_cells_of_all_lessons_come_first(tmp_path):
    one, two = result("00-a"), result("01-b")
    one.slowest_cells = [CellTime(1, 3.0, "third"), CellTime(2, 1.0, "last")]
    two.slowest_cells = [CellTime(1, 9.0, "first")]
    page = write_report(tmp_path, [one, two], "A run").read_text(encoding="utf-8")
    places = [page.index(f"<code>{line}") for line in ("first", "third", "last")]
    assert places == sorted(places)


def test_kits_are_told_once_with_their_lessons(tmp_path):
    one, two = result("00-a"), result("01-b")
    kit = {"kit": "a-kit", "origin": "published", "reason": "proven"}
    one.kits, two.kits = [kit], [kit, {**kit, "origin": "included"}]
    page = write_report(tmp_path, [one, two], "A run").read_text(encoding="utf-8")
    assert page.count('<td class="name">a-kit</td>') == 2
    assert "<td>00-a, 01-b</td>" in page


def test_page_needs_nothing_from_elsewhere(tmp_path):
    nbformat.write(notebook(shown({"image/png": picture()})), tmp_path / "00-a.ipynb")
    ran = [result("00-a"), result("01-without-a-copy")]
    page = write_report(tmp_path, ran, "A run").read_text(encoding="utf-8")
    assert 'href="00-a.ipynb"' in page
    assert "01-without-a-copy.ipynb" not in page
    assert "Every lesson passed." in page
    assert 'src="data:image/jpeg;base64,' in page
    assert 'alt="Picture from cell 1: show(scene)"' in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_json_holds_the_same(tmp_path):
    page = write_report(tmp_path, [result(), result("01-b", "not_run")], "A run")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["title"] == "A run"
    assert [lesson["status"] for lesson in report["lessons"]] == ["passed", "not_run"]
    assert {"python", "platform", "openvino"} <= set(report["versions"])
    assert "1 of 2 lessons ran; none of them failed." in page.read_text("utf-8")
