"""The site in a real browser, as readers meet it: on a desk and on a phone."""

import functools
import http.server
import threading
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.lab import PICTURES, ROOT
from curator.collection import read_collection
from test_site import build

pytestmark = pytest.mark.browser
LESSONS = [lesson.name for lesson in read_collection(ROOT / "notebooks").lessons]
PAGES = ["index", "api", "notebooks/glossary", "status", "README", "classroom/README"]
PAGES += [f"notebooks/{name}" for name in LESSONS]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site as a fork publishes it, below /owner/name/."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder / "some-one" / "a-fork", "some-one/a-fork")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(folder):
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/some-one/a-fork/"
        server.shutdown()


@pytest.fixture
def open_page(browser, address):
    """Open a page at a width, in light or dark; it may fetch its own files only."""
    contexts = []

    def open_it(name, width=1280, scheme="light", base=address, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{base}{name}")
        own = (base, "data:", address.partition("some-one")[0])
        assert [url for url in asked if not url.startswith(own)] == []
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_and_is_accessible(open_page, name, width, scheme):
    page = open_page(f"{name}.html", width, scheme)
    page.wait_for_function("document.documentElement.dataset.theme")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    PICTURES.mkdir(parents=True, exist_ok=True)
    shown = f"site-{name.replace('/', '-')}-{width}-{scheme}"
    page.screenshot(path=PICTURES / f"{shown}.png", full_page=True)
    # Sphinx, not we, lists the parameters of a long signature in a dl without a dt.
    ours = {"include": [[".bd-article"]], "exclude": [[".sig"]]}
    report = Axe().run(page, context=ours)
    serious = [
        violation
        for violation in report.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert report.response["passes"]
    assert not serious, report.generate_report()


@pytest.mark.parametrize("base", ["folder", "server"])
def test_search_finds_a_class_in_the_lesson_and_in_the_glossary(
    open_page, folder, address, base
):
    base = address if base == "server" else f"{folder.as_uri()}/some-one/a-fork/"
    page = open_page("search.html?q=InferRequest", base=base)
    results = page.locator("ul.search a")
    expect(
        results.filter(has_text="Learn the OpenVINO Runtime API").first
    ).to_be_visible()
    expect(results.filter(has_text="Glossary").first).to_be_visible()


def test_solution_unfolds_on_a_phone_without_scripts(open_page):
    page = open_page(
        "notebooks/01-runtime-api.html", 360, java_script_enabled=False, has_touch=True
    )
    solution = page.locator("details.hide").first
    expect(solution.locator(".cell_input")).to_be_hidden()
    solution.locator("summary").tap()
    expect(solution.locator(".cell_input")).to_be_visible()


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_link_of_the_contents_leads_to_its_heading(open_page, lesson):
    page = open_page(f"notebooks/{lesson}.html")
    links = page.locator(".bd-sidebar-secondary .toc-entry a").all()
    assert links
    for link in links:
        target = link.get_attribute("href")
        page.goto(page.url.partition("#")[0] + target)
        heading = page.locator(f"section[id={target[1:]!r}] :is(h1, h2, h3, h4)").first
        expect(heading).to_be_in_viewport()
        words = " ".join(link.inner_text().split())
        assert words in " ".join(heading.inner_text().split())


def test_index_leads_to_every_lesson_and_starts_the_first_on_binder(open_page):
    page = open_page("index.html")
    binder = page.get_by_role("link", name="Start lesson 00 on Binder")
    path = quote(f"lab/tree/notebooks/{LESSONS[0]}.ipynb", safe="/")
    assert binder.get_attribute("href").endswith(f"/published?urlpath={path}")
    cards = page.locator(".sd-card .sd-stretched-link").all()
    leads_to = [card.get_attribute("href") for card in cards]
    assert leads_to == [f"notebooks/{lesson}.html" for lesson in LESSONS]
