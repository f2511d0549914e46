"""Read the catalogue: what every kit is, and where its files come from.

People write ``catalogue.toml``. ``python -m curator verify`` writes
``catalogue.lock.json`` beside it: size and checksum of published files by their source,
and for each kit whose lessons were run on these very bytes what they found. A kit is
*verified* when the lock lists it and pins all of its files.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..download import ExpectedFile, file_sha256
from .kit import Origin

# What a later catalogue says of a kit's origin replaces what an earlier one says under
# the same key, and its lock adds to the earlier one.
CATALOGUES: tuple[Path, ...] = (Path(__file__).with_name("catalogue.toml"),)

# Licences that put no condition on a learner beyond naming the authors. `auto` takes no
# other: whoever wants those files asks for them.
PERMISSIVE = frozenset(
    {"Apache-2.0", "BSD-3-Clause", "MIT"}
    | {"CC-BY-4.0", "CC-BY-2.0", "CC0-1.0", "public domain"}
)


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published kit, at its hosts or in a mirror."""

    name: str  # in the kit
    addresses: tuple[str, ...] = ()  # asked in turn; a path in a mirror's folder
    kaggle: tuple[str, str] | None = None  # the model's handle, and the file's name
    expected: ExpectedFile = field(default_factory=ExpectedFile)
    sha256_prefix: str = ""  # for hosts that publish no more of the checksum
    about_bytes: int | None = None  # an estimate of its size
    package: tuple[str, str] | None = None  # what pip calls it, and the path in it
    made_by: str = ""  # a function, as module:name
    licence: str = ""  # where the kit's files have several

    @property
    def source(self) -> str:
        """Where it comes from, for a person, and its key in the lock."""
        if self.kaggle is not None:
            return f"kagglehub: {'/'.join(self.kaggle)}"
        if self.package is not None:
            requirement, member = self.package
            return f"package {requirement}: {Path(member).name}"
        if self.made_by:
            return f"made by {self.made_by}"
        return self.addresses[0] if self.addresses else "no host"

    @property
    def size_bytes(self) -> int | None:
        """Its size, or the estimate, or None."""
        pinned = self.expected.size_bytes
        return self.about_bytes if pinned is None else pinned

    def mismatch(self, path: Path) -> str | None:
        """Say in what way a file on the disk is not this one; None if it is."""
        if not path.is_file():
            return "it is missing"
        fault = self.expected.mismatch(path)
        if fault is None and self.sha256_prefix:
            sha256 = file_sha256(path)
            if not sha256.startswith(self.sha256_prefix):
                fault = f"expected sha256 {self.sha256_prefix}..., found {sha256}"
        return fault


@dataclass(frozen=True)
class OriginFacts:
    """What ``catalogue.toml``, which describes these fields, says about an origin."""

    origin: Origin = "published"
    licence: str = ""
    attribution: str = ""
    preprocess: Mapping[str, Any] | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    output: int = 0
    expected: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[PublishedFile, ...] = ()
    generated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogueEntry:
    """A kit in the catalogue.

    What others made of it, published or packaged, is `published`; its `origin` says
    which. None if all of the kit is ours.
    """

    name: str
    title: str
    included: OriginFacts
    published: OriginFacts | None
    verified: bool

    @property
    def is_permissive(self) -> bool:
        """Whether the published files put no condition on a learner."""
        facts = self.published
        return facts is not None and set(facts.licence.split(", ")) <= PERMISSIVE


@dataclass
class Lock:
    """The machine-written half; a file may be pinned before its kit is verified."""

    # From the source of a published file to its size_bytes and sha256.
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    # From the name of a verified kit to what its lessons found, under "expected".
    kits: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Lock":
        """Read a lock; where there is no file nothing is pinned."""
        if not path.is_file():
            return cls()
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @property
    def text(self) -> str:
        """The content of the file, the same for the same pins."""
        content = {"files": self.files, "kits": self.kits}
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def lock_of(path: Path) -> Path:
    """Return the path of the lock that lies beside a catalogue."""
    return path.with_suffix(".lock.json")


def catalogue() -> Mapping[str, CatalogueEntry]:
    """Return all kits by their names, in the order of ``catalogue.toml``."""
    kits: dict[str, dict[str, Any]] = {}
    lock = Lock()
    for path in CATALOGUES:
        for name, content in tomllib.loads(path.read_text(encoding="utf-8")).items():
            kit = kits.setdefault(name, {})
            for key, value in content.items():
                kit[key] = {**kit.get(key, {}), **value} if key != "title" else value
        added = Lock.read(lock_of(path))
        lock.files |= added.files
        lock.kits |= added.kits
    return {name: _entry(name, kit, lock) for name, kit in kits.items()}


def _entry(name: str, kit: Mapping[str, Any], lock: Lock) -> CatalogueEntry:
    included = OriginFacts(**kit.get("included", {}))
    title = kit.get("title", "")
    origin: Origin = "packaged" if "packaged" in kit else "published"
    if origin not in kit:
        return CatalogueEntry(name, title, included, None, verified=False)
    facts = dict(kit[origin])
    files = tuple(_file(content, lock) for content in facts.pop("files"))
    verified = name in lock.kits and all(file.expected.sha256 for file in files)
    if verified:
        facts["expected"] = lock.kits[name]["expected"]
    published = OriginFacts(**facts, origin=origin, files=files)
    return CatalogueEntry(name, title, included, published, verified)


def _file(content: Mapping[str, Any], lock: Lock) -> PublishedFile:
    url, handle = content.get("url"), content.get("kagglehub")
    package = content.get("package")
    about_mb = content.get("about_mb")
    file = PublishedFile(
        content["name"],
        (*([url] if url else []), *content.get("alternates", ())),
        (handle, content["member"]) if handle else None,
        sha256_prefix=content.get("sha256_prefix", ""),
        about_bytes=None if about_mb is None else round(about_mb * 1e6),
        package=(package, content["member"]) if package else None,
        made_by=content.get("made_by", ""),
        licence=content.get("licence", ""),
    )
    return replace(file, expected=ExpectedFile(**lock.files.get(file.source, {})))
