"""Points the lessons at the repository that publishes them, also if it is a fork."""

import re
from collections.abc import Iterable

from notebook_utils.errors import WorkshopError

from .collection import Lesson
from .files import write_text
from .lint.prose import INSTALL_LINE

_REPOSITORY = re.compile(r"([\w.-]+)/([\w.-]+)")
_LINK_TO_PAGE = re.compile(r"\]\(([\w-]+)\.md")


def publish(lessons: Iterable[Lesson], repository: str, revision: str) -> None:
    """Change lessons so that they work without a checkout, such as in Colab.

    Parameters
    ----------
    lessons
        Their notebooks are changed in place.
    repository
        ``owner/name`` on GitHub. `notebook_utils` is installed from there, and links to
        the glossary lead to its GitHub Pages.
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
    stored = INSTALL_LINE.replace('"', r"\"")  # in the JSON of a notebook
    line = stored.replace("..", f"git+https://github.com/{repository}@{revision}")
    page = rf"](https://{match[1]}.github.io/{match[2]}/notebooks/\1.html"
    for lesson in lessons:
        text = lesson.path.read_text(encoding="utf-8")
        if stored not in text:
            raise WorkshopError(f"{lesson.name} has no cell with {INSTALL_LINE!r}.")
        write_text(lesson.path, _LINK_TO_PAGE.sub(page, text.replace(stored, line)))
