"""The one list of lessons, ``notebooks/collection.toml``.

The README, the runner, the checks and the continuous integration read it through this
module, so that a lesson is added, reordered or skipped in one place.
"""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from notebook_utils.errors import WorkshopError

FILE_NAME = "collection.toml"

# Wall time is no budget: a busy machine may take long. It only ends what hangs.
WALL_TIMEOUT_PER_CPU_SECOND = 3.0

# A type stands for itself alone: True is no number here, and a time of day no date.
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "list": (list,),
    "table": (dict,),
    "date": (date,),
    "truth value": (bool,),
}
_REQUIRED = {
    "file": "string",
    "title": "string",
    "summary": "string",
    "minutes": "number",
    "cpu_seconds": "number",
    "memory_mb": "number",
    "kits": "list",
}
_OPTIONAL = {"draft": "truth value", "level": "string", "skip": "table"}
_LEVELS = ("beginner", "intermediate", "advanced")
_SKIP = {"reason": "string", "until": "date"}


class CollectionError(WorkshopError):
    """The list of lessons is wrong; the message says where and what was expected."""


@dataclasses.dataclass(frozen=True)
class Skip:
    """Why a lesson is not run, and the last day on which that is accepted."""

    reason: str
    until: date


@dataclasses.dataclass(frozen=True)
class Lesson:
    """One notebook with its budgets.

    Attributes
    ----------
    path
        The notebook, absolute.
    title, summary
        For the table of lessons: a few words, one line.
    minutes
        What a person needs, in minutes.
    cpu_seconds
        Budget of an included run: CPU-seconds of the kernel and its children.
    memory_mb
        Budget of the same: peak resident memory, in megabytes (10**6 bytes).
    kits
        The kits that the lesson loads.
    draft
        Its author has not filled in yet what the template left open. It runs and is
        compared like the others, but stands in no table of lessons.
    skip
        Set where the lesson is not run for the time being.
    level
        ``beginner``, ``intermediate`` or ``advanced``.
    """

    path: Path
    title: str
    summary: str
    minutes: float
    cpu_seconds: float
    memory_mb: float
    kits: tuple[str, ...] = ()
    draft: bool = False
    skip: Skip | None = None
    level: str = _LEVELS[0]

    @property
    def name(self) -> str:
        """The file's name without its ending, such as ``01-runtime-api``."""
        return self.path.stem

    @property
    def number(self) -> str:
        """What stands before the first hyphen, such as ``01``."""
        return self.name.split("-")[0]

    @property
    def wall_timeout_s(self) -> float:
        """Seconds after which a run of the lesson is ended."""
        return WALL_TIMEOUT_PER_CPU_SECOND * self.cpu_seconds

    def answers_to(self, name: str) -> bool:
        """Say whether a person who typed `name` means this lesson."""
        stem = Path(name).name.removesuffix(".ipynb")
        same_number = stem.isdecimal() and self.number.isdecimal()
        return stem in (self.name, self.number) or (
            same_number and int(stem) == int(self.number)
        )


@dataclasses.dataclass(frozen=True)
class Collection:
    """The lessons of one folder, in their order."""

    folder: Path
    lessons: tuple[Lesson, ...]

    def select(self, names: Iterable[str] = ()) -> tuple[Lesson, ...]:
        """Find the lessons that somebody asked for.

        Parameters
        ----------
        names
            ``"01"``, ``"1"``, ``"01-runtime-api"`` or a file name; all lessons if there
            are none.

        Returns
        -------
        tuple of Lesson
            Each once, in the order of the collection.

        Raises
        ------
        ValueError
            No lesson has one of the names.
        """
        wanted = list(names)
        if not wanted:
            return self.lessons
        for name in wanted:
            if not any(lesson.answers_to(name) for lesson in self.lessons):
                known = ", ".join(lesson.name for lesson in self.lessons)
                raise ValueError(f"No lesson is called {name!r}. There are: {known}.")
        return tuple(
            lesson
            for lesson in self.lessons
            if any(lesson.answers_to(name) for name in wanted)
        )


def read_collection(folder: Path, today: date | None = None) -> Collection:
    """Read and check the list of lessons in a folder.

    Parameters
    ----------
    folder
        Where ``collection.toml`` and the notebooks are.
    today
        The day against which skips are checked; the present one if not given.

    Returns
    -------
    Collection
        The lessons in the order of the file.

    Raises
    ------
    CollectionError
        The list is missing, is no TOML, has an unknown or missing key or a value of the
        wrong type, names a file twice or one that is not there, or skips a lesson
        without a reason, without an end, or beyond its end.
    """
    folder = folder.resolve()
    path = folder / FILE_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CollectionError(f"There is no list of lessons at {path}.") from None
    except tomllib.TOMLDecodeError as error:
        raise CollectionError(f"{path} is not valid TOML: {error}") from error
    _refuse_unknown(content, ("defaults", "lesson"), path.name)
    defaults = content.get("defaults", {})
    _refuse_unknown(defaults, (*_REQUIRED, *_OPTIONAL), f"{path.name}, [defaults]")
    tables = content.get("lesson", [])
    if not tables:
        raise CollectionError(f"{path} lists no lesson: expected [[lesson]] tables.")
    lessons = tuple(
        _lesson(folder, position, {**defaults, **table}, today or date.today())
        for position, table in enumerate(tables, start=1)
    )
    _refuse_twice(lessons)
    return Collection(folder, lessons)


def _lesson(
    folder: Path, position: int, table: Mapping[str, Any], today: date
) -> Lesson:
    where = f"{FILE_NAME}, lesson {position} ({table.get('file', 'no file')})"
    _check_keys(table, _REQUIRED, _OPTIONAL, where)
    path = folder / table["file"]
    if path.parent != folder or path.suffix != ".ipynb":
        raise CollectionError(
            f"{where}: expected the name of a notebook beside the list, "
            f"found {table['file']!r}."
        )
    if not path.is_file():
        raise CollectionError(f"{where}: there is no such file in {folder}.")
    for key in ("minutes", "cpu_seconds", "memory_mb"):
        if table[key] <= 0:
            raise CollectionError(f"{where}: {key} must be more than 0.")
    if not all(isinstance(kit, str) for kit in table["kits"]):
        raise CollectionError(f"{where}: kits must be a list of names.")
    fields = {key: value for key, value in table.items() if key != "file"}
    fields["kits"] = tuple(table["kits"])
    if fields.get("level", _LEVELS[0]) not in _LEVELS:
        raise CollectionError(
            f"{where}: level must be one of {', '.join(_LEVELS)}, "
            f"found {table['level']!r}."
        )
    if "skip" in table:
        fields["skip"] = _skip(table["skip"], where, today)
    return Lesson(path=path, **fields)


def _skip(table: Mapping[str, Any], where: str, today: date) -> Skip:
    _check_keys(table, _SKIP, {}, f"{where}, skip")
    skip = Skip(**table)
    if not skip.reason.strip():
        raise CollectionError(f"{where}: the skip has an empty reason.")
    if skip.until < today:
        raise CollectionError(
            f"{where}: its skip ended on {skip.until} ({skip.reason}). Mend the lesson "
            "and remove the skip, or give it a new date."
        )
    return skip


def _check_keys(
    table: Mapping[str, Any],
    required: Mapping[str, str],
    optional: Mapping[str, str],
    where: str,
) -> None:
    kinds = {**required, **optional}
    _refuse_unknown(table, kinds, where)
    for key in required:
        if key not in table:
            raise CollectionError(f"{where}: {key!r} is missing.")
    for key, value in table.items():
        if type(value) not in _KINDS[kinds[key]]:
            raise CollectionError(
                f"{where}: {key} must be a {kinds[key]}, found {value!r}."
            )


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    known = tuple(known)
    unknown = [key for key in table if key not in known]
    if unknown:
        raise CollectionError(
            f"{where}: unknown key {unknown[0]!r}. Known are: {', '.join(known)}."
        )


def _refuse_twice(lessons: Iterable[Lesson]) -> None:
    seen: set[str] = set()
    for lesson in lessons:
        for key in (lesson.path.name, lesson.number):
            if key in seen:
                raise CollectionError(f"{FILE_NAME} lists {key} twice.")
        seen |= {lesson.path.name, lesson.number}
