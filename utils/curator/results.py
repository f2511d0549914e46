"""What came of running a lesson, in the words that every report uses."""

import dataclasses
import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

from .collection import Lesson
from .files import write_json
from .usage import Usage

Status = Literal["passed", "failed", "timeout", "error", "skipped", "not_run"]
STATUSES: tuple[Status, ...] = get_args(Status)
BAD: tuple[Status, ...] = ("failed", "timeout", "error")

SLOWEST_CELLS = 5
DIFFERS = "OutputDiffers"
NOTHING_COMPARED = (
    "Nothing was compared. Tag the cells whose output must not change with "
    "nbval-check-output and run 'python -m curator refresh'."
)
_STAMPED = ("openvino", "torch", "numpy")


@dataclasses.dataclass
class FailingCell:
    """The cell at which a lesson went wrong.

    `index` counts all cells of the notebook from 0; `number` counts its code cells
    from 1, as the execution counts do. `traceback` is what the process printed last
    where the kernel died.
    """

    index: int
    number: int
    source: str
    error: str
    message: str
    traceback: str = ""


@dataclasses.dataclass(frozen=True)
class CellTime:
    """How long one code cell took, in seconds of wall time."""

    index: int
    number: int
    seconds: float
    first_line: str


@dataclasses.dataclass
class LessonResult:
    """What came of one lesson.

    Attributes
    ----------
    status
        ``passed``; ``failed``: a cell raised, an output differs, a budget was broken;
        ``timeout``; ``error``: the kernel died or the notebook could not be run;
        ``skipped``: the collection says so; ``not_run``: the run ended before it.
    reason
        Sentences for a person; empty where the lesson passed.
    cells, cells_run
        Code cells in the notebook, and those that were begun.
    compared
        Cells whose stored output was compared; None where that is not asked, because
        the stored outputs are not those of the kits that were used.
    kits
        What ``load_kit`` announced: kit, origin and reason of each.
    """

    name: str
    title: str
    status: Status = "not_run"
    reason: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_mb: float = 0.0
    budget: dict[str, float] = dataclasses.field(default_factory=dict)
    cells: int = 0
    cells_run: int = 0
    compared: int | None = None
    failing_cell: FailingCell | None = None
    slowest_cells: list[CellTime] = dataclasses.field(default_factory=list)
    kits: list[dict[str, str]] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, lesson: Lesson) -> "LessonResult":
        """Begin the result of a lesson that has not run yet."""
        budget = {
            "cpu_s": lesson.cpu_seconds,
            "memory_mb": lesson.memory_mb,
            "wall_s": lesson.wall_timeout_s,
        }
        return cls(lesson.name, lesson.title, budget=budget)

    def record_usage(self, usage: Usage) -> None:
        """Take over what the kernel used."""
        self.wall_s = round(usage.wall_s, 2)
        self.cpu_s = round(usage.cpu_s, 2)
        self.peak_memory_mb = round(usage.peak_memory_mb, 1)

    def record_times(self, times: Iterable[CellTime]) -> None:
        """Keep the slowest cells, the slowest first."""
        ordered = sorted(times, key=lambda cell: cell.seconds, reverse=True)
        self.slowest_cells = ordered[:SLOWEST_CELLS]

    def record_differences(self, compared: int, cells: Iterable[FailingCell]) -> None:
        """Take over how many cells were compared, and which of them differ."""
        self.compared = compared
        for cell in cells:
            if self.status == "passed":
                self.status = "failed"
            self.failing_cell = self.failing_cell or cell
            self.reason = f"{self.reason} Cell {cell.number}: {cell.message}".strip()
        self.enforce_comparison()

    def enforce_comparison(self) -> None:
        """Fail a lesson that passed although nothing of it was compared."""
        if self.status == "passed" and self.compared == 0:
            self.status, self.reason = "failed", NOTHING_COMPARED

    def enforce_budget(self) -> None:
        """Fail a lesson that passed but used more than it may."""
        broken = broken_budgets(self)
        if self.status == "passed" and broken:
            self.status = "failed"
        self.reason = " ".join(filter(None, [self.reason, *broken]))

    def write(self, path: Path) -> None:
        """Store the result in a file of its own."""
        write_json(path, self.to_dict())

    @classmethod
    def read(cls, path: Path) -> "LessonResult":
        """Read what `write` stored."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON can hold it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "LessonResult":
        """Read what `to_dict` returned."""
        content = dict(content)
        cell = content.get("failing_cell")
        content["failing_cell"] = FailingCell(**cell) if cell else None
        content["slowest_cells"] = [CellTime(**c) for c in content["slowest_cells"]]
        return cls(**content)


def broken_budgets(result: LessonResult) -> list[str]:
    """Say in a sentence each which budgets of a lesson were broken."""
    sentences = []
    cpu_s, memory_mb = result.budget["cpu_s"], result.budget["memory_mb"]
    if result.cpu_s > cpu_s:
        sentences.append(
            f"It used {result.cpu_s:.1f} CPU-seconds; its budget is {cpu_s:g}."
        )
    if result.peak_memory_mb > memory_mb:
        sentences.append(
            f"It held {result.peak_memory_mb:.0f} MB of memory at its peak; "
            f"its budget is {memory_mb:g} MB."
        )
    return sentences


def versions() -> dict[str, str]:
    """Stamp a report with what it was made on."""
    stamp = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _STAMPED:
        try:
            stamp[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            stamp[package] = "not installed"
    return stamp
