"""The public record of runs: a small file for each, and the tables made of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .collection import Lesson
from .files import write_json

SHOWN_RUNS = 10
# What the weekly workflow runs on; a run elsewhere adds a column.
_COLUMNS = [(s, p) for s in ("Linux", "macOS", "Windows") for p in ("3.11", "3.13")]


def record_run(report: Path, folder: Path) -> Path:
    """Keep of the report of a run what the page shows.

    Parameters
    ----------
    report
        The ``report.json`` of ``start.py test``, which compares outputs, or of
        ``start.py run``, which does not.
    folder
        Where the runs are kept.

    Returns
    -------
    Path
        The new file, named after the time, the system and the version of Python.
    """
    content = json.loads(report.read_text(encoding="utf-8"))
    versions = dict(content["versions"])
    system = versions.pop("platform").partition("-")[0]
    python = ".".join(versions["python"].split(".")[:2])
    kept = ("status", "compared", "wall_s", "peak_memory_mb")
    run = {
        "made": content["made"],
        "system": system,
        "python": python,
        "versions": versions,
        "lessons": {
            lesson["name"]: {key: lesson[key] for key in kept}
            for lesson in content["lessons"]
        },
    }
    made = content["made"][:16].replace(":", "")
    path = folder / f"{made}-{system}-{python}.json"
    write_json(path, run)
    return path


def status_tables(folder: Path, lessons: Iterable[Lesson]) -> dict[str, str]:
    """Return the tables of the status page in markdown.

    Parameters
    ----------
    folder
        Where the runs are kept; it may be missing.
    lessons
        The rows of the first table.

    Returns
    -------
    dict
        ``results``: the last run of each lesson on each system; ``versions`` of the
        packages in these runs; ``runs``: the last ten.
    """
    paths = sorted(folder.glob("*.json"), reverse=True)
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    latest = {(run["system"], run["python"]): run for run in reversed(runs)}
    columns = sorted({*_COLUMNS, *latest})
    heads = [f"{system}, {python}" for system, python in columns]
    found = [latest.get(column, {}) for column in columns]
    results = [
        [f"{lesson.number}", *(_result(run, lesson) for run in found)]
        for lesson in lessons
    ]
    packages = sorted({name for run in found for name in run.get("versions", {})})
    versions = [
        [name, *(run.get("versions", {}).get(name, "") for run in found)]
        for name in packages
    ]
    shown = [
        [_minute(run), run["system"], run["python"], _verdict(run)]
        for run in runs[:SHOWN_RUNS]
    ]
    return {
        "results": _table(["lesson", *heads], results),
        "versions": _table(["package", *heads], versions),
        "runs": _table(["UTC", "system", "Python", "result"], shown),
    }


def _result(run: dict[str, Any], lesson: Lesson) -> str:
    result = run.get("lessons", {}).get(lesson.name, {"status": "not_run"})
    if result["status"] in ("not_run", "skipped"):
        return str(result["status"]).replace("_", " ")
    return (
        f"{result['status']}<br>{result['compared'] or 'no'} outputs compared<br>"
        f"{result['wall_s']:.0f} s, {result['peak_memory_mb'] / 1000:.1f} GB"
    )


def _minute(run: dict[str, Any]) -> str:
    return str(run["made"])[:16].replace("T", " ")


def _verdict(run: dict[str, Any]) -> str:
    statuses = [lesson["status"] for lesson in run["lessons"].values()]
    return f"{statuses.count('passed')} of {len(statuses)} lessons passed"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
