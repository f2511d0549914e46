"""A small canvas to draw a digit on."""

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from .strokes import table

SIDE = 280  # pixels of the canvas, both ways
PEN = 22  # thickness of its line in pixels


class DigitCanvas(anywidget.AnyWidget):
    """A canvas in the browser.

    Its `strokes` are lists of points (x, y) from 0 to 1, x to the right and y down;
    `touched` is whether a person has drawn something.
    """

    _esm = Path(__file__).with_name("canvas.js").read_text(encoding="utf-8")
    strokes: Any = traitlets.List().tag(sync=True)
    example = traitlets.Int().tag(sync=True)
    touched = traitlets.Bool(False).tag(sync=True)
    side = traitlets.Int(SIDE).tag(sync=True)
    pen = traitlets.Int(PEN).tag(sync=True)

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The drawing in pixels, shape (280, 280), white on black."""
        import cv2

        picture = np.zeros((SIDE, SIDE), np.uint8)
        for stroke in self.strokes:
            points = np.rint(np.asarray(stroke, np.float64).reshape(-1, 2) * SIDE)
            line = np.repeat(points, 2, axis=0).astype(np.int32)  # one point is a dot
            cv2.polylines(picture, [line], False, 255, PEN)
        return picture

    def __repr__(self) -> str:
        return f"A canvas to draw a digit on. It holds a {self.example} at first."


def digit_canvas(example: int = 3) -> DigitCanvas:
    """Offer a canvas to draw a digit on, with a mouse, a pen or a finger.

    It holds a digit from the start, so that a notebook runs to its end without anybody
    touching it; the first stroke of a person wipes that digit, the `example`, away.
    """
    if example not in range(10):
        raise ValueError(f"Expected a digit from 0 to 9, found {example!r}.")
    points, weights, ends = table(example, 0)
    curve = weights @ points * 0.6
    curve += 0.5 - (curve.min(axis=0) + curve.max(axis=0)) / 2
    strokes = [stroke.round(3).tolist() for stroke in np.split(curve, ends[:-1])]
    return DigitCanvas(strokes=strokes, example=example)
