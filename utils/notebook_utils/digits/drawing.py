"""Draw digits that look handwritten, from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .strokes import WAYS, Floats, table

SIZE = 28  # pixels, both ways
_FINE = 4  # drawn so many times larger, then averaged, which makes soft edges
_SUBPIXEL_BITS = 2  # how OpenCV takes coordinates between pixels
_WAVES = 4  # of the elastic distortion, each way
_INK = 8  # grey value from which on a pixel holds ink

Range = tuple[float, float]


@dataclass(frozen=True)
class Hand:
    """How unsteady the writing is.

    The values make these digits about as hard as those of MNIST: after two epochs a
    linear network has a validation loss of about 0.3, a small convolutional one of 0.2.
    A single number is a standard deviation, a pair the smallest and largest value.
    """

    miss: float = 0.014  # the pen misses a point; in units of the digit's height
    stretch: float = 0.068  # of the paper; in units of the height
    turn: float = 0.1  # radians
    slant: float = 0.21  # the top is moved sideways; in units of the height
    shift: float = 0.85  # off the middle, in pixels
    extent: Range = (17.0, 20.0)  # of the longer side, with the line, in pixels
    width: Range = (0.85, 1.15)  # factor
    pen: Range = (1.3, 3.0)  # thickness of the line, in pixels
    blur: Range = (0.4, 0.75)  # pixels
    pressure: Range = (0.9, 1.3)  # factor of the grey values
    noise: float = 8.0  # of the grey values where there is ink, of 255


def draw_digits(
    count: int, seed: int, hand: Hand | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw digits that look handwritten.

    They stand in for MNIST where there is no network. 60,000 take some five seconds.

    Parameters
    ----------
    count
        How many, 0 or more.
    seed
        The same seed and count give the same digits.
    hand
        How unsteady the writing is.

    Returns
    -------
    images : ndarray of uint8, shape (count, 28, 28)
        Ink is light, from 0 to 255.
    labels : ndarray of int64, shape (count,)
        Digits at random, 0 to 9.

    Notes
    -----
    1. The points of a stroke table (see `strokes`) are missed a little, and a smooth
       curve is laid through them.
    2. The curve is stretched as if it were on rubber, turned, slanted, scaled and put
       near the middle by its centre of mass, as the digits of MNIST are.
    3. It is drawn as a line with round ends, blurred, and gets noise where ink is.

    References
    ----------
    P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR 2003: elastic distortion. There
    it moves the pixels of given digits, here the points of the pen's way.
    """
    if count < 0:
        raise ValueError(f"Expected a count of 0 or more, found {count}.")
    hand = hand or Hand()
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    choices = rng.random(count)
    images = np.empty((count, SIZE, SIZE), np.uint8)
    for digit, ways in WAYS.items():
        for way in range(len(ways)):
            chosen = (labels == digit) & (np.floor(choices * len(ways)) == way)
            images[chosen] = _write(digit, way, int(chosen.sum()), hand, rng)
    return images, labels


def _write(
    digit: int, way: int, count: int, hand: Hand, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw many times the same digit, written in the same way."""
    points, weights, ends = table(digit, way)
    missed = rng.normal(0, hand.miss, (count, *points.shape)).astype(np.float32)
    pens, blurs = rng.uniform(*hand.pen, count), rng.uniform(*hand.blur, count)
    curves = _stretched(weights @ (points + missed), hand, rng)
    curves = _placed(curves, pens, hand, rng)
    images = np.empty((count, SIZE, SIZE), np.float32)
    for index, curve in enumerate(curves):
        images[index] = _inked(np.split(curve, ends[:-1]), pens[index], blurs[index])
    images *= rng.uniform(*hand.pressure, (count, 1, 1)).astype(np.float32)
    grain = rng.normal(0, hand.noise, images.shape).astype(np.float32)
    images += np.where(images > _INK, grain, 0)
    return np.clip(images, 0, 255).astype(np.uint8)


def _stretched(curves: Floats, hand: Hand, rng: np.random.Generator) -> Floats:
    """Move curves, (curves, points, 2), by a field of waves, the shorter the weaker."""
    order = np.arange(_WAVES, dtype=np.float32)
    strength = hand.stretch / (1 + np.add.outer(order, order))
    field = rng.standard_normal((len(curves), 2, _WAVES, _WAVES)) * strength
    across, down = (np.cos(np.pi * curves[..., axis, None] * order) for axis in (0, 1))
    moves = np.einsum("npi,npj,ncij->npc", across, down, field, optimize=True)
    return np.asarray(curves + moves, np.float32)


def _placed(
    curves: Floats, pens: NDArray[np.float64], hand: Hand, rng: np.random.Generator
) -> Floats:
    """Turn, slant, scale and shift each curve, from its own unit to pixels."""
    count = len(curves)
    angle, slant = rng.normal(0, hand.turn, count), rng.normal(0, hand.slant, count)
    width = rng.uniform(*hand.width, count)
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.array([[width * c, width * (-s - slant)], [s, c]], np.float32)
    curves = np.einsum("ijn,npj->npi", matrix, curves)
    curves -= curves.mean(axis=1, keepdims=True)
    extent = np.ptp(curves, axis=1).max(axis=1)
    scale = (rng.uniform(*hand.extent, count) - pens) / extent
    middle = SIZE / 2 + rng.normal(0, hand.shift, (count, 1, 2))
    placed = curves * scale[:, None, None] + middle
    return np.asarray(placed, np.float32)


def _inked(strokes: Sequence[Floats], pen: float, blur: float) -> Floats:
    """Draw strokes, their points in pixels, as lines of the thickness of a pen."""
    import cv2

    fine = np.zeros((SIZE * _FINE, SIZE * _FINE), np.uint8)
    unit = _FINE << _SUBPIXEL_BITS
    lines = [np.rint(stroke * unit).astype(np.int32) for stroke in strokes]
    thickness = max(1, round(pen * _FINE))
    cv2.polylines(fine, lines, False, 255, thickness, shift=_SUBPIXEL_BITS)
    small = cv2.resize(fine, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small.astype(np.float32), (0, 0), blur)
    return np.asarray(blurred, np.float32)
