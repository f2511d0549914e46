"""All kits at a glance: the included files beside the famous ones."""

import json
from collections.abc import Mapping
from typing import Any

from .loading import included_folder
from .registry import registry
from .table import Table, readable_size


def show_kits() -> Table:
    """Return a table of all kits: size and licence in both origins.

    Returns
    -------
    Table
        One row for each kit, in the order of ``kits.toml``; the size of published
        files that nobody has fetched for the collection yet is not known.

    Examples
    --------
    >>> "classification-ir" in str(show_kits())
    True
    """
    rows = [
        (
            name,
            entry["title"],
            _included_size(name, entry),
            _published_size(entry),
            entry.get("published", {}).get("licence", ""),
            {True: "yes", False: "not yet", None: ""}[_tried(entry)],
        )
        for name, entry in registry().items()
    ]
    title = "the included files and the famous ones"
    head = ("kit", "what it is", "included", "famous", "licence", "tried")
    remark = (
        "The included files are ours, under Apache-2.0; the licence is that of the "
        "famous ones. Tried: the lessons ran on these very bytes of the famous files."
    )
    return Table("Kits", title, head, rows, remark, sizes=("included", "famous"))


def _tried(entry: Mapping[str, Any]) -> bool | None:
    return entry["published"]["proven"] if "published" in entry else None


def _included_size(name: str, entry: Mapping[str, Any]) -> str:
    card = json.loads((included_folder(name) / "card.json").read_text("utf-8"))
    size_bytes = sum(facts["bytes"] for facts in card["files"].values())
    size = readable_size(size_bytes)
    if "generated" not in entry["included"]:
        return size
    made = "made on this machine"
    return f"{size}, the rest {made}" if size_bytes else made


def _published_size(entry: Mapping[str, Any]) -> str:
    if "published" not in entry:
        return "never published"
    sizes = [facts.get("size_bytes") for facts in entry["published"]["files"]]
    known = sum(size for size in sizes if size)
    if None not in sizes:
        return readable_size(known)
    more = f"; more than {readable_size(known)}" if known else ""
    return f"size not known{more}"
