"""One toy in one pose, sphere traced into maps that a scene only has to colour.

Sphere tracing advances along a ray in steps as long as the distance to the nearest
surface, so it cannot miss one. The direction of the light is fixed, so shading is
computed once per pose, on first use, and kept for this process; the colours of the toy
and the strength of the light belong to the scene.

References
----------
J. C. Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of
implicit surfaces", The Visual Computer 12 (1996). Soft shadows from the narrowest
gap on the way to the light: Inigo Quilez, https://iquilezles.org/articles/rmshadows/.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .shapes import Floats, length, turned
from .toys import PAINTS, SHAPES

ELEVATION = np.deg2rad(48)
VIEW = np.array([0, -np.cos(ELEVATION), np.sin(ELEVATION)], np.float32)
UP = np.array([0, np.sin(ELEVATION), np.cos(ELEVATION)], np.float32)
LIGHT = np.array([-0.55, -0.30, 0.80], np.float32)
LIGHT /= np.linalg.norm(LIGHT)

# The canvas shows this much around a point above the middle of the foot, in units.
HALF_EXTENT = 1.2
CENTRE_HEIGHT = 0.55
# A shadow is larger than its toy and soft, so its canvas is wide and coarse.
SHADOW_HALF_EXTENT = 2.1
SHADOW_SIZE = 144
# Traced at one of these sizes and always reduced: that is what smooths inner edges.
SIZES = (128, 256, 512)
REDUCTION = 1.25
AMBIENT_RANGE = 1.5
HIT = 1e-3

Distance = Callable[[Floats], Floats]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sprite:
    """A toy in one pose, without its colours; both maps are of 0 to 255.

    `shading` (size, size, 3) is diffuse light, highlight and ambient light (of
    `AMBIENT_RANGE`), multiplied by the coverage. `paint` (size, size, 4) is the
    fraction of each paint; their sum is the coverage of the pixel.
    """

    shading: Bytes
    paint: Bytes


def pose_yaw(toy: str, pose: int, held_out: bool) -> float:
    """Return the yaw of a pose in radians; held-out poses lie between the others."""
    shape = SHAPES[toy]
    return shape.period * (pose + (0.5 if held_out else 0)) / shape.poses


def sprite_size(pixels: float) -> int:
    """Return the size to trace a sprite at that is shown `pixels` wide."""
    return next((size for size in SIZES if size >= REDUCTION * pixels), SIZES[-1])


@lru_cache(maxsize=256)
def trace_sprite(toy: str, yaw: float, size: int) -> Sprite:
    """Return the maps of a toy turned by `yaw` radians, traced once per process."""
    distance = _turned_distance(toy, yaw)
    origins, inside = _canvas_rays(size, HALF_EXTENT)
    pitch = 2 * HALF_EXTENT / size
    travel, gap = _nearest_approach(distance, origins[:, inside])
    # A ray that misses by less than a pixel still belongs to the edge of the toy.
    covered = gap < pitch
    inside, travel = inside[covered], travel[covered]
    coverage = np.clip((pitch - gap[covered]) / (pitch - HIT), 0, 1)
    points = origins[:, inside] - VIEW[:, None] * travel
    shading = _shade(distance, points) * coverage
    paint = SHAPES[toy].paint(turned(points, yaw)) * coverage
    return Sprite(_canvas(shading, inside, size), _canvas(paint, inside, size))


@lru_cache(maxsize=256)
def trace_shadow(toy: str, yaw: float) -> Bytes:
    """Return how dark the floor is around a toy, (SHADOW_SIZE, SHADOW_SIZE)."""
    distance = _turned_distance(toy, yaw)
    origins, _ = _canvas_rays(SHADOW_SIZE, SHADOW_HALF_EXTENT)
    floor = origins - VIEW[:, None] * (origins[2] / VIEW[2])
    floor[2] = 0.004
    near = np.flatnonzero(length(floor) < 2.4)
    cast = np.zeros(floor.shape[1], np.float32)
    cast[near] = 1 - _light_reaching(distance, floor[:, near], softness=5)
    contact = np.clip(1 - distance(floor) / 0.35, 0, 1) ** 2
    smooth = cast**2 * (3 - 2 * cast)
    darkness = 1 - (1 - 0.62 * smooth) * (1 - 0.40 * contact)
    image = (darkness * 255).reshape(SHADOW_SIZE, SHADOW_SIZE).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), 1.0) * _fade_to_border(SHADOW_SIZE)
    return np.asarray(np.rint(image), np.uint8)


def _turned_distance(toy: str, yaw: float) -> Distance:
    shape = SHAPES[toy]
    return lambda points: shape.distance(turned(points, yaw))


def _canvas_rays(size: int, half_extent: float) -> tuple[Floats, NDArray[np.intp]]:
    """Return where the rays of a canvas start, (3, size * size), and which to follow.

    Rays are parallel, along -VIEW. Only those within the circle that holds every toy
    are worth following.
    """
    line = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) * half_extent
    across, up = (axis.ravel() for axis in np.meshgrid(line, -line))
    origins = np.stack((across, up * UP[1], up * UP[2])) + 3 * VIEW[:, None]
    origins[2] += CENTRE_HEIGHT
    within = np.flatnonzero(across**2 + up**2 < HALF_EXTENT**2)
    return origins.astype(np.float32), within


def _nearest_approach(
    distance: Distance, origins: Floats, steps: int = 120
) -> tuple[Floats, Floats]:
    """Return where along each ray the toy is nearest, and the distance there."""
    start = np.full(origins.shape[1], 3 - HALF_EXTENT, np.float32)
    best_travel, best_gap = start.copy(), np.full_like(start, 9)
    end = 3 + HALF_EXTENT
    for rays, here, gap in _march(distance, origins, -VIEW, start, end, steps):
        nearer = gap < best_gap[rays]
        best_gap[rays[nearer]] = gap[nearer]
        best_travel[rays[nearer]] = here[nearer]
    return best_travel, best_gap


def _march(
    distance: Distance,
    origins: Floats,
    direction: Floats,
    travel: Floats,
    end: float,
    steps: int,
) -> Iterator[tuple[NDArray[np.intp], Floats, Floats]]:
    """Yield the rays still on their way, how far along, and how near the toy is.

    A ray that has gone `travel` so far (n,) ends at the surface or at `end`.
    """
    rays = np.arange(len(travel))
    for _ in range(steps):
        here = travel[rays]
        gap = distance(origins[:, rays] + direction[:, None] * here)
        yield rays, here, gap
        travel[rays] += np.maximum(gap, HIT) * np.float32(0.9)
        rays = rays[(gap >= HIT) & (travel[rays] < end)]
        if not len(rays):
            break


def _light_reaching(
    distance: Distance, points: Floats, softness: float, steps: int = 24
) -> Floats:
    """Return the fraction of light that reaches points (3, n)."""
    narrowest = np.ones(points.shape[1], np.float32)
    start = np.zeros_like(narrowest)
    for rays, here, gap in _march(distance, points, LIGHT, start, 2.6, steps):
        width = gap / np.maximum(here, np.float32(0.15))
        narrowest[rays] = np.minimum(narrowest[rays], width)
    return np.asarray(np.clip(narrowest * softness, 0, 1), np.float32)


def _normals(distance: Distance, points: Floats) -> Floats:
    """Return the unit normals (3, n), from four distances around each point."""
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
    gradient = np.zeros_like(points)
    for corner in corners[..., None]:
        gradient += corner * distance(points + np.float32(4e-3) * corner)
    return np.asarray(gradient / np.maximum(length(gradient), 1e-6), np.float32)


def _shade(distance: Distance, points: Floats) -> Floats:
    """Return diffuse, highlight and ambient light (3, n), each of 0 to 1."""
    normals = _normals(distance, points)
    lit = _light_reaching(distance, points + normals * np.float32(0.03), softness=6)
    halfway = (LIGHT + VIEW) / np.linalg.norm(LIGHT + VIEW)
    diffuse = np.maximum(LIGHT @ normals, 0) * lit
    highlight = np.maximum(halfway @ normals, 0) ** 48 * lit
    sky = 0.5 + 0.5 * normals[2]
    near_floor = np.clip(0.55 + 0.9 * points[2], 0, 1)
    rim = (1 - np.maximum(VIEW @ normals, 0)) ** 3
    ambient = np.clip(sky * near_floor + 0.35 * rim, 0, AMBIENT_RANGE)
    light = np.stack((diffuse, highlight, ambient / AMBIENT_RANGE))
    return np.asarray(light, np.float32)


def _canvas(values: Floats, where: NDArray[np.intp], size: int) -> Bytes:
    """Return values (channels, n) of 0 to 1 as a uint8 image."""
    image = np.zeros((size * size, len(values)), np.uint8)
    image[where] = np.rint(values.T * 255)
    return image.reshape(size, size, -1)


def _fade_to_border(size: int) -> Floats:
    line = np.abs((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1)
    fade = np.clip((1 - line) / 0.12, 0, 1)
    return np.asarray(np.outer(fade, fade), np.float32)


def shown(sprite: Sprite, pixels: int) -> tuple[Floats, Floats]:
    """Return shading and paint of a sprite at `pixels` x `pixels`, each of 0 to 1.

    They are those of :class:`Sprite`, but the shading is not multiplied by the
    coverage.
    """
    smaller = pixels < sprite.paint.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    shape = (pixels, pixels)
    shading = cv2.resize(sprite.shading, shape, interpolation=method)
    paint = cv2.resize(sprite.paint, shape, interpolation=method)
    paint = paint.reshape(pixels, pixels, PAINTS).astype(np.float32) / 255
    coverage = np.maximum(covered(paint), 1 / 255)
    light = shading.astype(np.float32) / 255 / coverage[..., None]
    light[..., 2] *= AMBIENT_RANGE
    return np.minimum(light, AMBIENT_RANGE), paint


def covered(paint: Floats) -> Floats:
    """Return how much of each pixel is covered, the sum of its paints."""
    # A product with ones is several times faster than a sum over a short axis.
    total = paint @ np.ones(PAINTS, np.float32)
    return np.asarray(np.minimum(total, 1), np.float32)
