"""One page about a run of lessons: HTML, a summary in markdown, all of it as JSON."""

import base64
import contextlib
import dataclasses
import datetime
import html
import io
import platform
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import jinja2
from nbformat import NotebookNode
from PIL import Image

from .files import code_cells, read_notebook, write_json, write_text
from .results import BAD, SIGNS, LessonResult

THUMBNAIL_PX = (240, 180)
THUMBNAILS_PER_LESSON = 12
SLOWEST_CELLS_OF_A_RUN = 10
_STAMPED = ("openvino", "torch", "numpy")

# A picture inside HTML output, as `display` writes it: its alt text and its bytes.
_HTML_PICTURE = re.compile(
    r'<img\b(?=[^>]*\balt="(?P<alt>[^"]*)")?'
    r'(?=[^>]*\bsrc="data:image/(?:png|jpeg);base64,(?P<data>[^"]+)")'
)

# What Pillow raises for bytes that are no picture, or not the whole of one.
_UNDECODABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


class Thumbnail(NamedTuple):
    """A small copy of a picture that a lesson showed, as a data URL."""

    url: str
    alt: str


def write_report(folder: Path, results: Sequence[LessonResult], title: str) -> Path:
    """Write ``index.html``, ``summary.md`` and ``report.json``.

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
    content = {"title": title, "made": made, "versions": _versions()}
    lessons = [dataclasses.asdict(result) for result in results]
    write_json(folder / "report.json", {**content, "lessons": lessons})
    copies = {result.name: folder / f"{result.name}.ipynb" for result in results}
    cells = [(result.name, cell) for result in results for cell in result.slowest_cells]
    cells.sort(key=lambda pair: pair[1].seconds, reverse=True)
    shown = {
        **content,
        "made": made.replace("T", " ").replace("+00:00", " UTC"),
        "verdict": _verdict(results),
        "results": results,
        "counts": Counter(result.status for result in results),
        "signs": SIGNS,
        "bad": BAD,
        "compared": any(result.compared is not None for result in results),
        "slowest": cells[:SLOWEST_CELLS_OF_A_RUN],
        "kits": _kits_used(results),
        "thumbnails": {
            name: thumbnails(read_notebook(path))[:THUMBNAILS_PER_LESSON]
            for name, path in copies.items()
            if path.is_file()
        },
    }
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("curator", ""),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = folder / "index.html"
    for name, path in ("summary.md", folder / "summary.md"), ("report.html", page):
        write_text(path, templates.get_template(name).render(shown))
    return page


def thumbnails(
    notebook: NotebookNode, size_px: tuple[int, int] = THUMBNAIL_PX
) -> list[Thumbnail]:
    """Make small copies of the pictures in a notebook's outputs.

    Parameters
    ----------
    notebook
        An executed notebook.
    size_px
        The most pixels of a thumbnail, width and height.

    Returns
    -------
    list of Thumbnail
        In the order of the notebook. A picture that cannot be decoded is left out: no
        browser shows it either.
    """
    found = []
    for _, cell in code_cells(notebook):
        for output in cell.outputs:
            for encoded, alt in _pictures(output):
                with contextlib.suppress(*_UNDECODABLE):
                    found.append(Thumbnail(_shrink(encoded, size_px), alt))
    return found


def _versions() -> dict[str, str]:
    """Stamp a report with what it was made on."""
    stamp = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _STAMPED:
        try:
            stamp[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            stamp[package] = "not installed"
    return stamp


def _verdict(results: Sequence[LessonResult]) -> str:
    """Say in a sentence what came of a run."""
    bad = [result.name for result in results if result.status in BAD]
    ran = [result for result in results if result.status not in ("skipped", "not_run")]
    if bad:
        return f"{len(bad)} of {len(ran)} lessons did not pass: {', '.join(bad)}."
    if len(ran) < len(results):
        return f"{len(ran)} of {len(results)} lessons ran; none of them failed."
    return "Every lesson passed."


def _kits_used(results: Sequence[LessonResult]) -> list[tuple[str, str, str, str]]:
    """Return each kit, its origin, the lessons that loaded it and the reason."""
    users: dict[tuple[str, str, str], list[str]] = {}
    for result in results:
        for kit in result.kits:
            key = (kit["kit"], kit.get("origin", ""), kit.get("reason", ""))
            users.setdefault(key, []).append(result.name)
    return [
        (kit, origin, ", ".join(names), reason)
        for (kit, origin, reason), names in sorted(users.items())
    ]


def _pictures(output: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the pictures of an output in base64, with their alt texts."""
    data, about = output.get("data", {}), output.get("metadata", {})
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            yield data[mime], about.get(mime, {}).get("alt") or about.get("alt", "")
            return
    for picture in _HTML_PICTURE.finditer(data.get("text/html", "")):
        yield picture["data"], html.unescape(picture["alt"] or "")


def _shrink(encoded: str, size_px: tuple[int, int]) -> str:
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        small = picture.convert("RGBA")
    small.thumbnail(size_px)
    # On white, as in a notebook: charts are often drawn on nothing, in dark lines.
    paper = Image.new("RGBA", small.size, "white")
    stream = io.BytesIO()
    Image.alpha_composite(paper, small).convert("RGB").save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
