"""``python -m toybox``: build the included kits, verify them, count with a detector."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial

from notebook_utils import WorkshopError

from .cards import read_card
from .counting import count_toys
from .detection import DETECTORS
from .recipes import KITS, RECIPES, build, verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 all is well, 1 a kit has a fault."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "count":
            _count(options.kit, options.scenes)
            return 0
        results = [options.run(kit) for kit in options.kits or RECIPES]
    except WorkshopError as error:  # such as a framework that is not installed
        print(error, file=sys.stderr)
        return 1
    return 0 if all(results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m toybox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, purpose in (
        ("build", _build, "train where needed, export and write the card"),
        ("verify", _verify, "check the files and measure every figure of the card"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.set_defaults(run=run)
        command.add_argument(
            "kits", nargs="*", metavar="KIT", type=_kit, help="all where none is named"
        )
    command = commands.add_parser(
        "count", help="how many scenes a detector counts exactly, by number of toys"
    )
    command.add_argument("kit", nargs="?", choices=DETECTORS, default="detection-tf")
    scenes = "for each number of toys (default: 10, half a minute in all)"
    command.add_argument("--scenes", type=_positive, default=10, help=scenes)
    return parser


def _kit(name: str) -> str:
    if name not in RECIPES:
        raise argparse.ArgumentTypeError(
            f"{name!r} is not one of the kits: {', '.join(RECIPES)}"
        )
    return name


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more scenes, found {text!r}")
    return int(text)


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


def _count(kit: str, scenes: int) -> None:
    load, detect = DETECTORS[kit]
    print("| toys | exact scenes | toys found | extra detections |")
    print("| ---: | ---: | ---: | ---: |")
    for row in count_toys(partial(detect, load(KITS / kit)), scenes):
        exact = f"{row.exact} of {row.scenes}"
        print(f"| {row.toys} | {exact} | {row.recall:.0%} | {row.extra} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
