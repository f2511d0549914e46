"""The colours, seen by people with each kind of colour blindness.

The simulation is that of Machado, Oliveira and Fernandes, "A physiologically-based
model for simulation of color vision deficiency", 2009,
https://doi.org/10.1109/TVCG.2009.113: its matrices for a complete deficiency, applied
to linear RGB.
"""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_utils.display import FIRST_COLOUR, OTHER_COLOUR, PALETTE, class_colour
from notebook_utils.display.palette import BLACK, WHITE, contrasting

VISION = {
    "normal": np.eye(3),
    "without red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Linear sRGB to CIE XYZ under D65, IEC 61966-2-1, by the white point.
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])


def linear(colours):
    share = np.asarray(colours) / 255
    return np.where(
        share <= 0.04045, share / 12.92, np.power((share + 0.055) / 1.055, 2.4)
    )


def seen(colours, matrix):
    """CIELAB coordinates, in which 2.3 is a just noticeable difference."""
    light = np.clip(linear(colours) @ np.array(matrix).T, 0, 1)
    x, y, z = (light @ TO_XYZ.T).T
    x, y, z = (
        np.where(v > (6 / 29) ** 3, np.cbrt(v), v * (29 / 6) ** 2 / 3 + 4 / 29)
        for v in (x, y, z)
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def closest(colours, vision):
    points = seen(colours, VISION[vision])
    return min(np.linalg.norm(a - b) for a, b in combinations(points, 2))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("first", "apart"), [(8, 16), (5, 20), (3, 30)])
def test_colours_can_be_told_apart(vision, first, apart):
    assert closest(PALETTE[:first], vision) > apart


def test_the_simulation_finds_colours_that_are_confused():
    """Red and green of one lightness: the test above could fail."""
    red, green = (180, 60, 30), (95, 110, 30)
    assert closest([red, green], "normal") > 50
    assert closest([red, green], "without green cones") < 10


def test_white_and_grey_stay_what_they_are():
    for matrix in VISION.values():
        np.testing.assert_allclose(np.sum(matrix, axis=1), 1, atol=1e-5)


def test_the_colours_of_charts_are_of_the_palette():
    hexadecimal = {"#{:02X}{:02X}{:02X}".format(*colour) for colour in PALETTE}
    assert {FIRST_COLOUR, OTHER_COLOUR} <= hexadecimal


@given(st.integers(-(10**6), 10**6))
def test_every_class_has_a_colour_and_always_the_same(index):
    assert class_colour(index) == class_colour(index + len(PALETTE))
    assert class_colour(index) in PALETTE


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_black_or_white_can_be_read_on_any_colour(colour):
    luminance, black, white = (
        linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (colour, BLACK, WHITE)
    )
    ink = contrasting(colour)
    contrast = luminance / black if ink == BLACK else white / luminance
    assert contrast > 4.5
