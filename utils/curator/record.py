"""Which code the stored outputs of a lesson come from, and what that run was like.

A notebook itself cannot tell: its code may have been changed since it was run. So
``notebooks/refreshed.json`` keeps the sha256 of the code with a few figures of the run.
Prose is not part of it: a sentence can be mended without running anything.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from .execution import code_cells
from .files import write_text

FILE_NAME = "refreshed.json"


@dataclasses.dataclass(frozen=True)
class Refreshed:
    """The run that the stored outputs of a lesson come from.

    Attributes
    ----------
    code
        Sha256 of the code and tags of its cells.
    peak_memory_mb
        The most resident memory it held, in megabytes (10**6 bytes).
    cpu_s
        CPU-seconds it used.
    """

    code: str
    peak_memory_mb: int
    cpu_s: int


def code_digest(notebook: NotebookNode) -> str:
    """Return the sha256 of all code and tags: what the outputs depend on."""
    code = [
        [cell.source, cell.metadata.get("tags", [])] for _, cell in code_cells(notebook)
    ]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def read_record(folder: Path) -> dict[str, Refreshed]:
    """Read what is known of the lessons in a folder, by file name."""
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: Refreshed(**entry) for name, entry in content.items()}


def write_entry(folder: Path, name: str, entry: Refreshed) -> None:
    """Enter one lesson."""
    write_text(folder / FILE_NAME, _text({**read_record(folder), name: entry}))


def record_of(folder: Path, names: Iterable[str]) -> str:
    """Return the record as it should be when there are these lessons and no others."""
    record = read_record(folder)
    return _text({name: record[name] for name in names if name in record})


def _text(record: dict[str, Refreshed]) -> str:
    content = {name: dataclasses.asdict(record[name]) for name in sorted(record)}
    return json.dumps(content, indent=1) + "\n"
