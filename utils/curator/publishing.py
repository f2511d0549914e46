"""Points the lessons at the repository that publishes them, also if it is a fork."""

import re
from collections.abc import Iterable

from notebook_utils.errors import WorkshopError

from .collection import Lesson
from .files import write_text
from .lint.page import INSTALL_LINE
from .notebooks import notebook_text, read_notebook

_REPOSITORY = re.compile(r"([\w.-]+)/([\w.-]+)")
# In a hosted session a notebook is alone: there is no page beside it to link to.
_LINK_TO_PAGE = re.compile(r"\]\(\.\./site/([\w-]+)\.md(#[^)\s]*)?\)")


def publish(lessons: Iterable[Lesson], repository: str, revision: str) -> None:
    """Change lessons so that they work where there is no checkout, such as in Colab.

    Parameters
    ----------
    lessons
        Their notebooks are changed in place.
    repository
        ``owner/name`` on GitHub. `notebook_utils` is installed from there, and links to
        pages of the site lead to its GitHub Pages.
    revision
        The branch, tag or commit to install.

    Raises
    ------
    ValueError
        `repository` has another form.
    WorkshopError
        A lesson has no line in its set-up that installs the package.
    """
    match = _REPOSITORY.fullmatch(repository)
    if not match:
        raise ValueError(f"Expected a repository as owner/name, found {repository!r}.")
    origin = f"git+https://github.com/{repository}@{revision}"
    page = rf"](https://{match[1]}.github.io/{match[2]}/\1.html\2)"
    for lesson in lessons:
        notebook = read_notebook(lesson.path)
        found = False
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _LINK_TO_PAGE.sub(page, cell.source)
            elif INSTALL_LINE in cell.source:
                found = True
                line = INSTALL_LINE.replace("..", origin)
                cell.source = cell.source.replace(INSTALL_LINE, line)
        if not found:
            raise WorkshopError(
                f"{lesson.name} has no set-up cell with {INSTALL_LINE!r}."
            )
        write_text(lesson.path, notebook_text(notebook))
