"""Asks whether the addresses that the collection names still answer."""

import dataclasses
import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from notebook_utils.kits.registry import registry

from .checks import Check
from .collection import Lesson
from .lint.prose import markdown_cells, tokens
from .notebooks import read_notebook

TIMEOUT_S = 30
TRIES = 3
AT_ONCE = 8

# A site that lets no program in says nothing about whether its page is there.
_REFUSES_PROGRAMS = (401, 403, 405, 429)
_HEADERS = {"User-Agent": "inference-workshop link check", "Range": "bytes=0-0"}


@dataclasses.dataclass(frozen=True)
class Address:
    """An address and where it stands."""

    url: str
    where: str


def check_addresses(addresses: Iterable[Address]) -> list[Check]:
    """Ask each address once, several at a time.

    Parameters
    ----------
    addresses
        One that stands in several places is asked once.

    Returns
    -------
    list of Check
        One for each address, in the order of the addresses.
    """
    places: dict[str, list[str]] = {}
    for address in addresses:
        places.setdefault(address.url, []).append(address.where)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(ask, places))
    checks = []
    for (url, where), fault in zip(places.items(), faults, strict=True):
        finding = f"{', '.join(sorted(set(where)))}: {url}: {fault}"
        checks.append(Check(url, (finding,) if fault else ()))
    return checks


def ask(url: str) -> str:
    """Ask an address for its first byte.

    Returns
    -------
    str
        What is wrong with it, or nothing. It is tried three times.
    """
    fault = ""
    for _ in range(TRIES):
        try:
            with requests.get(
                url, headers=_HEADERS, timeout=TIMEOUT_S, stream=True
            ) as answer:
                if answer.ok or answer.status_code in _REFUSES_PROGRAMS:
                    return ""
                fault = f"status {answer.status_code}"
        except requests.RequestException as error:
            fault = f"no answer ({type(error).__name__})"
    return fault


def kit_addresses() -> Iterator[Address]:
    """Yield the addresses of all published files of kits."""
    for kit, entry in registry().items():
        for file in entry.get("published", {}).get("files", []):
            for url in [file.get("url"), *file.get("mirrors", [])]:
                if url:
                    yield Address(url, f"kit {kit}")


def page_addresses(root: Path, lessons: Iterable[Lesson]) -> Iterator[Address]:
    """Yield the addresses in the lessons and in the markdown files of a checkout."""
    for lesson in lessons:
        for _, source in markdown_cells(read_notebook(lesson.path)):
            yield from _links(source, lesson.path.name)
    for path in _markdown_files(root):
        name = path.relative_to(root).as_posix()
        yield from _links(path.read_text(encoding="utf-8"), name)


def _links(source: str, where: str) -> Iterator[Address]:
    for token in tokens(source):
        url = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if re.match(r"https?://", url):
            yield Address(url.partition("#")[0], where)


def _markdown_files(root: Path) -> list[Path]:
    """Return the markdown files that belong to a checkout, not those it was left."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=root, capture_output=True, text=True
    )
    names = done.stdout.split("\0") if done.returncode == 0 else []
    return [root / name for name in names if (root / name).is_file()]
