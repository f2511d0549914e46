"""JupyterLab as a person meets it: pages opened, cells run, widgets used."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "test" / "browser"
SCREEN = {"width": 1280, "height": 900}

# Lab shows "Idle" before its kernel is connected, and a Run All is then lost.
_KERNEL_IS_READY = """() => {
  const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
  const kernel = session?.isReady && session.session?.kernel;
  return kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
_KERNEL_ANSWERS = """async () => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  await context.session.kernel.info;
}"""
_CODE_CELLS = """() => {
  const model = window.jupyterapp.shell.currentWidget.content.model;
  return Array.from(model.cells).filter(cell => cell.type === 'code').map(cell => ({
    count: cell.executionCount,
    errors: cell.outputs.toJSON().filter(o => o.output_type === 'error')
      .map(o => o.ename + ': ' + o.evalue),
  }));
}"""
_INDEX_OF = """needle => {
  const model = window.jupyterapp.shell.currentWidget.content.model;
  return Array.from(model.cells).findIndex(
    cell => cell.type === 'code' && cell.sharedModel.getSource().includes(needle));
}"""
_ACTIVATE = """index => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  return notebook.scrollToItem(index);
}"""


@contextlib.contextmanager
def running_lab(checkout: Path, environment: dict[str, str]) -> Iterator[str]:
    """Start ``notebook_utils lab`` of a checkout; yield the address it prints."""
    paths = [str(checkout / "utils"), os.environ.get("PYTHONPATH", "")]
    environment = environment | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "notebook_utils", "lab", "--no-browser"]
    command += ["--port=0", "--LabApp.expose_app_in_browser=True"]
    log = PICTURES / "lab.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env=os.environ | environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(60)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address that JupyterLab writes into its log."""
    while process.poll() is None:
        address = r"http://127\.0\.0\.1:\d+/lab\S*token=\w+"
        if found := re.search(address, log.read_text("utf-8")):
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab ended without an address:\n{log.read_text()}")


class Lab:
    """One tab with JupyterLab in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address

    def open(self, notebook: str = "") -> None:
        """Open a notebook, or whatever Lab opens by itself; wait for its kernel."""
        address = self._address
        if notebook:
            parts = urlsplit(address)
            path = f"/lab/tree/{notebook}"
            address = parts._replace(path=path, query=f"reset&{parts.query}").geturl()
        self.page.goto(address)
        self._wait()

    def open_again(self) -> None:
        """Save the notebook, close the page and open it again."""
        self._command("docmanager:save")
        self.page.reload()
        self._wait()

    def _wait(self) -> None:
        self.page.locator(".jp-NotebookPanel:visible .jp-Notebook").wait_for()
        self.page.wait_for_function(_KERNEL_IS_READY)
        self.page.evaluate(_KERNEL_ANSWERS)

    def _command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self) -> list[dict[str, object]]:
        """Run every cell; return the count and the errors of each code cell."""
        self._command("notebook:run-all-cells")
        return self.page.evaluate(_CODE_CELLS)

    def cell(self, needle: str) -> Locator:
        """Bring the first code cell with this text into view and return it."""
        index = self.page.evaluate(_INDEX_OF, needle)
        assert index >= 0, f"no code cell with {needle!r}"
        self.page.evaluate(_ACTIVATE, index)
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')

    def run(self, needle: str) -> Locator:
        """Run the first code cell with this text and wait for it."""
        cell = self.cell(needle)
        self._command("notebook:run-cell")
        return cell

    def write(self, needle: str, text: str) -> None:
        """Replace the first line of a cell, key by key."""
        self.cell(needle).locator(".cm-content").click()
        self.page.keyboard.press("Control+Home")
        self.page.keyboard.press("Shift+End")
        self.page.keyboard.type(text)

    def photograph(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        self.page.wait_for_timeout(500)  # what was just drawn settles
        self.page.screenshot(path=PICTURES / f"{name}.png")
