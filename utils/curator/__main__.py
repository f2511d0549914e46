"""The maintainers' command line: ``python -m curator COMMAND``."""

import sys
import webbrowser
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from notebook_utils.errors import WorkshopError
from notebook_utils.workspace import checkout

from .collection import Lesson, read_collection

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
    arguments.rest = rest
    if rest and arguments.handler is not _test:
        parser.error(f"not understood: {' '.join(rest)}")
    try:
        if arguments.root is None:
            raise WorkshopError(
                "There are no lessons here: this package runs from no checkout. "
                "Install it with 'pip install -e .' in one, or name one with "
                "--root FOLDER."
            )
        arguments.root = arguments.root.resolve()
        return int(arguments.handler(arguments))
    except (ValueError, WorkshopError) as error:
        print(error, file=sys.stderr)
        return BAD_REQUEST
    except KeyboardInterrupt:
        return 130


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m curator")
    parser.add_argument(
        "--root",
        type=Path,
        default=checkout(),
        help="the checkout to work on (default: the one this package is in)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(handler: Callable[[Namespace], int]) -> ArgumentParser:
        """Add a command that is named after a function, with its first line as help."""
        name, help = handler.__name__.lstrip("_"), (handler.__doc__ or "").rstrip(".")
        added: ArgumentParser = commands.add_parser(name, help=help, allow_abbrev=False)
        added.set_defaults(handler=handler)
        return added

    def names(command: ArgumentParser) -> None:
        words = "a lesson, such as 01 (default: all)"
        command.add_argument("names", nargs="*", metavar="NAME", help=words)

    run = command(_run)
    run.add_argument("--output", type=Path, help="default: build/run")
    names(run)
    test = command(_test)
    test.add_argument("--all", action="store_true", help="also the long stages")
    new = command(_new)
    new.add_argument("name", metavar="NAME", help="such as 06-my-lesson")
    new.add_argument("--title", help="default: the words of the name")
    names(command(_lint))
    refresh = command(_refresh)
    words = "also where the stored ones still hold"
    refresh.add_argument("--force", action="store_true", help=words)
    names(refresh)
    verify = command(_verify)
    words = "default: all that are not verified"
    verify.add_argument("kits", nargs="*", metavar="KIT", help=words)
    words = "take the files from here (files/ and manifest.tsv), not from the hosts"
    verify.add_argument("--files", type=Path, metavar="FOLDER", help=words)
    handout = command(_handout)
    handout.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    names(handout)
    colab = command(_colab)
    colab.add_argument("--freeze", help="a file or address; default: Colab's own list")
    words = "print all versions there instead"
    colab.add_argument("--constraints", action="store_true", help=words)
    site = command(_site)
    site.add_argument("--to", type=Path, help="default: build/site")
    site.add_argument("--no-browser", action="store_true", help="do not open it")
    site.add_argument("--linkcheck", action="store_true", help="follow all links only")
    lock = command(_lock)
    words = "take the oldest versions they allow"
    lock.add_argument("--oldest", action="store_true", help=words)
    lock.add_argument("--pre", action="store_true", help="also take pre-releases")
    publish = command(_publish)
    publish.add_argument("--repository", required=True, metavar="OWNER/NAME")
    publish.add_argument("--revision", default="main")
    sync = command(_sync)
    sync.add_argument("--check", action="store_true", help="only say what drifted")
    return parser


def _lessons(root: Path, names: Iterable[str] = ()) -> tuple[Lesson, ...]:
    return read_collection(root / "notebooks").select(names)


def _run(arguments: Namespace) -> int:
    """Run lessons and write a report."""
    from rich.console import Console

    from .results import BAD
    from .runner import run_lessons

    output = arguments.output or arguments.root / "build" / "run"
    lessons = _lessons(arguments.root, arguments.names)
    results = run_lessons(lessons, output, Console())
    print(f"The report: {output / 'index.html'}")
    return any(result.status in BAD for result in results)


def _test(arguments: Namespace) -> int:
    """Run the tests; further words go to pytest, for the unit tests."""
    from .testing import run_stages

    return run_stages(arguments.root, arguments.rest, everything=arguments.all)


def _new(arguments: Namespace) -> int:
    """Begin a lesson: notebook and list entry."""
    from .new import new_lesson
    from .sync import sync

    lesson = new_lesson(arguments.root, arguments.name, arguments.title)
    print(f"{lesson.path} was written and entered in collection.toml.")
    arguments.names, arguments.force = [lesson.name], False
    status = _refresh(arguments)
    sync(arguments.root)
    print("Fill in what it leaves open, then delete 'draft = true' in collection.toml.")
    return status


def _lint(arguments: Namespace) -> int:
    """Check lessons and code."""
    from .lint import lint_lessons, run_tools

    lessons = _lessons(arguments.root, arguments.names)
    paths = [lesson.path for lesson in lessons] if arguments.names else []
    findings = lint_lessons(lessons, arguments.root) + run_tools(arguments.root, paths)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings." if findings else "Nothing was found.")
    return bool(findings)


def _refresh(arguments: Namespace) -> int:
    """Store fresh outputs in lessons."""
    from rich.console import Console

    from .refresh import refresh_lessons
    from .results import BAD

    lessons = _lessons(arguments.root, arguments.names)
    results = refresh_lessons(lessons, Console(), arguments.force)
    for result in results:
        if result.failing_cell and result.failing_cell.traceback:
            print(f"\n{result.name}:\n{result.failing_cell.traceback}")
    return any(result.status in BAD for result in results)


def _verify(arguments: Namespace) -> int:
    """Fetch published kits, run their lessons on them, write the lock."""
    from .verify import verify_kits

    output = arguments.root / "build" / "verify"
    lessons = _lessons(arguments.root)
    return verify_kits(arguments.kits, lessons, output, arguments.files)


def _colab(arguments: Namespace) -> int:
    """Print the requirements of an environment like Colab's."""
    from .colab import FREEZE_URL, constraints_there, read_freeze, requirements_there

    freeze = read_freeze(arguments.freeze or FREEZE_URL)
    if arguments.constraints:
        print(constraints_there(freeze), end="")
        return 0
    ours = (arguments.root / "requirements.txt").read_text(encoding="utf-8")
    print(requirements_there(ours.splitlines(), freeze), end="")
    return 0


def _lock(arguments: Namespace) -> int:
    """Compile constraints.txt anew from the ranges of requirements."""
    from .lock import LOCK, compile_lock

    resolution = "lowest-direct" if arguments.oldest else "highest"
    lock = compile_lock(arguments.root, resolution, arguments.pre)
    (arguments.root / LOCK).write_text(lock, encoding="utf-8", newline="\n")
    print(f"{LOCK} was written: {len(lock.splitlines())} packages.")
    return 0


def _site(arguments: Namespace) -> int:
    """Build the site and open it."""
    from .site import build_site

    target = (arguments.to or arguments.root / "build" / "site").resolve()
    if arguments.linkcheck:
        return build_site(arguments.root, target, "linkcheck")
    status = build_site(arguments.root, target)
    print(f"The site: {target / 'index.html'}")
    if status == 0 and not arguments.no_browser:
        webbrowser.open((target / "index.html").as_uri())
    return status


def _publish(arguments: Namespace) -> int:
    """Point the lessons of this checkout at a repository, in place."""
    from .publishing import publish

    publish(_lessons(arguments.root), arguments.repository, arguments.revision)
    return 0


def _handout(arguments: Namespace) -> int:
    """Copy lessons without solutions and outputs into a folder."""
    from .handout import hand_out

    lessons = _lessons(arguments.root, arguments.names)
    for path in hand_out(lessons, arguments.to):
        print(path)
    return 0


def _sync(arguments: Namespace) -> int:
    """Write the pages that are generated."""
    from .lock import LISTS, check_lock
    from .sync import sync

    check, root = arguments.check, arguments.root
    drifted = sync(root, check)
    faults = check_lock(root) if check and (root / LISTS[0]).is_file() else []
    for name in drifted:
        drift = "has drifted. Run 'python -m curator sync'."
        print(f"{name} {drift if check else 'was written.'}")
    for fault in faults:
        print(fault)
    return bool(check and (drifted or faults))


if __name__ == "__main__":
    sys.exit(main())
