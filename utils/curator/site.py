"""Gathers the pages of the site, changes lessons for display, and runs Sphinx."""

import base64
import inspect
import io
import os
import shutil
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import ipywidgets
import jinja2
import nbformat
from nbformat import NotebookNode
from PIL import Image
from sphinx.application import Sphinx
from sphinx.cmd.build import build_main

import notebook_utils
from notebook_utils.kits.registry import registry

from .collection import read_collection
from .files import write_text
from .lint.tasks import SOLUTION
from .notebooks import read_notebook
from .status import status_tables

# Beside the pages in site/ and the lessons; each keeps its place, so links stay true.
_DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "classroom/README.md",
    "data/README.md",
)
_PICTURES = ("image/png", "image/jpeg")
_PICTURE_PX = (640, 480)
_WIDGET = """<figure class="widget"><svg role="img" viewBox="0 0 240 44">
<title>Sketch of a slider, a menu and a button</title>
<path d="M8 22h64M88 10h64v24h-64zM134 19l5 6 5-6M168 10h64v24h-64zM188 22h24"/>
<circle cx="44" cy="22" r="7"/></svg>
<figcaption>{} widget: run this page to use it.</figcaption></figure>"""


def build_site(root: Path, target: Path, builder: str = "html") -> int:
    """Build the site of a checkout; a warning of Sphinx is an error.

    Parameters
    ----------
    root
        The checkout.
    target
        The folder for the pages. What they are made from is gathered beside it.
    builder
        The name of one of Sphinx's builders, such as ``html`` or ``linkcheck``.

    Returns
    -------
    int
        0 if there was neither an error nor a warning.
    """
    gathered = target.with_name(f"{target.name}-source")
    gather(root, gathered)
    options = ["-c", str(root / "site"), "-b", builder, "-d", f"{gathered}-read"]
    strict = ["-n", "-W", "--keep-going", "-q"]
    return int(build_main([*options, *strict, str(gathered), str(target)]))


def gather(root: Path, target: Path) -> None:
    """Write all that Sphinx reads into a folder.

    Parameters
    ----------
    root
        The checkout.
    target
        The folder; what it held is lost.
    """
    shutil.rmtree(target, ignore_errors=True)
    lessons = read_collection(root / "notebooks").lessons
    pictures = target / "docs" / "pictures"
    shutil.copytree(root / "docs" / "pictures", pictures)
    for path in [*(root / name for name in _DOCUMENTS), *(le.path for le in lessons)]:
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)  # with its date: what did not change is not read again
    for lesson in lessons:
        picture = _picture(read_notebook(lesson.path), pictures / "scenes.jpg")
        picture.save(pictures / f"{lesson.name}.jpg")
    groups = api_groups()
    context = {
        "repository": os.environ.get("GITHUB_REPOSITORY", ""),
        "lessons": lessons,
        "groups": groups,
        "kits": registry(),
        "status": status_tables(root / "site" / "status", lessons),
    }
    for page in (root / "site").glob("*.md"):
        source = page.read_text(encoding="utf-8")
        template = jinja2.Template(source, undefined=jinja2.StrictUndefined)
        write_text(target / page.name, template.render(context))
    for group, names in groups.items():
        write_text(target / "api" / f"{group}.md", _api_page(group, names))


def displayed(app: Sphinx, docname: str, content: list[str]) -> None:
    """Change the text of a lesson on its way onto the page; the file stays as it is."""
    if not docname.startswith("notebooks/"):
        return
    notebook = nbformat.reads(content[0], as_version=4)
    notebook.metadata.language_info.pygments_lexer = "ipython3"
    if address := app.config.html_baseurl:  # for those who share the page
        notebook.metadata["og:image"] = f"{address}_images/{Path(docname).name}.jpg"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _markdown(cell)
        elif SOLUTION in cell.metadata.get("tags", []):
            cell.metadata["tags"] = ["hide-cell"]
        for output in cell.get("outputs", []):
            _show(output.get("data", {}))
    content[0] = nbformat.writes(notebook)


def anchor(heading: str) -> str:
    """Return what a link to a heading ends with, as Jupyter has it."""
    return heading.strip().replace(" ", "-")


def api_groups() -> dict[str, list[str]]:
    """Return the names that `notebook_utils` exports, by the module they are from."""
    groups: dict[str, list[str]] = {}
    for name in dir(notebook_utils):
        member = getattr(notebook_utils, name)
        module = getattr(member, "__module__", f"notebook_utils.{name}")
        groups.setdefault(module.split(".")[1], []).append(name)
    return dict(sorted(groups.items()))


def _api_page(group: str, names: Sequence[str]) -> str:
    """Return a page about a module and what is exported of it."""
    lines = [f"# {group}", "```{eval-rst}", f".. automodule:: notebook_utils.{group}"]
    for name in names:
        member = getattr(notebook_utils, name)
        if isinstance(member, types.ModuleType):
            lines.append("   :members:")
            continue
        kind = "class" if inspect.isclass(member) else "data"
        kind = "function" if inspect.isfunction(member) else kind
        lines += ["", f".. auto{kind}:: notebook_utils.{name}"]
        lines += ["   :members:"] * (kind == "class")
    return "\n".join([*lines, "```", ""])


def _markdown(cell: NotebookNode) -> str:
    """Return the source of a cell with links and attached pictures as on the page."""
    source = cell.source.replace("](../site/", "](../")
    for name, bundle in cell.get("attachments", {}).items():
        for kind, encoded in bundle.items():
            address = f"(data:{kind};base64,{encoded})"
            source = source.replace(f"(attachment:{name})", address)
    return str(source)


def _show(data: dict[str, str]) -> None:
    """Leave of an output what the page shows."""
    if "text/html" in data:  # it has the picture in fewer bytes, and its alt text
        for kind in _PICTURES:
            data.pop(kind, None)
    name = data.get("text/plain", "").partition("(")[0]
    widget = getattr(ipywidgets, name, None) if name.isidentifier() else None
    if inspect.isclass(widget) and issubclass(widget, ipywidgets.Widget):
        data["text/html"] = _WIDGET.format(name)


def _picture(notebook: NotebookNode, otherwise: Path) -> Image.Image:
    """Return the picture of a lesson with the most to see: the one of most bytes."""
    largest = max(_pictures(notebook), key=len, default=None)
    stored = io.BytesIO(base64.b64decode(largest)) if largest else otherwise
    picture: Image.Image = Image.open(stored)
    picture.thumbnail(_PICTURE_PX)
    paper = Image.new("RGB", picture.size, "white")  # charts may be drawn on nothing
    paper.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    return paper


def _pictures(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            yield from (data[kind] for kind in _PICTURES if kind in data)
