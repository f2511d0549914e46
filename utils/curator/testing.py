"""Calls pytest once for each stage of ``python -m curator test`` and adds up."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

# One worker per core for the unit tests; everything else runs one at a time.
UNIT = ("-n", "logical", "--dist", "worksteal")
QUICK = {
    "style": "tests/test_style.py",
    "site": "tests/test_site.py",
    "notebooks": "tests/test_notebooks.py",
}
LONG = {
    "install": "tests/test_install.py",
    "published": "tests/test_published.py",
    "browser": "tests/browser",
    "hub": "tests/hub",
}


class Outcome(NamedTuple):
    """What came of one stage; `note` says why nothing of it was run."""

    stage: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    note: str


def run_stages(
    root: Path, words: Sequence[str] = (), *, everything: bool = False
) -> int:
    """Run the tests of a checkout, stage by stage, and print what came of them.

    Parameters
    ----------
    root
        The checkout. Reports and logs go to its ``build/test``.
    words
        Further words for pytest, in the stage of the unit tests.
    everything
        Also the stages that take long.

    Returns
    -------
    int
        0 if nothing failed, 1 if something did. The last line that is printed is
        ``N passed, N failed``, over all stages.
    """
    stages = {"unit": (*UNIT, *words)}
    for mark, place in (QUICK | LONG if everything else QUICK).items():
        stages[mark] = ("-v", "-m", mark, place)
    outcomes = [_run(stage, words, root) for stage, words in stages.items()]
    table = Table("Stage", box=None, pad_edge=False)
    for heading in ("Passed", "Failed", "Skipped", "Seconds"):
        table.add_column(heading, justify="right")
    table.add_column()
    for stage, *counts, seconds, note in outcomes:
        table.add_row(stage, *map(str, counts), f"{seconds:.0f}", note)
    Console().print("", table)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"\n{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


def _run(stage: str, words: Sequence[str], root: Path) -> Outcome:
    print(f"\n== {stage} ==", flush=True)
    report = root / "build" / "test" / f"{stage}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *words]
    started = time.monotonic()
    status = subprocess.call([*_superuser(stage), *command], cwd=root)
    seconds = time.monotonic() - started
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    note = ""
    if report.is_file():
        suite = ET.parse(report).getroot()[0]  # noqa: S314 - our own
        counts = {name: int(suite.get(name, 0)) for name in counts}
        if counts["skipped"] == counts["tests"] > 0:
            reason = suite.find(".//skipped")
            note = "" if reason is None else reason.get("message", "")
    failed = counts["failures"] + counts["errors"]
    if status and not failed:  # nothing was collected, or pytest broke down
        print(f"pytest ended with status {status}.")
        failed = 1
    passed = max(0, counts["tests"] - failed - counts["skipped"])
    return Outcome(stage, passed, failed, counts["skipped"], seconds, note)


def _superuser(stage: str) -> list[str]:
    """Begin the hub's command with sudo: each student needs a user id."""
    sudo = ["sudo", "-n", "--preserve-env"]
    if stage != "hub" or sys.platform != "linux" or os.geteuid() == 0:
        return []
    asked = subprocess.run([*sudo, "true"], capture_output=True, check=False)
    return sudo if asked.returncode == 0 else []
