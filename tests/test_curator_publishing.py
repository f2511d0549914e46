import re
from pathlib import Path

import nbformat
import pytest

from curator.__main__ import main
from curator.collection import Lesson, read_collection
from curator.contents import with_contents
from curator.publishing import Place, gallery_page, published_notebook
from fixtures.curator_lessons import code, make_checkout, notebook, text
from notebook_utils.errors import WorkshopError

FORK = Place("someone/a-fork", revision="0123abc")
LESSON = Lesson(Path("01-a.ipynb"), "Its title", "...", 5, 60, 1700)
INSTALL = 'WORKSHOP = ".."  # where from'


def solved():
    cell = code("secret = 1", "The solution: correct.\n", 3, ["solution"])
    cell.metadata.jupyter = {"source_hidden": True}
    return cell


BOOK = notebook(
    text("# Its title\n\nSee [the second](02-b.ipynb#Set-up)."),
    text("## Set up"),
    code(INSTALL, count=1),
    code("print(6 * 7)", "42\n", 2),
    solved(),
)


@pytest.fixture
def site(tmp_path):
    root = make_checkout(tmp_path / "checkout", {"01-a": BOOK})
    (root / "README.md").write_text("# Workshop\n\nWords.\n")
    lesson = read_collection(root / "notebooks").lessons[0]
    book = with_contents(lesson, nbformat.read(lesson.path, as_version=4))
    nbformat.write(book, lesson.path)
    (root / "build" / "run").mkdir(parents=True)
    nbformat.write(book, root / "build" / "run" / "01-a.ipynb")
    command = ["--root", str(root), "publish", "--repository", "someone/a-fork"]
    assert main([*command, "--to", str(tmp_path / "site")]) == 0
    return tmp_path / "site"


def test_addresses_lead_to_the_repository_that_publishes():
    assert FORK.install == "git+https://github.com/someone/a-fork@0123abc"
    assert FORK.colab(LESSON) == (
        "https://colab.research.google.com/github/someone/a-fork/blob/published/"
        "notebooks/01-a.ipynb"
    )
    assert FORK.binder(LESSON) == (
        "https://mybinder.org/v2/gh/someone/a-fork/main?labpath=notebooks%2F01-a.ipynb"
    )


@pytest.mark.parametrize("name", ["", "name", "a/b/c", "a/b c", "https://host/a"])
def test_word_that_is_no_repository_is_refused(name):
    with pytest.raises(ValueError, match="owner/name"):
        Place(name)


def test_notebook_gets_badges_and_installs_from_the_repository(site):
    book = nbformat.read(site / "notebooks" / "01-a.ipynb", as_version=4)
    assert book.cells[1].source.startswith("[![Open in Colab](../badges/colab.svg)](")
    assert "This page takes about" in book.cells[1].source
    line = 'WORKSHOP = "git+https://github.com/someone/a-fork@main"  # where from'
    assert book.cells[3].source == line
    assert book.cells[4].outputs[0].text == "42\n"


def test_every_badge_is_there(site):
    readme = (site / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(
        "# Workshop\n\n[![Tests](https://github.com/someone/a-fork/"
    )
    assert readme.endswith("\n\nWords.\n")
    for badge in re.findall(r"\((badges/[\w.]+)\)", readme):
        assert "<title>" in (site / badge).read_text(encoding="utf-8")


def test_gallery_shows_the_lessons_and_fetches_nothing(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    assert '<a href="01-a.html">01. 01-a</a>' in index
    page = (site / "01-a.html").read_text(encoding="utf-8")
    assert "42" in page
    for source in (index, page):
        fetched = re.findall(r"<(?:script|img|link)\b[^>]*(?:src|href)=\S+", source)
        assert not [tag for tag in fetched if "http" in tag]


def test_gallery_leads_to_pages_and_keeps_solutions_closed():
    page = gallery_page(LESSON, nbformat.from_dict(BOOK))
    assert 'href="02-b.html#Set-up"' in page
    assert "<title>Its title</title>" in page
    assert "secret" not in page
    assert "The solution" not in page


def test_lesson_that_was_not_run_is_refused(tmp_path, capsys):
    root = make_checkout(tmp_path, {"01-a": BOOK})
    assert main(["--root", str(root), "publish", "--repository", "a/b"]) == 2
    assert "There is no executed copy of 01-a" in capsys.readouterr().err


def test_lesson_without_the_set_up_line_is_refused():
    with pytest.raises(WorkshopError, match="no set-up cell"):
        published_notebook(LESSON, notebook("x = 1"), FORK)
