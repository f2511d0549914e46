"""The commands about kits: ``kits``, ``cache``, ``prefetch``, ``serve``."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from ..errors import WorkshopError

_MB = 1_000_000


def add_kit_commands(commands: Any) -> None:
    """Add the commands to a parser.

    Parameters
    ----------
    commands
        What ``add_subparsers`` returned. Each command sets `handler`, a function of the
        parsed arguments and the words that were left over.
    """
    kits = commands.add_parser("kits", help="list the kits and where they come from")
    kits.set_defaults(handler=_kits)

    cache = commands.add_parser("cache", help="list, clean or verify the fetched kits")
    cache.add_argument("action", choices=("list", "clean", "verify"))
    cache.add_argument("kits", nargs="*", metavar="KIT", help="with clean: these alone")
    cache.set_defaults(handler=_cache)

    prefetch = commands.add_parser("prefetch", help="make a mirror of published kits")
    prefetch.add_argument("kits", nargs="*", metavar="KIT", help="default: all")
    prefetch.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    prefetch.set_defaults(handler=_prefetch)

    serve = commands.add_parser("serve", help="serve a mirror, without writing to it")
    serve.add_argument("folder", type=Path)
    serve.add_argument("--port", type=int, default=8123, help="default: 8123")
    serve.add_argument(
        "--public", action="store_true", help="to the local network, not only here"
    )
    serve.set_defaults(handler=_serve)


def no_more(rest: list[str]) -> None:
    """Refuse words that nobody understood.

    Raises
    ------
    WorkshopError
        There are any.
    """
    if rest:
        raise WorkshopError(f"Not understood: {' '.join(rest)}")


def _kits(arguments: argparse.Namespace, rest: list[str]) -> int:
    no_more(rest)
    from .loading import list_kits, load_kit

    for name in list_kits():
        print(load_kit(name), end="\n\n")
    return 0


def _cache(arguments: argparse.Namespace, rest: list[str]) -> int:
    no_more(rest)
    if arguments.kits and arguments.action != "clean":
        raise WorkshopError(f"'cache {arguments.action}' takes no names of kits.")
    action = {"list": _list_cache, "clean": _clean_cache, "verify": _verify_cache}
    return action[arguments.action](arguments)


def _list_cache(arguments: argparse.Namespace) -> int:
    from ..workspace import cache_dir
    from .cache import cached_kits

    print(cache_dir())
    kits = cached_kits()
    for kit in kits:
        where = "shared" if kit.shared else ""
        size = f"{kit.size_bytes / _MB:.1f} MB"
        print(f"  {kit.section:10} {kit.folder.name:36} {size:>10}  {where}".rstrip())
    total = sum(kit.size_bytes for kit in kits) / _MB
    print(f"{len(kits)} kits, {total:.1f} MB")
    return 0


def _clean_cache(arguments: argparse.Namespace) -> int:
    from .cache import clean_cache

    print(f"{clean_cache(arguments.kits) / _MB:.1f} MB freed")
    return 0


def _verify_cache(arguments: argparse.Namespace) -> int:
    from .cache import cached_kits

    faults = 0
    for kit in cached_kits():
        lines = list(kit.altered_files())
        faults += len(lines)
        print(f"{'FAIL' if lines else 'ok':5} {kit.section}/{kit.folder.name}")
        for line in lines:
            print(f"      {line}")
    if faults:
        print("Remove what is damaged: python -m notebook_utils cache clean KIT")
    return 1 if faults else 0


def _prefetch(arguments: argparse.Namespace, rest: list[str]) -> int:
    no_more(rest)
    from .prefetch import prefetch

    done = prefetch(arguments.kits, arguments.to)
    print(
        f"{arguments.to}: {len(done.fetched)} files fetched, {len(done.kept)} were "
        f"there, {len(done.failed)} cannot be had"
    )
    for reason in dict.fromkeys(done.failed.values()):
        files = [file for file, why in done.failed.items() if why == reason]
        print(f"  {reason}\n    {', '.join(files)}")
    if done.failed:
        print("The same command goes on from here.")
    else:
        place = shlex.quote(str(arguments.to.resolve()))
        print(f"Use it with: NOTEBOOK_KITS_MIRROR={place}")
    return 1 if done.failed else 0


def _serve(arguments: argparse.Namespace, rest: list[str]) -> int:
    no_more(rest)
    from .serve import FolderServer

    with FolderServer(
        arguments.folder, arguments.port, public=arguments.public
    ) as server:
        print(f"Serving {arguments.folder}; Ctrl-C ends it. In the class:")
        print(f"  NOTEBOOK_KITS_MIRROR={server.address}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)
    return 0
