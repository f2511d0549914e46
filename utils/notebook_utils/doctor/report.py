"""Run the checks and report them, to a person or to a program."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from . import machine, software
from .check import Check
from .connections import Connections


def checks() -> tuple[Check, ...]:
    """Look at everything that the lessons need, always in the same order.

    A check that cannot be made counts as failed and carries its error.
    """
    return tuple(_safely(name, look) for name, look in looks().items())


def main(argv: Sequence[str] | None = None) -> int:
    """Print the checks and whether the machine is ready; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="notebook_utils doctor", description="Is this machine ready?"
    )
    parser.add_argument("--json", action="store_true", help="for a machine to read")
    arguments = parser.parse_args(argv)
    results = checks()
    passed = sum(check.ok for check in results)
    ready = passed == len(results)
    if arguments.json:
        listed = [asdict(check) for check in results]
        print(json.dumps({"ready": ready, "passed": passed, "checks": listed}))
    else:
        print(*results, sep="\n")
        print(verdict(results))
    return 0 if ready else 1


def verdict(results: Sequence[Check]) -> str:
    """Return whether the machine is ready, such as ``"READY 12/12"``.

    A check with a note has passed, and is counted apart.

    Examples
    --------
    >>> disk = Check("disk", True, "48 GB free")
    >>> memory = Check("memory", True, "1 GB free", "Close programs.")
    >>> verdict([disk, memory])
    'READY 2/2, 1 with a note'
    """
    passed = sum(check.ok for check in results)
    word = "READY" if passed == len(results) else "NOT READY"
    notes = sum(check.mark == "note" for check in results)
    noted = f", {notes} with a note" if notes else ""
    return f"{word} {passed}/{len(results)}{noted}"


def _safely(name: str, look: Callable[[], Check]) -> Check:
    try:
        check = look()
    except Exception as error:  # whatever it is, the other checks still count
        remedy = "Install this package and what it needs again."
        check = Check(name, False, f"{type(error).__name__}: {error}", remedy)
    found, remedy = (" ".join(text.split()) for text in (check.found, check.remedy))
    return Check(name, check.ok, found, remedy)


def looks() -> dict[str, Callable[[], Check]]:
    """Return what makes each check, by its name."""
    connections = Connections()
    return {
        "Python": machine.python,
        "packages": software.packages,
        "processor": machine.processor,
        "OpenVINO": software.openvino,
        "memory": machine.memory,
        "disk": machine.disk,
        "widgets": software.widgets,
        "torchvision": software.torchvision,
        "kits": software.kits,
        "network": connections.network,
        "certificates": connections.certificates,
        "imports": software.imports,
    }
