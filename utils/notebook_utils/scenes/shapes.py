"""Signed distance functions: solids as arithmetic.

A signed distance function says for every point in space how far the nearest surface
is, negative inside. Solids described that way need no mesh and no file, can be melted
into one another, and are drawn by sphere tracing (see `sprites`).

Points are float32 arrays of shape (3, n), or (2, n) in the plane: x to the right, y
away from the viewer, z up. Distances are float32 arrays of shape (n,).

References
----------
Inigo Quilez, "Distance functions" and "2D distance functions",
https://iquilezles.org/articles/distfunctions/ and .../distfunctions2d/: rounded box,
torus, capped cone, heart, extrusion, the bound for an ellipsoid; "Smooth minimum",
https://iquilezles.org/articles/smin/. The star is folded into one of its sectors, as
regular polygons usually are.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def length(points: Floats) -> Floats:
    """Return the Euclidean length of each column."""
    squares: Floats = np.einsum("in,in->n", points, points)
    return np.asarray(np.sqrt(squares), np.float32)


def moved(points: Floats, *offset: float) -> Floats:
    """Return the points as seen from a centre at `offset`."""
    return np.asarray(points - np.array(offset, np.float32)[:, None], np.float32)


def turned(points: Floats, angle: float) -> Floats:
    """Return the points as seen by something turned by `angle` about the z axis."""
    c, s = math.cos(angle), math.sin(angle)
    x, y, z = points
    return np.stack((c * x + s * y, c * y - s * x, z))


def sphere(points: Floats, radius: float) -> Floats:
    """Return the distance to a sphere about the origin."""
    return length(points) - np.float32(radius)


def ellipsoid(points: Floats, *radii: float) -> Floats:
    """Return a bound of the distance to an ellipsoid; exact only on its surface."""
    scale = np.array(radii, np.float32)[:, None]
    outer = length(points / scale)
    steepness = np.maximum(length(points / scale**2), 1e-6)
    return np.asarray(outer * (outer - 1) / steepness, np.float32)


def rounded_box(points: Floats, half: float, rounding: float) -> Floats:
    """Return the distance to a cube of half side `half` with rounded edges."""
    return _rounded(np.abs(points) - np.float32(half - rounding), rounding)


def torus(points: Floats, ring: float, tube: float) -> Floats:
    """Return the distance to a torus lying flat: radius of the ring, of its tube."""
    from_ring = length(points[:2]) - np.float32(ring)
    return length(np.stack((from_ring, points[2]))) - np.float32(tube)


def capped_cone(points: Floats, half: float, bottom: float, top: float) -> Floats:
    """Return the distance to a cone about the z axis cut at z = -half and z = half."""
    radius, z = length(points[:2]), points[2]
    cap = np.where(z < 0, np.float32(bottom), np.float32(top))
    to_cap = np.stack((radius - np.minimum(radius, cap), np.abs(z) - half))
    slope = np.array([top - bottom, 2 * half], np.float32)
    along = (slope[0] * (top - radius) + slope[1] * (half - z)) / (slope @ slope)
    along = np.clip(along, 0, 1)
    to_side = np.stack((radius - top + slope[0] * along, z - half + slope[1] * along))
    inside = (to_side[0] < 0) & (to_cap[1] < 0)
    nearest = np.minimum(length(to_cap), length(to_side))
    return np.asarray(np.where(inside, -nearest, nearest), np.float32)


def extruded(flat: Floats, z: Floats, half: float, rounding: float) -> Floats:
    """Return the distance to a flat shape made `2 * half` thick, edges rounded."""
    beyond = np.stack((flat + rounding, np.abs(z) - (half - rounding)))
    return _rounded(beyond, rounding)


def _rounded(beyond: Floats, rounding: float) -> Floats:
    """Return the distance of points that are `beyond` each face of a sharp solid."""
    inside = np.minimum(beyond.max(axis=0), 0)
    outside = length(np.maximum(beyond, 0))
    return np.asarray(outside + inside - rounding, np.float32)


def star(points: Floats, outer: float, inner: float, arms: int = 5) -> Floats:
    """Return the distance in the plane to a star with `arms` tips, one along y."""
    sector = 2 * math.pi / arms
    angle = np.arctan2(points[0], points[1])
    angle = np.abs((angle + sector / 2) % sector - sector / 2)
    folded = length(points) * np.stack((np.sin(angle), np.cos(angle)))
    tip = np.array([[0], [outer]], np.float32)
    inward = math.sin(sector / 2), math.cos(sector / 2)
    valley = inner * np.array(inward, np.float32)[:, None]
    edge, from_tip = valley - tip, folded - tip
    along = np.clip((edge * from_tip).sum(axis=0) / (edge**2).sum(), 0, 1)
    outside = edge[0] * from_tip[1] - edge[1] * from_tip[0]
    distance = np.sign(outside) * length(from_tip - edge * along)
    return np.asarray(distance, np.float32)


def heart(points: Floats) -> Floats:
    """Return the distance in the plane to a heart: tip at (0, 0), top near y = 1.1."""
    x, y = np.abs(points[0]), points[1]
    lobe = np.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    foot = np.maximum(x + y, 0) / 2
    side = np.minimum(np.hypot(x, y - 1), np.hypot(x - foot, y - foot))
    distance = np.where(x + y > 1, lobe, side * np.sign(x - y))
    return np.asarray(distance, np.float32)


def melted(first: Floats, second: Floats, width: float) -> Floats:
    """Return the union of two shapes, blended where both are within `width`."""
    blend = np.maximum(width - np.abs(first - second), 0) / width
    union = np.minimum(first, second) - blend**2 * (width / 4)
    return np.asarray(union, np.float32)
