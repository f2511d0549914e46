"""Model cards: what a kit is, how good it is, and which bytes that was measured on."""

import hashlib
import json
from math import inf
from pathlib import Path
from typing import Any

Card = dict[str, Any]
CARD = "card.json"


def describe_files(folder: Path) -> dict[str, dict[str, int | str]]:
    """Return size and sha256 of each file of a kit except its card, by name."""
    files = sorted(path for path in folder.iterdir() if path.name != CARD)
    return {
        path.name: {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    }


def write_card(folder: Path, card: Card) -> None:
    """Write the card of a kit."""
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Return the card of a kit; a FileNotFoundError says that it was never built."""
    path = folder / CARD
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: build it with `python -m toybox build {folder.name}`"
        )
    card: Card = json.loads(path.read_text(encoding="utf-8"))
    return card


def file_faults(card: Card, folder: Path) -> list[str]:
    """Return a sentence for each file that differs from the card."""
    stated, found = card["files"], describe_files(folder)
    return [
        f"{name}: the card says {stated.get(name, 'nothing about it')}, "
        f"found {found.get(name, 'no such file')}"
        for name in sorted(stated.keys() | found)
        if stated.get(name) != found.get(name)
    ]


def figure_faults(
    card: Card, measured: dict[str, float], tolerance: float
) -> list[str]:
    """Return a sentence for each figure that differs from the card.

    `tolerance` is what another processor or library version may change.
    """
    stated = card["figures"]
    return [
        f"{name}: the card says {stated.get(name)}, measured {measured.get(name)}"
        for name in sorted(stated.keys() | measured)
        if not abs(stated.get(name, inf) - measured.get(name, -inf)) <= tolerance
    ]
