"""Which code the stored outputs of a lesson come from, and what that run was like.

A notebook itself cannot tell: its code may have been changed since it was run. So
``notebooks/refreshed.json`` keeps the sha256 of the code with a few figures of the run.
Prose is not part of it: a sentence can be mended without running anything.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode

from .files import code_cells, tags, write_text

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
    code = [[cell.source, tags(cell)] for _, cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def read_record(folder: Path) -> dict[str, Refreshed]:
    """Read what is known of the lessons in a folder, by file name."""
    path = folder / FILE_NAME
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: Refreshed(**entry) for name, entry in content.items()}


def write_entry(folder: Path, name: str, entry: Refreshed) -> None:
    """Enter one lesson."""
    write_text(folder / FILE_NAME, record_text({**read_record(folder), name: entry}))


def record_text(record: Mapping[str, Refreshed]) -> str:
    """Return a record as it is stored."""
    content = {name: dataclasses.asdict(record[name]) for name in sorted(record)}
    return json.dumps(content, indent=1) + "\n"
