"""Show how far a transfer is, in the way that suits the place.

A notebook gets a widget, a terminal a bar that is redrawn, and a log whole lines, few
of them, because nothing can be redrawn there.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, Self

BAR_INTERVAL_S = 0.25
LINE_INTERVAL_S = 5.0


class Display(Protocol):
    """One way to show progress."""

    def show(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` bytes are there."""

    def close(self) -> None:
        """Show no more."""


class Progress:
    """Progress of one file, over all attempts to fetch it.

    Parameters
    ----------
    name
        The file's name.
    shown
        Show anything at all.
    clock
        Seconds since any moment. No display is updated more often than four times in
        one of them, however fast the bytes come.
    display
        Takes the file's name and returns what shows it; chosen by the place if None.

    Examples
    --------
    >>> with Progress("model.bin", shown=False) as progress:
    ...     progress.begin(0, 100)
    ...     progress.advance(100)
    """

    def __init__(
        self,
        name: str,
        shown: bool,
        clock: Callable[[], float] = time.monotonic,
        display: Callable[[str], Display] | None = None,
    ) -> None:
        self._name = name
        self._shown = shown
        self._clock = clock
        self._choose = display or suitable_display
        self._display: Display | None = None
        self._done = 0
        self._total: int | None = None
        self._due = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._display is not None:
            self._display.show(self._done, self._total)
            self._display.close()

    def begin(self, done: int, total: int | None) -> None:
        """Start, or go on with another attempt, at `done` of `total` bytes."""
        self._done, self._total = done, total
        if self._shown and self._display is None:
            self._display = self._choose(self._name)

    def advance(self, count: int) -> None:
        """Count bytes that have arrived."""
        self._done += count
        if self._display is not None and self._clock() >= self._due:
            self._due = self._clock() + BAR_INTERVAL_S
            self._display.show(self._done, self._total)


class Bar:
    """A widget in a notebook, a bar elsewhere; tqdm knows how to draw either."""

    def __init__(self, name: str) -> None:
        from tqdm.auto import tqdm

        self._bar: Any = tqdm(desc=name, unit="B", unit_scale=True, mininterval=0)

    def show(self, done: int, total: int | None) -> None:
        """Redraw the bar."""
        if self._bar.total != total:
            self._bar.reset(total)
        self._bar.n = done
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class Lines:
    """Whole lines for a log: one every few seconds, and one at the end."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._due = clock() + LINE_INTERVAL_S
        self._last = ""

    def show(self, done: int, total: int | None) -> None:
        """Write a line if the last one is some seconds old."""
        share = f" of {total / 1e6:.1f} MB ({done / total:.0%})" if total else " MB"
        self._last = f"{self._name}: {done / 1e6:.1f}{share}"
        if self._clock() >= self._due:
            self._due = self._clock() + LINE_INTERVAL_S
            self._write()

    def close(self) -> None:
        """Write the last line, if it was not written yet."""
        if self._last:
            self._write()

    def _write(self) -> None:
        print(self._last, file=sys.stderr, flush=True)
        self._last = ""


def suitable_display(name: str) -> Display:
    """Choose how to show progress from where this process runs.

    Parameters
    ----------
    name
        The file's name.

    Returns
    -------
    Display
        A bar in a notebook or a terminal, lines where the output is kept as a log.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    in_notebook = hasattr(shell, "kernel")
    return Bar(name) if in_notebook or sys.stderr.isatty() else Lines(name)
