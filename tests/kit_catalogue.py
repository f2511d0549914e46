"""Catalogues of kits for tests, written to a folder and put in place."""

import hashlib
import json
from pathlib import Path

from notebook_utils.kits import catalogue
from notebook_utils.kits.catalogue import Lock, lock_of


class KitCatalogue:
    """A catalogue whose content a test may change at any time.

    `kits` is what its TOML holds. With `beside_ours` it changes ours, else it takes its
    place.
    """

    def __init__(self, monkeypatch, folder, kits, *, beside_ours=False):
        self.kits = kits
        self.path = Path(folder) / "catalogue.toml"
        before = catalogue.CATALOGUES if beside_ours else ()
        monkeypatch.setattr(catalogue, "CATALOGUES", (*before, self.path))
        self.write()

    def write(self):
        """Write what `kits` holds now."""
        rows = (f"{name} = {_toml(kit)}\n" for name, kit in self.kits.items())
        self.path.write_text("".join(rows))

    def change(self, kit, origin="published", **facts):
        """Change what an origin of a kit says, and write it."""
        self.kits[kit][origin].update(facts)
        self.write()

    def pin(self, files, verified=()):
        """Pin the bytes of files by their sources, and verify kits."""
        pins = {source: sums(body) for source, body in files.items()}
        lock = Lock(pins, {kit: {"expected": {}} for kit in verified})
        lock_of(self.path).write_text(lock.text)


def sums(body):
    """Return size and checksum of some bytes, as the lock and an index have them."""
    return {"size_bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _toml(value):
    if isinstance(value, dict):
        rows = (f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items())
        return f"{{ {', '.join(rows)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
