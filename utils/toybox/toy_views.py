"""Images of one toy each, as a classifier of the eight toys meets them.

Training views come from training scenes, held-out crops and images from held-out ones.
A learner gives the classifier a crop of a toy or a whole image, squeezed into a square,
with other toys at the edge; the training views cover all of that.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from notebook_utils.scenes import Scene, crop_toys, draw_scene

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
SIZE = 224
# Training views are larger than needed, so that every epoch can cut them differently.
VIEW_SIZE = 240
# In a wide view the toy in question has to be much larger than all others together.
OTHERS = 0.35


def training_views(crowded: int, single: int) -> tuple[Images, Labels]:
    """Return views (n, VIEW_SIZE, VIEW_SIZE, 3) of one toy each, and labels (n,).

    A crowded scene gives a close and, where others are not in the way, a wide view of
    every toy with a box. A single toy gives its whole image, squeezed, as it is and
    from farther away.
    """
    rng = np.random.default_rng(2)
    views: list[Images] = []
    labels: list[int] = []
    for seed in tqdm(range(crowded + single), "drawing scenes"):
        scene = draw_scene(seed, toys=None if seed < crowded else 1)
        found = _crops(rng, scene) if seed < crowded else _wholes(rng, scene)
        views += [view for view, _ in found]
        labels += [label for _, label in found]
    return np.stack(views), np.array(labels, np.int64)


def _crops(rng: np.random.Generator, scene: Scene) -> list[tuple[Images, int]]:
    """Return a close and, where possible, a wide view of each toy of a scene."""
    found = []
    for box, label, instance in zip(
        scene.boxes, scene.labels, scene.instance_ids, strict=True
    ):
        close = _window(rng, box, scene.instances.shape, rng.uniform(1.0, 1.5))
        found.append((_squeezed(rng, scene.image[close]), int(label)))
        wide = _window(rng, box, scene.instances.shape, rng.uniform(1.6, 4.0))
        seen = scene.instances[wide]
        others = np.count_nonzero(seen) - np.count_nonzero(seen == instance)
        if others < OTHERS * np.count_nonzero(seen == instance):
            found.append((_squeezed(rng, scene.image[wide]), int(label)))
    return found


def _wholes(rng: np.random.Generator, scene: Scene) -> list[tuple[Images, int]]:
    """Return the whole image of one toy, as it is and from farther away."""
    label = int(scene.labels[0])
    images = (scene.image, _from_farther_away(rng, scene))
    return [(_squeezed(rng, image), label) for image in images]


def _from_farther_away(rng: np.random.Generator, scene: Scene) -> Images:
    """Return the image with more background around, mirrored at the border."""
    image = scene.image
    x1, y1, x2, y2 = (int(value) for value in scene.boxes[0])
    for _ in range(2):
        height, width = image.shape[:2]
        free_height, free_width = height - (y2 - y1), width - (x2 - x1)
        # As much in height as in width, and never so much that the toy is mirrored.
        growth = rng.uniform(0.2, 1) * min(free_height / height, free_width / width)
        down, across = growth * height / free_height, growth * width / free_width
        top, bottom = int(down * y1), int(down * (height - y2))
        left, right = int(across * x1), int(across * (width - x2))
        image = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT)
        x1, x2, y1, y2 = x1 + left, x2 + left, y1 + top, y2 + top
    return np.asarray(image, np.uint8)


def _window(
    rng: np.random.Generator,
    box: NDArray[np.float32],
    shape: tuple[int, ...],
    wider: float,
) -> tuple[slice, slice]:
    """Return rows and columns around a box, its longer side `wider` times as long.

    The toy stands anywhere inside, and the window is up to 4:3 wide or high.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    side = max(x2 - x1, y2 - y1) * wider
    aspect = np.sqrt(rng.uniform(3 / 4, 4 / 3))
    spans = []
    for low, high, span, limit in (
        (y1, y2, side / aspect, shape[0]),
        (x1, x2, side * aspect, shape[1]),
    ):
        span = min(max(span, high - low), limit)
        first = round(rng.uniform(max(high - span, 0), min(low, limit - span)))
        spans.append(slice(max(first, 0), max(first, 0) + round(span)))
    return spans[0], spans[1]


def _squeezed(rng: np.random.Generator, image: Images) -> Images:
    """Return the image as a square, made smaller in one of the usual ways."""
    method = cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR
    size = (VIEW_SIZE, VIEW_SIZE)
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


@lru_cache(maxsize=2)
def held_out_crops(count: int) -> tuple[Images, Labels]:
    """Return the first crops of held-out scenes, (count, SIZE, SIZE, 3), and labels."""
    images: list[Images] = []
    labels: list[Labels] = []
    seed = 0
    while sum(map(len, labels)) < count:
        crops, indices = crop_toys(draw_scene(seed, held_out=True), SIZE)
        images.append(crops)
        labels.append(indices)
        seed += 1
    return np.concatenate(images)[:count], np.concatenate(labels)[:count]


@lru_cache(maxsize=2)
def held_out_images(count: int) -> tuple[Images, Labels]:
    """Return held-out scenes of one toy, squeezed to (count, SIZE, SIZE, 3)."""
    scenes = [draw_scene(seed, toys=1, held_out=True) for seed in range(count)]
    images = [cv2.resize(scene.image, (SIZE, SIZE)) for scene in scenes]
    labels = np.array([scene.labels[0] for scene in scenes], np.int64)
    return np.stack(images).astype(np.uint8), labels
