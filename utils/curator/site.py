"""Gathers the pages of the site, changes lessons for display, and runs Sphinx."""

import inspect
import os
import shutil
from base64 import b64decode
from pathlib import Path

import ipywidgets
import jinja2
import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.cmd.build import build_main

import notebook_utils
from notebook_utils.kits.catalogue import catalogue

from .collection import read_collection
from .files import read_notebook, write_text
from .lint.code import SOLUTION
from .report import thumbnails
from .status import status_tables

_DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
_GUIDES = ("classroom/README.md", "data/README.md", "notebooks/glossary.md")
_PICTURES = ("image/png", "image/jpeg")
_WIDGET = """<figure class="widget"><svg role="img" viewBox="0 0 240 44">
<title>Sketch of a slider, a menu and a button</title>
<path d="M8 22h64M88 10h64v24h-64zM134 19l5 6 5-6M168 10h64v24h-64zM188 22h24"/>
<circle cx="44" cy="22" r="7"/></svg>
<figcaption>{} widget: run this page to use it.</figcaption></figure>"""


def build_site(root: Path, target: Path, builder: str = "html") -> int:
    """Build the site of a checkout with one of Sphinx's builders.

    What the pages in `target` are made from is gathered beside it. The result is 0 if
    there was neither an error nor a warning.
    """
    gathered = target.with_name(f"{target.name}-source")
    shutil.rmtree(gathered, ignore_errors=True)
    _gather(root, gathered)
    options = ["-c", str(root / "site"), "-b", builder, "-d", f"{gathered}-read"]
    strict = ["-W", "--keep-going", "-q"]
    return int(build_main([*options, *strict, str(gathered), str(target)]))


def displayed(app: Sphinx, docname: str, content: list[str]) -> None:
    """Change the text of a lesson on its way onto the page; the file stays as it is."""
    if app.env.doc2path(docname).suffix != ".ipynb":
        return
    notebook = nbformat.reads(content[0], as_version=4)
    notebook.metadata["language_info"] = {
        "name": "python",
        "pygments_lexer": "ipython3",
    }
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


def _gather(root: Path, target: Path) -> None:
    """Write all that Sphinx reads into a folder; each page keeps its place."""
    lessons = read_collection(root / "notebooks").lessons
    lessons = tuple(lesson for lesson in lessons if not lesson.draft)
    documents = [root / name for name in (*_DOCUMENTS, *_GUIDES)]
    for path in [*documents, *(lesson.path for lesson in lessons)]:
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)  # with its date: what did not change is not read again
    pictures = target / "docs" / "pictures"
    shutil.copytree(root / "docs" / "pictures", pictures)
    scenes = (pictures / "scenes.jpg").read_bytes()
    for lesson in lessons:
        shown = thumbnails(read_notebook(lesson.path), (640, 480))
        # The one with the most to see: a chart of five bars takes few bytes.
        largest = max((thumbnail.url for thumbnail in shown), key=len, default="")
        picture = b64decode(largest.partition(",")[2]) or scenes
        (pictures / f"{lesson.name}.jpg").write_bytes(picture)
    context = {
        "repository": os.environ.get("GITHUB_REPOSITORY", ""),
        "lessons": lessons,
        "kits": [kit for kit in catalogue().values() if kit.published],
        "api": _api(),
        "status": status_tables(root / "site" / "status", lessons),
    }
    for page in (root / "site").glob("*.md"):
        source = page.read_text(encoding="utf-8")
        template = jinja2.Template(source, undefined=jinja2.StrictUndefined)
        write_text(target / page.name, template.render(context))


def _api() -> dict[str, dict[str, str]]:
    """Return what `notebook_utils` exports of each module: names and their kinds."""
    modules: dict[str, dict[str, str]] = {}
    for name in dir(notebook_utils):
        member = getattr(notebook_utils, name)
        kinds = ("module", "class", "function")
        kind = next((k for k in kinds if getattr(inspect, f"is{k}")(member)), "data")
        module = name if kind == "module" else member.__module__.split(".")[1]
        modules.setdefault(module, {})[name] = kind
    return dict(sorted(modules.items()))


def _markdown(cell: NotebookNode) -> str:
    """Return the source of a cell with the pictures that are attached to it."""
    source = cell.source
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
