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
    """Show the most probable classes as bars, beside the picture if there is one.

    Parameters
    ----------
    probabilities
        One value from 0 to 1 per class, shape (classes,) or (1, classes).
    labels
        The name of each class, in the same order.
    count
        How many classes to show.
    image
        The picture that was classified, RGB, as in :func:`show_images`.
    title
        A text above the chart.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> plot_probabilities([0.02, 0.9, 0.08], ["ball", "kite", "drum"], count=2)
    Bar chart of the 2 most probable classes: kite 90.0 %, drum 8.0 %.
    """
    from IPython.display import display

    values = _probabilities(probabilities)
    texts = as_strings(labels or (), len(values), "labels", "probabilities") or []
    top = np.argsort(-values, kind="stable")[: as_integer(count, "count")]
    names = [texts[index] for index in top]
    percents = [100 * float(values[index]) for index in top]
    picture = None if image is None else as_image(image, "image")
    alt = _list_of(names, percents, title)
    display(Picture(_bars(names, percents, picture, title, alt), alt))


def show_figure(figure: Any, alt: str) -> None:
    """Show a chart that was drawn with matplotlib, with a text that stands for it.

    Parameters
    ----------
    figure
        A ``matplotlib.figure.Figure``. One that pyplot made is closed, or the notebook
        would show it a second time, without the text.
    alt
        What is to be seen, for those who cannot see it: the kind of chart and what it
        tells, with the numbers.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> _ = figure.subplots().bar(["CPU", "GPU"], [12, 5])
    >>> show_figure(figure, "Bar chart of latency: CPU 12 ms, GPU 5 ms.")
    Bar chart of latency: CPU 12 ms, GPU 5 ms.
    """
    from IPython.display import display

    if not hasattr(figure, "savefig"):
        raise TypeError(
            "figure: expected a matplotlib Figure, found "
            f"{type(figure).__name__}. Pass the figure, not its axes: axes.figure"
        )
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt: expected a text that says what the chart shows.")
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
    return as_unit(
        numbers,
        "probabilities",
        "Scores (logits) become probabilities by a softmax.",
    )


def _list_of(names: list[str], percents: list[float], title: str | None) -> str:
    parts = [f"{n} {p:.1f} %" for n, p in zip(names, percents, strict=True)]
    what = "class" if len(names) == 1 else "classes"
    number = "" if len(names) == 1 else f"{len(names)} "
    chart = f"Bar chart of the {number}most probable {what}: {', '.join(parts)}."
    return f"{title}. {chart}" if title else chart


def _bars(
    names: list[str],
    percents: list[float],
    picture: npt.NDArray[np.uint8] | None,
    title: str | None,
    alt: str,
) -> bytes:
    wrapped = [textwrap.fill(name, 24) for name in names]
    lines = sum(max(text.count("\n") + 1, 1.5) for text in wrapped)
    height = 60 + lines * TEXT_LINE + (24 if title else 0)
    with new_figure(480 if picture is None else 720, max(height, 140)) as figure:
        if picture is None:
            axis = figure.subplots()
        else:
            left, axis = figure.subplots(1, 2, width_ratios=(1, 2))
            draw_image(left, picture)
        positions = range(len(names))
        colours = [FIRST_COLOUR, *[OTHER_COLOUR] * (len(names) - 1)]
        bars = axis.barh(positions, percents, color=colours)
        axis.bar_label(bars, [f"{percent:.1f} %" for percent in percents], padding=3)
        axis.set_yticks(positions, wrapped, parse_math=False)
        axis.invert_yaxis()  # the most probable at the top
        axis.set_xlim(0, 118)  # room for the number beside a full bar
        axis.set_xticks(range(0, 101, 20))
        axis.set_xlabel("Probability (%)")
        axis.spines[["top", "right"]].set_visible(False)
        if title:
            axis.set_title(title, fontsize=11, parse_math=False)
        return png_bytes(figure, alt)
