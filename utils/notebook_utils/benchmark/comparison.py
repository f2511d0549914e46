"""The result: a table, a chart, and ratios with their intervals."""

import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..display import FIRST_COLOUR, OTHER_COLOUR, show_figure
from ..display.figures import new_figure
from .environment import Environment
from .ratios import Ratio, paired_ratio
from .timing import Timing

HEAD = ("", "first, ms", "median, ms", "p95, ms", "FPS", "runs", "times as fast")
BAR_HEIGHT, MARGIN_HEIGHT, WIDTH = 34, 110, 900  # pixels
MOST_BY_OTHERS = 0.1  # of the machine, or the figures are about something else
LEAST_EFFECT = 0.02  # a smaller one is hidden by what differs from run to run
FEWEST_FOR_VERDICT = 6  # rounds, or the bootstrap has too little to draw from
LONGEST_NAME = 34  # letters in a line beside a bar
LONGEST_LINE = 1.5  # times the longest bar
ROOM_FOR_TEXT = 0.75  # behind the longest line, as a share of it


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What :func:`notebook_utils.benchmark.compare` found.

    Parameters
    ----------
    names : tuple of str
        All candidates in the order in which they were given.
    timings : mapping of str to Timing
        By name, the baseline first.
    absent : mapping of str to str
        What could not be measured here, and why.
    precision : float
        The precision that was asked for.
    others : float
        The share of the machine, 0 to 1, that other programs used meanwhile.
    environment : Environment
        Where it was measured.
    """

    names: tuple[str, ...]
    timings: Mapping[str, Timing]
    absent: Mapping[str, str]
    precision: float
    others: float
    environment: Environment

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

    def ratio(self, name: str, baseline: str | None = None) -> Ratio:
        """Say how many times as fast one candidate is as another.

        Parameters
        ----------
        name, baseline : str
            The first candidate is the baseline if none is given.
        """
        return paired_ratio(self[baseline or self.baseline], self[name])

    @property
    def disturbed(self) -> bool:
        """Whether other programs used so much that the figures are not to be trusted.

        Ratios are not, either, because not all candidates suffer alike.
        """
        return self.others > MOST_BY_OTHERS

    def verdict(self, name: str, baseline: str | None = None) -> str:
        """Say in words what :meth:`ratio` says in numbers, if that can be trusted.

        Parameters
        ----------
        name, baseline : str
            The first candidate is the baseline if none is given.

        Returns
        -------
        str
            "faster" or "slower" if the whole interval is beyond 2 % of the baseline;
            else "no clear difference"; "absent" if there is nothing to compare; or that
            there is no verdict, and why: other programs used more than a tenth of the
            machine, or there were fewer than six rounds.
        """
        compared = {name, baseline or self.baseline}
        if not self.absent.keys().isdisjoint(compared):
            return "absent"
        if self.disturbed:
            return "no verdict: the machine was busy"
        if any(len(self[one].rounds_ms) < FEWEST_FOR_VERDICT for one in compared):
            return "no verdict: too few rounds"
        ratio = self.ratio(name, baseline)
        if ratio.low > 1 + LEAST_EFFECT:
            return "faster"
        return "slower" if ratio.high < 1 - LEAST_EFFECT else "no clear difference"

    def summary(self) -> str:
        """Say how far the figures can be trusted, and where they are from."""
        worst = max(timing.precision for timing in self.timings.values())
        short = "" if self.reached else ", less than asked for: time was up"
        busy = ": too much to trust these figures" if self.disturbed else ""
        return (
            f"Every median is known to within {worst:.1%}{short}. "
            f"Other programs used {self.others:.0%} of the machine meanwhile{busy}. "
            f"Measured on {self.environment}."
        )

    def show_chart(self, title: str) -> None:
        """Draw the medians as bars, with a line to the 95th percentile.

        Parameters
        ----------
        title : str
            What was measured.
        """
        count = len(self.names)
        # One stutter must not make all the bars small.
        longest = LONGEST_LINE * max(t.median_ms for t in self.timings.values())
        end = min(longest, max(t.p95_ms for t in self.timings.values()))
        with new_figure(WIDTH, MARGIN_HEIGHT + BAR_HEIGHT * count) as figure:
            axes = figure.subplots()
            for row, name in enumerate(self.names):
                self._draw_bar(axes, row, name, end)
            labels = [textwrap.fill(name, LONGEST_NAME) for name in self.names]
            axes.set_yticks(range(count), labels)
            axes.set_ylim(count - 0.3, -0.7)
            axes.set_xlim(0, end * (1 + ROOM_FOR_TEXT))
            axes.set_xlabel(
                "Milliseconds (less is better): bar to the median, line to the 95th "
                "percentile"
            )
            axes.set_title(title)
            show_figure(figure, f"Bar chart, {title}: {self._in_words()}.")

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
            text += f", {self.ratio(name).median:.2f} times as fast"
        if line_end < timing.p95_ms:
            text += f" (95th: {timing.p95_ms:.0f} ms)"
        axes.text(line_end, row, text, va="center")

    def _in_words(self) -> str:
        return "; ".join(
            f"{name} absent"
            if name in self.absent
            else f"{name} {self[name].median_ms:.1f} ms"
            for name in self.names
        )

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
            "1" if name == self.baseline else str(self.ratio(name)),
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
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in HEAD)
        body = "".join(self._html_row(self._row(name)) for name in self.names)
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self.summary())}</p>"
        )

    def _html_row(self, row: tuple[str, ...]) -> str:
        name, *cells = map(html.escape, row)
        start = f'<tr><th style="text-align: left">{name}</th>'
        if len(cells) == 1:
            wide = f'<td colspan="{len(HEAD) - 1}" style="text-align: left">'
            return f"{start}{wide}{cells[0]}</td></tr>"
        return start + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
