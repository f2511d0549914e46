"""The sources that a kit's files may come from, asked in turn.

A source is a function that gives the files or refuses, and says why. The refusals of
those that were asked in vain become the kit's ``reason``.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ..errors import DownloadError, DownloadFailure
from ..workspace import cache_dir
from .cache import UNUSABLE_CACHE, bring, cached
from .catalogue import CatalogueEntry, OriginFacts, PublishedFile
from .hosts import ASK_ANYWAY, ONE_ATTEMPT, RETRIES
from .included import complete_folder, included_folder
from .kit import Origin
from .mirrors import fetch_index, mirrored_files
from .preference import Choice

_POLICIES = {
    Choice.AUTO: ONE_ATTEMPT,
    Choice.PREFER_PUBLISHED: RETRIES,
    Choice.PUBLISHED: ASK_ANYWAY,
}
_TAKE_ANYWAY = "fetch them with origin='published'"


class RefusalKind(StrEnum):
    """Why a source gives no files, where it is no failure of a download."""

    ABSENT = "absent"  # there is no mirror, or nothing in the cache
    NOT_LISTED = "not_listed"  # the mirror's index lacks the kit
    NOT_VERIFIED = "not_verified"
    NOT_PERMISSIVE = "not_permissive"


@dataclass(frozen=True)
class Refusal:
    """A source does not give the files, and why."""

    source: str
    kind: RefusalKind | DownloadFailure
    reason: str = ""  # in a sentence; empty where it goes without saying


@dataclass(frozen=True)
class Supply:
    """A source gives the files."""

    origin: Origin
    folder: Path
    files: Mapping[str, str]  # their names, and where each is from
    reason: str = ""  # why these, in a sentence; empty where the refusals say it all


def resolve(entry: CatalogueEntry, choice: Choice) -> Supply:
    """Ask one source after the other for a kit's files.

    The reason of the supply also says why the sources before it gave none.

    Raises
    ------
    DownloadError
        The published files were asked for, and no source gives them.
    KitError
        The included files are missing, or cannot be completed.
    """
    published = entry.published
    if published is None or choice is Choice.INCLUDED:
        return _included(entry, choice)
    refusals: list[Refusal] = []
    unasked = _not_unasked(entry, published, choice)
    for source in (_mirror,) if unasked else (_mirror, _cache, _hosts):
        answer = source(entry, published, choice)
        if isinstance(answer, Supply):
            return replace(answer, reason=_sentences(refusals, answer.reason))
        refusals.append(answer)
        if answer.kind in UNUSABLE_CACHE or (
            # An altered mirror is a fault to be told, unless the lesson can go on.
            choice is Choice.PUBLISHED and answer.kind is DownloadFailure.ALTERED
        ):
            break
    if choice is Choice.PUBLISHED:
        raise _error(entry, published, refusals)
    if unasked:
        refusals.append(unasked)
    return replace(_included(entry, choice), reason=_sentences(refusals))


def _mirror(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | Refusal:
    """Give the files from the mirror that ``NOTEBOOK_KITS_MIRROR`` names."""
    place = os.environ.get("NOTEBOOK_KITS_MIRROR", "")
    if not place:
        return Refusal("mirror", RefusalKind.ABSENT)
    try:
        listed = fetch_index(place, _POLICIES[choice]).get(entry.name, {})
        files = mirrored_files(place, entry.name, listed, published.files)
        if files is None:
            reason = f"The mirror {place} lacks this kit."
            return Refusal("mirror", RefusalKind.NOT_LISTED, reason)
        folder = bring(_mirrored(entry.name, files), files, _POLICIES[choice])
    except DownloadError as error:
        return Refusal("mirror", error.kind, f"Not from the mirror: {error.reason}.")
    reason = (
        f"The {published.origin} files: the index of the mirror {place} lists them."
    )
    if choice is Choice.AUTO and not entry.verified:
        reason += " They are not verified; naming the mirror is consent."
    sources = dict.fromkeys((file.name for file in files), f"mirror {place}")
    return Supply(published.origin, folder, sources, reason)


def _cache(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | Refusal:
    """Give the files that were fetched from their hosts before."""
    folder = cached(_fetched(entry.name, published), published.files)
    if folder is None:
        return Refusal("cache", RefusalKind.ABSENT)
    asked = ", as asked for" if choice is not Choice.AUTO else ""
    sources = {file.name: file.source for file in published.files}
    reason = f"The {published.origin} files{asked}."
    return Supply(published.origin, folder, sources, reason)


def _hosts(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | Refusal:
    """Bring the files from their hosts, or out of packages, into the cache."""
    try:
        bring(_fetched(entry.name, published), published.files, _POLICIES[choice])
    except DownloadError as error:
        hosts = "packages" if published.origin == "packaged" else "hosts"
        return Refusal("hosts", error.kind, f"Not from their {hosts}: {error.reason}.")
    return _cache(entry, published, choice)


def _included(entry: CatalogueEntry, choice: Choice) -> Supply:
    """Give the files that come with the collection; this source never refuses."""
    card = included_folder(entry.name) / "card.json"
    names = json.loads(card.read_text("utf-8"))["files"]
    files = dict.fromkeys(names, "made by toybox")
    files |= dict.fromkeys(entry.included.generated, "generated on this machine")
    reason = ""
    if choice is Choice.INCLUDED:
        reason = "The included files, as asked for."
    elif entry.published is None:
        reason = "This kit was never published; it is ours."
    return Supply("included", complete_folder(entry), files, reason)


def _not_unasked(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Refusal | None:
    """Refuse what nobody gets unasked; None if cache and hosts may be asked."""
    if choice is not Choice.AUTO:
        return None
    if not entry.verified:
        reason = f"The {published.origin} files are not verified yet; {_TAKE_ANYWAY}."
        return Refusal("catalogue", RefusalKind.NOT_VERIFIED, reason)
    if not entry.is_permissive:
        under = f"The {published.origin} files are under {published.licence}"
        reason = f"{under}; {_TAKE_ANYWAY} if you accept that."
        return Refusal("catalogue", RefusalKind.NOT_PERMISSIVE, reason)
    return None


def _fetched(kit: str, published: OriginFacts) -> Path:
    return Path(published.origin) / kit


def _mirrored(kit: str, files: Sequence[PublishedFile]) -> Path:
    """Return a folder for what a mirror lists; the files of two never meet."""
    sums = sorted(f"{file.name} {file.expected.sha256}" for file in files)
    digest = hashlib.sha256("\n".join(sums).encode()).hexdigest()
    return Path("mirrored") / f"{kit}-{digest[:8]}"


def _sentences(refusals: Sequence[Refusal], *more: str) -> str:
    return " ".join(filter(None, [*(refusal.reason for refusal in refusals), *more]))


def _error(
    entry: CatalogueEntry, published: OriginFacts, refusals: Sequence[Refusal]
) -> DownloadError:
    last = refusals[-1]
    advice = (
        "Check the connection and try again, use origin='included', or put the files "
        f"into\n  {cache_dir() / _fetched(entry.name, published)}"
    )
    if last.kind in UNUSABLE_CACHE:
        advice = "Then try again."
    elif last.kind is DownloadFailure.ALTERED and last.source == "mirror":
        advice = (
            "The mirror holds another file than its index lists, or than this version "
            "of the collection knows. Make it again:\n"
            f"  python -m notebook_utils prefetch {entry.name} --to FOLDER"
        )
    told = "\n  ".join(refusal.reason for refusal in refusals if refusal.reason)
    return DownloadError(
        f"The {published.origin} files of kit {entry.name!r} cannot be had.\n  {told}\n"
        f"{advice}",
        kind=DownloadFailure(last.kind),
        reason=last.reason.rstrip("."),
    )
