"""``python -m toybox build [KIT ...]`` and ``python -m toybox verify [KIT ...]``."""

import argparse
import json
import sys
from collections.abc import Sequence

from notebook_utils import WorkshopError

from .cards import read_card
from .recipes import RECIPES, build, verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 all is well, 1 something is off.

    Parameters
    ----------
    arguments : sequence of str, optional
        In place of those of the command line.
    """
    options = _parser().parse_args(arguments)
    run = {"build": _build, "verify": _verify}[options.command]
    try:
        results = [run(kit) for kit in options.kits or RECIPES]
    except WorkshopError as error:  # such as a framework that is not installed
        print(error, file=sys.stderr)
        return 1
    return 0 if all(results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m toybox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("build", "train where needed, export and write the card"),
        ("verify", "check the files and measure every figure of the card anew"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument(
            "kits", nargs="*", metavar="KIT", type=_kit, help="all where none is named"
        )
    return parser


def _kit(name: str) -> str:
    if name not in RECIPES:
        raise argparse.ArgumentTypeError(
            f"{name!r} is not one of the kits: {', '.join(RECIPES)}"
        )
    return name


def _build(kit: str) -> bool:
    folder = build(RECIPES[kit])
    print(f"{kit}: built, {json.dumps(read_card(folder)['figures'])}")
    return True


def _verify(kit: str) -> bool:
    faults = verify(RECIPES[kit])
    for fault in faults:
        print(f"{kit}: {fault}")
    if not faults:
        print(f"{kit}: as its card says")
    return not faults


if __name__ == "__main__":
    sys.exit(main())
