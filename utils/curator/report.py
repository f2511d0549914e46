"""One page about a run of lessons: HTML, a summary in markdown, all of it as JSON."""

import base64
import contextlib
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

from .execution import code_cells
from .files import write_json, write_text
from .progress import SIGNS
from .results import (
    BAD,
    DIFFERS,
    KERNEL_DIED,
    STATUSES,
    CellTime,
    LessonResult,
    first_line,
    versions,
)

THUMBNAIL_PX = (240, 180)
THUMBNAILS_PER_LESSON = 12
SLOWEST_CELLS_OF_A_RUN = 10

# A picture inside HTML output, as `display` writes it: its alt text and its bytes.
_HTML_PICTURE = re.compile(r"<img\b[^>]*>")
_HTML_BYTES = re.compile(r'src="data:image/(?:png|jpeg);base64,([^"]+)"')
_HTML_ALT = re.compile(r'alt="([^"]*)"')

# What Pillow raises for bytes that are no picture, or not the whole of one.
_UNDECODABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)

# What the long text about a failing cell is; the traceback of an error elsewhere.
_DETAILS = {KERNEL_DIED: "What the process printed last", DIFFERS: "What differs"}


@dataclasses.dataclass(frozen=True)
class Thumbnail:
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
    stamp = versions()
    content = {
        "title": title,
        "made": made,
        "versions": stamp,
        "lessons": [dataclasses.asdict(result) for result in results],
    }
    write_json(folder / "report.json", content)
    copies = {
        result.name: nbformat.read(path, as_version=4)
        for result in results
        if (path := folder / f"{result.name}.ipynb").is_file()
    }
    counts = Counter(result.status for result in results)
    shown = {
        "title": title,
        "verdict": _verdict(results),
        "made": made.replace("T", " ").replace("+00:00", " UTC"),
        "versions": stamp,
        "results": results,
        "counts": [(status, counts[status]) for status in STATUSES if counts[status]],
        "signs": SIGNS,
        "bad": BAD,
        "compared": any(result.compared is not None for result in results),
        "details": _DETAILS,
        "slowest": _slowest_cells(results),
        "kits": _kits_used(results),
        "copies": copies,
        "thumbnails": {
            name: thumbnails(notebook)[:THUMBNAILS_PER_LESSON]
            for name, notebook in copies.items()
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


def _verdict(results: Sequence[LessonResult]) -> str:
    """Say in a sentence what came of a run."""
    bad = [result.name for result in results if result.status in BAD]
    ran = [result for result in results if result.status not in ("skipped", "not_run")]
    if bad:
        return f"{len(bad)} of {len(ran)} lessons did not pass: {', '.join(bad)}."
    if len(ran) < len(results):
        return f"{len(ran)} of {len(results)} lessons ran; none of them failed."
    return "Every lesson passed."


def _slowest_cells(results: Sequence[LessonResult]) -> list[tuple[str, CellTime]]:
    """Return the slowest cells of a run with their lessons, the slowest first."""
    cells = [(result.name, cell) for result in results for cell in result.slowest_cells]
    return sorted(cells, key=lambda pair: -pair[1].seconds)[:SLOWEST_CELLS_OF_A_RUN]


def _kits_used(results: Sequence[LessonResult]) -> list[dict[str, str]]:
    """Return where each kit of a run came from, with the lessons that loaded it."""
    users: dict[tuple[str, str, str], list[str]] = {}
    for result in results:
        for entry in result.kits:
            key = (entry["kit"], entry.get("origin", ""), entry.get("reason", ""))
            users.setdefault(key, []).append(result.name)
    return [
        {"kit": kit, "origin": origin, "reason": reason, "lessons": ", ".join(names)}
        for (kit, origin, reason), names in sorted(users.items())
    ]


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
        In the order of the notebook. A picture without alt text is described by the
        cell that showed it. One that cannot be decoded is left out: no browser shows
        it either.
    """
    found = []
    for number, (_, cell) in enumerate(code_cells(notebook), start=1):
        fallback = f"Picture from cell {number}: {first_line(cell.source)}"
        for output in cell.get("outputs", []):
            for encoded, alt in _pictures(output):
                with contextlib.suppress(*_UNDECODABLE):
                    found.append(Thumbnail(_shrink(encoded, size_px), alt or fallback))
    return found


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


def _shrink(encoded: str, size_px: tuple[int, int]) -> str:
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        small = picture.convert("RGBA")
    small.thumbnail(size_px)
    # On white, as in a notebook: charts are often drawn on nothing, in dark lines.
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small.getchannel("A"))
    stream = io.BytesIO()
    paper.save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
