"""The sources that a kit's files may come from, asked in turn.

A source is a function that gives the files, has none, or refuses with a DownloadError,
whose kind and reason say why. These reasons become the kit's ``reason``.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    unasked = _unasked(entry, published) if choice is Choice.AUTO else ""
    sources = {"the mirror": _mirror}
    if not unasked:
        packaged = published.origin == "packaged"
        sources |= {
            "the cache": _cache,
            "their packages" if packaged else "their hosts": _hosts,
        }
    refusals: dict[str, DownloadError] = {}
    for place, source in sources.items():
        try:
            supply = source(entry, published, choice)
        except DownloadError as refusal:
            refusals[place] = refusal
            if refusal.kind in UNUSABLE_CACHE or (
                # An altered mirror is a fault to be told, unless the lesson can go on.
                choice is Choice.PUBLISHED and refusal.kind is DownloadFailure.ALTERED
            ):
                break
        else:
            if supply is not None:
                told = [*_sentences(refusals), supply.reason]
                return replace(supply, reason=" ".join(told))
    if choice is Choice.PUBLISHED:
        raise _error(entry, published, refusals)
    told = [*_sentences(refusals), unasked]
    return replace(_included(entry, choice), reason=" ".join(filter(None, told)))


def _mirror(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | None:
    """Give the files from the mirror that ``NOTEBOOK_KITS_MIRROR`` names, if any."""
    place = os.environ.get("NOTEBOOK_KITS_MIRROR", "")
    if not place:
        return None
    listed = fetch_index(place, _POLICIES[choice]).get(entry.name, {})
    files = mirrored_files(place, entry.name, listed, published.files)
    folder = bring(_mirrored(entry.name, files), files, _POLICIES[choice])
    reason = (
        f"The {published.origin} files: the index of the mirror {place} lists them."
    )
    if choice is Choice.AUTO and not entry.verified:
        reason += " They are not verified; naming the mirror is consent."
    sources = dict.fromkeys((file.name for file in files), f"mirror {place}")
    return Supply(published.origin, folder, sources, reason)


def _cache(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | None:
    """Give the files that were fetched from their hosts before, if they are there."""
    folder = cached(_fetched(entry.name, published), published.files)
    if folder is None:
        return None
    asked = ", as asked for" if choice is not Choice.AUTO else ""
    sources = {file.name: file.source for file in published.files}
    reason = f"The {published.origin} files{asked}."
    return Supply(published.origin, folder, sources, reason)


def _hosts(
    entry: CatalogueEntry, published: OriginFacts, choice: Choice
) -> Supply | None:
    """Bring the files from their hosts, or out of packages, into the cache."""
    bring(_fetched(entry.name, published), published.files, _POLICIES[choice])
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


def _unasked(entry: CatalogueEntry, published: OriginFacts) -> str:
    """Say why nobody gets these files unasked; "" if cache and hosts may be asked."""
    files = f"The {published.origin} files are"
    if not entry.verified:
        return f"{files} not verified yet; {_TAKE_ANYWAY}."
    if not entry.is_permissive:
        return f"{files} under {published.licence}; {_TAKE_ANYWAY} if you accept that."
    return ""


def _fetched(kit: str, published: OriginFacts) -> Path:
    return Path(published.origin) / kit


def _mirrored(kit: str, files: Sequence[PublishedFile]) -> Path:
    """Return a folder for what a mirror lists; the files of two never meet."""
    sums = sorted(f"{file.name} {file.expected.sha256}" for file in files)
    digest = hashlib.sha256("\n".join(sums).encode()).hexdigest()
    return Path("mirrored") / f"{kit}-{digest[:8]}"


def _sentences(refusals: Mapping[str, DownloadError]) -> list[str]:
    return [f"Not from {place}: {e.reason}." for place, e in refusals.items()]


def _error(
    entry: CatalogueEntry, published: OriginFacts, refusals: Mapping[str, DownloadError]
) -> DownloadError:
    place, last = list(refusals.items())[-1]
    advice = (
        "Check the connection and try again, use origin='included', or put the files "
        f"into\n  {cache_dir() / _fetched(entry.name, published)}"
    )
    if last.kind in UNUSABLE_CACHE:
        advice = "Then try again."
    elif last.kind is DownloadFailure.ALTERED and place == "the mirror":
        advice = (
            "The mirror holds a file that differs from its index or from what this "
            "version of the collection expects. Make the mirror again:\n"
            f"  python -m notebook_utils prefetch {entry.name} --to FOLDER"
        )
    told = "\n  ".join(_sentences(refusals))
    return DownloadError(
        f"The {published.origin} files of kit {entry.name!r} cannot be had.\n  {told}\n"
        f"{advice}",
        kind=last.kind,
        reason=f"not from {place}: {last.reason}",
    )
