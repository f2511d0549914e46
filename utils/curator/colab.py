"""Which packages a hosted session brings, and what has to be added there.

Colab publishes what ``pip freeze`` says in its sessions. A lesson must run on these
very versions, because replacing one makes the learner restart the session.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

FREEZE_URL = (
    "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
)

_PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s+]+)(\+\S+)?")
_WHEEL = re.compile(
    r"([A-Za-z0-9._-]+) @ https?://\S+/[^/-]+-([^/+%-]+)[^/]*\.whl(#\S*)?"
)
# What we install under another name, at the session's version.
_SAME = {"tensorflow-cpu": "tensorflow"}


def pinned(freeze: str) -> dict[str, str]:
    """Read what ``pip freeze`` printed.

    Parameters
    ----------
    freeze
        Lines such as ``numpy==2.1.3``, or with the address of a wheel, whose name has
        the version: so Colab writes torch. Other addresses and files are left out, and
        so are build labels: ``2.11.0+cu128`` is the same release.

    Returns
    -------
    dict
        From the normalised name of a package to its version.
    """
    found: dict[str, str] = {}
    for line in freeze.splitlines():
        match = _PINNED.fullmatch(line.strip()) or _WHEEL.fullmatch(line.strip())
        if match:
            found[canonicalize_name(match[1])] = match[2]
    for ours, theirs in _SAME.items():
        if theirs in found:
            found.setdefault(ours, found[theirs])
    return found


def requirements_there(ours: Iterable[str], freeze: str) -> str:
    """Return the requirements that make an environment like a hosted session.

    Parameters
    ----------
    ours
        The lines of ``requirements.txt``.
    freeze
        What ``pip freeze`` says in such a session.

    Returns
    -------
    str
        A requirements file: what the session has in its version, the rest in our range.
        Protobuf is always named, since many packages would pull a newer one.
    """
    versions = pinned(freeze)
    lines = []
    for requirement in _requirements(ours):
        name = canonicalize_name(requirement.name)
        marker = f" ; {requirement.marker}" if requirement.marker else ""
        if name in versions:
            lines.append(f"{name}=={versions[name]}{marker}")
        else:
            lines.append(str(requirement))
    if "protobuf" in versions:
        lines.append(f"protobuf=={versions['protobuf']}")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def constraints_there(freeze: str) -> str:
    """Return all versions of a hosted session, as constraints for pip.

    What our requirements pull in comes in the session's version then, too.

    Parameters
    ----------
    freeze
        What ``pip freeze`` says in such a session.

    Returns
    -------
    str
        A constraints file, without pip itself and the libraries of CUDA, which follow
        the build of torch.
    """
    return "".join(
        f"{name}=={version}\n"
        for name, version in pinned(freeze).items()
        if name not in ("pip", "setuptools") and not name.startswith("nvidia-")
    )


def read_freeze(source: str) -> str:
    """Read a list from a file or from an address."""
    if source.startswith(("http://", "https://")):
        import requests

        answer = requests.get(source, timeout=30)
        answer.raise_for_status()
        return answer.text
    return Path(source).read_text(encoding="utf-8")


def _requirements(lines: Iterable[str]) -> Iterable[Requirement]:
    for line in lines:
        try:
            yield Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue  # an empty line, a comment, an option of pip
