"""Read ``kits.toml``, which says what every kit is and where its files come from."""

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

REGISTRY = Path(__file__).with_name("kits.toml")


def registry() -> dict[str, dict[str, Any]]:
    """Return the entry of each kit, in the order of ``kits.toml``.

    Returns
    -------
    dict
        From a kit's name to its table.

    Notes
    -----
    The environment variable ``NOTEBOOK_KITS_OVERLAY`` may name a file of the same form.
    What it says about a kit's origin replaces what ``kits.toml`` says under the same
    key. That is for tests, which run lessons on stand-ins of published files.
    """
    return _read(os.environ.get("NOTEBOOK_KITS_OVERLAY", ""))


@cache
def _read(overlay: str) -> dict[str, dict[str, Any]]:
    kits = tomllib.loads(REGISTRY.read_text(encoding="utf-8"))
    if overlay:
        changes = tomllib.loads(Path(overlay).read_text(encoding="utf-8"))
        for name, origins in changes.items():
            for origin, facts in origins.items():
                kits[name][origin] |= facts
    return kits
