"""YOLOv5n against what is published about it, and against its own parts."""

import cv2
import numpy as np
import pytest
import torch

from notebook_utils import KitError, UnsafeFileError
from notebook_utils.models import YOLOv5n, load_yolov5n, select_boxes
from notebook_utils.models.yolov5n import ANCHORS, STRIDES, anchor_grid, decode_boxes


def parameters(network):
    return sum(weights.numel() for weights in network.parameters())


def trained(classes=3):
    """Return a network whose normalisation does something, as after training."""
    torch.manual_seed(0)
    network = YOLOv5n(classes).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    return network


def test_it_has_the_published_parameters_names_and_output():
    network = YOLOv5n(80)
    assert parameters(network) == 1_872_157
    assert parameters(network.fused()) == 1_867_405
    assert parameters(network) == 1_872_157, "the network itself stays as it was"
    tensors = network.state_dict()
    assert len(tensors) == 349
    assert next(iter(tensors)) == "model.0.conv.weight"
    assert {"model.24.m.2.bias", "model.9.cv2.bn.running_var"} <= set(tensors)
    # In units of the stride.
    assert tensors["model.24.anchors"][0, 0].tolist() == [1.25, 1.625]
    assert tensors["model.24.anchors"][2, 2].tolist() == [373 / 32, 326 / 32]
    with torch.inference_mode():
        assert network.eval()(torch.zeros(1, 3, 480, 640)).shape == (1, 18900, 85)


def test_fused_and_raw_outputs_are_the_same():
    network, images = trained(), torch.rand(1, 3, 64, 96)
    grid = torch.cat(
        [anchor_grid(64 // s, 96 // s, level) for level, s in enumerate(STRIDES)]
    )
    with torch.inference_mode():
        fused = network.fused()
        decoded = fused(images)
        torch.testing.assert_close(decoded, network(images), rtol=1e-3, atol=1e-3)
        raw = fused.train()(images)
    torch.testing.assert_close(decode_boxes(raw, grid), decoded)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_boxes_reach_half_a_cell_beyond_their_own_and_four_anchors_wide(level):
    grid, stride = anchor_grid(2, 3, level), STRIDES[level]
    least, middle, most = (
        decode_boxes(torch.full((1, len(grid), 6), raw), grid)[0]
        for raw in (-50.0, 0.0, 50.0)
    )
    width, height = ANCHORS[level][0]
    half = stride / 2
    assert middle[0].tolist() == [half, half, width, height, 0.5, 0.5]
    assert least[0].tolist() == pytest.approx([-half, -half, 0, 0, 0, 0])
    assert most[0].tolist() == pytest.approx(
        [3 * half, 3 * half, 4 * width, 4 * height, 1, 1]
    )
    # Row by row from top left, then the next anchor.
    assert middle[5, :2].tolist() == [2.5 * stride, 1.5 * stride]
    assert middle[6, 2:4].tolist() == list(ANCHORS[level][1])


def test_a_network_needs_a_class():
    with pytest.raises(ValueError, match="at least one class, found 0"):
        YOLOv5n(0)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_checkpoint_in_half_precision_is_loaded(tmp_path, wrapped):
    """As the published one is: a module in 16 bits among other entries."""
    network = trained(5).half()
    content = {"epoch": 9, "model": network} if wrapped else network.state_dict()
    torch.save(content, tmp_path / "model.pt")
    loaded = load_yolov5n(tmp_path / "model.pt")
    assert loaded.classes == 5 and not loaded.training
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name].to(tensor.dtype)), name


WIDE = YOLOv5n().state_dict() | {"model.0.conv.weight": torch.zeros(32, 3, 6, 6)}


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"bias": torch.zeros(2)}, r"'m\.pt' does not hold a YOLOv5: it has 1 tensors"),
        (WIDE, r"not YOLOv5n, .* \(16, 3, 6, 6\) for .*, found \(32, 3, 6, 6\)"),
        (WIDE | {"more": torch.zeros(1)}, "not YOLOv5n"),
    ],
)
def test_another_network_is_refused(tmp_path, tensors, reason):
    torch.save(tensors, tmp_path / "m.pt")
    with pytest.raises(KitError, match=reason):
        load_yolov5n(tmp_path / "m.pt")


def test_a_file_that_is_not_a_checkpoint_is_refused(tmp_path):
    (tmp_path / "page.pt").write_text("<html>not found</html>")
    with pytest.raises(UnsafeFileError, match="not the zip file"):
        load_yolov5n(tmp_path / "page.pt")


def test_boxes_are_selected_by_objectness_and_overlap():
    rows = np.array(
        [
            [50, 50, 20, 20, 0.6, 0.9, 0.1],
            [51, 50, 20, 20, 0.8, 0.2, 0.7],  # the better one of two
            [200, 90, 30, 10, 0.3, 0.6, 0.4],
            [300, 90, 30, 10, 0.25, 0.6, 0.4],  # not above the threshold
        ],
        np.float32,
    )
    found = select_boxes(rows)
    assert found.boxes_xyxy.tolist() == [[41, 40, 61, 60], [185, 85, 215, 95]]
    assert found.scores.tolist() == pytest.approx([0.8, 0.3])
    assert found.classes.tolist() == [1, 0]
    assert len(select_boxes(rows, max_overlap=0.95)) == 3
    assert len(select_boxes(rows, min_objectness=0.9)) == 0


def test_selecting_agrees_with_a_loop():
    rng = np.random.default_rng(1)
    rows = rng.random((3000, 8), np.float32) * [600, 400, 90, 90, 0.5, 1, 1, 1]
    rows = rows.astype(np.float32)
    wanted = [r for r in rows if r[4] > 0.25]
    boxes = [[*(r[:2] - r[2:4] / 2), *r[2:4]] for r in wanted]
    kept = cv2.dnn.NMSBoxes(boxes, [float(r[4]) for r in wanted], 0.25, 0.5)
    found = select_boxes(rows)
    assert found.scores.tolist() == [wanted[i][4] for i in kept]
    assert found.classes.tolist() == [wanted[i][5:].argmax() for i in kept]
