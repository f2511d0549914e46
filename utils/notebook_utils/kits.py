"""Load a kit, the files that belong together in a lesson, from one of its origins.

A kit is a folder with a model, its labels, a picture, and a record of what the model
says about that picture. It comes from one of two origins with the same file names in
both: **published**, the famous files from their hosts, or **included**, this
collection's own small models. A lesson's code is the same for both.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from platformdirs import user_cache_path

from .download import Wanted, fetch_first, file_sha256
from .errors import DownloadError, KitError
from .files import write_whole
from .kit import Kit, KitFile, Origin, Preparation
from .workspace import APPLICATION

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
    return tuple(_registry())


def load_kit(name: str, origin: str | None = None) -> Kit:
    """Load a kit from one of its origins.

    Parameters
    ----------
    name
        One of :func:`list_kits`.
    origin
        ``"published"``, ``"included"`` or ``"auto"``: the published files where they
        are proven, permissively licensed and can be had, else the included ones. The
        environment variable ``NOTEBOOK_KITS`` decides if not given, else ``"auto"``.
        ``"included"`` never opens a connection.

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
    entry = _registry().get(name)
    if entry is None:
        known = ", ".join(list_kits())
        raise KitError(f"There is no kit {name!r}. There are: {known}.")
    wish = origin or os.environ.get("NOTEBOOK_KITS") or "auto"
    if wish not in ("auto", "published", "included"):
        raise ValueError(
            "Expected the origin 'auto', 'published' or 'included', found "
            f"{wish!r}. Look at origin= and at the variable NOTEBOOK_KITS."
        )
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
    package = Path(__file__).resolve().parent
    for kits in (package / "data" / "kits", package.parents[1] / "data" / "kits"):
        if (kits / name).is_dir():
            return kits / name
    raise KitError(
        f"The included files of kit {name!r} are missing. Install the package again."
    )


def _choose(name: str, entry: Mapping[str, Any], wish: str) -> Kit:
    published = entry.get("published")
    if wish == "included":
        return _included(name, entry, "The included files, as asked for.")
    if published is None:
        return _included(name, entry, "This kit was never published; it is ours.")
    if wish == "published":
        return _published(name, entry, "The published files, as asked for.", retries=3)
    if not published["proven"]:
        reason = (
            "The published files are not proven yet; fetch them with "
            "origin='published'."
        )
        return _included(name, entry, reason)
    if published["licence"] not in PERMISSIVE:
        reason = (
            f"The published files are under {published['licence']}; fetch them with "
            "origin='published' if you accept that."
        )
        return _included(name, entry, reason)
    try:
        # In a class on a bad network nobody waits: one attempt, three seconds.
        return _published(name, entry, "The published files.", timeout=3, retries=0)
    except DownloadError as error:
        first_failure = str(error).splitlines()[1].strip()
        return _included(name, entry, f"Not to be had: {first_failure}.")


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
    complete = (
        cache_dir() / "included" / f"{name}-{file_sha256(folder / 'card.json')[:8]}"
    )
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
    return complete


def _published(
    name: str,
    entry: Mapping[str, Any],
    reason: str,
    *,
    timeout: float = 10,
    retries: int,
) -> Kit:
    folder = cache_dir() / "published" / name
    files = []
    for facts in entry["published"]["files"]:
        target = folder / facts["name"]
        wanted = Wanted(facts.get("sha256"), facts.get("size_bytes"))
        if not target.is_file() or wanted.mismatch(target) is not None:
            if "kagglehub" in facts:
                _fetch_from_kagglehub(facts["kagglehub"], facts["member"], target)
            else:
                addresses = [facts["url"], *facts.get("mirrors", ())]
                fetch_first(
                    addresses,
                    target,
                    wanted,
                    timeout=timeout,
                    retries=retries,
                    progress=True,
                )
        source = facts.get("url") or f"kagglehub: {facts['kagglehub']}"
        files.append(KitFile(facts["name"], source, wanted.size_bytes, wanted.sha256))
    return _kit(name, entry, "published", reason, folder, tuple(files))


def _fetch_from_kagglehub(handle: str, member: str, target: Path) -> None:
    """Fetch a model that has no plain address, and put one of its files in place."""
    try:
        import kagglehub

        folder = Path(kagglehub.model_download(handle))
        with write_whole(target) as file:
            file.write((folder / member).read_bytes())
    except Exception as error:  # the library documents none of those it raises
        raise DownloadError(
            f"Could not fetch '{target.name}'.\n  kagglehub: {handle}: {error}\n"
            f"Check the connection and try again, or put the file at\n  {target}"
        ) from error


def cache_dir() -> Path:
    """Return the folder that fetched kits are kept in.

    Returns
    -------
    Path
        The user's cache folder, or the one that the environment variable
        ``NOTEBOOK_KITS_CACHE`` names.
    """
    chosen = os.environ.get("NOTEBOOK_KITS_CACHE")
    return Path(chosen) if chosen else user_cache_path(APPLICATION, appauthor=False)


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
        labels=_read_labels(folder / "labels.txt", labels.get("first", ())),
        preparation=_preparation(facts["prepare"]),
        output=facts.get("output", 0),
        expected=facts.get("expected", {}),
    )


def _preparation(facts: Mapping[str, Any]) -> Preparation:
    lists = {key: tuple(value) for key, value in facts.items() if type(value) is list}
    return Preparation(**{**facts, **lists})


def _read_labels(path: Path, first: Sequence[str]) -> tuple[str, ...]:
    """Read one name per output index.

    ImageNet's file puts a WordNet number before the name and synonyms behind it, and
    leaves out the background class that some models begin with (`first`).
    """
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    names = [re.sub(r"^n\d{8}\s+", "", line.strip()) for line in lines]
    return (*first, *(name.split(",")[0] for name in names if name))


@cache
def _registry() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("kits.toml").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, Any]]", tomllib.loads(text))


def _announce(kit: Kit) -> None:
    """Tell whoever runs the lessons which kits they used."""
    log = os.environ.get("NOTEBOOK_KITS_LOG")
    if log:
        line = {"kit": kit.name, "origin": kit.origin, "reason": kit.reason}
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
