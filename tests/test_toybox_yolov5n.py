"""The loss and the data of YOLOv5n's training, and the kit that came of them."""

import cv2
import numpy as np
import pytest
import torch

from notebook_utils import load_kit, scenes
from notebook_utils.kits import loading
from notebook_utils.kits.registry import registry
from notebook_utils.models import YOLOv5n, load_yolov5n, select_boxes
from notebook_utils.models.yolov5n import ANCHORS, STRIDES, place_boxes
from notebook_utils.scenes import TOYS
from toybox import detection_yolov5n, toy_yolov5n
from toybox.cards import read_card
from toybox.detection_scenes import Example, training_scenes
from toybox.recipes import KITS, RECIPES
from toybox.toy_yolov5n_loss import assign, complete_iou, detection_loss

SIZE = (128, 160)
PLACES = torch.cat(
    [place_boxes(SIZE[0] // s, SIZE[1] // s, n) for n, s in enumerate(STRIDES)]
)


def target(x, y, width, height, kind=0, picture=0):
    return torch.tensor([[picture, kind, x, y, width, height]], dtype=torch.float32)


def perfect_answer(targets, classes=3):
    """Raw values whose boxes, objectness and classes are those asked for."""
    truth, rows = assign(targets, SIZE)
    raw = torch.full((2, len(PLACES), 5 + classes), -12.0)
    place, stride, anchor = PLACES[rows].split((2, 1, 2), 1)
    centre = ((truth[:, 2:4] / stride - place + 0.5) / 2).clamp(1e-4, 1 - 1e-4)
    size = ((truth[:, 4:] / anchor).sqrt() / 2).clamp(1e-4, 1 - 1e-4)
    picture = truth[:, 0].long()
    raw[picture, rows, :2], raw[picture, rows, 2:4] = centre.logit(), size.logit()
    raw[picture, rows, 4] = 12.0
    raw[picture, rows, 5 + truth[:, 1].long()] = 12.0
    return raw


def test_a_toy_goes_to_anchors_of_its_size_in_three_places():
    truth, rows = assign(target(44, 60, 16, 30), SIZE)
    starts = PLACES[rows]
    assert len(truth) == len(rows) == len(set(rows.tolist()))
    anchors = starts[:, 3:]
    assert {tuple(a) for a in anchors.tolist()} <= {
        tuple(map(float, a)) for level in ANCHORS for a in level
    }
    sides = torch.tensor([16.0, 30.0])
    assert torch.maximum(sides / anchors, anchors / sides).max() < 4
    at_8 = starts[(starts[:, 2] == 8) & (starts[:, 3] == 16)][:, :2]
    # 44 / 8 = 5.5 lies in the middle, 60 / 8 = 7.5 too: no neighbour is nearer.
    assert sorted(at_8.tolist()) == [[5, 7]]
    _, rows = assign(target(42, 63, 16, 30), SIZE)
    at_8 = PLACES[rows][(PLACES[rows][:, 2] == 8) & (PLACES[rows][:, 3] == 16)][:, :2]
    assert sorted(at_8.tolist()) == [[4, 7], [5, 7], [5, 8]]


@pytest.mark.parametrize("x", [0, 1, 159])
@pytest.mark.parametrize("y", [0, 1, 127])
def test_a_toy_at_the_border_gets_no_place_outside(x, y):
    _, rows = assign(target(x, y, 30, 30), SIZE)
    assert len(rows) and rows.min() >= 0 and rows.max() < len(PLACES)
    centres = (PLACES[rows][:, :2] + 0.5) * PLACES[rows][:, 2:3]
    assert (centres - torch.tensor([x, y])).abs().max() < 1.5 * max(STRIDES)


def test_the_best_answer_has_nearly_no_loss_and_others_have_more():
    targets = torch.cat((target(44, 60, 16, 30, 1), target(80, 70, 60, 50, 2, 1)))
    best = detection_loss(perfect_answer(targets), targets, SIZE)
    assert best < 0.01
    for change in (
        lambda raw: raw[..., 0].add_(1),
        lambda raw: raw[..., 2].sub_(1),
        lambda raw: raw[..., 4].add_(14),
        lambda raw: raw[..., 4].sub_(20),
        lambda raw: raw[..., 5:].neg_(),
    ):
        worse = perfect_answer(targets)
        change(worse)
        assert detection_loss(worse, targets, SIZE) > best + 0.01


def test_pictures_without_toys_ask_for_silence():
    silent = torch.full((2, len(PLACES), 8), -12.0)
    assert detection_loss(silent, torch.zeros(0, 6), SIZE) < 1e-3
    assert detection_loss(-silent, torch.zeros(0, 6), SIZE) > 10


def test_training_steps_lower_the_loss():
    torch.manual_seed(0)
    network, targets = YOLOv5n(3).train(), target(44, 60, 40, 30, 1)
    images, optimizer = torch.rand(1, 3, *SIZE), torch.optim.AdamW(network.parameters())
    losses = []
    for _ in range(5):
        loss = detection_loss(network(images), targets, SIZE)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]


def test_complete_iou():
    box = torch.tensor([[50.0, 40, 20, 10]])
    assert complete_iou(box, box).item() == pytest.approx(1, abs=1e-4)
    far = complete_iou(box, torch.tensor([[150.0, 40, 20, 10]])).item()
    farther = complete_iou(box, torch.tensor([[350.0, 40, 20, 10]])).item()
    assert farther < far < 0
    # Half the overlap, the same centre: only overlap and proportions count.
    assert complete_iou(box, torch.tensor([[50.0, 40, 10, 10]])).item() < 0.5


@pytest.fixture(scope="module")
def example():
    return next(training_scenes(1, 640, 480, seed=3))


def test_a_mirrored_scene_has_its_boxes_around_the_same_pixels(example):
    image, boxes, classes = toy_yolov5n._mirrored(example, True)
    for old, new in zip(example.boxes_xyxy, boxes, strict=True):
        (a, b, c, d), (e, f, g, h) = (map(int, box) for box in (old, new))
        seen = image[f:h, e:g]
        assert np.array_equal(seen[:, ::-1], example.image_rgb[b:d, a:c])
    assert classes.tolist() == example.classes.tolist()


def test_a_part_has_its_boxes_around_the_same_toys():
    painted = np.zeros((480, 640, 3), np.uint8)
    painted[150:260, 230:400] = 255
    alone = Example(painted, np.float32([[230, 150, 400, 260]]), np.array([3]))
    rng = np.random.default_rng(0)
    seen = 0
    for is_mirrored in (False, True) * 20:
        part, boxes, _ = toy_yolov5n._part(rng, alone, is_mirrored)
        assert part.shape == (256, 320, 3)
        for box in boxes:
            seen += 1
            left, top, right, bottom = np.rint(box).astype(int)
            rows, columns = np.nonzero(part[..., 0] > 127)
            found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert np.abs(np.subtract(found, (left, top, right, bottom))).max() <= 1
    assert seen > 10


def test_batches_are_the_same_whenever_they_are_asked_for(monkeypatch, example):
    monkeypatch.setattr(toy_yolov5n, "_training_set", lambda: [example] * 3)
    first, second = (toy_yolov5n._batches(1) for _ in range(2))
    for _, (inputs, targets), (again, targets_again) in zip(
        range(2), first, second, strict=False
    ):
        assert torch.equal(inputs, again) and torch.equal(targets, targets_again)
        assert inputs.min() >= 0 and inputs.max() <= 1
        assert targets[:, 0].max() < len(inputs) and targets[:, 1].max() < len(TOYS)
        assert toy_yolov5n._loss(YOLOv5n(len(TOYS)).train()(inputs), targets) > 0


def test_a_new_network_expects_little():
    torch.manual_seed(0)
    network = YOLOv5n(len(TOYS))
    toy_yolov5n._expect_little(network)
    with torch.inference_mode():
        rows = network.eval()(torch.rand(1, 3, 128, 128))[0]
    assert rows[:, 4].median() < 0.02
    assert rows[:, 5:].median() < 0.2


def test_the_checkpoint_holds_16_bits_and_comes_back(tmp_path):
    network = YOLOv5n(len(TOYS)).to(memory_format=torch.channels_last)
    assert toy_yolov5n.save_half(network, tmp_path / "model.pt") == 1_774_741
    loaded = load_yolov5n(tmp_path / "model.pt").state_dict()
    for name, tensor in network.state_dict().items():
        wanted = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(loaded[name], wanted), name


def test_the_kit_is_as_good_and_as_small_as_asked():
    assert "detection-yolov5n" in RECIPES
    card = read_card(KITS / "detection-yolov5n")
    assert card["figures"]["map50"] >= 0.97
    assert 0 < card["figures"]["map75"] <= card["figures"]["map50"]
    assert card["parameters"] == 1_774_741
    assert (KITS / "detection-yolov5n" / "model.pt").stat().st_size <= 4_000_000


def test_the_kit_finds_what_is_expected_in_its_picture():
    kit = load_kit("detection-yolov5n", "included")
    assert kit.labels == TOYS
    picture = cv2.cvtColor(
        cv2.imread(str(kit.folder / "picture.jpg")), cv2.COLOR_BGR2RGB
    )
    assert picture.shape == (480, 640, 3)
    with torch.inference_mode():
        rows = load_yolov5n(kit.folder / "model.pt")(
            torch.from_numpy(kit.preprocess(picture))
        )
    found = select_boxes(rows[0].numpy())
    names = sorted({kit.labels[index] for index in found.classes})
    kit.expect("list of objects", names)
    assert names == sorted(detection_yolov5n.PICTURE_TOYS)


def test_the_kit_measures_well_on_a_few_scenes():
    figures = detection_yolov5n.measure(KITS / "detection-yolov5n", scenes=8)
    assert figures["map50"] > 0.9


def test_published_labels_are_one_for_each_class_of_coco(tmp_path):
    """The label file has 91 names, and the network 80 classes."""
    labels = registry()["detection-yolov5n"]["published"]["labels"]
    assert len(labels["without"]) == len(set(labels["without"])) == 91 - 80
    lines = ["person", "street sign", "stop sign", "hair brush", "hairbrush"]
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    found = loading._read_labels(tmp_path / "labels.txt", **labels)
    assert found == ("person", "stop sign", "hairbrush")


def test_a_scene_from_a_seed_is_a_labelled_example():
    """Calibration needs no stored pictures."""
    scene = scenes.draw_scene(0, 640, 480)
    assert scene.image.shape == (480, 640, 3) and len(scene.boxes) == len(scene.labels)
