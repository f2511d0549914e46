"""What a person sees while lessons run: a live table, or lines where none can live."""

from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn

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
_STYLES = {"passed": "green", "skipped": "yellow", "not_run": "dim"}


class RunProgress:
    """Shows lesson, cell, time and result of each lesson of a run.

    Parameters
    ----------
    console
        Where to show it; the standard output if not given. A table where that is a
        terminal, and else a line when a lesson ends.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._table = Progress(
            "{task.description}",
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            "{task.fields[verdict]}",
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._row: TaskID | None = None

    def __enter__(self) -> "RunProgress":
        """Begin to show."""
        self._table.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last state on the screen."""
        self._table.stop()

    def begin(self, name: str, cells: int) -> None:
        """Show that a lesson with so many code cells is running."""
        self._row = self._table.add_task(name, total=cells, verdict="running")

    def cell(self, number: int) -> None:
        """Show that a code cell of the running lesson was begun."""
        if self._row is not None:
            self._table.update(self._row, completed=number)

    def end(self, result: LessonResult) -> None:
        """Show what came of a lesson, also of one that was never begun."""
        row = self._row
        if row is None:
            row = self._table.add_task(result.name, total=result.cells, verdict="")
        self._table.update(row, verdict=_verdict(result))
        self._table.stop_task(row)
        self._row = None
        if not self._console.is_terminal:
            cells = f"cell {result.cells_run} of {result.cells}"
            line = f"{result.name}: {cells}, {result.wall_s:.1f} s, {_verdict(result)}"
            self._console.print(line, soft_wrap=True, highlight=False)


def _verdict(result: LessonResult) -> str:
    style = _STYLES.get(result.status, "bold red")
    words = f"{SIGNS[result.status]} {result.status.replace('_', ' ')}"
    return f"[{style}]{words}[/]  {escape(result.reason)}".rstrip()
