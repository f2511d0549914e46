"""All kits at a glance: the included files beside the published ones."""

import json

from .catalogue import CatalogueEntry, catalogue
from .included import included_folder
from .table import Table, readable_size


def show_kits() -> Table:
    """Return a table of all kits: size and licence in both origins.

    Returns
    -------
    Table
        One row for each kit, in the order of ``catalogue.toml``. The size of published
        files is an estimate, marked *about*, until they are pinned.
    """
    rows = [
        (
            entry.name,
            entry.title,
            _included_size(entry),
            _published_size(entry),
            entry.published.licence if entry.published else "",
            ("yes" if entry.verified else "not yet") if entry.published else "",
        )
        for entry in catalogue().values()
    ]
    title = "the included files and the published ones"
    head = ("kit", "what it is", "included", "published", "licence", "verified")
    remark = (
        "The included files are ours, under Apache-2.0; the licence is that of the "
        "published ones. Verified: the lessons were run on these very files."
    )
    return Table("Kits", title, head, rows, remark, sizes=("included", "published"))


def _included_size(entry: CatalogueEntry) -> str:
    card = json.loads((included_folder(entry.name) / "card.json").read_text("utf-8"))
    size_bytes = sum(facts["bytes"] for facts in card["files"].values())
    size = readable_size(size_bytes)
    if not entry.included.generated:
        return size
    made = "made on this machine"
    return f"{size}, the rest {made}" if size_bytes else made


def _published_size(entry: CatalogueEntry) -> str:
    if entry.published is None:
        return "never published"
    files = entry.published.files
    sizes = [file.size_bytes for file in files]
    size = readable_size(sum(size for size in sizes if size is not None))
    if entry.published.origin == "packaged":
        size += ", in packages"
    if None in sizes:
        return f"more than {size}"
    exact = all(file.expected.size_bytes is not None for file in files)
    return size if exact else f"about {size}"
