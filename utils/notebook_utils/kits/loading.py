"""Load a kit, the files that belong together in a lesson, from one of its origins.

A kit is a folder with a model, its labels, a picture, and a record of what the model
says about that picture. It comes from one of two origins with the same file names in
both: **published**, the famous files from their hosts, or **included**, this
collection's own small models. A lesson's code is the same for both.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ..download import file_sha256
from ..errors import DownloadError, KitError
from ..files import write_whole
from ..workspace import cache_dir
from .cache import record, shared_cache_dir
from .hosts import ASKED_FOR, UNASKED, Patience, first_failure
from .kit import Kit, KitFile, Origin, Preprocessing
from .mirrors import AlteredFileError, open_mirror
from .preference import checked_origin, preferred_origin
from .published import PublishedFile, find_or_fetch
from .registry import registry

# Licences that put no condition on a learner beyond naming the authors. `auto` takes no
# other: whoever wants those files asks for them.
PERMISSIVE = frozenset({"Apache-2.0", "BSD-3-Clause", "MIT", "CC-BY-4.0"})


def list_kits() -> tuple[str, ...]:
    """Return the names of all kits.

    Returns
    -------
    tuple of str
        In the order of ``kits.toml``.

    Examples
    --------
    >>> "classification-ir" in list_kits()
    True
    """
    return tuple(registry())


def load_kit(name: str, origin: str | None = None) -> Kit:
    """Load a kit from one of its origins.

    Parameters
    ----------
    name
        One of :func:`list_kits`.
    origin
        ``"published"``, ``"included"`` or ``"auto"``: the published files where they
        are proven, permissively licensed and can be had, else the included ones.
        ``"included"`` never opens a connection. If not given, the environment variable
        ``NOTEBOOK_KITS`` decides, then what this user chose in lesson 00, then
        ``"auto"``.

    Returns
    -------
    Kit
        Its `origin` and `reason` say what was chosen and why.

    Raises
    ------
    KitError
        There is no such kit, or a file of it is missing.
    DownloadError
        ``"published"`` was asked for and a file of it cannot be had.
    ValueError
        `origin` is none of the three.
    """
    entry = registry().get(name)
    if entry is None:
        known = ", ".join(list_kits())
        raise KitError(f"There is no kit {name!r}. There are: {known}.")
    wish = checked_origin(origin) if origin else preferred_origin()
    kit = _choose(name, entry, wish)
    _announce(kit)
    return kit


def included_folder(name: str) -> Path:
    """Return the folder of a kit's included files.

    Parameters
    ----------
    name
        The kit's name.

    Returns
    -------
    Path
        In the installed package for a wheel, ``data/kits/`` of the checkout otherwise.

    Raises
    ------
    KitError
        The folder is not there.
    """
    package = Path(__file__).resolve().parents[1]
    for kits in (package / "data" / "kits", package.parents[1] / "data" / "kits"):
        if (kits / name).is_dir():
            return kits / name
    raise KitError(
        f"The included files of kit {name!r} are missing. Install the package again."
    )


def _choose(name: str, entry: Mapping[str, Any], wish: str) -> Kit:
    if wish == "included":
        return _included(name, entry, "The included files, as asked for.")
    if "published" not in entry:
        return _included(name, entry, "This kit was never published; it is ours.")
    place = os.environ.get("NOTEBOOK_KITS_MIRROR", "")
    mirror_failure = ""
    try:
        if place:
            mirrored = _mirrored(name, entry, place, wish)
            if mirrored is not None:
                return mirrored
            mirror_failure = f"The mirror {place} lacks this kit. "
    except DownloadError as error:
        if wish == "published" and isinstance(error, AlteredFileError):
            raise
        mirror_failure = f"Not from the mirror: {first_failure(error)}. "
    return _without_mirror(name, entry, wish, mirror_failure)


def _without_mirror(
    name: str, entry: Mapping[str, Any], wish: str, mirror_failure: str
) -> Kit:
    if wish == "published":
        reason = "The published files, as asked for."
        try:
            return _published(name, entry, reason, ASKED_FOR)
        except DownloadError as error:
            if not mirror_failure:
                raise
            raise DownloadError(f"{error}\n{mirror_failure.rstrip()}") from error
    refusal = _why_not(entry["published"])
    if refusal:
        return _included(name, entry, mirror_failure + refusal)
    try:
        return _published(name, entry, "The published files.", UNASKED)
    except DownloadError as error:
        reason = f"{mirror_failure}Not to be had: {first_failure(error)}."
        return _included(name, entry, reason)


def _why_not(published: Mapping[str, Any]) -> str:
    """Say why nobody gets a kit's published files unasked; nothing if they may."""
    if not published["proven"]:
        return (
            "The published files were not tried with this collection yet; fetch them "
            "with origin='published'."
        )
    if published["licence"] not in PERMISSIVE:
        return (
            f"The published files are under {published['licence']}; fetch them with "
            "origin='published' if you accept that."
        )
    return ""


def _included(name: str, entry: Mapping[str, Any], reason: str) -> Kit:
    folder = included_folder(name)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    files = [
        KitFile(file, "made by toybox", facts["bytes"], facts["sha256"])
        for file, facts in card["files"].items()
    ]
    generators = entry["included"].get("generated", {})
    if generators:
        folder = _completed(name, folder, generators)
        files += [KitFile(file, "generated on this machine") for file in generators]
    return _kit(name, entry, "included", reason, folder, tuple(files))


def _completed(name: str, folder: Path, generators: Mapping[str, str]) -> Path:
    """Return a folder with a kit's files and those that are too large for git.

    They are generated once, in the cache, where the others are copied beside them. The
    folder's name changes with the kit's card, so a new version does not meet old files.
    """
    relative = Path("included") / f"{name}-{file_sha256(folder / 'card.json')[:8]}"
    wanted = {original.name for original in folder.iterdir()} | set(generators)
    shared = shared_cache_dir()
    if shared and all((shared / relative / name).is_file() for name in wanted):
        return shared / relative
    complete = cache_dir() / relative
    for original in folder.iterdir():
        copy = complete / original.name
        if not copy.is_file():
            with write_whole(copy) as file:
                file.write(original.read_bytes())
    for file_name, generator in generators.items():
        if not (complete / file_name).is_file():
            module, _, function = generator.partition(":")
            with write_whole(complete / file_name) as file:
                getattr(import_module(module), function)(file)
            record(complete, sorted(wanted))
    return complete


def _published(
    name: str, entry: Mapping[str, Any], reason: str, patience: Patience
) -> Kit:
    files = [PublishedFile.read(facts) for facts in entry["published"]["files"]]
    folder = find_or_fetch(name, files, patience)
    rows = [
        KitFile(file.name, file.source, file.wanted.size_bytes, file.wanted.sha256)
        for file in files
    ]
    return _kit(name, entry, "published", reason, folder, tuple(rows))


def _mirrored(name: str, entry: Mapping[str, Any], place: str, wish: str) -> Kit | None:
    """Load a kit from a mirror; None if its index does not list all of the kit."""
    patience = ASKED_FOR if wish == "published" else UNASKED
    mirror = open_mirror(place, patience)
    files = [PublishedFile.read(facts) for facts in entry["published"]["files"]]
    if not mirror.lists(name, [file.name for file in files]):
        return None
    folder = mirror.bring(name, files, patience)
    rows = [
        KitFile(file.name, f"mirror {place}", sums["size_bytes"], sums["sha256"])
        for file in files
        for sums in [mirror.kits[name][file.name]]
    ]
    reason = f"The published files: the index of the mirror {place} lists them."
    if wish == "auto" and not entry["published"]["proven"]:
        reason += " They were not tried yet; naming the mirror is consent."
    return _kit(name, entry, "published", reason, folder, tuple(rows))


def _kit(
    name: str,
    entry: Mapping[str, Any],
    origin: Origin,
    reason: str,
    folder: Path,
    files: tuple[KitFile, ...],
) -> Kit:
    for file in files:
        if not (folder / file.name).is_file():
            raise KitError(
                f"'{file.name}' of kit {name!r} is missing from {folder}. Install the "
                "package again."
            )
    facts = entry[origin]
    labels = facts.get("labels", {})
    return Kit(
        name=name,
        title=entry["title"],
        origin=origin,
        reason=reason,
        folder=folder,
        licence=facts["licence"],
        attribution=facts["attribution"],
        files=files,
        labels=_read_labels(folder / "labels.txt", **labels),
        preprocessing=_preprocessing(facts["preprocess"])
        if "preprocess" in facts
        else None,
        output=facts.get("output", 0),
        expected=facts.get("expected", {}),
    )


def _preprocessing(facts: Mapping[str, Any]) -> Preprocessing:
    lists = {key: tuple(value) for key, value in facts.items() if type(value) is list}
    return Preprocessing(**{**facts, **lists})


def _read_labels(
    path: Path, first: Sequence[str] = (), without: Sequence[str] = ()
) -> tuple[str, ...]:
    """Read one name per output index.

    ImageNet's file puts a WordNet number before the name and synonyms behind it, and
    leaves out the background class that some models begin with (`first`). COCO's has
    names that its labels never use, and that some models have no output for
    (`without`).
    """
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    names = [re.sub(r"^n\d{8}\s+", "", line.strip()) for line in lines]
    kept = (name.split(",")[0] for name in names if name and name not in without)
    return (*first, *kept)


def _announce(kit: Kit) -> None:
    """Tell whoever runs the lessons which kits they used."""
    log = os.environ.get("NOTEBOOK_KITS_LOG")
    if log:
        line = {"kit": kit.name, "origin": kit.origin, "reason": kit.reason}
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
