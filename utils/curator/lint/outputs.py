"""Rules about what is stored in a lesson: counts, outputs, pictures."""

import json
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from ..comparison import CHECKED, is_checked, why_not_comparable
from ..record import code_digest, read_record
from ..refresh import tidy
from .prose import HTML_PICTURE, undescribed
from .rules import Found, Notebook, rule

# What a page on a code-hosting site still shows, and what a clone of it costs.
MOST_KB = 4000

# A folder of a person or of one run, not part of an address (https://host/home/x) or
# of a picture's bytes.
_MACHINE_PATH = re.compile(
    r"(?:(?<![\w.~+/=-])|(?<=file://))/(?:home|Users|root|tmp)/[\w.]+"
    r"|\b[A-Za-z]:(?:\\+|/)Users\b"
)


@rule("Run 'python -m curator refresh'.")
def execution_counts(notebook: Notebook) -> Iterator[Found]:
    """Demand counts of 1, 2, 3 ... down the page, which only one clean run gives."""
    for number, (index, cell) in enumerate(notebook.code, start=1):
        if cell.execution_count != number:
            found = cell.execution_count
            yield index, f"Its execution count is {found}, expected {number}."
            return  # those below are wrong for the same reason


@rule("Run 'python -m curator refresh'.")
def stale_outputs(notebook: Notebook) -> Iterator[Found]:
    """Demand outputs that come from the code above them, also where unchecked."""
    path = notebook.lesson.path
    entry = read_record(path.parent).get(path.name)
    if entry is None:
        yield None, "It was never refreshed."
    elif entry.code != code_digest(notebook.content):
        yield None, "Its code or tags changed since its outputs were stored."


@rule("Run 'python -m curator refresh', which removes it.")
def unwanted_metadata(notebook: Notebook) -> Iterator[Found]:
    """Refuse what only makes changes hard to read."""
    clean = tidy(notebook.content)
    if not notebook.content.metadata.items() <= clean.metadata.items():
        yield None, f"It has the metadata {dict(notebook.content.metadata)}."
    for index, cell in enumerate(notebook.content.cells):
        if cell != clean.cells[index]:
            yield index, f"It has the metadata {dict(cell.metadata)} or a widget view."


@rule("Tag what must be the same everywhere, and run 'python -m curator refresh'.")
def checked_outputs(notebook: Notebook) -> Iterator[Found]:
    """Demand something to compare of each tagged cell: nbval fails open."""
    checked = [(index, cell) for index, cell in notebook.code if is_checked(cell)]
    if notebook.code and not checked:
        yield None, f"No cell is tagged {CHECKED}."
    for index, cell in checked:
        if why_not := why_not_comparable(cell):
            yield index, why_not


@rule("Mend the cell and run 'python -m curator refresh'.")
def stored_errors(notebook: Notebook) -> Iterator[Found]:
    """Spare readers the traceback of somebody else's run."""
    for index, cell in notebook.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield index, f"A {output.ename} is stored in its output."


@rule("Print a path relative to the notebook or to the output folder.")
def machine_paths(notebook: Notebook) -> Iterator[Found]:
    """Refuse what shows where the notebook was run: a home, a temporary folder."""
    for index, content in _texts(notebook.content):
        text = json.dumps(content, ensure_ascii=False)
        found = _MACHINE_PATH.search(text)
        if str(notebook.root) in text:
            yield index, f"It holds the path of this checkout, {notebook.root}."
        elif found:
            yield index, f"It holds the path {found[0]!r} of one machine."


@rule("Show fewer or smaller pictures, or print less.")
def output_size(notebook: Notebook) -> Iterator[Found]:
    """Keep a lesson small enough to be looked at where code is hosted."""
    outputs = [cell.outputs for _, cell in notebook.code]
    size_kb = len(json.dumps(outputs, ensure_ascii=False).encode()) / 1000
    if size_kb > MOST_KB:
        yield None, f"Its outputs take {size_kb:.0f} kB; at most {MOST_KB} fit."


@rule("Show it with show_images or show_figure and their alt text.")
def shown_pictures(notebook: Notebook) -> Iterator[Found]:
    """Ask of every picture in an output what it shows."""
    for index, cell in notebook.code:
        if any(map(_lacks_alt, cell.outputs)):
            yield index, "It shows a picture that is not described."


def _lacks_alt(output: NotebookNode) -> bool:
    data, metadata = output.get("data", {}), output.get("metadata", {})
    html = data.get("text/html", "")
    if HTML_PICTURE.search(html):
        return bool(undescribed(html))
    pictures = [mime for mime in data if mime.startswith("image/")]
    described = [metadata, *(metadata.get(mime, {}) for mime in pictures)]
    return bool(pictures) and not any(about.get("alt") for about in described)


def _texts(notebook: NotebookNode) -> Iterator[tuple[int | None, object]]:
    """Yield all that a notebook holds but for the bytes of pictures."""
    yield None, notebook.metadata
    for index, cell in enumerate(notebook.cells):
        yield index, [cell.source, cell.metadata]
        for output in cell.get("outputs", []):
            data = {
                mime: content
                for mime, content in output.get("data", {}).items()
                if not mime.startswith("image/") or mime == "image/svg+xml"
            }
            yield index, {**output, "data": data}
