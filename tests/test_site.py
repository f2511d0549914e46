"""The site: built once from this checkout, and read page by page."""

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_output
from sphinx.util.inventory import InventoryFile

import notebook_utils
from curator.collection import read_collection
from curator.site import displayed
from fixtures.curator_lessons import code, make_checkout, notebook, text

ROOT = Path(__file__).resolve().parents[1]
LESSONS = [lesson.name for lesson in read_collection(ROOT / "notebooks").lessons]


class Page(HTMLParser):
    """What a page links to, fetches and shows."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.ids, self.links, self.fetched = path, set(), [], []
        self.undescribed, self.meta = [], {}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "link" and given["rel"] in ("canonical", "index", "search"):
            pass
        elif tag in ("link", "script", "img", "iframe", "source"):
            address = given.get("src") or given.get("href") or ""
            self.fetched += [address] if address else []
        if tag == "img" and not given.get("alt"):
            self.undescribed.append(given.get("src", "")[:80])
        if tag == "meta":
            key = given.get("property") or given.get("name")
            self.meta[key] = given.get("content")


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
    target = tmp_path_factory.mktemp("site") / "html"
    done = build(ROOT, target, "some-one/a-fork")
    assert done.returncode == 0, done.stderr
    return {
        path.relative_to(target).as_posix(): Page(path)
        for path in target.rglob("*.html")
        if "_static" not in path.parts
    }


@pytest.mark.slow
def test_every_link_within_the_site_leads_somewhere(site):
    pages = {page.path: page for page in site.values()}
    for page in site.values():
        for address in [*page.links, *page.fetched]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (page.path.parent / unquote(parts.path)).resolve()
            target = target if parts.path else page.path
            assert target.is_file(), f"{page.path.name}: {address}"
            if parts.fragment and target in pages:
                found = {*pages[target].ids, ""}
                assert unquote(parts.fragment) in found, f"{page.path.name}: {address}"


@pytest.mark.slow
def test_no_page_fetches_from_elsewhere_or_hides_what_a_picture_shows(site):
    for name, page in site.items():
        elsewhere = [urlsplit(address).netloc for address in page.fetched]
        assert not any(elsewhere), f"{name}: {elsewhere}"
        assert not page.undescribed, f"{name}: {page.undescribed}"


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_can_be_launched_downloaded_and_shared(site, lesson):
    page = site[f"notebooks/{lesson}.html"]
    colab, binder = (
        next(link for link in page.links if host in link)
        for host in ("colab.research.google.com", "mybinder.org")
    )
    path = f"notebooks/{lesson}.ipynb"
    assert colab.endswith(f"/github/some-one/a-fork/blob/published/{path}")
    assert "/v2/gh/some-one/a-fork/published?" in binder
    assert unquote(binder).endswith(path)
    stored = nbformat.read(ROOT / path, as_version=4)
    copy = page.path.parents[1] / "_sources" / path
    assert nbformat.read(copy, as_version=4) == stored
    assert page.meta["og:image"].endswith(f"/a-fork/_images/{lesson}.jpg")
    assert len(page.meta["description"]) > 40


@pytest.mark.slow
def test_everything_that_is_exported_is_in_the_api(site):
    path = site["index.html"].path.with_name("objects.inv")
    found = InventoryFile.loads(path.read_bytes(), uri="")
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
    widget = code("device", count=1)
    widget.outputs = [
        new_output("execute_result", {"text/plain": "Dropdown(value=1)"}, metadata={})
    ]
    other = code("1", count=2)
    other.outputs = [new_output("execute_result", {"text/plain": "Thing(value=1)"})]
    solution, widget, other = shown(code("x = 1", tags=["solution"]), widget, other)
    assert solution.metadata.tags == ["hide-cell"]
    assert "Dropdown widget: run this page" in widget.outputs[0].data["text/html"]
    assert "text/html" not in other.outputs[0].data


def test_attached_pictures_come_onto_the_page():
    cell = text("![Tricks](attachment:a.png)")
    cell.attachments = {"a.png": {"image/png": "iVBO"}}
    (found,) = shown(cell)
    assert found.source == "![Tricks](data:image/png;base64,iVBO)"
