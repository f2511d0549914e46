"""Proves a published kit: fetches it, runs its lessons on it, records what it is.

``auto`` gives learners only published files that are proven: their bytes are pinned in
``kits.toml``, and the lessons were run on these very bytes.
"""

import dataclasses
import json
import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from notebook_utils.errors import KitError, WorkshopError
from notebook_utils.kits import registry
from notebook_utils.kits.cache import sums_of
from notebook_utils.kits.hosts import ASKED_FOR
from notebook_utils.kits.mirrors import write_index
from notebook_utils.kits.published import PublishedFile, fetch

from .collection import Lesson
from .files import write_text
from .published_lane import mirror_environment, origins, run
from .results import BAD


@dataclasses.dataclass(frozen=True)
class Proof:
    """What is known of a kit after its lessons were run on it.

    Attributes
    ----------
    kit
        Its name.
    sums
        Size and sha256 of each file, as it came from its host.
    expected
        What the lessons found and `Kit.expect` was told.
    problems
        Why it is not proven, a line each; none if it is.
    """

    kit: str
    sums: Mapping[str, Mapping[str, str | int]]
    expected: Mapping[str, Any]
    problems: tuple[str, ...] = ()


def prove(
    kit: str, lessons: Sequence[Lesson], output: Path, *, write: bool = False
) -> int:
    """Prove a kit, and print or write what ``kits.toml`` should say about it.

    Parameters
    ----------
    kit
        Its name.
    lessons
        All lessons; those that use the kit are run.
    output
        A folder for the files and the report. What is in it is lost.
    write
        Change ``kits.toml`` if the kit is proven.

    Returns
    -------
    int
        0 if it is proven, else 1.

    Raises
    ------
    KitError
        The kit was never published, or no lesson uses it.
    DownloadError
        A file cannot be had.
    """
    users = _lessons_of(kit, lessons)
    shutil.rmtree(output, ignore_errors=True)
    proof = gather(kit, users, output)
    for file, facts in proof.sums.items():
        print(f"{file}: {facts['size_bytes']} bytes, sha256 {facts['sha256']}")
    for problem in proof.problems:
        print(f"Not proven: {problem}")
    if proof.problems:
        return 1
    text = propose(registry.REGISTRY.read_text(encoding="utf-8"), proof)
    print(f"\n{_section(text, kit)}")
    if write:
        write_text(registry.REGISTRY, text)
        print(f"Written to {registry.REGISTRY}")
    return 0


def prove_each(
    kits: Sequence[str] | None,
    lessons: Sequence[Lesson],
    output: Path,
    *,
    write: bool = False,
) -> int:
    """Prove kits one after the other; one that fails does not keep others from it.

    Parameters
    ----------
    kits
        Their names; if None, all that a lesson uses and that are published but not
        proven.
    lessons, output, write
        As for `prove`; each kit gets a folder of its own in `output`.

    Returns
    -------
    int
        0 if all are proven, else 1.
    """
    if kits is None:
        used = {kit for lesson in lessons for kit in lesson.kits}
        kits = [
            name
            for name, entry in registry.registry().items()
            if name in used and not entry.get("published", {}).get("proven", True)
        ]
    failed = []
    for kit in kits:
        print(f"\n== {kit} ==", flush=True)
        try:
            status = prove(kit, lessons, output / kit, write=write)
        except WorkshopError as error:
            if len(kits) == 1:
                raise
            print(error)
            status = 1
        if status:
            failed.append(kit)
    if failed:
        print(f"\nNot proven: {', '.join(failed)}")
    return 1 if failed else 0


def gather(kit: str, lessons: Sequence[Lesson], output: Path) -> Proof:
    """Fetch a kit from its hosts, and run lessons on it alone.

    Parameters
    ----------
    kit
        Its name.
    lessons
        Those that use it. Their other kits are what ``auto`` gives.
    output
        A folder for the files and the report.

    Returns
    -------
    Proof
        What the files are and what the lessons found.
    """
    mirror = output / "mirror"
    files = [
        PublishedFile.read(facts)
        for facts in registry.registry()[kit]["published"]["files"]
    ]
    for file in files:  # from the hosts: a cache or a mirror would prove itself
        fetch(file, mirror / kit / file.name, ASKED_FOR)
    sums = sums_of(mirror / kit, [file.name for file in files])
    write_index(mirror, {kit: sums})
    log = output / "found.jsonl"
    log.touch()
    environment = mirror_environment(str(mirror.resolve()), output / "cache")
    environment["NOTEBOOK_KITS_FOUND"] = str(log.resolve())
    results = run(lessons, output, environment)
    problems = [f"{r.name}: {r.reason}" for r in results if r.status in BAD]
    problems += [
        f"{r.name} is skipped: {r.reason}" for r in results if r.status == "skipped"
    ]
    if "published" not in origins(results, kit):
        problems.append(f"no lesson loaded {kit} from its published files")
    expected, contradictions = read_found(log, kit)
    return Proof(kit, sums, expected, (*problems, *contradictions))


def read_found(log: Path, kit: str) -> tuple[dict[str, Any], list[str]]:
    """Read what lessons found about a kit's published files.

    Parameters
    ----------
    log
        What `Kit.expect` wrote, a JSON object a line.
    kit
        The kit's name.

    Returns
    -------
    dict
        From what was found to its value.
    list of str
        A line for each result that was not always the same.
    """
    found: dict[str, Any] = {}
    contradictions = []
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if (entry["kit"], entry["origin"]) != (kit, "published"):
            continue
        what, value = entry["what"], entry["found"]
        if found.setdefault(what, value) != value:
            contradictions.append(f"the {what} was {found[what]!r}, then {value!r}")
    return found, contradictions


def propose(text: str, proof: Proof) -> str:
    """Return ``kits.toml`` with a kit proven; comments and order stay.

    Parameters
    ----------
    text
        The file as it is.
    proof
        What to enter.

    Returns
    -------
    str
        The file as it should be.

    Raises
    ------
    ValueError
        The section is written in another way than this function understands.
    """
    section = _section(text, proof.kit)
    lines = []
    for line in section.splitlines():
        if line.startswith("expected ="):
            continue
        if line.startswith("files =") and proof.expected:
            lines.append(f"expected = {_inline_table(proof.expected)}")
        file = re.match(r'  \{ name = "([^"]+)"', line)
        lines.append(_pinned(line, proof.sums[file[1]]) if file else line)
        if line.startswith("proven ="):
            lines[-1] = "proven = true"
    proposed = text.replace(section, "\n".join(lines) + "\n")
    _check(proposed, proof)
    return proposed


def _lessons_of(kit: str, lessons: Sequence[Lesson]) -> list[Lesson]:
    if "published" not in registry.registry().get(kit, {}):
        raise KitError(f"There is no kit {kit!r} that was published.")
    users = [lesson for lesson in lessons if kit in lesson.kits]
    if not users:
        raise KitError(f"No lesson uses kit {kit!r}, so none can prove it.")
    return users


def _section(text: str, kit: str) -> str:
    """Return the part of ``kits.toml`` about a kit's published files."""
    head = f"[{kit}.published]\n"
    begin = text.index(head)
    following = re.search(r"^(?=\[)|^\n(?=\[)|\Z", text[begin + 1 :], re.MULTILINE)
    return text[begin : begin + 1 + following.start()] if following else text[begin:]


def _pinned(line: str, facts: Mapping[str, str | int]) -> str:
    line = re.sub(r", (size_bytes = \d+|sha256 = \"\w*\")", "", line)
    pins = f'size_bytes = {facts["size_bytes"]}, sha256 = "{facts["sha256"]}"'
    return re.sub(r" \},?$", f", {pins} }},", line)


def _inline_table(values: Mapping[str, Any]) -> str:
    # JSON's strings, numbers and lists are TOML's as well.
    pairs = (
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
    return f"{{ {', '.join(pairs)} }}"


def _check(proposed: str, proof: Proof) -> None:
    entry = tomllib.loads(proposed)[proof.kit]["published"]
    pins = {
        facts["name"]: {key: facts.get(key) for key in ("size_bytes", "sha256")}
        for facts in entry["files"]
    }
    if (
        entry["proven"] is not True
        or entry.get("expected", {}) != dict(proof.expected)
        or pins != proof.sums
    ):
        raise ValueError(
            f"kits.toml describes {proof.kit} in an unusual form: expected one file a "
            "line, and 'proven' and 'files' on lines of their own. Enter it by hand."
        )
