"""The one list of lessons, ``notebooks/collection.toml``.

The README, the runner, the checks and the continuous integration read it through this
module, so that a lesson is added, reordered or skipped in one place.
"""

import dataclasses
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from notebook_utils.errors import WorkshopError

FILE_NAME = "collection.toml"

_Kinds = Mapping[str, tuple[type, ...]]

# Wall time is no budget: a busy machine may take long. It only ends what hangs.
WALL_TIMEOUT_PER_CPU_SECOND = 3.0

_LEVELS = ("beginner", "intermediate", "advanced")

# The types of the keys, first of those that must be there. A type stands for itself
# alone: True is no number here, and a time of day no date.
_NUMBER = (int, float)
_REQUIRED: _Kinds = {
    **dict.fromkeys(("file", "title", "summary"), (str,)),
    **dict.fromkeys(("minutes", "cpu_seconds", "memory_mb"), _NUMBER),
    "kits": (list,),
}
_OPTIONAL: _Kinds = {"draft": (bool,), "level": (str,), "skip": (dict,)}
_SKIP: _Kinds = {"reason": (str,), "until": (date,)}


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


@dataclasses.dataclass(frozen=True)
class Collection:
    """The lessons of one folder, in their order."""

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
        wanted: set[Lesson] = set()
        for name in names:
            stem = Path(name).name.removesuffix(".ipynb")
            number = stem.zfill(2)
            found = {x for x in self.lessons if stem == x.name or number == x.number}
            if not found:
                known = ", ".join(lesson.name for lesson in self.lessons)
                raise ValueError(f"No lesson is called {name!r}. There are: {known}.")
            wanted |= found
        return tuple(x for x in self.lessons if x in wanted or not wanted)


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
    _check(content, {}, {"defaults": (dict,), "lesson": (list,)}, path.name)
    defaults = content.get("defaults", {})
    _check(defaults, {}, {**_REQUIRED, **_OPTIONAL}, f"{path.name}, [defaults]")
    tables = content.get("lesson", [])
    if not tables:
        raise CollectionError(f"{path} lists no lesson: expected [[lesson]] tables.")
    lessons = tuple(
        _lesson(folder, position, {**defaults, **table}, today or date.today())
        for position, table in enumerate(tables, start=1)
    )
    names = Counter(x for lesson in lessons for x in (lesson.path.name, lesson.number))
    for name, count in names.items():
        if count > 1:
            raise CollectionError(f"{FILE_NAME} lists {name} twice.")
    return Collection(lessons)


def _lesson(
    folder: Path, position: int, table: Mapping[str, Any], today: date
) -> Lesson:
    where = f"{FILE_NAME}, lesson {position} ({table.get('file', 'no file')})"
    _check(table, _REQUIRED, _OPTIONAL, where)
    fields = dict(table)
    path = folder / fields.pop("file")
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
    fields["kits"] = tuple(table["kits"])
    if fields.get("level", _LEVELS[0]) not in _LEVELS:
        expected = f"expected one of {', '.join(_LEVELS)}"
        raise CollectionError(f"{where}: level is {table['level']!r}, {expected}.")
    if "skip" in table:
        fields["skip"] = _skip(table["skip"], where, today)
    return Lesson(path=path, **fields)


def _skip(table: Mapping[str, Any], where: str, today: date) -> Skip:
    _check(table, _SKIP, {}, f"{where}, skip")
    skip = Skip(**table)
    if not skip.reason.strip():
        raise CollectionError(f"{where}: the skip has an empty reason.")
    if skip.until < today:
        raise CollectionError(
            f"{where}: its skip ended on {skip.until} ({skip.reason}). Mend the lesson "
            "and remove the skip, or give it a new date."
        )
    return skip


def _check(
    table: Mapping[str, Any], required: _Kinds, optional: _Kinds, where: str
) -> None:
    """Refuse a key that is unknown or missing, and a value of a wrong type."""
    kinds = {**required, **optional}
    for key in [*table, *required]:
        if key not in kinds:
            raise CollectionError(
                f"{where}: unknown key {key!r}. Known are: {', '.join(kinds)}."
            )
        if key not in table:
            raise CollectionError(f"{where}: {key!r} is missing.")
        if type(table[key]) not in kinds[key]:
            kind = " or ".join(kind.__name__ for kind in kinds[key])
            expected = f"{key} must be of type {kind}"
            raise CollectionError(f"{where}: {expected}, found {table[key]!r}.")
