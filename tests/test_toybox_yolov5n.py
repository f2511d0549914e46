"""The loss and the data of YOLOv5n's training, and the kit ``detection-yolov5n``."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from notebook_utils import load_image, load_kit
from notebook_utils.models import YOLOv5n, load_yolov5n
from notebook_utils.models.yolov5n import ANCHORS, STRIDES, anchor_grid
from notebook_utils.scenes import TOYS
from toybox import detection, toy_yolov5n
from toybox.cards import read_card
from toybox.detection_scenes import Example, training_scenes
from toybox.recipes import KITS
from toybox.toy_yolov5n_loss import assign, complete_iou, detection_loss

SIZE = (128, 160)
GRID = torch.cat(
    [anchor_grid(SIZE[0] // s, SIZE[1] // s, n) for n, s in enumerate(STRIDES)]
)


def target(x, y, width, height, label=0, image=0):
    return torch.tensor([[image, label, x, y, width, height]], dtype=torch.float32)


def perfect_output(targets, classes=3):
    """Raw values with the boxes, the objectness and the classes of the targets."""
    truth, rows = assign(targets, SIZE)
    raw = torch.full((2, len(GRID), 5 + classes), -12.0)
    cell, stride, anchor = GRID[rows].split((2, 1, 2), 1)
    centre = ((truth[:, 2:4] / stride - cell + 0.5) / 2).clamp(1e-4, 1 - 1e-4)
    size = ((truth[:, 4:] / anchor).sqrt() / 2).clamp(1e-4, 1 - 1e-4)
    image = truth[:, 0].long()
    raw[image, rows, :2], raw[image, rows, 2:4] = centre.logit(), size.logit()
    raw[image, rows, 4] = 12.0
    raw[image, rows, 5 + truth[:, 1].long()] = 12.0
    return raw


def cells_at_8(x, y):
    """Return the cells at stride 8 that a toy of 16 x 30 is assigned to."""
    _, rows = assign(target(x, y, 16, 30), SIZE)
    boxes = GRID[rows]
    assert len(set(rows.tolist())) == len(rows)
    sides = torch.tensor([16.0, 30.0])
    assert torch.maximum(sides / boxes[:, 3:], boxes[:, 3:] / sides).max() < 4
    return sorted(boxes[(boxes[:, 2] == 8) & (boxes[:, 3] == 16)][:, :2].tolist())


def test_a_toy_is_assigned_to_anchors_of_its_size_in_three_cells():
    assert (16, 30) in ANCHORS[0]
    # 44 / 8 = 5.5 lies in the middle, 60 / 8 = 7.5 too: no neighbour is nearer.
    assert cells_at_8(44, 60) == [[5, 7]]
    assert cells_at_8(42, 63) == [[4, 7], [5, 7], [5, 8]]
    assert cells_at_8(46, 57) == [[5, 6], [5, 7], [6, 7]]


@pytest.mark.parametrize("x", [0, 1, 159])
@pytest.mark.parametrize("y", [0, 1, 127])
def test_a_toy_at_the_border_is_assigned_to_no_cell_outside(x, y):
    _, rows = assign(target(x, y, 30, 30), SIZE)
    assert len(rows) and rows.min() >= 0 and rows.max() < len(GRID)
    centres = (GRID[rows][:, :2] + 0.5) * GRID[rows][:, 2:3]
    assert (centres - torch.tensor([x, y])).abs().max() < 1.5 * max(STRIDES)


def test_a_perfect_output_has_nearly_no_loss_and_others_have_more():
    targets = torch.cat((target(44, 60, 16, 30, 1), target(80, 70, 60, 50, 2, 1)))
    best = detection_loss(perfect_output(targets), targets, SIZE)
    assert best < 0.01
    for change in (
        lambda raw: raw[..., 0].add_(1),
        lambda raw: raw[..., 2].sub_(1),
        lambda raw: raw[..., 4].add_(14),
        lambda raw: raw[..., 4].sub_(20),
        lambda raw: raw[..., 5:].neg_(),
    ):
        worse = perfect_output(targets)
        change(worse)
        assert detection_loss(worse, targets, SIZE) > best + 0.01
    nothing = torch.full((2, len(GRID), 8), -12.0)
    assert detection_loss(nothing, torch.zeros(0, 6), SIZE) < 1e-3
    assert detection_loss(-nothing, torch.zeros(0, 6), SIZE) > 10


def test_complete_iou():
    box = torch.tensor([[50.0, 40, 20, 10]])
    assert complete_iou(box, box).item() == pytest.approx(1, abs=1e-4)
    # Half the overlap, the same centre: only overlap and aspect ratio count.
    assert 0.4 < complete_iou(box, torch.tensor([[50.0, 40, 10, 10]])).item() < 0.5
    assert complete_iou(box, torch.tensor([[150.0, 40, 20, 10]])).item() < 0


@pytest.fixture(scope="module")
def example():
    return next(training_scenes(1, 640, 480, seed=3))


def test_a_mirrored_scene_has_its_boxes_around_the_same_pixels(example):
    image, boxes, classes = toy_yolov5n.mirror(example, True)
    for old, new in zip(example.boxes_xyxy, boxes, strict=True):
        (a, b, c, d), (e, f, g, h) = (map(int, box) for box in (old, new))
        assert np.array_equal(image[f:h, e:g][:, ::-1], example.image_rgb[b:d, a:c])
    assert classes.tolist() == example.classes.tolist()
    assert toy_yolov5n.mirror(example, False) is example


def test_a_crop_has_its_boxes_around_the_same_toys():
    painted = np.zeros((480, 640, 3), np.uint8)
    painted[150:260, 230:400] = 255
    alone = Example(painted, np.float32([[230, 150, 400, 260]]), np.array([3]))
    rng = np.random.default_rng(0)
    seen = 0
    for is_mirrored in (False, True) * 20:
        crop, boxes, _ = toy_yolov5n.random_crop(rng, alone, is_mirrored)
        assert crop.shape == (256, 320, 3)
        for box in boxes:
            seen += 1
            rows, columns = np.nonzero(crop[..., 0] > 127)
            found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert np.abs(np.subtract(found, np.rint(box))).max() <= 1
    assert seen > 10


def test_batches_are_the_same_whenever_they_are_called_and_have_a_loss(
    example, monkeypatch
):
    small = replace(toy_yolov5n.SETTINGS, batch=3)
    monkeypatch.setattr(toy_yolov5n, "SETTINGS", small)
    monkeypatch.setattr(toy_yolov5n, "WHOLE_BATCH", 1)
    first, again = (toy_yolov5n.batches(1, lambda: [example] * 3) for _ in range(2))
    network = toy_yolov5n.untrained_detector().train()
    for size in ((1, 3, 480, 640), (3, 3, 256, 320)):
        (inputs, targets), (inputs_again, targets_again) = next(first), next(again)
        assert torch.equal(inputs, inputs_again)
        assert torch.equal(targets, targets_again)
        assert inputs.shape == size and inputs.min() >= 0 and inputs.max() <= 1
        assert targets[:, 0].max() < len(inputs) and targets[:, 1].max() < len(TOYS)
        with torch.no_grad():
            assert toy_yolov5n.loss(network(inputs), targets) > 0


def test_a_new_network_predicts_background():
    torch.manual_seed(0)
    network = toy_yolov5n.untrained_detector()
    with torch.inference_mode():
        rows = network.eval()(torch.rand(1, 3, 128, 128))[0]
    assert rows[:, 4].median() < 0.02
    assert rows[:, 5:].median() < 0.2


def test_the_checkpoint_holds_16_bits_and_comes_back(tmp_path):
    network = YOLOv5n(len(TOYS)).to(memory_format=torch.channels_last)
    card = read_card(KITS / "detection-yolov5n")
    assert toy_yolov5n.save_half(network, tmp_path / "model.pt") == card["parameters"]
    assert (tmp_path / "model.pt").stat().st_size <= 4_000_000
    loaded = load_yolov5n(tmp_path / "model.pt").state_dict()
    for name, tensor in network.state_dict().items():
        half = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(loaded[name], half), name


def test_the_kit_finds_what_is_expected():
    kit = load_kit("detection-yolov5n", "included")
    figures = read_card(kit.folder)["figures"]
    assert figures["map50"] >= 0.97 and 0 < figures["map75"] <= figures["map50"]
    assert kit.labels == TOYS
    load, detect = detection.DETECTORS[kit.name]
    detect = partial(detect, load(kit.folder))
    found = detect(load_image(kit.folder / "picture.jpg")).above(0.25)
    names = sorted({kit.labels[index] for index in found.classes})
    kit.expect("list of objects", names)
    assert names == sorted(detection.PICTURE_YOLOV5N[1])
    measured = detection.mean_average_precisions(detect, scenes=2)
    assert measured["map50"] > 0.9
