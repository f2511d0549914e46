"""What a newcomer does in JupyterLab, done in a real browser."""

import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.lab import PICTURES, Lab
from conftest import running

pytestmark = pytest.mark.browser


@pytest.fixture
def lesson_01(lab: Lab) -> Lab:
    """Lesson 01 with its set-up run."""
    lab.open("01-runtime-api.ipynb")
    for needle in ("find_spec", "import openvino as ov", "device = device_widget()"):
        lab.run(needle)
    return lab


@pytest.mark.parametrize(
    ("opened", "notebook"),
    [("", "00-start-here"), ("01-runtime-api.ipynb", "01-runtime-api")],
)
def test_a_lesson_runs_to_its_end(lab: Lab, opened: str, notebook: str) -> None:
    """The start page is what Lab opens by itself."""
    lab.open(opened)
    assert lab.page.url.partition("?")[0].endswith(f"/lab/tree/{notebook}.ipynb")
    lab.photograph(f"{notebook}-opened")
    cells = lab.run_all()
    assert len(cells) > 5
    assert [cell["errors"] for cell in cells] == [[]] * len(cells)
    assert all(cell["count"] for cell in cells)
    lab.photograph(f"{notebook}-run")


def test_the_device_chosen_is_the_device_used(lesson_01: Lab) -> None:
    lab = lesson_01
    dropdown = lab.cell("device = device_widget()").locator("select")
    assert dropdown.input_value() == "AUTO"
    dropdown.select_option("CPU")
    used = lab.run('"AUTO" not in core.available_devices')
    expect(used.locator(".jp-OutputArea")).to_contain_text("chosen: CPU")
    lab.photograph("device-chosen")


def test_an_exercise_not_answered_answered_wrongly_answered(lesson_01: Lab) -> None:
    lab = lesson_01
    stub = "def input_bytes(model):"

    def expect_reply(answer: str, reply: str) -> None:
        if answer:
            lab.write(stub, f"{stub} return {answer}")
        expect(lab.run(stub).locator(".jp-OutputArea")).to_contain_text(reply)

    expect_reply("", "ot attempted yet")
    expect_reply("224", "it returns 224")
    lab.photograph("exercise-wrong")
    port = "model.input(0)"
    expect_reply(f"int(np.prod({port}.shape)) * {port}.element_type.size", "orrect")
    lab.photograph("exercise-right")


class _Drip(BaseHTTPRequestHandler):
    """Give one megabyte, a little at a time."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 20))
        self.end_headers()
        for _ in range(32):
            self.wfile.write(bytes(1 << 15))
            time.sleep(0.25)


@pytest.fixture
def slow_file() -> Iterator[str]:
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Drip)) as server:
        yield f"http://127.0.0.1:{server.server_port}/model.bin"


def test_a_slow_download_shows_that_it_moves(
    lab: Lab, checkout: Path, slow_file: str
) -> None:
    source = (
        "from notebook_utils import download_file\n"
        f"print(download_file({slow_file!r}, directory='fetched'))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata["kernelspec"] = kernel  # or Lab asks which to use
    nbformat.write(notebook, checkout / "work" / "slow.ipynb")
    lab.open("slow.ipynb")
    lab.cell("download_file")
    lab.page.keyboard.press("Shift+Enter")
    output = lab.page.locator(".jp-NotebookPanel:visible .jp-OutputArea").first
    expect(output).to_contain_text(re.compile(r"\b[1-4]\d ?%"))
    expect(output).to_contain_text(re.compile(r"\b[5-9]\d ?%"))
    lab.photograph("download")


def test_the_start_page_by_keyboard_alone(lab: Lab) -> None:
    lab.open("00-start-here.ipynb")
    cell_count = lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
    )
    for _ in range(cell_count - 1):  # on the last one it would add a cell
        lab.page.keyboard.press("Shift+Enter")
    lab.page.keyboard.press("Control+Enter")
    lab.page.wait_for_function(
        "() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)"
        ".every(cell => cell.type !== 'code' || cell.executionCount)"
    )
    lab.photograph("keyboard")


def test_what_the_lessons_show_is_accessible(lab: Lab) -> None:
    """Text and outputs are ours; the report covers JupyterLab's own parts too."""
    lab.open("00-start-here.ipynb")
    lab.run_all()
    whole_page = Axe().run(lab.page)
    (PICTURES / "accessibility.txt").write_text(whole_page.generate_report())
    # ipywidgets 8.1 gives the handle of a slider no name; the field beside it has the
    # same value and can be typed into.
    ours = {
        "include": [[".jp-MarkdownOutput"], [".jp-OutputArea-output"]],
        "exclude": [[".noUi-handle"]],
    }
    report = Axe().run(lab.page, context=ours)
    assert report.response["passes"]
    assert not report.response["violations"], report.generate_report()


def test_a_page_opened_again_keeps_its_widgets(lab: Lab) -> None:
    """Outputs that Jupyter does not trust would be shown as text."""
    lab.open("00-start-here.ipynb")
    lab.run_all()
    lab.open_again()
    live = lab.cell("live_picture(\n")
    expect(live.locator(".widget-slider")).to_be_visible()
    lab.photograph("opened-again")
