"""The lanes of ``python -m curator test``, one after the other, and their totals."""

import dataclasses
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from notebook_utils.errors import WorkshopError

from .checks import Check, print_findings
from .collection import read_collection
from .progress import RunProgress
from .results import BAD


@dataclasses.dataclass(frozen=True)
class Checkout:
    """What is tested, and how.

    Attributes
    ----------
    root
        The checkout.
    output
        The folder for reports and logs.
    pytest_arguments
        Further words for pytest in the unit lane.
    """

    root: Path
    output: Path
    pytest_arguments: tuple[str, ...] = ()


@dataclasses.dataclass
class Outcome:
    """What came of one lane: counts, seconds, and why it was not run if it was not."""

    lane: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    not_run: str = ""


Lane = Callable[[Checkout], Outcome]


def run_lanes(checkout: Checkout, everything: bool = False) -> int:
    """Run the lanes and print a table and the totals.

    Parameters
    ----------
    checkout
        What to test.
    everything
        Also the lanes that take long.

    Returns
    -------
    int
        0 if nothing failed, 1 if something did. The last line that is printed is
        ``N passed, N failed``, over all lanes.
    """
    checkout.output.mkdir(parents=True, exist_ok=True)
    lanes = {**QUICK, **(LONG if everything else {})}
    outcomes = []
    for name, lane in lanes.items():
        print(f"\n== {name} ==", flush=True)
        started = time.monotonic()
        outcome = _run_lane(name, lane, checkout)
        outcome.seconds = time.monotonic() - started
        outcomes.append(outcome)
    print()
    Console().print(_table(outcomes))
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def unit(checkout: Checkout) -> Outcome:
    """Run the unit tests and doctests, as pyproject.toml describes them."""
    return _pytest("unit", checkout, checkout.pytest_arguments)


def _pytest(lane: str, checkout: Checkout, arguments: Sequence[str]) -> Outcome:
    report = checkout.output / f"{lane}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}"]
    status = subprocess.call([*command, *arguments], cwd=checkout.root)
    outcome = Outcome(lane)
    if report.is_file():
        counts = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - our own
        if counts is not None:
            number = {key: int(counts.get(key, 0)) for key in _JUNIT}
            outcome.failed = number["failures"] + number["errors"]
            outcome.skipped = number["skipped"]
            outcome.passed = number["tests"] - outcome.failed - outcome.skipped
    if status and not outcome.failed:  # nothing was collected, or pytest broke down
        print(f"pytest ended with status {status}.")
        outcome.failed = 1
    return outcome


def style(checkout: Checkout) -> Outcome:
    """Hold the rules against the lessons, run ruff and mypy, look for drift."""
    from .lint import check_tools, lint_lessons
    from .sync import sync

    lessons = read_collection(checkout.root / "notebooks").lessons
    return _outcome(
        "style",
        [
            *lint_lessons(lessons, checkout.root),
            *check_tools(checkout.root),
            *sync(checkout.root, check=True),
        ],
    )


def notebooks(checkout: Checkout) -> Outcome:
    """Run every lesson under nbval."""
    from .notebooks_lane import check_lessons

    lessons = read_collection(checkout.root / "notebooks").lessons
    results = check_lessons(lessons, checkout.output, RunProgress())
    print(f"The report: {checkout.output / 'index.html'}")
    statuses = [result.status for result in results]
    return Outcome(
        "notebooks",
        passed=statuses.count("passed"),
        failed=sum(status in BAD for status in statuses),
        skipped=statuses.count("skipped"),
    )


def install(checkout: Checkout) -> Outcome:
    """Install and start a fresh clone."""
    from .install_lane import check_install

    return _outcome("install", check_install(checkout.root, checkout.output))


def published(checkout: Checkout) -> Outcome:
    """Run the lessons on the published files that lie at hand."""
    from .published_lane import VARIABLE, check_published, folder_at_hand

    folder = folder_at_hand()
    if folder is None:
        return _not_run("published", f"{VARIABLE} is not set")
    lessons = read_collection(checkout.root / "notebooks").lessons
    output = checkout.output / "published"
    checks, lacking = check_published(lessons, checkout.root, output, folder)
    outcome = _outcome("published", checks)
    outcome.skipped = lacking
    return outcome


def browser(checkout: Checkout) -> Outcome:
    """Do what a newcomer does in JupyterLab, in a real Chromium."""
    if not any(map(shutil.which, CHROMIUM)):
        return _not_run("browser", "Chromium is not installed", must_run=True)
    outcome = _pytest("browser", checkout, ("-m", "browser", "tests/browser"))
    print(f"The screenshots: {checkout.output / 'browser'}")
    return outcome


def hub(checkout: Checkout) -> Outcome:
    """Hold a class of ten in a hub that was just installed."""
    from .hub.lane import check_hub, why_not_here

    reason = why_not_here()
    if reason:
        return _not_run("hub", reason, must_run=True)
    return _outcome("hub", check_hub(checkout.root, checkout.output))


def _not_run(lane: str, reason: str, must_run: bool = False) -> Outcome:
    """Say why a lane was not run: a failure in CI, which installs what it needs."""
    print(f"not run, because {reason}")
    failed = int(must_run and bool(os.environ.get("CI")))
    return Outcome(lane, failed=failed, not_run=reason)


QUICK: dict[str, Lane] = {"unit": unit, "style": style, "notebooks": notebooks}
LONG: dict[str, Lane] = {
    "install": install,
    "published": published,
    "browser": browser,
    "hub": hub,
}

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_JUNIT = ("tests", "failures", "errors", "skipped")


def _run_lane(name: str, lane: Lane, checkout: Checkout) -> Outcome:
    try:
        return lane(checkout)
    except (WorkshopError, ValueError) as error:  # a wrong list of lessons, say
        print(error)
        return Outcome(name, failed=1)


def _outcome(lane: str, checks: Sequence[Check]) -> Outcome:
    print_findings(checks)
    passed = sum(check.passed for check in checks)
    return Outcome(lane, passed=passed, failed=len(checks) - passed)


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Lane")
    table.add_column("Result")
    for heading in ("Seconds", "Passed", "Failed", "Skipped"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        result = "✗ failed" if outcome.failed else "✓ passed"
        if outcome.not_run:
            mark = "✗" if outcome.failed else "·"
            result = f"{mark} not run: {outcome.not_run}"
        table.add_row(
            outcome.lane,
            result,
            f"{outcome.seconds:.1f}",
            *(str(n) for n in (outcome.passed, outcome.failed, outcome.skipped)),
        )
    return table
