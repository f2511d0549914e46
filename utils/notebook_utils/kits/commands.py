"""The commands about kits: ``kits``, ``cache``, ``prefetch``, ``serve``."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from ..errors import WorkshopError

_MB = 1_000_000


def add_kit_commands(commands: Any) -> None:
    """Add the commands to what ``add_subparsers`` returned.

    Each sets `handler`, a function of the parsed arguments that returns nothing or the
    exit status.
    """
    kits = commands.add_parser("kits", help="list the kits and where they come from")
    kits.set_defaults(handler=_kits)

    cache = commands.add_parser("cache", help="list or clean the fetched kits")
    cache.add_argument("action", choices=("list", "clean"))
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


def _kits(arguments: argparse.Namespace) -> None:
    from .loading import list_kits, load_kit

    for name in list_kits():
        print(load_kit(name), end="\n\n")


def _cache(arguments: argparse.Namespace) -> None:
    from .cache import cache_dirs, cached_kits, clean_cache, size_bytes

    if arguments.action == "clean":
        print(f"{clean_cache(arguments.kits) / _MB:.1f} MB freed")
        return
    if arguments.kits:
        raise WorkshopError("'cache list' takes no kit names.")
    sizes = []
    own, *shared = cache_dirs()
    print(own)
    for place in (own, *shared):
        for kit in cached_kits(place):
            sizes.append(size_bytes(kit))
            size, where = (
                f"{sizes[-1] / _MB:.1f} MB",
                "shared" if place in shared else "",
            )
            print(f"  {kit.parent.name:10} {kit.name:36} {size:>10}  {where}".rstrip())
    print(f"{len(sizes)} kits, {sum(sizes) / _MB:.1f} MB")


def _prefetch(arguments: argparse.Namespace) -> int:
    from .prefetch import prefetch

    done = prefetch(arguments.kits, arguments.to)
    print(
        f"{arguments.to}: {len(done.fetched)} files fetched, {len(done.kept)} already "
        f"there, {len(done.failed)} unavailable"
    )
    for reason in dict.fromkeys(done.failed.values()):
        files = [file for file, why in done.failed.items() if why == reason]
        print(f"  {reason}\n    {', '.join(files)}")
    if done.failed:
        print("Run the same command again to continue.")
        return 1
    place = shlex.quote(str(arguments.to.resolve()))
    print(f"Use it with: NOTEBOOK_KITS_MIRROR={place}")
    return 0


def _serve(arguments: argparse.Namespace) -> None:
    from .serve import FolderServer

    folder = arguments.folder
    with FolderServer(folder, arguments.port, public=arguments.public) as server:
        print(f"Serving {folder}; press Ctrl-C to stop. In the class:")
        print(f"  NOTEBOOK_KITS_MIRROR={server.address}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)
