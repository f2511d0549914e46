"""What a person sees while lessons run: a live table, or lines where none can live."""

import time

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .results import LessonResult, Status

# Every status has a sign of its own, so that colour is never the only signal.
SIGNS: dict[Status, str] = {
    "passed": "✓",
    "failed": "✗",
    "timeout": "…",
    "error": "!",
    "skipped": "-",
    "not_run": "·",
}
STYLES: dict[Status, str] = {
    "passed": "green",
    "failed": "bold red",
    "timeout": "bold red",
    "error": "bold red",
    "skipped": "yellow",
    "not_run": "dim",
}


class RunProgress:
    """Shows lesson, cell, seconds and result of each lesson of a run.

    Parameters
    ----------
    console
        Where to show it; the standard output if not given. A table where that is a
        terminal, and else a line when a lesson ends.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._ended: list[LessonResult] = []
        self._running: tuple[str, int] | None = None
        self._cell = 0
        self._started = 0.0
        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=4
        )

    def __enter__(self) -> "RunProgress":
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last state on the screen."""
        self._running = None
        self._live.stop()

    def begin(self, name: str, cells: int) -> None:
        """Show that a lesson with so many code cells is running."""
        self._running, self._cell = (name, cells), 0
        self._started = time.monotonic()

    def cell(self, number: int) -> None:
        """Show that a code cell of the running lesson was begun."""
        self._cell = number

    def end(self, result: LessonResult) -> None:
        """Show what came of a lesson."""
        self._running = None
        self._ended.append(result)
        if not self._console.is_terminal:
            self._console.print(_line(result), soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        table.add_column("Lesson")
        table.add_column("Cell", justify="right")
        table.add_column("Seconds", justify="right")
        table.add_column("Result")
        for result in self._ended:
            table.add_row(
                result.name,
                f"{result.cells_run}/{result.cells}",
                f"{result.wall_s:.1f}",
                _verdict(result),
            )
        if self._running:
            name, cells = self._running
            seconds = time.monotonic() - self._started
            table.add_row(name, f"{self._cell}/{cells}", f"{seconds:.1f}", "running")
        return table


def _verdict(result: LessonResult) -> Text:
    words = f"{SIGNS[result.status]} {result.status.replace('_', ' ')}"
    verdict = Text(words, STYLES[result.status])
    if result.reason:
        verdict.append(f"  {result.reason}", "default")
    return verdict


def _line(result: LessonResult) -> Text:
    cells = f"cell {result.cells_run} of {result.cells}"
    line = Text(f"{result.name}: {cells}, {result.wall_s:.1f} s, ")
    return line.append_text(_verdict(result))
