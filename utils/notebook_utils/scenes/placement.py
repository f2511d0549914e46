"""Which toys a scene contains, and their positions, sizes and colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shapes import Floats
from .sprites import pose_yaw
from .textures import colours
from .toys import BEAK, EYE, MAIN, PAINTS, SECOND, SHAPES, TOYS

Vector = NDArray[np.float64]

# Toys are about this many units across.
TOY_UNITS = 1.75
MAX_TOYS = 24

PALETTE = colours(
    "d6403a ee8440 f6c448 5cb262 34a0b0 347ac4 8454a8 e47096 54b2e2 b2d078 965646 "
    "d0d6d6 4a4a54"
)
IVORY, DUCK_YELLOW = colours("f2f0ec fac834")
BEAK_ORANGE, EYE_BLACK = colours("f07824 1e1c1c")


@dataclass(frozen=True, eq=False)
class Placement:
    """One toy of a scene; `x` and `y` are the centre of its foot, in pixels."""

    toy: str
    yaw: float  # in radians
    x: float
    y: float
    scale: float  # pixels per unit of length
    colours: Floats  # RGB of each paint, (PAINTS, 3)
    gloss: float  # strength of the highlight


def scatter(
    rng: np.random.Generator, width: int, height: int, held_out: bool
) -> list[Placement]:
    """Return two to nine toys that may hide one another or lie half outside."""
    count = int(rng.integers(2, 10))
    names = [TOYS[i] for i in rng.integers(len(TOYS), size=count)]
    size = rng.uniform(0.16, 0.36) * height
    image = np.array([width, height], np.float64)
    area = image * (0.02, 0.06), image * (0.98, 0.97)
    return _place(rng, names, size, area, held_out)


def line_up(
    rng: np.random.Generator,
    names: Sequence[str],
    width: int,
    height: int,
    shrink: float,
    held_out: bool,
) -> list[Placement]:
    """Return the requested toys, inside the image and as far apart as there is room.

    `shrink` makes all of them smaller, for when a first try leaves some hidden.
    """
    largest = 0.75 / np.sqrt(len(names)) + 0.02
    size = rng.uniform(0.55, 1.0) * largest * min(height, 0.8 * width) * shrink
    # A toy needs more room above the centre of its foot than below it.
    low = size * np.array([0.62, 0.80])
    high = np.array([width, height]) - size * np.array([0.62, 0.50])
    middle = (low + high) / 2
    area = np.minimum(low, middle), np.maximum(high, middle)
    return _place(rng, names, size, area, held_out)


def _place(
    rng: np.random.Generator,
    names: Sequence[str],
    size: float,
    area: tuple[Vector, Vector],
    held_out: bool,
) -> list[Placement]:
    """Place toys of about `size` pixels, the farthest away first."""
    sizes = size * rng.uniform(0.8, 1.2, len(names))
    spots = _spots(rng, sizes, area)
    placements = [
        _dress(rng, name, x, y, pixels / TOY_UNITS, held_out)
        for name, (x, y), pixels in zip(names, spots, sizes, strict=True)
    ]
    return sorted(placements, key=lambda placement: placement.y)


def _spots(
    rng: np.random.Generator, sizes: Vector, area: tuple[Vector, Vector]
) -> list[Vector]:
    """Return a position for each toy; twelve tries to keep clear of the others."""
    spots: list[Vector] = []
    for i, size in enumerate(sizes):
        # Random, so that some scenes are crowded and others are not.
        reach = rng.uniform(0.3, 0.65)
        for _ in range(12):
            spot = rng.uniform(*area)
            gaps = [np.hypot(*((spot - s) * (1, 1.3))) for s in spots]
            needed = reach * (size + sizes[:i])
            if np.all(gaps >= needed):
                break
        spots.append(spot)
    return spots


def _dress(
    rng: np.random.Generator,
    name: str,
    x: float,
    y: float,
    scale: float,
    held_out: bool,
) -> Placement:
    pose = int(rng.integers(SHAPES[name].poses))
    first, second = rng.choice(len(PALETTE), 2, replace=False)
    paints = np.zeros((PAINTS, 3), np.float32)
    paints[MAIN] = np.array(PALETTE[first]) * rng.uniform(0.85, 1.08)
    paints[SECOND] = PALETTE[second] if rng.random() < 0.55 else IVORY
    paints[BEAK], paints[EYE] = BEAK_ORANGE, EYE_BLACK
    if name == "duck" and rng.random() < 0.6:
        paints[MAIN] = DUCK_YELLOW
    gloss = 105 if rng.random() < 0.85 else 25
    yaw = pose_yaw(name, pose, held_out)
    return Placement(name, yaw, float(x), float(y), scale, paints, gloss)
