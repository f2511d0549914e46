"""What came of running a lesson, in the words that every report uses."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

from .collection import Lesson
from .files import write_json
from .usage import UsageSampler

Status = Literal["passed", "failed", "timeout", "error", "skipped", "not_run"]
# Every status has a sign of its own, so that colour is never the only signal.
SIGNS: dict[Status, str] = {
    "passed": "✓",
    "failed": "✗",
    "timeout": "…",
    "error": "!",
    "skipped": "-",
    "not_run": "·",
}
BAD: tuple[Status, ...] = ("failed", "timeout", "error")

# Two names of errors that no exception has.
DIFFERS, KERNEL_DIED = "OutputDiffers", "KernelDied"

SLOWEST_CELLS = 5
NOTHING_COMPARED = (
    "Nothing was compared. Tag the cells whose output must not change with "
    "nbval-check-output and run 'python -m curator refresh'."
)


@dataclasses.dataclass
class FailingCell:
    """The cell at which a lesson went wrong.

    `number` counts code cells from 1, as execution counts do. `traceback` is what the
    process printed last where the kernel died, and the difference where outputs differ.
    """

    number: int
    source: str
    error: str
    message: str
    traceback: str = ""


@dataclasses.dataclass(frozen=True)
class CellTime:
    """How long one code cell took, in seconds of wall time."""

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
        Cells whose stored output nbval compared; None where it did not run the lesson.
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
        """Begin the result of a lesson; it is complete for one that is skipped."""
        budget = {
            "cpu_s": lesson.cpu_seconds,
            "memory_mb": lesson.memory_mb,
            "wall_s": lesson.wall_timeout_s,
        }
        result = cls(lesson.name, lesson.title, budget=budget)
        if lesson.skip is not None:
            reason = lesson.skip.reason.rstrip(".")
            result.status = "skipped"
            result.reason = f"{reason}; skipped until {lesson.skip.until}."
        return result

    def fail(
        self, status: Status, reason: str, cell: FailingCell | None = None
    ) -> None:
        """Record what went wrong; status and cell of an earlier failure stay."""
        if self.status not in BAD:
            self.status = status
        self.reason = f"{self.reason} {reason}".strip()
        self.failing_cell = self.failing_cell or cell

    def record_usage(self, sampler: UsageSampler) -> None:
        """Take over what the kernel has used so far."""
        sampler.sample()
        self.wall_s = round(sampler.wall_s, 2)
        self.cpu_s = round(sampler.cpu_s, 2)
        self.peak_memory_mb = round(sampler.peak_memory_mb, 1)

    def record_time(self, number: int, seconds: float, source: str) -> None:
        """Take over how long a cell took, if it is one of the slowest.

        It is recognised by its first line with a word in it.
        """
        lines = (line.strip() for line in source.splitlines())
        first = next((line for line in lines if line.strip("#% ")), "")
        self.slowest_cells.append(CellTime(number, round(seconds, 3), first))
        self.slowest_cells.sort(key=lambda cell: cell.seconds, reverse=True)
        del self.slowest_cells[SLOWEST_CELLS:]

    def enforce_budget(self) -> None:
        """Fail a lesson that used more than it may."""
        if self.cpu_s > self.budget["cpu_s"]:
            self.fail(
                "failed",
                f"It used {self.cpu_s:.1f} CPU-seconds; "
                f"its budget is {self.budget['cpu_s']:g}.",
            )
        if self.peak_memory_mb > self.budget["memory_mb"]:
            self.fail(
                "failed",
                f"It held {self.peak_memory_mb:.0f} MB of memory at its peak; "
                f"its budget is {self.budget['memory_mb']:g} MB.",
            )

    def write(self, path: Path) -> None:
        """Store the result in a file of its own."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: Path) -> "LessonResult":
        """Read what `write` stored."""
        result = cls(**json.loads(path.read_text(encoding="utf-8")))
        times: list[Any] = result.slowest_cells
        result.slowest_cells = [CellTime(**time) for time in times]
        cell: Any = result.failing_cell
        result.failing_cell = FailingCell(**cell) if cell else None
        return result
