"""The page about the included kits, ``data/README.md``."""

import json
from pathlib import Path
from typing import Any

from notebook_utils.errors import WorkshopError

_KEYS = ("kit", "title", "licence", "trained_on", "measured_on", "figures", "files")


class CardError(WorkshopError):
    """A card lacks a key that the page shows."""


def cards_page(root: Path) -> str:
    """Return the page about all kits of a checkout."""
    cards = sorted((root / "data" / "kits").glob("*/card.json"))
    sections = [
        model_card(json.loads(path.read_text(encoding="utf-8")), str(path))
        for path in cards
    ]
    head = (
        "# The included kits\n\n"
        "<!-- Made by `python -m curator sync` from data/kits/*/card.json. -->\n\n"
        "Everything here is our own work, built by `toybox`. "
        "The models were trained on scenes that `notebook_utils.scenes` draws: "
        "they know eight toys, and nothing else.\n"
        "Figures were measured on scenes that were kept out of training.\n"
        "Two kits hold random weights for a network of torchvision, and say so."
    )
    return "\n\n".join([head, *sections]) + "\n"


def model_card(card: dict[str, Any], where: str) -> str:
    """Return the section about one included kit.

    Parameters
    ----------
    card
        The content of a ``card.json``.
    where
        Its name, for the error message.
    """
    missing = [key for key in _KEYS if key not in card]
    if missing:
        raise CardError(f"{where} has no {missing[0]!r}. Build the kit again.")
    facts = {
        "Trained on": card["trained_on"],
        "Measured on": card["measured_on"],
        "Figures": "; ".join(f"{k} {v}" for k, v in card["figures"].items()),
        "Parameters": f"{card['parameters']:,}" if card.get("parameters") else "",
        "Licence": card["licence"],
        "Built with": f"`{card['built_with']}`" if card.get("built_with") else "",
    }
    lines = [f"## {card['kit']}", "", card["title"], ""]
    lines += [f"- {fact}: {value}" for fact, value in facts.items() if value]
    lines += ["", "| file | bytes | sha256 |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {file['bytes']:,} | `{file['sha256']}` |"
        for name, file in sorted(card["files"].items())
    ]
    return "\n".join(lines)
