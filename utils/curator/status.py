"""The tables of the status page, from the reports of past runs."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .collection import Lesson

# What the weekly workflow runs on; a report from elsewhere adds a column.
_SYSTEMS = [
    f"{s}, {p}" for s in ("Linux", "macOS", "Windows") for p in ("3.11", "3.13")
]


def status_tables(folder: Path, lessons: Sequence[Lesson]) -> dict[str, str]:
    """Return the tables in markdown: ``results``, ``versions`` and ``runs``.

    Parameters
    ----------
    folder
        Where the reports are: each the ``report.json`` of a ``start.py test``, under a
        name of its own. It may be missing.
    lessons
        The rows of the table of results, whose columns are systems.
    """
    reports = (path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
    runs = sorted(map(json.loads, reports), key=lambda run: run["made"])
    for run in runs:
        system, python = run["versions"].pop("platform"), run["versions"]["python"]
        run["system"] = f"{system.split('-')[0]}, {python.rpartition('.')[0]}"
        run["results"] = {result["name"]: result for result in run["lessons"]}
    latest = {run["system"]: run for run in runs}
    systems = sorted({*_SYSTEMS, *latest})
    results = [
        [f"{lesson.number}", *(_result(latest.get(s), lesson) for s in systems)]
        for lesson in lessons
    ]
    packages = sorted({name for run in runs for name in run["versions"]})
    versions = [
        [system, *(run["versions"].get(name, "") for name in packages)]
        for system, run in sorted(latest.items())
    ]
    last = [[run["made"][:10], run["system"], _verdict(run)] for run in runs[-10:]]
    return {
        "results": _table(["lesson", *systems], results),
        "versions": _table(["system", *packages], versions),
        "runs": _table(["day", "system", "result"], reversed(last)),
    }


def _result(run: dict[str, Any] | None, lesson: Lesson) -> str:
    result = run and run["results"].get(lesson.name)
    if not result or result["status"] in ("not_run", "skipped"):
        return result["status"].replace("_", " ") if result else "not run"
    return (
        f"{result['status']}<br>{result['compared'] or 'no'} outputs compared<br>"
        f"{result['wall_s']:.0f} s, {result['peak_memory_mb'] / 1000:.1f} GB"
    )


def _verdict(run: dict[str, Any]) -> str:
    statuses = [result["status"] for result in run["lessons"]]
    return f"{statuses.count('passed')} of {len(statuses)} lessons passed"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
