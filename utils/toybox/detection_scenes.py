"""Scenes for training and measuring detectors: images, boxes and classes.

Training scenes have few kinds of background and few sizes of toys. A detector that is
trained on them alone takes a new pattern for a toy and overlooks a toy in the distance.
So most of them get a random pattern on the background, half of them other colours, and
the toys are of every size. Held-out scenes are as `draw_scene` draws them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from notebook_utils.scenes import Scene, draw_scene

HELD_OUT_COUNT = 200  # scenes that a kit is measured on
PATTERNED, RECOLOURED = 0.6, 0.5
# Share of scenes with two to nine toys that may hide one another, as `draw_scene` draws
# them by default. The others have a given number of toys, the more the smaller.
SCATTERED = 0.6
MAX_TOYS = 20
MID_GREY = 128.0

Floats = NDArray[np.float32]


class Example(NamedTuple):
    """An image (height, width, 3), boxes (n, 4) in pixels, indices into TOYS (n,)."""

    image_rgb: NDArray[np.uint8]
    boxes_xyxy: Floats
    classes: NDArray[np.int64]


def training_scenes(
    count: int, width: int, height: int, seed: int = 0
) -> Iterator[Example]:
    """Yield scenes to train on, most of them with a random pattern; others by seed."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        scene = _scene(rng, width, height)
        image = scene.image.astype(np.float32)
        if rng.random() < PATTERNED:
            toys = scene.foreground.astype(np.float32)
            add_pattern(rng, image, cv2.blur(toys, (3, 3)))
        if rng.random() < RECOLOURED:
            image = _recoloured(rng, image)
        pixels = np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)
        yield Example(pixels, scene.boxes, scene.labels)


def held_out_scenes(
    count: int = HELD_OUT_COUNT, width: int = 640, height: int = 480
) -> Iterator[Example]:
    """Yield the first held-out scenes; no training scene has their background."""
    for seed in range(count):
        scene = draw_scene(seed, width, height, held_out=True)
        yield Example(scene.image, scene.boxes, scene.labels)


def _scene(rng: np.random.Generator, width: int, height: int) -> Scene:
    """Return a scene with toys of any size, from a single large one to many small."""
    toys = None
    if rng.random() >= SCATTERED:
        # As often 1 or 2 as 10 to 20.
        toys = round(MAX_TOYS ** rng.random())
    for _ in range(4):
        try:
            return draw_scene(int(rng.integers(2**31)), width, height, toys)
        except ValueError:  # so many toys found no room; ask for another seed
            continue
    return draw_scene(int(rng.integers(2**31)), width, height)


def add_pattern(rng: np.random.Generator, image: Floats, toys: Floats) -> None:
    """Draw a random pattern on the background of an image (height, width, 3).

    It is the bands between the contours of a landscape: from a few blots to narrow
    lines. `toys` (height, width), 0 to 1, is how much of each pixel they cover, soft at
    their borders.
    """
    height, width = toys.shape
    cells = rng.integers(2, 12, size=2)
    landscape = rng.standard_normal(cells).astype(np.float32)
    heights = cv2.resize(landscape, (width, height), interpolation=cv2.INTER_CUBIC)
    bands = np.sin(heights * rng.uniform(1, 8) + rng.uniform(0, 6))
    share = np.clip(bands * rng.uniform(1, 12) + rng.uniform(-1, 1), 0, 1)
    shade = rng.uniform(-0.35, 0.35) + rng.uniform(-0.15, 0.15, 3)
    pattern = (share[..., np.newaxis] * shade).astype(np.float32)
    image *= 1 + (1 - toys[..., np.newaxis]) * pattern


def _recoloured(rng: np.random.Generator, image: Floats) -> Floats:
    """Return an image in other colours, contrast and brightness."""
    if rng.random() < 0.5:
        image = image[..., rng.permutation(3)]
    gains = rng.uniform(0.7, 1.25, 3).astype(np.float32)
    contrast = np.float32(rng.uniform(0.75, 1.2))
    return np.asarray((image * gains - MID_GREY) * contrast + MID_GREY, np.float32)
