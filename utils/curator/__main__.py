"""The maintainers' command line: ``python -m curator COMMAND``."""

import argparse
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from notebook_utils.errors import WorkshopError
from notebook_utils.workspace import checkout

from .collection import read_collection

BAD_REQUEST = 2  # as argparse: nothing was done, the request has to change


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        The words after the program's name; those of this process if not given.

    Returns
    -------
    int
        0 if all is well; 1 if something failed or was found; 2 if the request or the
        list of lessons is wrong; 130 after Ctrl-C.
    """
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.handler is not _test:
        parser.error(f"not understood: {' '.join(rest)}")
    try:
        return int(arguments.handler(arguments, rest))
    except (ValueError, WorkshopError) as error:
        print(error, file=sys.stderr)
        return BAD_REQUEST
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m curator")
    parser.add_argument(
        "--root",
        type=Path,
        default=checkout(),
        help="the checkout to work on (default: the one this package is in)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run lessons and write a report")
    run.add_argument("--output", type=Path, help="default: build/run")
    _add_names(run)
    run.set_defaults(handler=_run)

    test = commands.add_parser(
        "test",
        help="run the tests; further words go to pytest, for the unit tests",
        allow_abbrev=False,
    )
    test.add_argument("--all", action="store_true", help="also the long stages")
    test.set_defaults(handler=_test)

    new = commands.add_parser("new", help="begin a lesson: notebook and list entry")
    new.add_argument("name", metavar="NAME", help="such as 06-my-lesson")
    new.add_argument("--title", help="default: the words of the name")
    new.set_defaults(handler=_new)

    lint = commands.add_parser("lint", help="check lessons and code")
    _add_names(lint)
    lint.set_defaults(handler=_lint)

    refresh = commands.add_parser("refresh", help="store fresh outputs in lessons")
    refresh.add_argument(
        "--force", action="store_true", help="also where the stored ones still hold"
    )
    _add_names(refresh)
    refresh.set_defaults(handler=_refresh)

    verify = commands.add_parser(
        "verify", help="fetch published kits, run their lessons on them, write the lock"
    )
    verify.add_argument(
        "kits", nargs="*", metavar="KIT", help="default: all that are not verified"
    )
    verify.add_argument(
        "--files",
        type=Path,
        metavar="FOLDER",
        help="take the files from here (files/ and manifest.tsv), not from the hosts",
    )
    verify.set_defaults(handler=_verify)

    handout = commands.add_parser(
        "handout", help="copy lessons without solutions and outputs into a folder"
    )
    handout.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    _add_names(handout)
    handout.set_defaults(handler=_handout)

    colab = commands.add_parser(
        "colab", help="print the requirements of an environment like Colab's"
    )
    colab.add_argument("--freeze", help="a file or address; default: Colab's own list")
    colab.add_argument(
        "--constraints", action="store_true", help="print all versions there instead"
    )
    colab.set_defaults(handler=_colab)

    site = commands.add_parser("site", help="build the site and open it")
    site.add_argument("--to", type=Path, help="default: build/site")
    site.add_argument("--no-browser", action="store_true", help="do not open it")
    site.add_argument("--linkcheck", action="store_true", help="follow all links only")
    site.set_defaults(handler=_site)

    lock = commands.add_parser(
        "lock", help="compile constraints.txt anew from the ranges of requirements"
    )
    lock.add_argument(
        "--oldest", action="store_true", help="take the oldest versions they allow"
    )
    lock.add_argument("--pre", action="store_true", help="also take pre-releases")
    lock.set_defaults(handler=_lock)

    publish = commands.add_parser(
        "publish", help="point the lessons of this checkout at a repository, in place"
    )
    publish.add_argument("--repository", required=True, metavar="OWNER/NAME")
    publish.add_argument("--revision", default="main")
    publish.set_defaults(handler=_publish)

    sync = commands.add_parser("sync", help="write the pages that are generated")
    sync.add_argument("--check", action="store_true", help="only say what drifted")
    sync.set_defaults(handler=_sync)
    return parser


def _add_names(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="a lesson, such as 01 (default: all)"
    )


def _run(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .progress import RunProgress
    from .results import BAD
    from .runner import run_lessons

    root = _root(arguments)
    lessons = read_collection(root / "notebooks").select(arguments.names)
    output = arguments.output or root / "build" / "run"
    results = run_lessons(lessons, output, RunProgress())
    print(f"The report: {output / 'index.html'}")
    return 1 if any(result.status in BAD for result in results) else 0


def _test(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .testing import run_stages

    return run_stages(_root(arguments), rest, everything=arguments.all)


def _new(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .new import new_lesson
    from .sync import sync

    root = _root(arguments)
    lesson = new_lesson(root, arguments.name, arguments.title)
    print(f"{lesson.path} was written and entered in collection.toml.")
    arguments.names, arguments.force = [lesson.name], False
    status = _refresh(arguments, rest)
    sync(root)
    print("Fill in what it leaves open, then delete 'draft = true' in collection.toml.")
    return status


def _lint(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .lint import lint_lessons, run_tools

    root = _root(arguments)
    lessons = read_collection(root / "notebooks").select(arguments.names)
    paths = [lesson.path for lesson in lessons] if arguments.names else []
    findings = [*lint_lessons(lessons, root), *run_tools(root, paths)]
    for finding in findings:
        print(finding.text)
    print(f"{len(findings)} findings." if findings else "Nothing was found.")
    return 1 if findings else 0


def _refresh(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .progress import RunProgress
    from .refresh import refresh_lessons
    from .results import BAD

    lessons = read_collection(_root(arguments) / "notebooks").select(arguments.names)
    results = refresh_lessons(lessons, RunProgress(), arguments.force)
    for result in results:
        if result.failing_cell and result.failing_cell.traceback:
            print(f"\n{result.name}:\n{result.failing_cell.traceback}")
    return 1 if any(result.status in BAD for result in results) else 0


def _verify(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .verify import verify_kits

    root = _root(arguments)
    lessons = read_collection(root / "notebooks").lessons
    output = root / "build" / "verify"
    return verify_kits(arguments.kits, lessons, output, arguments.files)


def _colab(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .colab import FREEZE_URL, constraints_there, read_freeze, requirements_there

    freeze = read_freeze(arguments.freeze or FREEZE_URL)
    if arguments.constraints:
        print(constraints_there(freeze), end="")
        return 0
    ours = (_root(arguments) / "requirements.txt").read_text(encoding="utf-8")
    print(requirements_there(ours.splitlines(), freeze), end="")
    return 0


def _lock(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .lock import LOCK, compile_lock

    root = _root(arguments)
    resolution = "lowest-direct" if arguments.oldest else "highest"
    lock = compile_lock(root, resolution, arguments.pre)
    (root / LOCK).write_text(lock, encoding="utf-8", newline="\n")
    print(f"{LOCK} was written: {len(lock.splitlines())} packages.")
    return 0


def _site(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .site import build_site

    root = _root(arguments)
    target = (arguments.to or root / "build" / "site").resolve()
    if arguments.linkcheck:
        return build_site(root, target, "linkcheck")
    status = build_site(root, target)
    print(f"The site: {target / 'index.html'}")
    if status == 0 and not arguments.no_browser:
        webbrowser.open((target / "index.html").as_uri())
    return status


def _publish(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .publishing import publish

    lessons = read_collection(_root(arguments) / "notebooks").lessons
    publish(lessons, arguments.repository, arguments.revision)
    return 0


def _handout(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .handout import hand_out

    lessons = read_collection(_root(arguments) / "notebooks").select(arguments.names)
    for path in hand_out(lessons, arguments.to):
        print(path)
    return 0


def _sync(arguments: argparse.Namespace, rest: list[str]) -> int:
    from .lock import LISTS, check_lock
    from .sync import sync

    root = _root(arguments)
    drifted = sync(root, arguments.check)
    has_lists = (root / LISTS[0]).is_file()
    faults = check_lock(root) if arguments.check and has_lists else []
    for name in drifted:
        if arguments.check:
            print(f"{name} has drifted. Run 'python -m curator sync'.")
        else:
            print(f"{name} was written.")
    for fault in faults:
        print(fault)
    return 1 if arguments.check and (drifted or faults) else 0


def _root(arguments: argparse.Namespace) -> Path:
    if arguments.root is None:
        raise WorkshopError(
            "There are no lessons here: this package runs from no checkout. Install it "
            "with 'pip install -e .' in a checkout, or name one with --root FOLDER."
        )
    return Path(arguments.root).resolve()


if __name__ == "__main__":
    sys.exit(main())
