"""What YOLOv5's training minimises: boxes, objectness and classes that are off.

References
----------
Z. Zheng and others, "Distance-IoU Loss: Faster and Better Learning for Bounding Box
Regression", 2020, https://arxiv.org/abs/1911.08287 (complete IoU)
"""

import math
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from notebook_utils.models.yolov5n import ANCHORS, STRIDES, decode_boxes, place_boxes

# An anchor is given to toys up to this many times larger or smaller.
LARGEST_RATIO = 4.0
BOX_GAIN, CLASS_GAIN = 0.4, 0.5
# The many places at stride 8 would drown in their mean otherwise.
OBJECTNESS_GAINS = (4.0, 1.0, 0.4)
# Of a place, its neighbours to the left, above, to the right and below.
NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1))


def detection_loss(raw: Tensor, targets: Tensor, size: tuple[int, int]) -> Tensor:
    """Return how far the answers are from the truth.

    Parameters
    ----------
    raw : float32 tensor (n, boxes, 5 + classes)
        What the network says in training mode.
    targets : float32 tensor (m, 6)
        Number of the picture, class, and the box: centre x, centre y, width and height
        in pixels.
    size : tuple of int
        Height and width of the pictures.

    Returns
    -------
    float32 tensor ()
        The sum of three parts: one minus the complete IoU of boxes that were given a
        toy, and the cross entropy of objectness and of classes.

    Notes
    -----
    The objectness that is asked of a box is its overlap with the toy, so that in use
    the best of several boxes has the highest score.
    """
    truth, rows = assign(targets, size)
    picture, classes, boxes = truth[:, 0].long(), truth[:, 1].long(), truth[:, 2:]
    places, _ = _places(size)
    objectness = torch.zeros_like(raw[..., 4])
    loss = raw.new_zeros(())
    if len(truth):
        chosen = raw[picture, rows]
        overlap = complete_iou(decode_boxes(chosen, places[rows])[:, :4], boxes)
        objectness[picture, rows] = overlap.detach().clamp(0).to(objectness.dtype)
        right = torch.zeros_like(chosen[:, 5:])
        right[torch.arange(len(right)), classes] = 1.0
        loss = BOX_GAIN * (1 - overlap).mean()
        loss = loss + CLASS_GAIN * cross_entropy(chosen[:, 5:], right)
    return loss + _objectness_loss(raw[..., 4], objectness, size)


def assign(targets: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Say which of the network's boxes should find which toy.

    A toy goes to every anchor of about its size, in the place where its centre lies
    and in the two neighbours nearest to the centre.

    Parameters
    ----------
    targets : float32 tensor (m, 6)
        As in :func:`detection_loss`.
    size : tuple of int
        Height and width of the pictures.

    Returns
    -------
    float32 tensor (k, 6)
        Targets, repeated.
    int64 tensor (k,)
        The row of the network's answer that each belongs to.
    """
    _, starts = _places(size)
    found, rows = [], []
    for level, stride in enumerate(STRIDES):
        height, width = size[0] // stride, size[1] // stride
        anchors = torch.tensor(ANCHORS[level], dtype=torch.float32)
        ratio = targets[None, :, 4:] / anchors[:, None]
        anchor, index = (
            (torch.maximum(ratio, 1 / ratio).amax(2) < LARGEST_RATIO)
            .nonzero()
            .unbind(1)
        )
        near, place = _near_places(targets[index, 2:4] / stride, width, height)
        cell = place[:, 1] * width + place[:, 0]
        found.append(targets[index[near]])
        rows.append(starts[level] + anchor[near] * height * width + cell)
    return torch.cat(found), torch.cat(rows)


def _near_places(centres: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Return, for centres in units of places, which of them is near which place."""
    index = torch.arange(len(centres))
    own = centres.long()
    parts = centres - own
    sides = (parts[:, 0] < 0.5, parts[:, 1] < 0.5, parts[:, 0] > 0.5, parts[:, 1] > 0.5)
    near, places = [index], [own]
    for side, step in zip(sides, NEIGHBOURS, strict=True):
        near.append(index[side])
        places.append(own[side] + torch.tensor(step))
    every_near, every_place = torch.cat(near), torch.cat(places)
    column, row = every_place.unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return every_near[inside], every_place[inside]


def _objectness_loss(scores: Tensor, truth: Tensor, size: tuple[int, int]) -> Tensor:
    _, starts = _places(size)
    loss = scores.new_zeros(())
    for gain, (first, last) in zip(OBJECTNESS_GAINS, pairwise(starts), strict=True):
        part = cross_entropy(scores[:, first:last], truth[:, first:last])
        loss = loss + gain * part
    return loss


@lru_cache(maxsize=4)
def _places(size: tuple[int, int]) -> tuple[Tensor, tuple[int, ...]]:
    """Return where all boxes start from, and the first row of each level and beyond."""
    levels = [
        place_boxes(size[0] // stride, size[1] // stride, level)
        for level, stride in enumerate(STRIDES)
    ]
    starts = [0]
    for places in levels:
        starts.append(starts[-1] + len(places))
    return torch.cat(levels), tuple(starts)


def complete_iou(boxes: Tensor, truth: Tensor) -> Tensor:
    """Return how well boxes fit: overlap, less distance and other proportions.

    Parameters
    ----------
    boxes, truth : float32 tensors (k, 4)
        Centre x, centre y, width and height, in the same unit.

    Returns
    -------
    float32 tensor (k,)
        1 for the same box; below 0 for boxes far apart.
    """
    tiny = 1e-7
    low, high = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    low_b, high_b = truth[:, :2] - truth[:, 2:] / 2, truth[:, :2] + truth[:, 2:] / 2
    both = (torch.minimum(high, high_b) - torch.maximum(low, low_b)).clamp(0).prod(1)
    either = boxes[:, 2:].prod(1) + truth[:, 2:].prod(1) - both + tiny
    iou = both / either
    around = (torch.maximum(high, high_b) - torch.minimum(low, low_b)).square().sum(1)
    apart = (boxes[:, :2] - truth[:, :2]).square().sum(1) / (around + tiny)
    angles = [
        torch.atan(sides[:, 0] / (sides[:, 1] + tiny))
        for sides in (boxes[:, 2:], truth[:, 2:])
    ]
    skew = 4 / math.pi**2 * (angles[0] - angles[1]).square()
    with torch.no_grad():
        weight = skew / (1 - iou + skew + tiny)
    return iou - apart - weight * skew
