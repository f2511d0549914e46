"""The site: built once from this checkout, and read page by page."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output
from sphinx.util.inventory import InventoryFile

import notebook_utils
from curator.collection import read_collection
from curator.site import displayed
from fixtures.curator_lessons import code, make_checkout, notebook, text

pytestmark = pytest.mark.site

ROOT = Path(__file__).resolve().parents[1]
LESSONS = [lesson.name for lesson in read_collection(ROOT / "notebooks").lessons]


def build(root, target, repository=""):
    """Build in a process of its own: Sphinx's settings keep some packages out of it."""
    command = ["site", "--no-browser", "--to", str(target)]
    return subprocess.run(
        [sys.executable, "-m", "curator", "--root", str(root), *command],
        env=os.environ | {"GITHUB_REPOSITORY": repository},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages, parsed, by their paths."""
    target = tmp_path_factory.mktemp("site") / "html"
    done = build(ROOT, target, "some-one/a-fork")
    assert done.returncode == 0, done.stderr
    paths = [path for path in target.rglob("*.html") if "_static" not in path.parts]
    return {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in paths}


def addresses(page, selector, attribute):
    return [tag[attribute] for tag in page.select(f":is({selector})[{attribute}]")]


@pytest.mark.slow
def test_links_lead_somewhere_and_what_is_fetched_is_at_hand(site):
    for path, page in site.items():
        fetched = addresses(page, "script, img, iframe, source", "src")
        fetched += addresses(page, 'link[rel~="stylesheet"], link[rel~="icon"]', "href")
        assert not any(urlsplit(address).netloc for address in fetched), path.name
        for address in fetched + addresses(page, "a", "href"):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve()
            target = target if parts.path else path
            assert target.is_file(), f"{path.name}: {address}"
            if parts.fragment and target in site:
                name = unquote(parts.fragment)
                assert site[target].find(id=name), f"{path.name}: {address}"


@pytest.mark.slow
def test_every_picture_is_described(site):
    for path, page in site.items():
        undescribed = [str(img)[:80] for img in page("img") if not img.get("alt")]
        assert not undescribed, f"{path.name}: {undescribed}"


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_can_be_launched_downloaded_and_shared(site, lesson):
    path = next(path for path in site if path.name == f"{lesson}.html")
    links = " ".join(addresses(site[path], "a", "href"))
    name = f"notebooks/{lesson}.ipynb"
    assert f"google.com/github/some-one/a-fork/blob/published/{name} " in links
    assert f"/v2/gh/some-one/a-fork/published?urlpath=lab/tree/{name} " in links
    copy = path.parents[1] / "_sources" / name
    assert copy.read_bytes() == (ROOT / name).read_bytes()
    (picture,) = addresses(site[path], 'meta[property="og:image"]', "content")
    assert picture.endswith(f"/a-fork/_images/{lesson}.jpg")
    (description,) = addresses(site[path], 'meta[name="description"]', "content")
    assert len(description) > 40


@pytest.mark.slow
def test_everything_that_is_exported_is_in_the_api(site):
    path = next(path for path in site if path.name == "api.html")
    content = path.with_name("objects.inv").read_bytes()
    found = InventoryFile.loads(content, uri="")
    documented = {name for kind in found.data.values() for name in kind}
    assert {f"notebook_utils.{name}" for name in notebook_utils.__all__} <= documented


@pytest.mark.slow
def test_broken_links_and_pages_that_nobody_reaches_are_errors(tmp_path):
    root = make_checkout(tmp_path, {"00-a": notebook(text("# 00-a"), "x = 1")})
    for name in ("site", "docs", "classroom", "data"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "notebooks" / "glossary.md", root / "notebooks")
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        (root / name).write_text(f"# {name}\n")
    (root / "README.md").write_text(
        "# Set up\n\n[Gone](gone.md) [too](CHANGELOG.md#x)\n"
    )
    (root / "site" / "unreachable.md").write_text("# Unreachable\n")
    done = build(root, tmp_path / "html")
    assert done.returncode == 1
    for words in (
        "'gone.md'",
        "'x'",
        "unreachable.md: WARNING: document isn't included",
    ):
        assert words in done.stderr


def shown(*cells):
    """Return the cells of a lesson as its page gets them."""
    content = [nbformat.writes(notebook(text("# A"), *cells))]
    env = SimpleNamespace(doc2path=lambda docname: Path(f"{docname}.ipynb"))
    app = SimpleNamespace(config=SimpleNamespace(html_baseurl=""), env=env)
    displayed(app, "notebooks/00-a", content)
    return nbformat.reads(content[0], as_version=4).cells[1:]


def test_solution_is_folded_and_a_widget_says_what_to_do():
    widget, other = code("device", count=1), code("1", count=2)
    for cell, words in ((widget, "Dropdown(value=1)"), (other, "Thing(value=1)")):
        cell.outputs = [new_output("execute_result", {"text/plain": words})]
    solution, widget, other = shown(code("x = 1", tags=["solution"]), widget, other)
    assert solution.metadata.tags == ["hide-cell"]
    assert "Dropdown widget: run this page" in widget.outputs[0].data["text/html"]
    assert "text/html" not in other.outputs[0].data


def test_attached_pictures_come_onto_the_page():
    cell = text("![Tricks](attachment:a.png)")
    cell.attachments = {"a.png": {"image/png": "iVBO"}}
    (found,) = shown(cell)
    assert found.source == "![Tricks](data:image/png;base64,iVBO)"
