"""What the README and the lessons say about a lesson: memory, download, result.

All of it comes from the list of lessons, the record of their last refresh and
the catalogue of kits: nothing is kept by hand.
"""

import math

from notebook_utils.kits.catalogue import catalogue

from .collection import Lesson
from .comparison import is_checked
from .execution import code_cells
from .notebooks import read_notebook
from .record import code_digest, read_record


def memory(lesson: Lesson) -> str:
    """Say how much memory a lesson held when it was refreshed, or may hold at most.

    Returns
    -------
    str
        Gigabytes (10**9 bytes), rounded up to one digit, such as ``"0.7 GB"``.
    """
    entry = read_record(lesson.path.parent).get(lesson.path.name)
    megabytes = entry.peak_memory_mb if entry else lesson.memory_mb
    return f"{math.ceil(megabytes / 100) / 10:.1f} GB"


def download(lesson: Lesson) -> str:
    """Say how much a lesson fetches where there is a network and nothing is set.

    Returns
    -------
    str
        The sum over the published files that ``auto`` takes, each address once; or
        ``"none"``.
    """
    sizes: dict[str, int] = {}
    for kit in lesson.kits:
        entry = catalogue().get(kit)
        if entry and entry.published and entry.verified and entry.is_permissive:
            for file in entry.published.files:
                sizes[file.source] = file.expected.size_bytes or 0
    return f"{math.ceil(sum(sizes.values()) / 1e6)} MB" if sizes else "none"


def result(lesson: Lesson) -> str:
    """Say what came of a lesson when its stored outputs were made."""
    if lesson.skip is not None:
        return f"skipped until {lesson.skip.until}: {lesson.skip.reason}"
    entry = read_record(lesson.path.parent).get(lesson.path.name)
    if entry is None:
        return "not run yet"
    notebook = read_notebook(lesson.path)
    if entry.code != code_digest(notebook):
        return "changed since it was run"
    checked = sum(is_checked(cell) for _, cell in code_cells(notebook))
    return f"✓ passed, {checked} checked output{'s' * (checked != 1)}"


def facts_line(lesson: Lesson) -> str:
    """Return the sentence that stands below the title page of a lesson."""
    fetched = download(lesson)
    online = "downloads nothing" if fetched == "none" else f"may download {fetched}"
    minutes = f"{lesson.minutes:g} minute{'s' * (lesson.minutes != 1)}"
    return (
        f"This page takes about {minutes}, "
        f"needs {memory(lesson)} of memory and {online}."
    )
