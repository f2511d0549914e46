"""Figures that are the same in every notebook, whatever its style."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

DPI = 100
TEXT_LINE = 18  # pixels; a line of 10 points at 100 dots per inch takes 17


@contextmanager
def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Iterator[Any]:
    """Make a figure, sized in pixels, that no setting of the notebook changes."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context("default", after_reset=True):
        yield Figure((width / DPI, height / DPI), dpi=DPI, layout=layout)


def png_bytes(figure: Any, alt: str) -> bytes:
    """Return a figure as a PNG file that carries its text."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None, "Title": alt})
    return buffer.getvalue()


def draw_image(axis: Any, pixels: npt.NDArray[np.uint8]) -> None:
    """Show an image in a part of a figure, without axes."""
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axis.axis("off")
