"""The loss of YOLOv5's training: boxes, objectness and classes.

References
----------
Z. Zheng and others, "Distance-IoU Loss: Faster and Better Learning for Bounding Box
Regression", 2020, https://arxiv.org/abs/1911.08287 (complete IoU)
"""

from functools import lru_cache
from itertools import accumulate, pairwise

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from notebook_utils.models import ensure_torchvision
from notebook_utils.models.yolov5n import ANCHORS, STRIDES, anchor_grid, decode_boxes

# An anchor is assigned to toys up to this many times larger or smaller.
MAX_RATIO = 4.0
BOX_GAIN, CLASS_GAIN = 0.4, 0.5
# The mean over the many cells at stride 8 would hide the few with objects otherwise.
OBJECTNESS_GAINS = (4.0, 1.0, 0.4)
# Offsets to the neighbours of a cell: left, above, right and below.
NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1))


def detection_loss(raw: Tensor, targets: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the loss of raw predictions (n, boxes, 5 + classes).

    A target, of (m, 6), is the index of the image, the class, and the box: centre x,
    centre y, width and height in pixels; `size` is height and width of the images. The
    loss is one minus the complete IoU of boxes that were assigned to a toy, and the
    cross entropy of objectness and of classes. The target for the objectness of a box
    is its overlap with the toy, so that the best of several has the highest score.
    """
    truth, rows = assign(targets, size)
    image, classes, boxes = truth[:, 0].long(), truth[:, 1].long(), truth[:, 2:]
    grid, _ = _grids(size)
    objectness = torch.zeros_like(raw[..., 4])
    loss = raw.new_zeros(())
    if len(truth):
        chosen = raw[image, rows]
        overlap = complete_iou(decode_boxes(chosen, grid[rows])[:, :4], boxes)
        objectness[image, rows] = overlap.detach().clamp(0).to(objectness.dtype)
        one_hot = torch.zeros_like(chosen[:, 5:])
        one_hot[torch.arange(len(one_hot)), classes] = 1.0
        loss = BOX_GAIN * (1 - overlap).mean()
        loss = loss + CLASS_GAIN * cross_entropy(chosen[:, 5:], one_hot)
    return loss + _objectness_loss(raw[..., 4], objectness, size)


def assign(targets: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return targets, repeated, (k, 6), and the output row each is assigned to, (k,).

    A toy is assigned to every anchor of about its size, in the cell that contains its
    centre and in the two neighbours nearest to the centre.
    """
    _, starts = _grids(size)
    found, rows = [], []
    for level, stride in enumerate(STRIDES):
        height, width = size[0] // stride, size[1] // stride
        anchors = torch.tensor(ANCHORS[level], dtype=torch.float32)
        ratio = targets[None, :, 4:] / anchors[:, None]
        anchor, index = (
            (torch.maximum(ratio, 1 / ratio).amax(2) < MAX_RATIO).nonzero().unbind(1)
        )
        near, cells = _near_cells(targets[index, 2:4] / stride, width, height)
        offset = cells[:, 1] * width + cells[:, 0]
        found.append(targets[index[near]])
        rows.append(starts[level] + anchor[near] * height * width + offset)
    return torch.cat(found), torch.cat(rows)


def _near_cells(centres: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Return pairs of a centre, in units of cells, and a cell: index (k,), (k, 2)."""
    index = torch.arange(len(centres))
    own = centres.long()
    parts = centres - own
    sides = (parts[:, 0] < 0.5, parts[:, 1] < 0.5, parts[:, 0] > 0.5, parts[:, 1] > 0.5)
    near, cells = [index], [own]
    for side, step in zip(sides, NEIGHBOURS, strict=True):
        near.append(index[side])
        cells.append(own[side] + torch.tensor(step))
    all_near, all_cells = torch.cat(near), torch.cat(cells)
    inside = ((all_cells >= 0) & (all_cells < torch.tensor((width, height)))).all(1)
    return all_near[inside], all_cells[inside]


def complete_iou(boxes: Tensor, truth: Tensor) -> Tensor:
    """Return the complete IoU of boxes (k, 4): centre x, centre y, width, height."""
    ops = ensure_torchvision().ops
    corners = (ops.box_convert(each, "cxcywh", "xyxy") for each in (boxes, truth))
    overlap: Tensor = 1 - ops.complete_box_iou_loss(*corners)
    return overlap


def _objectness_loss(scores: Tensor, truth: Tensor, size: tuple[int, int]) -> Tensor:
    _, starts = _grids(size)
    loss = scores.new_zeros(())
    for gain, (first, last) in zip(OBJECTNESS_GAINS, pairwise(starts), strict=True):
        loss = loss + gain * cross_entropy(scores[:, first:last], truth[:, first:last])
    return loss


@lru_cache(maxsize=4)
def _grids(size: tuple[int, int]) -> tuple[Tensor, tuple[int, ...]]:
    """Return cells and anchors of all boxes, and where each level begins and ends."""
    levels = [
        anchor_grid(size[0] // stride, size[1] // stride, level)
        for level, stride in enumerate(STRIDES)
    ]
    starts = accumulate(map(len, levels), initial=0)
    return torch.cat(levels), tuple(starts)
