"""The eight toys: the shape of each, its paint, and the poses it is drawn in.

Each stands on the floor z = 0, its axis through the origin, and is about 1.75 units
across. A toy has two colours of its own (`MAIN` and `SECOND`), chosen by the scene;
those of the duck's beak and eyes are fixed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .shapes import (
    Floats,
    capped_cone,
    ellipsoid,
    extruded,
    heart,
    length,
    melted,
    moved,
    rounded_box,
    sphere,
    star,
    torus,
)

MAIN, SECOND, BEAK, EYE = range(4)
PAINTS = 4
# Paint changes over this many units, so that its borders are not jagged.
BORDER = 0.015


@dataclass(frozen=True)
class Toy:
    """One toy: from points (3, n), how far its surface is and which paint it has.

    `paint` gives the fraction of each, (PAINTS, n), sum 1. The toy looks the same after
    a turn by `period`, in radians, about the vertical axis; with one pose, after all.
    """

    distance: Callable[[Floats], Floats]
    paint: Callable[[Floats], Floats]
    poses: int = 1  # yaws in training scenes; those of held-out scenes lie between
    period: float = 2 * np.pi


def _two_colours(second: Floats) -> Floats:
    """Return paints where `second`, a signed distance, is positive on `SECOND`."""
    share = np.clip(0.5 + second / np.float32(BORDER), 0, 1)
    none = np.zeros_like(share)
    return np.stack((1 - share, share, none, none))


def _plain(points: Floats) -> Floats:
    return _two_colours(np.full(points.shape[1], -1, np.float32))


def _ball(points: Floats) -> Floats:
    return sphere(moved(points, 0, 0, 0.8), 0.8)


def _ball_paint(points: Floats) -> Floats:
    x, y, z = moved(points, 0, 0, 0.8)
    # Six segments meet at two poles; their axis is tilted, so that a pole shows.
    across = 0.8 * x + 0.6 * z
    width = np.hypot(across, y)
    return _two_colours(np.sin(3 * np.arctan2(y, across)) * width / 3)


def _cube(points: Floats) -> Floats:
    return rounded_box(moved(points, 0, 0, 0.62), 0.62, 0.1)


def _cube_paint(points: Floats) -> Floats:
    middle = np.sort(np.abs(moved(points, 0, 0, 0.62)), axis=0)[1]
    return _two_colours(np.float32(0.44) - middle)


def _star(points: Floats) -> Floats:
    flat = star(points[:2], 0.98, 0.45) - np.float32(0.06)
    return extruded(flat, points[2] - np.float32(0.26), 0.26, 0.12)


def _ring(points: Floats) -> Floats:
    return torus(moved(points, 0, 0, 0.27), 0.66, 0.27)


def _cone(points: Floats) -> Floats:
    solid = capped_cone(moved(points, 0, 0, 0.76), 0.68, 0.66, 0.06)
    return solid - np.float32(0.08)


def _cone_paint(points: Floats) -> Floats:
    z = points[2]
    low, high = 0.135 - np.abs(z - 0.585), 0.11 - np.abs(z - 1.09)
    return _two_colours(np.maximum(low, high).astype(np.float32))


def _cylinder(points: Floats) -> Floats:
    flat = length(points[:2]) - np.float32(0.56)
    return extruded(flat, points[2] - np.float32(0.6), 0.6, 0.08)


def _cylinder_paint(points: Floats) -> Floats:
    return _two_colours(0.22 - np.abs(points[2] - np.float32(0.6)))


def _heart(points: Floats) -> Floats:
    size = np.float32(1.65)
    flat = heart(moved(points[:2], 0, -0.95) / size) * size - np.float32(0.03)
    return extruded(flat, points[2] - np.float32(0.3), 0.3, 0.22)


def _duck_parts(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the distances to the body, the beak and the eyes."""
    mirrored = np.stack((points[0], np.abs(points[1]), points[2]))
    body = ellipsoid(moved(points, -0.08, 0, 0.46), 0.80, 0.58, 0.46)
    x, y, z = moved(points, -0.78, 0, 0.72)
    raised = np.stack((0.8 * x + 0.6 * z, y, 0.8 * z - 0.6 * x))
    tail = ellipsoid(raised, 0.16, 0.22, 0.3)
    head = sphere(moved(points, 0.36, 0, 1.08), 0.40)
    wing = ellipsoid(moved(mirrored, -0.16, 0.52, 0.56), 0.38, 0.14, 0.22)
    plumage = melted(melted(melted(body, tail, 0.2), head, 0.16), wing, 0.06)
    beak = ellipsoid(moved(points, 0.80, 0, 1.02), 0.22, 0.17, 0.09)
    eyes = sphere(moved(mirrored, 0.66, 0.20, 1.20), 0.085)
    return plumage, beak, eyes


def _duck(points: Floats) -> Floats:
    plumage, beak, eyes = _duck_parts(points)
    return np.minimum(np.minimum(plumage, beak), eyes)


def _duck_paint(points: Floats) -> Floats:
    plumage, beak, eyes = _duck_parts(points)
    eye = np.clip(0.5 + (np.minimum(plumage, beak) - eyes) / BORDER, 0, 1)
    orange = np.clip(0.5 + (plumage - beak) / BORDER, 0, 1) * (1 - eye)
    paints = np.stack((1 - eye - orange, np.zeros_like(eye), orange, eye))
    return paints.astype(np.float32)


SHAPES: dict[str, Toy] = {
    "ball": Toy(_ball, _ball_paint, poses=6),
    "cube": Toy(_cube, _cube_paint, poses=8, period=np.pi / 2),
    "star": Toy(_star, _plain, poses=12, period=2 * np.pi / 5),
    "ring": Toy(_ring, _plain),
    "cone": Toy(_cone, _cone_paint),
    "cylinder": Toy(_cylinder, _cylinder_paint),
    "heart": Toy(_heart, _plain, poses=16),
    "duck": Toy(_duck, _duck_paint, poses=24),
}
TOYS: tuple[str, ...] = tuple(SHAPES)
"""The names of the eight toys; the index of a class is its position here, from 0."""
