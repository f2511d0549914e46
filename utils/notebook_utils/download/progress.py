"""Show how far a transfer is, in the way that suits the place.

A notebook gets a widget, a terminal a bar that is redrawn, and a log whole lines, few
of them, because nothing can be redrawn there.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, Self


class Progress:
    """Progress of one file over all attempts to fetch it; this class shows nothing.

    No display is updated more often than its interval allows, however fast the bytes
    come; `clock` gives the seconds.
    """

    interval_s = 0.25

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.done_bytes = 0
        self.total_bytes: int | None = None
        self._clock = clock
        self._due_s = clock() + self.interval_s
        self._is_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_begun:
            self.show()

    def begin(self, done_bytes: int, total_bytes: int | None) -> None:
        """Start, or go on with another attempt, at so many of all bytes."""
        self.done_bytes, self.total_bytes = done_bytes, total_bytes
        self._is_begun = True

    def advance(self, count: int) -> None:
        """Count bytes that have arrived."""
        self.done_bytes += count
        if self._clock() >= self._due_s:
            self._due_s = self._clock() + self.interval_s
            self.show()

    def show(self) -> None:
        """Draw what is known now."""


class Bar(Progress):
    """A widget in a notebook, a bar in a terminal; tqdm knows how to draw either."""

    _bar: Any = None

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._bar is not None:
            self._bar.close()

    def show(self) -> None:
        """Redraw the bar."""
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(desc=self.name, unit="B", unit_scale=True, mininterval=0)
        if self._bar.total != self.total_bytes:
            self._bar.reset(self.total_bytes)
        self._bar.n = self.done_bytes
        self._bar.refresh()


class Lines(Progress):
    """Whole lines for a log: one every few seconds, and one at the end."""

    interval_s = 5.0
    _last = ""

    def show(self) -> None:
        """Write a line, unless it would say the same as the last one."""
        done, total = self.done_bytes, self.total_bytes
        share = f" of {total / 1e6:.1f} MB ({done / total:.0%})" if total else " MB"
        line = f"{self.name}: {done / 1e6:.1f}{share}"
        if line != self._last:
            print(line, file=sys.stderr, flush=True)
        self._last = line


def suitable_progress(name: str, shown: bool) -> Progress:
    """Return a bar in a notebook or a terminal, lines where the output is a log."""
    if not shown:
        return Progress(name)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    in_notebook = hasattr(shell, "kernel")
    return Bar(name) if in_notebook or sys.stderr.isatty() else Lines(name)
