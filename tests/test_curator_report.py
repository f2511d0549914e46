import base64
import io
import json

import nbformat
import pytest
from PIL import Image

from curator.report import THUMBNAIL_PX, thumbnails, write_report
from curator.results import CellTime, FailingCell, LessonResult
from fixtures.curator_lessons import code, notebook, shown


def picture(kind="PNG", mode="RGB", colour="red"):
    """Return the base64 text of a picture."""
    stream = io.BytesIO()
    Image.new(mode, (600, 300), colour).save(stream, kind)
    return base64.b64encode(stream.getvalue()).decode()


def result(name="00-a", status="passed", **fields):
    budget = {"cpu_s": 60, "memory_mb": 1000, "wall_s": 180}
    return LessonResult(name, "Its title", status, budget=budget, **fields)


def test_picture_is_made_small_and_keeps_its_shape_on_white():
    clear = picture(mode="RGBA", colour=(0, 0, 0, 0))
    (found,) = thumbnails(notebook(shown({"image/png": clear})))
    encoded = found.url.removeprefix("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        assert image.size == (THUMBNAIL_PX[0], THUMBNAIL_PX[0] // 2)
        assert image.getpixel((5, 5)) == (255, 255, 255)


def test_alt_text_is_kept():
    described = {"image/jpeg": {"alt": "A red field"}}
    source = f'src="data:image/png;base64,{picture()}"'
    html = f'<img alt="A red page &amp; more" {source}><img {source} alt="B"><img>'
    book = notebook(
        shown({"image/jpeg": picture(kind="JPEG")}, described),
        shown({"text/html": html}),
        shown({"image/png": picture(), "text/html": html}, {"alt": "C"}),
        code("1", "1\n", 1),
    )
    expected = ["A red field", "A red page & more", "B", "C"]
    assert [found.alt for found in thumbnails(book)] == expected


def broken_pictures():
    whole = base64.b64decode(picture(mode="RGBA"))
    bombs = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f" * 8 + b"\x08\2\0\0\0"
    damaged = bytearray(whole)
    damaged[45] ^= 255
    broken = [b"no picture", whole[:60], bytes(damaged), bombs]
    return ["not base64", *(base64.b64encode(data).decode() for data in broken)]


def test_picture_that_cannot_be_decoded_is_left_out():
    cells = [shown({"image/png": data}) for data in broken_pictures()]
    whole = shown({"image/png": picture()}, {"alt": "Whole"})
    assert [found.alt for found in thumbnails(notebook(*cells, whole))] == ["Whole"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A folder with the report of three lessons; there is a copy of the first."""
    folder = tmp_path_factory.mktemp("report")
    book = notebook(shown({"image/png": picture()}, {"alt": "A scene"}))
    nbformat.write(book, folder / "00-a.ipynb")
    kit = {"kit": "a-kit", "origin": "published", "reason": "by request"}
    good = result(cells=7, cells_run=7, compared=3, cpu_s=1.26, peak_memory_mb=99.9)
    good.slowest_cells = [CellTime(1, 3.0, "third"), CellTime(2, 1.0, "last")]
    good.kits = [kit]
    bad = result("01-b", "failed", reason="Cell 2 raised <ValueError>.", cpu_s=61.0)
    bad.slowest_cells = [CellTime(2, 9.234, "import <first>")]
    bad.failing_cell = FailingCell(2, "a < b", "ValueError", "no & never", "one\ntwo")
    bad.kits = [kit, {**kit, "origin": "included"}]
    write_report(folder, [good, bad, result("02-c", "not_run")], "A run")
    return folder


PAGE = """\
1 of 2 lessons did not pass: 01-b.
Cell 2 raised &lt;ValueError&gt;.
<pre>a &lt; b</pre>
no &amp; never
<pre>one
9.23 s
<summary>Traceback
<td class="number over">61.0 / 60</td>
<td class="number">100 / 1000</td>
<td>by request</td>
<td>00-a, 01-b</td>
href="00-a.ipynb"
src="data:image/jpeg;base64,
alt="A scene"
"""


def test_page_tells_it_and_links_to_nothing_that_is_not_there(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    assert [words for words in PAGE.splitlines() if words not in page] == []
    wrong = ("01-b.ipynb", "http://", "https://", "<script", "<first>")
    assert [words for words in wrong if words in page] == []
    lines = ("import &lt;first", "third", "last")
    places = [page.index(f"<code>{line}") for line in lines]
    assert places == sorted(places), "the slowest cells of all lessons come first"
    assert page.count('<td class="name">a-kit</td>') == 2, "once for each origin"


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


@pytest.mark.parametrize("compared", [None, 3])
def test_the_word_compared_appears_only_where_something_was(tmp_path, compared):
    results = [result(compared=compared)]
    verdicts = ["Every lesson passed.", "1 of 2 lessons ran; none of them failed."]
    for verdict in verdicts:
        page = write_report(tmp_path, results, "A run").read_text("utf-8")
        summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
        assert ("ompared" in page) == ("compared" in summary) == (compared == 3)
        assert verdict in page
        results.append(result("01-b", "skipped"))
