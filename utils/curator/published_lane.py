"""Runs lessons on published files that lie at hand, through a mirror on loopback.

The folder that the environment variable ``PUBLISHED_FILES`` names holds the files in
``files/`` and says in ``manifest.tsv`` what each is. Some are not the files that
the catalogue means but others of the same kind; for these an overlay, which is a test
fixture, says how the lesson has to use them. The kernels read it as a further catalogue
(``observer.CATALOGUES``), and write down what they load (``observer.observed``).
"""

import csv
import dataclasses
import os
import shutil
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from notebook_utils.download import ExpectedFile
from notebook_utils.errors import WorkshopError
from notebook_utils.kits.cache import sums_of
from notebook_utils.kits.catalogue import catalogue
from notebook_utils.kits.mirrors import write_index
from notebook_utils.kits.serve import FolderServer

from .checks import Check
from .collection import Lesson
from .observer import CATALOGUES
from .progress import RunProgress
from .results import LessonResult
from .runner import run_lessons

VARIABLE = "PUBLISHED_FILES"
OVERLAY = Path("tests") / "fixtures" / "published_overlay.toml"


@dataclasses.dataclass(frozen=True)
class AtHand:
    """A file of the folder: where it is, what it is, and where it is published."""

    path: Path
    kind: str
    url: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """What of a kit is at hand.

    Attributes
    ----------
    kit
        Its name.
    files
        From the names in the kit to the files at hand; empty if one is missing.
    why_not
        Why it cannot be completed; empty if it can.
    """

    kit: str
    files: Mapping[str, AtHand]
    why_not: str = ""

    @property
    def kind(self) -> str:
        """``"substitute"`` where a file stands in for another one, else ``"real"``."""
        kinds = [file.kind for file in self.files.values()]
        substitutes = [kind for kind in kinds if kind.startswith("substitute")]
        older = [kind.partition(":")[0] for kind in kinds if "older" in kind]
        return "substitute" if substitutes else next(iter(older), "real")


def check_published(
    lessons: Sequence[Lesson], root: Path, output: Path, folder: Path
) -> tuple[list[Check], int]:
    """Run the lessons whose kits can be completed, and print a table of the kits.

    Parameters
    ----------
    lessons
        All lessons of the checkout.
    root
        The checkout, which holds the overlay.
    output
        The folder for the report.
    folder
        What ``PUBLISHED_FILES`` names.

    Returns
    -------
    list of Check
        One for each lesson that was run; one for each kit that could be completed,
        which finds something if no lesson loaded it from the mirror.
    int
        How many kits of the lessons cannot be completed.
    """
    overlay = root / OVERLAY
    plans = plan_kits(folder, overlay)
    used = {kit for lesson in lessons for kit in lesson.kits}
    complete = {p.kit for p in plans if p.kit in used and not p.why_not}
    chosen = [lesson for lesson in lessons if complete & set(lesson.kits)]
    with tempfile.TemporaryDirectory(prefix="curator-published-") as temporary:
        mirror = Path(temporary) / "mirror"
        make_mirror([plan for plan in plans if plan.kit in complete], mirror)
        with served(mirror) as address:
            environment = {
                **mirror_environment(address, Path(temporary) / "cache"),
                CATALOGUES: str(overlay),
            }
            results = run(chosen, output, environment)
    shown = [plan for plan in plans if plan.kit in used]
    Console().print(table(shown, results))
    lacking = sum(bool(plan.why_not) for plan in shown)
    return [*map(_lesson_check, results), *_kit_checks(complete, results)], lacking


def plan_kits(folder: Path, overlay: Path) -> list[Plan]:
    """Find out which published kits the files at hand complete.

    Parameters
    ----------
    folder
        With ``files/`` and ``manifest.tsv``.
    overlay
        Which file stands in for which.

    Returns
    -------
    list of Plan
        One for each kit, in the order of the catalogue.

    Raises
    ------
    WorkshopError
        The manifest is missing, or a file is not the one that it describes.
    """
    at_hand = read_manifest(folder)
    changes = tomllib.loads(overlay.read_text(encoding="utf-8"))
    plans = []
    for name, entry in catalogue().items():
        if entry.published is None:
            plans.append(Plan(name, {}, "never published"))
            continue
        ours = [{"name": f.name, "url": f.source} for f in entry.published.files]
        changed = changes.get(name, {}).get("published", {})
        plans.append(_plan(name, changed.get("files", ours), at_hand))
    return plans


def read_manifest(folder: Path) -> dict[str, AtHand]:
    """Read what the files at hand are, and check that they are what it says.

    Parameters
    ----------
    folder
        With ``files/`` and ``manifest.tsv``.

    Returns
    -------
    dict
        From the name in ``files/`` to what it is.

    Raises
    ------
    WorkshopError
        There is no manifest, or a file is missing or another one.
    """
    manifest = folder / "manifest.tsv"
    if not manifest.is_file():
        raise WorkshopError(f"{VARIABLE} names {folder}, which has no manifest.tsv.")
    found = {}
    with manifest.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            path = folder / "files" / row["file"]
            wanted = ExpectedFile(row["sha256"], int(row["bytes"]))
            fault = wanted.mismatch(path) if path.is_file() else "it is missing"
            if fault:
                raise WorkshopError(f"{path} is not as manifest.tsv says: {fault}.")
            found[row["file"]] = AtHand(path, row["kind"], row["url"])
    return found


def make_mirror(plans: Sequence[Plan], folder: Path) -> None:
    """Copy kits into a folder, with an index of them.

    Parameters
    ----------
    plans
        The kits, all of which can be completed.
    folder
        The mirror, made if it is not there.
    """
    index = {}
    for plan in plans:
        (folder / plan.kit).mkdir(parents=True)
        for name, file in plan.files.items():
            shutil.copyfile(file.path, folder / plan.kit / name)
        index[plan.kit] = sums_of(folder / plan.kit, plan.files)
    write_index(folder, index)


def mirror_environment(place: str, cache: Path) -> dict[str, str]:
    """Return the variables with which a lesson takes what a mirror lists.

    Parameters
    ----------
    place
        The mirror: a folder or an address.
    cache
        A folder to keep kits in, so that the user's own cache plays no part.

    Returns
    -------
    dict
        ``auto``, so that kits which the mirror lacks are included.
    """
    return {
        "NOTEBOOK_KITS": "auto",
        "NOTEBOOK_KITS_MIRROR": place,
        "NOTEBOOK_KITS_CACHE": str(cache),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def run(
    lessons: Sequence[Lesson], output: Path, environment: Mapping[str, str]
) -> list[LessonResult]:
    """Run lessons with further variables and return what came of them."""
    results = run_lessons(lessons, output, RunProgress(), environment)
    print(f"The report: {output / 'index.html'}")
    return results


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback.

    Yields
    ------
    str
        Its address.
    """
    with FolderServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


def origins(results: Sequence[LessonResult], kit: str) -> dict[str, str]:
    """Return from which origins lessons loaded a kit, and why, the last one counts."""
    return {
        entry["origin"]: entry["reason"]
        for result in results
        for entry in result.kits
        if entry["kit"] == kit
    }


def table(plans: Sequence[Plan], results: Sequence[LessonResult]) -> Table:
    """Lay out which kits ran published, which did not, and why."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("Kit", no_wrap=True)
    shown.add_column("Ran", no_wrap=True)
    shown.add_column("Files")
    shown.add_column("Why not")
    for plan in plans:
        loaded = origins(results, plan.kit)
        if "published" in loaded:
            shown.add_row(plan.kit, "✓ published", plan.kind)
        else:
            why = plan.why_not or loaded.get("included", "no lesson loaded it")
            shown.add_row(plan.kit, "· included", "", why)
    return shown


def folder_at_hand() -> Path | None:
    """Return the folder that ``PUBLISHED_FILES`` names, None where it is not set."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else None


def _plan(
    name: str, files: Sequence[Mapping[str, Any]], at_hand: Mapping[str, AtHand]
) -> Plan:
    by_url = {file.url: file for file in at_hand.values() if file.url}
    found = {}
    for facts in files:
        stand_in = facts.get("file")
        file = at_hand.get(stand_in) if stand_in else by_url.get(facts.get("url", ""))
        if file is None:
            return Plan(name, {}, f"{facts['name']} is not at hand")
        if not stand_in and not file.kind.startswith("real"):
            return Plan(name, {}, f"of {facts['name']} only another file is at hand")
        found[facts["name"]] = file
    return Plan(name, found)


def _lesson_check(result: LessonResult) -> Check:
    if result.status in ("passed", "skipped"):
        return Check(result.name)
    findings = [f"{result.name}: {result.reason}"]
    if result.failing_cell:
        findings.append(result.failing_cell.traceback or result.failing_cell.source)
    return Check(result.name, tuple(findings))


def _kit_checks(kits: set[str], results: Sequence[LessonResult]) -> list[Check]:
    checks = []
    for kit in sorted(kits):
        loaded = origins(results, kit)
        why = loaded.get("included", "no lesson loaded it")
        finding = () if "published" in loaded else (f"{kit} did not run: {why}",)
        checks.append(Check(kit, finding))
    return checks
