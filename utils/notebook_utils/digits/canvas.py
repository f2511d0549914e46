"""A small canvas to draw a digit on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .strokes import table

if TYPE_CHECKING:
    Strokes = list[list[list[float]]]

SIDE = 280  # pixels of the canvas, both ways
PEN = 22  # thickness of its line in pixels


def digit_canvas(example: int = 3) -> Any:
    """Offer a canvas to draw a digit on, with a mouse, a pen or a finger.

    It holds a digit from the start, so that a notebook runs to its end without anybody
    touching it; the first stroke of a person wipes that digit away.

    Parameters
    ----------
    example
        The digit it holds at first, 0 to 9.

    Returns
    -------
    anywidget.AnyWidget or Drawing
        With `strokes`, `picture` and `touched` as in :class:`Drawing`, which is what is
        returned where anywidget is not installed; assign to its `strokes` then.

    Raises
    ------
    ValueError
        `example` is no digit.

    Examples
    --------
    >>> canvas = digit_canvas(7)
    >>> canvas.picture.shape, canvas.touched
    ((280, 280), False)
    """
    if example not in range(10):
        raise ValueError(f"Expected a digit from 0 to 9, found {example!r}.")
    strokes = _example(example)
    try:
        return _widget_class()(strokes=strokes, example=example)
    except ImportError:
        return Drawing(strokes, example)


@dataclass
class Drawing:
    """What is drawn on a canvas.

    Parameters
    ----------
    strokes
        Each a list of points (x, y) from 0 to 1: x to the right, y down.
    example
        The digit that was there at first.
    touched
        Whether a person has drawn something since.
    """

    strokes: "Strokes" = field(repr=False)
    example: int
    touched: bool = False

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The drawing in pixels, shape (280, 280), white on black."""
        return draw_strokes(self.strokes)


def draw_strokes(
    strokes: Iterable[Sequence[Sequence[float]]],
) -> npt.NDArray[np.uint8]:
    """Draw the strokes of a canvas.

    Parameters
    ----------
    strokes
        As in :class:`Drawing`; points outside the canvas are cut off.

    Returns
    -------
    ndarray of uint8, shape (280, 280)
        White on black.
    """
    import cv2

    picture = np.zeros((SIDE, SIDE), np.uint8)
    for stroke in strokes:
        points = np.rint(np.asarray(stroke, np.float64).reshape(-1, 2) * SIDE)
        way = np.repeat(points, 2, axis=0).astype(np.int32)  # one point: still a line
        cv2.polylines(picture, [way], False, 255, PEN)
    return picture


def _example(digit: int) -> "Strokes":
    points, weights, ends = table(digit, 0)
    curve = weights @ points * 0.6
    curve += 0.5 - (curve.min(axis=0) + curve.max(axis=0)) / 2
    return [stroke.round(3).tolist() for stroke in np.split(curve, ends[:-1])]


@cache
def _widget_class() -> Any:
    """Return the class of the canvas, made when it is first needed."""
    import anywidget
    import traitlets

    class DigitCanvas(anywidget.AnyWidget):
        """A canvas in the browser; see :func:`digit_canvas`."""

        _esm = Path(__file__).with_name("canvas.js").read_text(encoding="utf-8")
        strokes: Any = traitlets.List().tag(sync=True)
        example = traitlets.Int().tag(sync=True)
        touched = traitlets.Bool(False).tag(sync=True)
        side = traitlets.Int(SIDE).tag(sync=True)
        pen = traitlets.Int(PEN).tag(sync=True)

        @property
        def picture(self) -> npt.NDArray[np.uint8]:
            return draw_strokes(self.strokes)

        def __repr__(self) -> str:
            return f"A canvas to draw a digit on. It holds a {self.example} at first."

    return DigitCanvas
