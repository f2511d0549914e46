"""How each digit is written: tables of strokes, and the curve through their points.

A way of writing a digit is a string of strokes, separated by slashes. A stroke holds
the points ``x,y`` that the pen passes through, in percent of the digit's height: x to
the right, y down. It is smooth; where the pen turns a corner, one stroke ends and
another begins at the same point. People write most digits in more than one way, and so
do these tables.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SAMPLES = 6  # points of the drawn curve from one point of the table to the next

WAYS: dict[int, tuple[str, ...]] = {
    0: (
        "45,3 20,5 3,33 4,71 23,97 48,95 65,67 64,29 45,5 30,2",
        "43,7 21,3 7,33 8,75 26,99 46,88 55,50 49,18 38,3",
    ),
    1: (
        "30,0 28,50 26,100",
        "8,24 22,14 34,0 / 34,0 33,50 32,100",
        "40,0 30,50 16,100",
    ),
    2: (
        "4,22 14,5 34,0 54,10 54,32 36,60 4,95 / 4,95 30,93 62,96",
        "6,18 22,2 44,4 52,24 40,54 20,84 6,92 2,82 14,76 34,88 48,95 66,88",
        "2,10 28,4 54,6 / 54,6 34,46 2,94 / 2,94 30,92 58,92",
    ),
    3: (
        "6,12 24,0 46,6 50,24 38,42 22,47 / 22,47 46,50 58,68 50,90 26,100 2,88",
        "4,4 28,2 54,4 / 54,4 40,22 26,40 / 26,40 48,46 56,66 46,92 22,99 2,88",
        "8,10 30,0 48,12 44,34 26,46 36,48 54,60 54,86 32,100 6,92",
    ),
    4: (
        "16,2 8,34 4,58 / 4,58 32,58 66,54 / 52,4 48,50 44,100",
        "46,0 24,32 0,64 / 0,64 34,66 68,64 / 46,0 46,50 46,100",
        "10,4 4,30 12,48 32,48 50,36 / 56,2 52,40 46,100",
    ),
    5: (
        "14,4 12,24 10,44 / 10,44 30,36 52,46 58,70 44,94 20,100 0,90 / 14,4 36,4 60,2",
        "58,4 38,4 18,6 / 18,6 10,26 12,40 32,44 50,60 48,86 26,98 2,92",
    ),
    6: (
        "44,0 24,18 8,48 4,78 20,98 42,96 54,78 46,58 28,54 8,70",
        "26,0 12,30 4,62 10,90 30,100 50,88 50,66 32,56 14,66 8,82",
    ),
    7: (
        "2,6 28,6 58,4 / 58,4 40,44 24,100",
        "4,20 6,6 30,6 60,6 / 60,6 46,34 36,66 32,100",
        "2,4 28,4 58,2 / 58,2 38,46 20,100 / 16,50 36,48 56,48",
    ),
    8: (
        "52,12 34,0 14,8 12,28 32,46 52,66 52,90 30,100 8,90 10,68 30,48 48,30 52,12",
        "34,46 16,34 16,10 34,0 52,12 50,34 34,46 / 34,46 10,60 6,86 32,100 "
        "56,88 56,62 34,46",
    ),
    9: (
        "55,16 34,1 10,10 4,34 20,51 44,44 55,16 / 55,16 54,50 48,100",
        "55,16 34,1 10,10 4,34 20,51 44,44 55,16 / 55,16 58,50 50,84 28,100 8,92",
        "52,10 30,2 10,14 10,38 30,46 48,32 54,10 48,44 38,72 28,100",
    ),
}


@cache
def table(digit: int, way: int) -> tuple[Floats, Floats, tuple[int, ...]]:
    """Return the points of ``WAYS[digit][way]``, and how a curve runs through them.

    Returns
    -------
    points : ndarray of float32, shape (points, 2)
        Of all strokes, (x, y) in units of the digit's height.
    weights : ndarray of float32, shape (samples, points)
        ``weights @ points`` are the points of the curve.
    ends : tuple of int
        Behind which sample each stroke ends.
    """
    strokes = [
        np.array([point.split(",") for point in stroke.split()], np.float32)
        for stroke in WAYS[digit][way].split("/")
    ]
    points = np.concatenate(strokes) / np.float32(100)
    blocks = [curve_weights(len(stroke)) for stroke in strokes]
    weights = np.zeros((sum(map(len, blocks)), len(points)), np.float32)
    row = column = 0
    ends = []
    for block in blocks:
        height, width = block.shape
        weights[row : row + height, column : column + width] = block
        row, column = row + height, column + width
        ends.append(row)
    return points, weights, tuple(ends)


def curve_weights(count: int) -> Floats:
    """Return the matrix, (samples, count), of a smooth curve through so many points.

    A uniform Catmull-Rom spline: between two points a cubic whose slope at each of them
    is half the way between its neighbours. The first and last point have a neighbour
    beyond the end, opposite to the one they have.

    References
    ----------
    E. Catmull, R. Rom, "A class of local interpolating splines", Computer Aided
    Geometric Design, 1974, pp. 317-326.
    """
    t = np.arange(_SAMPLES, dtype=np.float32)[:, None] / _SAMPLES
    cubic = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    segment = (t ** np.arange(4) @ cubic / 2).astype(np.float32)
    extended = np.zeros((_SAMPLES * (count - 1) + 1, count + 2), np.float32)
    for first in range(count - 1):
        rows = slice(first * _SAMPLES, (first + 1) * _SAMPLES)
        extended[rows, first : first + 4] = segment
    extended[-1, count] = 1  # the curve ends in the last point
    weights = extended[:, 1:-1]
    weights[:, 0] += 2 * extended[:, 0]  # the neighbour beyond: 2 * first - second
    weights[:, 1] -= extended[:, 0]
    weights[:, -1] += 2 * extended[:, -1]
    weights[:, -2] -= extended[:, -1]
    return weights
