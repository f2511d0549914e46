"""One HTML page, and the same as JSON, about a run of lessons."""

import base64
import dataclasses
import datetime
import html
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import jinja2
import nbformat
from nbformat import NotebookNode
from PIL import Image

from .execution import code_cells, first_line
from .files import write_json, write_text
from .progress import SIGNS
from .results import BAD, STATUSES, LessonResult, versions

THUMBNAIL_PX = (240, 180)
THUMBNAILS_PER_LESSON = 12

# A picture inside HTML output, as `display` writes it: its alt text and its bytes.
_HTML_PICTURE = re.compile(r"<img\b[^>]*>")
_HTML_BYTES = re.compile(r'src="data:image/(?:png|jpeg);base64,([^"]+)"')
_HTML_ALT = re.compile(r'alt="([^"]*)"')


@dataclasses.dataclass(frozen=True)
class Thumbnail:
    """A small copy of a picture that a lesson showed, as a data URL."""

    url: str
    alt: str


def write_report(folder: Path, results: Sequence[LessonResult], title: str) -> Path:
    """Write ``report.json`` and ``index.html``.

    Parameters
    ----------
    folder
        Where to write them. Pictures are taken from executed copies found there.
    results
        One for each lesson, in their order.
    title
        What was run, as a heading.

    Returns
    -------
    Path
        The page. It needs no other file but the executed copies that it links to.
    """
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    stamp = versions()
    content = {
        "title": title,
        "made": made,
        "versions": stamp,
        "lessons": [result.to_dict() for result in results],
    }
    write_json(folder / "report.json", content)
    counts = Counter(result.status for result in results)
    page = _template().render(
        title=title,
        made=made.replace("T", " ").replace("+00:00", " UTC"),
        versions=stamp,
        results=results,
        counts=[(status, counts[status]) for status in STATUSES if counts[status]],
        signs=SIGNS,
        bad=BAD,
        thumbnails={
            result.name: _thumbnails(folder, result.name) for result in results
        },
        copies={r.name for r in results if (folder / f"{r.name}.ipynb").is_file()},
        compares=any(result.compared is not None for result in results),
    )
    path = folder / "index.html"
    write_text(path, page)
    return path


def thumbnails(notebook: NotebookNode) -> list[Thumbnail]:
    """Make small copies of the pictures in a notebook's outputs.

    Parameters
    ----------
    notebook
        An executed notebook.

    Returns
    -------
    list of Thumbnail
        At most 240 x 180 pixels each, in the order of the notebook. A picture without
        alt text is described by the cell that showed it.
    """
    found = []
    for number, (_, cell) in enumerate(code_cells(notebook), start=1):
        fallback = f"Picture from cell {number}: {first_line(cell.source)}"
        for output in cell.get("outputs", []):
            for encoded, alt in _pictures(output):
                found.append(Thumbnail(_shrink(encoded), alt or fallback))
    return found


def _thumbnails(folder: Path, name: str) -> list[Thumbnail]:
    path = folder / f"{name}.ipynb"
    if not path.is_file():
        return []
    return thumbnails(nbformat.read(path, as_version=4))[:THUMBNAILS_PER_LESSON]


def _pictures(output: NotebookNode) -> list[tuple[str, str]]:
    data, metadata = output.get("data", {}), output.get("metadata", {})
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            alt = metadata.get(mime, {}).get("alt") or metadata.get("alt", "")
            return [(data[mime], alt)]
    found = []
    for tag in _HTML_PICTURE.findall(data.get("text/html", "")):
        encoded, alt = _HTML_BYTES.search(tag), _HTML_ALT.search(tag)
        if encoded:
            found.append((encoded[1], html.unescape(alt[1]) if alt else ""))
    return found


def _shrink(encoded: str) -> str:
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        small = picture.convert("RGBA")
    small.thumbnail(THUMBNAIL_PX)
    # On white, as in a notebook: charts are often drawn on nothing, in dark lines.
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small.getchannel("A"))
    stream = io.BytesIO()
    paper.save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curator", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html")
