"""A copy of the checkout, JupyterLab on it, and Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import needs
from browser.lab import PICTURES, ROOT, SCREEN, Lab, running_lab


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person has after cloning, so that nobody's own copies are touched."""
    folder = tmp_path_factory.mktemp("browser") / "a checkout"
    clutter = shutil.ignore_patterns("__pycache__", ".*_cache", ".ipynb_checkpoints")
    for part in ("notebooks", "utils", "data"):
        shutil.copytree(ROOT / part, folder / part, ignore=clutter)
    shutil.copy(ROOT / "requirements.txt", folder)
    return folder


@pytest.fixture(scope="session")
def address(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    environment = {f"JUPYTER_{place}": str(home / place) for place in places}
    environment |= {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "NOTEBOOK_KITS": "included",
        "NOTEBOOK_KITS_CACHE": str(home / "kits"),
    }
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running_lab(checkout, environment) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = needs.program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=found, args=options)
        yield running
        running.close()


@pytest.fixture
def lab(browser: Browser, address: str) -> Iterator[Lab]:
    page = browser.new_page(viewport=SCREEN)
    page.set_default_timeout(60_000)
    yield Lab(page, address)
    page.close()
