"""Verifies a published kit: fetches it, runs its lessons on it, and writes the lock.

``auto`` gives learners only published files that are verified: their bytes are pinned
in ``catalogue.lock.json``, and the lessons were run on these very bytes.
"""

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from notebook_utils.download import ExpectedFile
from notebook_utils.errors import KitError, WorkshopError
from notebook_utils.kits import catalogue
from notebook_utils.kits.catalogue import Lock, PublishedFile, lock_of
from notebook_utils.kits.hosts import ASK_ANYWAY, fetch
from notebook_utils.kits.mirrors import Sums, sums_of, write_index

from .collection import Lesson
from .files import write_text
from .observer import observed, read_events
from .runner import run_lessons


def verify_kits(
    kits: Sequence[str],
    lessons: Sequence[Lesson],
    output: Path,
    folder: Path | None = None,
) -> int:
    """Verify kits, or all that `lessons` use; return 0 if all are verified, else 1.

    Files and reports go to `output`; what is in it is lost. With `folder` the bytes
    come from its ``files/``, as far as its ``manifest.tsv`` calls them real, and not
    from the hosts; they are pinned even where their kit lacks others.
    """
    used = {kit for lesson in lessons for kit in lesson.kits}
    chosen = list(kits) or [
        name
        for name, entry in catalogue.catalogue().items()
        if name in used and entry.published and not entry.verified
    ]
    failed = 0
    for kit in chosen:
        print(f"\n== {kit} ==", flush=True)
        try:
            problems = _verify(kit, lessons, output / kit, folder)
        except WorkshopError as error:  # keeps no other kit from it
            problems = [str(error)]
        for problem in problems:
            print(f"Not verified: {problem}")
        failed += bool(problems)
    print(f"\n{len(chosen) - failed} verified, {failed} not")
    return 1 if failed else 0


def _verify(
    kit: str, lessons: Sequence[Lesson], output: Path, folder: Path | None
) -> list[str]:
    """Verify one kit and write the lock; say why not if it fails."""
    entry = catalogue.catalogue().get(kit)
    if entry is None or entry.published is None:
        raise KitError(f"There is no kit {kit!r} that was published.")
    shutil.rmtree(output, ignore_errors=True)
    mirror = output / "mirror"
    files, lacking = _at_hand(entry.published.files, folder)
    for file in files:
        # Whatever the lock pins: here it is noticed that a host has another file now.
        unpinned = replace(file, expected=ExpectedFile())
        fetch(unpinned, mirror / kit / file.name, ASK_ANYWAY)
    sums = sums_of(mirror / kit, [file.name for file in files])
    sources = {file.name: file.source for file in entry.published.files}
    pins = {sources[name]: pin for name, pin in sums.items()}
    if folder is not None:
        _write_lock(pins)
    if lacking:
        return [f"{', '.join(lacking)}: not at hand"]
    write_index(mirror, {kit: sums})
    # For the lessons these are the files, and nothing is expected of them yet.
    changes = output / "catalogue.toml"
    write_text(changes, "")
    write_text(lock_of(changes), Lock(pins, {kit: {"expected": {}}}).text)
    expected, problems = _run(kit, entry.published.origin, lessons, output.resolve())
    if not problems:
        _write_lock(pins, {kit: {"expected": expected}})
    return problems


def _at_hand(
    files: Sequence[PublishedFile], folder: Path | None
) -> tuple[list[PublishedFile], list[str]]:
    """Return the files with their addresses, and the names of those not at hand."""
    if folder is None:
        return list(files), []
    manifest = folder / "manifest.tsv"
    if not manifest.is_file():
        raise KitError(f"There is no {manifest}; --files names the folder that has it.")
    paths = {}
    with manifest.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for row in rows:
        if row["kind"].partition(":")[0] == "real":
            path = folder / "files" / row["file"]
            described = ExpectedFile(row["sha256"], int(row["bytes"]))
            fault = PublishedFile(row["file"], expected=described).mismatch(path)
            if fault:
                raise KitError(f"{path} is not as manifest.tsv says: {fault}.")
            paths[row["url"]] = str(path)
    found = [
        replace(file, addresses=(paths[file.source],))
        for file in files
        if file.source in paths
    ]
    return found, [file.name for file in files if file.source not in paths]


def _run(
    kit: str, origin: str, lessons: Sequence[Lesson], output: Path
) -> tuple[dict[str, Any], list[str]]:
    """Run a kit's lessons on a mirror; return what they found, and what went wrong."""
    users = [lesson for lesson in lessons if kit in lesson.kits]
    log = output / "events.jsonl"
    catalogues = [*catalogue.CATALOGUES[1:], output / "catalogue.toml"]
    environment = {
        "NOTEBOOK_KITS": "auto",  # a kit that the mirror lacks is included
        "NOTEBOOK_KITS_MIRROR": str(output / "mirror"),
        "NOTEBOOK_KITS_CACHE": str(output / "cache"),
        **observed(log, catalogues),
    }
    results = run_lessons(users, output, Console(), environment)
    problems = [
        f"{result.name} {result.status}: {result.reason}"
        for result in results
        if result.status != "passed"
    ]
    of_kit = (origin, kit)
    events = [e for e in read_events(log) if (e["origin"], e["kit"]) == of_kit]
    if not events:
        problems.append(f"no lesson loaded {kit} from its {origin} files")
    expected: dict[str, Any] = {}
    for event in events:
        if "what" in event:
            what, found = event["what"], event["found"]
            if expected.setdefault(what, found) != found:
                problems.append(f"the {what} was {expected[what]!r}, then {found!r}")
    return expected, problems


def _write_lock(pins: Sums, kits: Mapping[str, Any] | None = None) -> None:
    """Enter pins and verified kits; one whose file has changed is verified no more."""
    path = lock_of(catalogue.CATALOGUES[-1])
    lock = Lock.read(path)
    changed = {s for s, pin in pins.items() if lock.files.get(s, pin) != pin}
    for name, entry in catalogue.catalogue().items():
        files = entry.published.files if entry.published else ()
        if name in lock.kits and changed & {file.source for file in files}:
            del lock.kits[name]
            print(f"{name} is verified no more: a file of it has changed.")
    lock.files |= pins
    lock.kits |= kits or {}
    write_text(path, lock.text)
    print(f"Written to {path}")
