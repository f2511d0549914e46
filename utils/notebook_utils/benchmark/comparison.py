"""The result: a table, a chart, and speed-ups with their confidence intervals."""

import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..display import FIRST_COLOUR, OTHER_COLOUR, show_figure
from ..display.figures import new_figure
from .environment import Environment
from .speedup import SpeedUp, paired_speedup
from .timing import Timing

HEAD = ("", "first, ms", "median, ms", "p95, ms", "FPS", "runs", "speed-up (95 % CI)")
BAR_HEIGHT, MARGIN_HEIGHT, WIDTH = 34, 110, 900  # pixels
MAX_BACKGROUND_LOAD = 0.1  # of the machine, or the figures are about something else
SMALL_EFFECT = 0.02  # another run may differ by as much
LONGEST_NAME = 34  # letters in a line beside a bar
LONGEST_LINE = 1.5  # times the longest bar


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What :func:`notebook_utils.benchmark.compare` found."""

    names: tuple[str, ...]  # of all candidates, in the order they were given
    timings: Mapping[str, Timing]  # by name, the baseline first
    absent: Mapping[str, str]  # what could not be measured here, and why
    precision: float  # that was asked for
    background_load: float  # fraction of the machine, 0 to 1, used by other programs
    environment: Environment  # where it was measured

    def __getitem__(self, name: str) -> Timing:
        return self.timings[name]

    @property
    def baseline(self) -> str:
        """The name of the first candidate, to which the others are compared."""
        return next(iter(self.timings))

    @property
    def fastest(self) -> str:
        """The name of the candidate with the smallest median."""
        return min(self.timings, key=lambda name: self.timings[name].median_ms)

    @property
    def reached(self) -> bool:
        """Whether every median is known as well as was asked for."""
        known = (timing.precision for timing in self.timings.values())
        return all(precision <= self.precision for precision in known)

    def speedup(self, name: str, baseline: str | None = None) -> SpeedUp:
        """Return the speed-up of a candidate and its 95 % confidence interval.

        The first candidate is the baseline if none is given.
        """
        return paired_speedup(self[baseline or self.baseline], self[name])

    @property
    def disturbed(self) -> bool:
        """Whether other programs used too much for any figure to be trusted.

        That includes speed-ups, because not all candidates suffer alike.
        """
        return self.background_load > MAX_BACKGROUND_LOAD

    def verdict(self, name: str, baseline: str | None = None) -> str:
        """Return the meaning of :meth:`speedup` in words.

        "faster" or "slower" if the confidence interval does not hold 1, with "by less
        than 2 %" added for an estimate so small; "no difference seen" if it does;
        "absent" if there is nothing to compare; or "cannot be trusted" and why, where
        other programs used more than a tenth of the machine.
        """
        if not self.absent.keys().isdisjoint({name, baseline or self.baseline}):
            return "absent"
        if self.disturbed:
            used = f"{self.background_load:.0%}"
            return f"cannot be trusted: other programs used {used} of the machine"
        speedup = self.speedup(name, baseline)
        if speedup.low <= 1 <= speedup.high:
            return "no difference seen"
        small = abs(speedup.estimate - 1) < SMALL_EFFECT
        word = "faster" if speedup.estimate > 1 else "slower"
        return f"{word}, by less than {100 * SMALL_EFFECT:.0f} %" if small else word

    def summary(self) -> str:
        """Return how far the figures can be trusted, and where they are from."""
        worst = max(timing.precision for timing in self.timings.values())
        load = self.background_load
        short = "" if self.reached else ", less than asked for: time was up"
        busy = ": too much to trust these figures" if self.disturbed else ""
        return (
            f"Every median is known to within {worst:.1%}{short}. "
            f"Other programs used {load:.0%} of the machine meanwhile{busy}. "
            f"Measured on {self.environment}."
        )

    def show_chart(self, title: str) -> None:
        """Draw the medians as bars, with a line to the 95th percentile."""
        count = len(self.names)
        # One stutter must not make all the bars small.
        longest = LONGEST_LINE * max(t.median_ms for t in self.timings.values())
        end = min(longest, max(t.p95_ms for t in self.timings.values()))
        with new_figure(WIDTH, MARGIN_HEIGHT + BAR_HEIGHT * count) as figure:
            axes = figure.subplots()
            for row, name in enumerate(self.names):
                self._draw_bar(axes, row, name, end)
            names = [textwrap.fill(name, LONGEST_NAME) for name in self.names]
            axes.set_yticks(range(count), names)
            axes.set_ylim(count - 0.3, -0.7)
            axes.set_xlim(0, end)  # the layout makes room for the text beside a bar
            axes.set_xlabel(
                "Milliseconds (less is better): bar to the median, line to the 95th "
                "percentile"
            )
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_title(title)
            medians = "; ".join(
                f"{name} absent"
                if name in self.absent
                else f"{name} {self[name].median_ms:.1f} ms"
                for name in self.names
            )
            show_figure(figure, f"Bar chart, {title}: {medians}.")

    def _draw_bar(self, axes: Any, row: int, name: str, end: float) -> None:
        if name in self.absent:
            why = textwrap.shorten(self.absent[name], 70, placeholder=" ...")
            axes.text(0, row, f" absent: {why}", va="center", style="italic")
            return
        timing, is_baseline = self[name], name == self.baseline
        axes.barh(
            row,
            timing.median_ms,
            color=OTHER_COLOUR if is_baseline else FIRST_COLOUR,
            hatch="//" if is_baseline else "",
            edgecolor="black",
        )
        line_end = min(timing.p95_ms, end)
        axes.plot([timing.median_ms, line_end], [row, row], "k|-", linewidth=1)
        text = f"  {timing.median_ms:.1f} ms, {timing.fps:.0f} FPS"
        if not is_baseline:
            text += f", speed-up {self.speedup(name).estimate:.2f}"
        if line_end < timing.p95_ms:
            text += f" (95th: {timing.p95_ms:.0f} ms)"
        axes.text(line_end, row, text, va="center")

    def _row(self, name: str) -> tuple[str, ...]:
        """Return the cells of a row; two of them where there is nothing to show."""
        if name in self.absent:
            return name, f"absent: {self.absent[name]}"
        timing = self[name]
        return (
            name,
            f"{timing.first_ms:.1f}",
            f"{timing.median_ms:.2f}",
            f"{timing.p95_ms:.2f}",
            f"{timing.fps:.1f}",
            str(timing.runs),
            "1" if name == self.baseline else str(self.speedup(name)),
        )

    def __repr__(self) -> str:
        rows = [HEAD, *map(self._row, self.names)]
        full = [row for row in rows if len(row) == len(HEAD)]
        first, *widths = (max(map(len, column)) for column in zip(*full, strict=True))
        first = max(first, *(len(row[0]) for row in rows))
        lines = [
            "  ".join((row[0].ljust(first), *map(str.rjust, row[1:], widths)))
            for row in rows
        ]
        return "\n".join((*lines, self.summary()))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{cell}</th>" for cell in HEAD)
        body = ""
        for name, *cells in map(self._row, self.names):
            body += f'<tr><th style="text-align: left">{html.escape(name)}</th>'
            span = len(HEAD) - len(cells)
            style = ' style="text-align: left"' if span > 1 else ""
            start = f'<td colspan="{span}"{style}>'
            body += "".join(f"{start}{html.escape(cell)}</td>" for cell in cells)
            body += "</tr>"
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self.summary())}</p>"
        )
