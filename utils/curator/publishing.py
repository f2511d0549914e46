"""What is published beside the collection: badges, Colab's install line, a gallery.

The collection itself names no repository, so that a copy of it is whole wherever it
lies. What has to name one is written for the repository that publishes, also a fork.
"""

import dataclasses
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from notebook_utils.errors import WorkshopError

from .collection import Lesson
from .contents import GENERATED
from .files import write_text
from .lint.page import INSTALL_LINE
from .lint.tasks import SOLUTION
from .notebooks import notebook_text, read_notebook
from .report import thumbnails
from .templates import template

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_LINK_TO_LESSON = re.compile(r"\]\(([\w-]+)\.ipynb((?:#[^)\s]*)?)\)")

# Nothing is fetched when a page of the gallery is opened.
_NO_SCRIPTS = {
    "require_js_url": "",
    "jquery_url": "",
    "mathjax_url": "",
    "mermaid_js_url": "",
    "jupyter_widgets_base_url": "",
    "html_manager_semver_range": "",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the lessons are published.

    Attributes
    ----------
    repository
        ``owner/name`` on GitHub.
    branch
        The branch that holds what is published.
    revision
        The branch, tag or commit that the package is installed from.
    """

    repository: str
    branch: str = "published"
    revision: str = "main"

    def __post_init__(self) -> None:
        """Refuse what is no repository."""
        if not _REPOSITORY.fullmatch(self.repository):
            raise ValueError(
                f"Expected a repository as owner/name, found {self.repository!r}."
            )

    @property
    def install(self) -> str:
        """What pip installs the package from."""
        return f"git+https://github.com/{self.repository}@{self.revision}"

    def colab(self, lesson: Lesson) -> str:
        """Return the address that opens a published lesson in Colab."""
        path = f"{self.repository}/blob/{self.branch}/notebooks/{lesson.path.name}"
        return f"https://colab.research.google.com/github/{quote(path)}"

    def binder(self, lesson: Lesson) -> str:
        """Return the address that opens a lesson on Binder."""
        page = quote(f"notebooks/{lesson.path.name}", safe="")
        repository = quote(self.repository)
        return f"https://mybinder.org/v2/gh/{repository}/main?labpath={page}"

    @property
    def status(self) -> str:
        """Return the address of the tests on this repository."""
        return f"https://github.com/{self.repository}/actions/workflows/ci.yml"


def publish(
    root: Path, lessons: Sequence[Lesson], executed: Path, target: Path, place: Place
) -> None:
    """Write all that is published into a folder.

    Parameters
    ----------
    root
        The checkout.
    lessons
        Those to publish; skipped ones are left out.
    executed
        Where the executed copies are, as ``curator run`` leaves them.
    target
        The folder; what it held is lost.
    place
        Where it is published.

    Raises
    ------
    WorkshopError
        A lesson has no executed copy.
    """
    shutil.rmtree(target, ignore_errors=True)
    shown = [lesson for lesson in lessons if lesson.skip is None]
    cards = [_publish_lesson(lesson, executed, target, place) for lesson in shown]
    shutil.copytree(Path(__file__).with_name("badges"), target / "badges")
    readme = (root / "README.md").read_text(encoding="utf-8")
    write_text(target / "README.md", _readme(readme, shown, place))
    for path in (root / "docs" / "pictures").glob("*"):
        (target / "docs" / "pictures").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / "docs" / "pictures" / path.name)
    page = template("gallery.html").render(cards=cards, place=place)
    write_text(target / "index.html", page)
    write_text(target / ".nojekyll", "")  # GitHub Pages: the files as they are


def published_notebook(
    lesson: Lesson, notebook: NotebookNode, place: Place
) -> NotebookNode:
    """Return a lesson with its badges, and the line from which Colab installs.

    Parameters
    ----------
    lesson, notebook
        The lesson; the notebook is changed in place.
    place
        Where it is published.

    Raises
    ------
    WorkshopError
        Its set-up lacks the line, which lint demands.
    """
    badges = (
        f"[![Open in Colab](../badges/colab.svg)]({place.colab(lesson)}) "
        f"[![Open on Binder](../badges/binder.svg)]({place.binder(lesson)})"
    )
    replaced = 0
    for cell in notebook.cells:
        if GENERATED in cell.metadata.get("tags", []):
            cell.source = f"{badges}\n\n{cell.source}"
        if cell.cell_type == "code" and INSTALL_LINE in cell.source:
            line = INSTALL_LINE.replace("..", place.install)
            cell.source = cell.source.replace(INSTALL_LINE, line)
            replaced += 1
    if not replaced:
        raise WorkshopError(f"{lesson.name} has no set-up cell with {INSTALL_LINE!r}.")
    return notebook


def gallery_page(lesson: Lesson, notebook: NotebookNode) -> str:
    """Return an executed lesson as one HTML page that fetches nothing.

    Parameters
    ----------
    lesson, notebook
        The lesson; the notebook is changed in place: links to other lessons lead to
        their pages.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK_TO_LESSON.sub(r"](\1.html\2)", cell.source)
    # A solution is folded away in the notebook; here it would be open.
    settings = Config(
        HTMLExporter={**_NO_SCRIPTS, "embed_images": True},
        TagRemovePreprocessor={"enabled": True, "remove_cell_tags": {SOLUTION}},
    )
    exporter = HTMLExporter(config=settings)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"name": lesson.title}}
    page: str = exporter.from_notebook_node(notebook, resources)[0]
    return page


def _publish_lesson(
    lesson: Lesson, executed: Path, target: Path, place: Place
) -> dict[str, object]:
    """Write a lesson's notebook and page; return what the gallery shows of it."""
    copy = executed / lesson.path.name
    if not copy.is_file():
        raise WorkshopError(
            f"There is no executed copy of {lesson.name} in {executed}. "
            "Make one with 'python -m curator run'."
        )
    notebook = published_notebook(lesson, read_notebook(lesson.path), place)
    write_text(target / "notebooks" / lesson.path.name, notebook_text(notebook))
    ran = read_notebook(copy)
    pictures = thumbnails(ran)
    write_text(target / f"{lesson.name}.html", gallery_page(lesson, ran))
    # The one with the most to see: a chart of five bars takes few bytes.
    picture = max(pictures, key=lambda shown: len(shown.url), default=None)
    return {
        "lesson": lesson,
        "picture": picture,
        "colab": place.colab(lesson),
        "binder": place.binder(lesson),
    }


def _readme(text: str, lessons: Sequence[Lesson], place: Place) -> str:
    """Return the README with badges below its title."""
    first = lessons[0]
    badges = (
        f"[![Tests]({place.status}/badge.svg)]({place.status}) "
        f"[![Open in Colab](badges/colab.svg)]({place.colab(first)}) "
        f"[![Open on Binder](badges/binder.svg)]({place.binder(first)})"
    )
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{badges}\n{rest}"
