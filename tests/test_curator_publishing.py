import nbformat
import pytest

from curator.__main__ import main
from fixtures.curator_lessons import code, make_checkout, notebook, text

INSTALL = 'WORKSHOP = ".."  # where from'
LESSON = notebook(
    text("# A\n\nAn [IR](glossary.md#IR), as in [B](02-b.ipynb#Set-up)."),
    code(INSTALL, count=1),
    code("print(6 * 7)", "42\n", 2),
)


def publish(root, *words):
    return main(["--root", str(root), "publish", *words])


def test_lesson_installs_from_the_repository_and_links_to_its_pages(tmp_path):
    root = make_checkout(tmp_path, {"01-a": LESSON})
    assert publish(root, "--repository", "some-one/a.fork", "--revision", "0123") == 0
    book = nbformat.read(root / "notebooks" / "01-a.ipynb", as_version=4)
    assert book.cells[0].source == (
        "# A\n\nAn [IR](https://some-one.github.io/a.fork/notebooks/glossary.html#IR), "
        "as in [B](02-b.ipynb#Set-up)."
    )
    assert book.cells[1].source == (
        'WORKSHOP = "git+https://github.com/some-one/a.fork@0123"  # where from'
    )
    assert book.cells[2].outputs[0].text == "42\n"


@pytest.mark.parametrize("name", ["", "name", "a/b/c", "a/b c", "https://host/a"])
def test_word_that_is_no_repository_is_refused(tmp_path, capsys, name):
    root = make_checkout(tmp_path, {"01-a": LESSON})
    assert publish(root, "--repository", name) == 2
    assert "Expected a repository as owner/name" in capsys.readouterr().err


def test_lesson_without_the_set_up_line_is_refused(tmp_path, capsys):
    root = make_checkout(tmp_path, {"01-a": ["x = 1"]})
    assert publish(root, "--repository", "a/b") == 2
    assert "01-a has no cell with" in capsys.readouterr().err
