"""The training of YOLOv5n on the eight toys.

Most batches are crops of scenes at different scales, because sixteen crops cost as
much as four scenes and show more toys of more sizes. Every third batch has whole
scenes, in which large toys are not cut off.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from notebook_utils.models import YOLOv5n
from notebook_utils.models.yolov5n import BOX_AND_OBJECTNESS, STRIDES, Heads
from notebook_utils.scenes import TOYS

from .detection_scenes import Example, training_scenes
from .toy_yolov5n_loss import detection_loss
from .training import Batch, Settings, fit_torch

NAME = "toy-yolov5n"
SETTINGS = Settings(revision=2, epochs=8, steps=180, batch=16, rate=3e-3)
SCENES, SEED = 1200, 5
# Height and width of whole scenes and of crops; whole scenes in a batch.
WHOLE, WHOLE_BATCH = (480, 640), 4
CROP = (256, 320)
WHOLE_EVERY = 3
# Range of the scale of a crop; the smallest takes nearly the whole scene.
MIN_ZOOM, MAX_ZOOM = 0.55, 1.4
# A toy counts where at least this fraction of its box is in the crop.
MIN_VISIBLE = 0.35
# Prior number of objects in an image of 640 x 640, and prior probability of a class:
# a start near the truth, or objectness would dominate the first epoch.
PRIOR_OBJECTS, PRIOR_CLASS = 8, 0.6

Floats = NDArray[np.float32]


def trained_detector() -> YOLOv5n:
    """Return the trained network, from its checkpoint where that is up to date."""
    torch.manual_seed(SETTINGS.seed)
    network = untrained_detector()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fit_torch(NAME, SETTINGS, network, batches, loss)
    return network


def untrained_detector() -> YOLOv5n:
    """Return a new network that predicts background for nearly all boxes."""
    network = YOLOv5n(len(TOYS))
    heads = cast(Heads, network.model[-1])
    for head, stride in zip(heads.m, STRIDES, strict=True):
        bias = cast(Tensor, head.bias).data.zero_()
        by_anchor = bias.view(-1, BOX_AND_OBJECTNESS + len(TOYS))
        by_anchor[:, 4] = math.log(PRIOR_OBJECTS / (640 / stride) ** 2)
        by_anchor[:, BOX_AND_OBJECTNESS:] = math.log(PRIOR_CLASS / len(TOYS))
    return network


def save_half(network: YOLOv5n, path: Path) -> int:
    """Write a state dictionary in 16 bits; return the network's parameters."""
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    torch.save(weights, path)
    return sum(tensor.numel() for tensor in network.parameters())


def loss(raw: Tensor, targets: Tensor) -> Tensor:
    """Return the loss; the number of boxes tells the size of the images."""
    is_whole = raw.shape[1] == sum(3 * math.prod(WHOLE) // s**2 for s in STRIDES)
    return detection_loss(raw, targets, WHOLE if is_whole else CROP)


@lru_cache(maxsize=1)
def training_set() -> list[Example]:
    """Return scenes to train on."""
    height, width = WHOLE
    scenes = training_scenes(SCENES, width, height, SEED)
    return list(tqdm(scenes, "drawing scenes", SCENES))


def batches(
    epoch: int, scenes: Callable[[], list[Example]] = training_set
) -> Iterator[Batch]:
    """Yield the batches of one epoch; the same whenever it is called."""
    examples = scenes()
    rng = np.random.default_rng([SETTINGS.seed, epoch])
    for step in range(SETTINGS.steps):
        is_whole = step % WHOLE_EVERY == 0
        count = WHOLE_BATCH if is_whole else SETTINGS.batch
        view = mirror if is_whole else partial(random_crop, rng)
        chosen = rng.integers(len(examples), size=count)
        views = [view(examples[number], rng.random() < 0.5) for number in chosen]
        images = _recoloured(rng, np.stack([image for image, _, _ in views]))
        targets = [
            _targets(number, boxes, classes)
            for number, (_, boxes, classes) in enumerate(views)
        ]
        inputs = torch.from_numpy(images).permute(0, 3, 1, 2)
        yield inputs, torch.from_numpy(np.concatenate(targets))


def _targets(number: int, boxes: Floats, classes: NDArray[np.int64]) -> Floats:
    """Return the targets of one image of a batch, (m, 6), as the loss expects them."""
    corner, opposite = boxes[:, :2], boxes[:, 2:]
    centre, size = (corner + opposite) / 2, opposite - corner
    head = np.column_stack((np.full(len(boxes), number), classes))
    return np.column_stack((head, centre, size)).astype(np.float32)


def mirror(example: Example, is_mirrored: bool) -> Example:
    """Return a scene, mirrored or as it is."""
    if not is_mirrored:
        return example
    image, boxes, classes = example
    left = image.shape[1] - boxes[:, 2]
    right = image.shape[1] - boxes[:, 0]
    mirrored = np.stack((left, boxes[:, 1], right, boxes[:, 3]), 1)
    return Example(np.ascontiguousarray(image[:, ::-1]), mirrored, classes)


def random_crop(
    rng: np.random.Generator, example: Example, is_mirrored: bool
) -> Example:
    """Return a crop of a scene at a random scale."""
    image, boxes, classes = mirror(example, is_mirrored)
    shown_size = np.array(CROP[::-1])
    zoom = rng.uniform(MIN_ZOOM, MAX_ZOOM)
    cut_size = np.rint(shown_size / zoom).astype(int)
    left, top = rng.integers(0, np.array(image.shape[1::-1]) - cut_size, endpoint=True)
    cut = image[top : top + cut_size[1], left : left + cut_size[0]]
    smooth = cv2.INTER_LINEAR if zoom >= 1 else cv2.INTER_AREA
    crop = cv2.resize(cut, CROP[::-1], interpolation=smooth)
    corners = (boxes.reshape(-1, 2, 2) - (left, top)) * (shown_size / cut_size)
    inside = np.clip(corners, 0, shown_size).astype(np.float32)
    visible, whole = (np.prod(c[:, 1] - c[:, 0], axis=1) for c in (inside, corners))
    kept = visible > MIN_VISIBLE * whole
    return Example(crop, inside[kept].reshape(-1, 4), classes[kept])


def _recoloured(rng: np.random.Generator, images: NDArray[np.uint8]) -> Floats:
    """Return images in other colours, with noise, from 0 to 1."""
    shape = (len(images), 1, 1, 1)
    gains = rng.uniform(0.75, 1.25, (len(images), 1, 1, 3)).astype(np.float32) / 255
    offsets = rng.uniform(-0.06, 0.06, shape).astype(np.float32)
    noise = rng.standard_normal((*images.shape[:3], 1), np.float32)
    noise *= rng.uniform(0, 0.015, shape).astype(np.float32)
    return np.asarray(np.clip(images * gains + offsets + noise, 0, 1), np.float32)
