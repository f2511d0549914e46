"""Boxes are compared, paired and judged as the definitions say."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_utils.detection import (
    Detections,
    box_iou,
    match_detections,
    mean_average_precision,
)
from notebook_utils.scenes import draw_scene


def of(*rows):
    boxes, scores, classes = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections(np.array(boxes), np.array(scores), np.array(classes))


boxes = st.lists(st.integers(0, 50), min_size=4, max_size=4).map(
    lambda c: [min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])]
)


@given(boxes, boxes)
def test_iou_counts_pixels(a, b):
    def pixels(box):
        x1, y1, x2, y2 = box
        return set(itertools.product(range(x1, x2), range(y1, y2)))

    shared, either = pixels(a) & pixels(b), pixels(a) | pixels(b)
    expected = len(shared) / len(either) if either else 0
    assert box_iou([a], [b])[0, 0] == pytest.approx(expected, abs=1e-6)


def test_iou_of_no_boxes_is_empty_and_of_turned_ones_nothing():
    assert box_iou([], [[0, 0, 1, 1]]).shape == (0, 1)
    assert box_iou(np.zeros((2, 4)), []).shape == (2, 0)
    assert box_iou([[5, 5, 0, 0]], [[0, 0, 5, 5]]) == 0


@pytest.mark.parametrize("wrong", [[0, 0, 1, 1], np.zeros((1, 3, 4)), [[1, 2, 3]]])
def test_boxes_of_another_shape_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected boxes of shape \(n, 4\)"):
        box_iou(wrong, [[0, 0, 1, 1]])


def test_detections_keep_their_rows():
    found = of(([0, 0, 9, 9], 0.9, 3), ([5, 5, 9, 9], 0.4, 1), ([1, 1, 4, 4], 0.5, 2))
    chosen = found.above(0.5)
    assert chosen.classes.tolist() == [3, 2] and len(chosen) == 2
    assert chosen.boxes_xyxy.tolist() == [[0, 0, 9, 9], [1, 1, 4, 4]]
    with pytest.raises(ValueError, match=r"scores: expected one for each of the 1"):
        Detections([[0, 0, 1, 1]], [0.5, 0.4], [0])


def test_truth_of_a_scene_is_its_boxes():
    scene = draw_scene(2, 96, 64)
    truth = Detections.of_scene(scene)
    np.testing.assert_array_equal(truth.boxes_xyxy, scene.boxes)
    np.testing.assert_array_equal(truth.classes, scene.labels)
    assert (truth.scores == 1).all()


A = of(([0, 0, 9, 9], 0.9, 3), ([20, 0, 29, 9], 0.8, 3), ([0, 0, 9, 9], 0.7, 5))
APART = of(([0, 0, 9, 9], 0.9, 5), ([40, 0, 49, 9], 0.9, 3))
LARGE, SMALL = ([0, 0, 10, 10], 0.9, 1), ([0, 0, 10, 8], 0.9, 1)


@pytest.mark.parametrize(
    ("a", "b", "min_iou", "pairs"),
    [
        (A, of(*([A.boxes_xyxy[i], 1, A.classes[i]] for i in (2, 0, 1))), 0.99, "120"),
        (of(([0, 0, 9, 9], 1, 3)), APART, 0.1, "-"),  # two classes, or apart
        (of(([0, 0, 9, 9], 1, 3)), APART, 0, "1"),  # then class alone decides
        (of(LARGE, SMALL), of(SMALL), 0.5, "-0"),  # the best overlap first
        (of(SMALL), of(LARGE, SMALL), 0.5, "1"),
        (of(LARGE), of(SMALL), 0.8, "0"),  # as much as was asked for
        (of(LARGE), of(SMALL), 0.81, "-"),
        (of(LARGE), of(), 0.5, "-"),
        (of(), of(LARGE), 0.5, ""),
    ],
)
def test_pairs(a, b, min_iou, pairs):
    expected = [[row, int(c)] for row, c in enumerate(pairs) if c != "-"]
    assert match_detections(a, b, np.float32(min_iou)).tolist() == expected


ROWS = [([0, 0, 10, 10], 1, 0), ([20, 0, 30, 10], 1, 0), ([0, 20, 10, 30], 1, 1)]
UNSURE = [(box, 0.5, label) for box, _, label in ROWS]
TRUTH, NONE = of(*ROWS), of()
SHIFTED = of(*((np.add(box, [2, 0, 2, 0]), score, label) for box, score, label in ROWS))
WRONG_BOX = [50, 50, 60, 60]
HALF = 51 / 101  # so many of the recalls 0, 0.01 ... 1 are up to one half


@pytest.mark.parametrize(
    ("found", "truths", "iou", "expected"),
    [
        ([TRUTH], [TRUTH], 0.5, 1),
        ([NONE], [TRUTH], 0.5, 0),
        ([of(ROWS[0], ROWS[2])], [TRUTH], 0.5, (HALF + 1) / 2),
        # A mistake with a high score halves the precision of class 1 at every recall.
        ([of(*UNSURE, (WRONG_BOX, 0.1, 1))], [TRUTH], 0.5, 1),
        ([of(*UNSURE, (WRONG_BOX, 0.9, 1))], [TRUTH], 0.5, 0.75),
        # An object found twice is one mistake.
        ([of(ROWS[2], ROWS[2])], [of(ROWS[2], (WRONG_BOX, 1, 1))], 0.5, HALF),
        ([SHIFTED], [TRUTH], 0.6, 1),
        ([SHIFTED], [TRUTH], 0.7, 0),
        ([NONE, TRUTH], [TRUTH, NONE], 0.5, 0),
        ([NONE, TRUTH], [NONE, TRUTH], 0.5, 1),
        # More than a hundred detections all count.
        ([of(*[(WRONG_BOX, 0.9, 1)] * 150, *UNSURE)], [TRUTH], 0.5, (1 + 1 / 151) / 2),
    ],
)
def test_mean_average_precision_is_as_computed_by_hand(
    capfd, found, truths, iou, expected
):
    assert mean_average_precision(found, truths, iou) == pytest.approx(expected)
    assert capfd.readouterr().out == "", "pycocotools reports every step"


@pytest.mark.parametrize(
    ("found", "truths", "iou", "message"),
    [
        ([TRUTH], [], 0.5, "same images, found 1 and 0"),
        ([NONE], [NONE], 0.5, "at least one true object"),
        ([TRUTH], [TRUTH], 0, "above 0 and at most 1, found 0"),
        ([TRUTH], [TRUTH], 1.01, "above 0 and at most 1, found 1.01"),
    ],
)
def test_what_cannot_be_judged_is_refused(found, truths, iou, message):
    with pytest.raises(ValueError, match=message):
        mean_average_precision(found, truths, iou)
    assert mean_average_precision([TRUTH], [TRUTH], 1) == pytest.approx(1)
