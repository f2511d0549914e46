"""Charts."""

import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arguments import as_array, as_image, as_integer, as_strings, as_unit
from .figures import TEXT_LINE, draw_image, new_figure, png_bytes
from .palette import FIRST_COLOUR, OTHER_COLOUR
from .picture import Picture


def plot_probabilities(
    probabilities: npt.ArrayLike,
    labels: Sequence[str],
    count: int = 5,
    image: npt.ArrayLike | None = None,
    title: str | None = None,
) -> None:
    """Show the most probable classes as bars, beside the image if there is one.

    Parameters
    ----------
    probabilities
        One value from 0 to 1 per class, shape (classes,) or (1, classes).
    labels
        The name of each class, in the same order.
    count
        How many classes to show.
    image
        The image that was classified, as in :func:`show_images`.
    title
        Above the chart.

    Examples
    --------
    >>> plot_probabilities([0.02, 0.9, 0.08], ["ball", "kite", "drum"], count=2)
    Bar chart of the 2 most probable classes: kite 90.0 %, drum 8.0 %.
    """
    from IPython.display import display

    values = _probabilities(probabilities)
    names = as_strings(labels or (), len(values), "labels", "probabilities") or []
    top = np.argsort(-values, kind="stable")[: as_integer(count, "count")]
    bars = [(names[index], 100 * float(values[index])) for index in top]
    pixels = None if image is None else as_image(image, "image")
    alt = _description(bars, title)
    display(Picture(_chart(bars, pixels, title, alt), alt))


def show_figure(figure: Any, alt: str) -> None:
    """Show a chart that was drawn with matplotlib, with an alternative text.

    Parameters
    ----------
    figure
        A ``matplotlib.figure.Figure``. One that pyplot made is closed, or the notebook
        would show it a second time.
    alt
        What is to be seen, for those who cannot see it: the kind of chart and what it
        tells, with the numbers.
    """
    from IPython.display import display

    if not hasattr(figure, "savefig"):
        raise TypeError(
            "figure: expected a matplotlib Figure, found "
            f"{type(figure).__name__}. Pass the figure, not its axes: axes.figure"
        )
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt: expected a string that says what the chart shows.")
    display(Picture(png_bytes(figure, alt), alt))
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def _probabilities(values: Any) -> npt.NDArray[np.float64]:
    numbers = as_array(values, "probabilities")
    if numbers.ndim == 2 and numbers.shape[0] == 1:
        numbers = numbers[0]
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(
            "probabilities: expected shape (classes,) or (1, classes), found "
            f"{numbers.shape}."
        )
    hint = "Scores (logits) become probabilities by a softmax."
    return as_unit(numbers, "probabilities", hint)


def _description(bars: list[tuple[str, float]], title: str | None) -> str:
    values = ", ".join(f"{name} {percent:.1f} %" for name, percent in bars)
    many = len(bars) > 1
    which = f"{len(bars)} most probable classes" if many else "most probable class"
    chart = f"Bar chart of the {which}: {values}."
    return f"{title}. {chart}" if title else chart


def _chart(
    bars: list[tuple[str, float]],
    pixels: npt.NDArray[np.uint8] | None,
    title: str | None,
    alt: str,
) -> bytes:
    names = [textwrap.fill(name, 24) for name, _ in bars]
    lines = sum(max(name.count("\n") + 1, 1.5) for name in names)
    height = 60 + lines * TEXT_LINE + (24 if title else 0)
    with new_figure(480 if pixels is None else 720, max(height, 140)) as figure:
        if pixels is None:
            axis = figure.subplots()
        else:
            left, axis = figure.subplots(1, 2, width_ratios=(1, 2))
            draw_image(left, pixels)
        percents = [percent for _, percent in bars]
        colours = [FIRST_COLOUR] + [OTHER_COLOUR] * (len(bars) - 1)
        drawn = axis.barh(range(len(bars)), percents, color=colours)
        # The layout makes room beside the axis for the number of a full bar.
        axis.bar_label(drawn, [f"{percent:.1f} %" for percent in percents], padding=3)
        axis.set_yticks(range(len(bars)), names, parse_math=False)
        axis.invert_yaxis()  # the most probable at the top
        axis.set_xlim(0, 100)
        axis.set_xlabel("Probability (%)")
        axis.spines[["top", "right"]].set_visible(False)
        if title:
            axis.set_title(title, fontsize=11, parse_math=False)
        return png_bytes(figure, alt)
