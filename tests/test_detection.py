"""Boxes are compared, paired and judged as the definitions say."""

import itertools
from typing import Any

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


def of(*rows: tuple[list[float], float, int]) -> Detections:
    boxes, scores, classes = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections(np.array(boxes), np.array(scores), np.array(classes))


boxes = st.lists(st.integers(0, 50), min_size=4, max_size=4).map(
    lambda c: [min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])]
)


@given(boxes, boxes)
def test_iou_counts_pixels(a: list[int], b: list[int]) -> None:
    def pixels(box: list[int]) -> set[tuple[int, int]]:
        x1, y1, x2, y2 = box
        return set(itertools.product(range(x1, x2), range(y1, y2)))

    shared, either = pixels(a) & pixels(b), pixels(a) | pixels(b)
    expected = len(shared) / len(either) if either else 0
    assert box_iou([a], [b])[0, 0] == pytest.approx(expected, abs=1e-6)


def test_iou_of_no_boxes_is_empty() -> None:
    assert box_iou([], [[0, 0, 1, 1]]).shape == (0, 1)
    assert box_iou(np.zeros((2, 4)), []).shape == (2, 0)


@pytest.mark.parametrize("wrong", [[0, 0, 1, 1], np.zeros((1, 3, 4)), [[1, 2, 3]]])
def test_boxes_of_another_shape_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"expected boxes of shape \(n, 4\)"):
        box_iou(wrong, [[0, 0, 1, 1]])


def test_rows_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores: expected one for each of the 1"):
        Detections([[0, 0, 1, 1]], [0.5, 0.4], [0])


def test_detections_above_a_score_keep_their_rows() -> None:
    found = of(([0, 0, 9, 9], 0.9, 3), ([5, 5, 9, 9], 0.4, 1), ([1, 1, 4, 4], 0.5, 2))
    sure = found.above(0.5)
    assert sure.classes.tolist() == [3, 2]
    assert sure.boxes_xyxy.tolist() == [[0, 0, 9, 9], [1, 1, 4, 4]]


def test_truth_of_a_scene_is_its_boxes() -> None:
    scene = draw_scene(2, 96, 64)
    truth = Detections.of_scene(scene)
    np.testing.assert_array_equal(truth.boxes_xyxy, scene.boxes)
    np.testing.assert_array_equal(truth.classes, scene.labels)


def test_pairs_are_found_whatever_the_order() -> None:
    a = of(([0, 0, 9, 9], 0.9, 3), ([20, 0, 29, 9], 0.8, 3), ([0, 0, 9, 9], 0.7, 5))
    order = [2, 0, 1]
    b = Detections(a.boxes_xyxy[order], a.scores[order], a.classes[order])
    assert match_detections(a, b, 0.99).tolist() == [[0, 1], [1, 2], [2, 0]]


def test_no_pair_of_two_classes_or_of_boxes_apart() -> None:
    a = of(([0, 0, 9, 9], 0.9, 3), ([20, 0, 29, 9], 0.9, 4))
    b = of(([0, 0, 9, 9], 0.9, 4), ([40, 0, 49, 9], 0.9, 3))
    assert match_detections(a, b, 0.1).shape == (0, 2)
    # Without any demand on the overlap, class alone decides.
    assert match_detections(a, b, 0).tolist() == [[0, 1], [1, 0]]


def test_best_overlap_is_paired_first_and_none_twice() -> None:
    a = of(([0, 0, 10, 10], 0.9, 1), ([0, 0, 10, 8], 0.9, 1))
    b = of(([0, 0, 10, 8], 0.9, 1))
    assert match_detections(a, b).tolist() == [[1, 0]]
    assert match_detections(b, a).tolist() == [[0, 1]]
    assert len(match_detections(a, of())) == len(match_detections(of(), a)) == 0


TRUTH = of(([0, 0, 10, 10], 1, 0), ([20, 0, 30, 10], 1, 0), ([0, 20, 10, 30], 1, 1))


def test_precision_of_the_truth_is_one_and_of_nothing_zero() -> None:
    assert mean_average_precision([TRUTH], [TRUTH]) == pytest.approx(1)
    assert mean_average_precision([of()], [TRUTH]) == 0


def test_half_of_a_class_counts_half() -> None:
    # Class 0: one of two found; class 1: found.
    found = of(([0, 0, 10, 10], 0.9, 0), ([0, 20, 10, 30], 0.9, 1))
    expected = (51 / 101 + 1) / 2  # 51 of the recalls 0, 0.01 ... 1 are up to one half
    assert mean_average_precision([found], [TRUTH]) == pytest.approx(expected)


def test_surer_mistakes_cost_and_unsure_ones_do_not() -> None:
    right = [
        (list(box), 0.5, int(label))
        for box, _, label in zip(
            TRUTH.boxes_xyxy.tolist(), TRUTH.scores, TRUTH.classes, strict=True
        )
    ]
    unsure = of(*right, ([50, 50, 60, 60], 0.1, 1))
    sure = of(*right, ([50, 50, 60, 60], 0.9, 1))
    assert mean_average_precision([unsure], [TRUTH]) == pytest.approx(1)
    # Class 1 has precision one half at every recall.
    assert mean_average_precision([sure], [TRUTH]) == pytest.approx(0.75)


def test_a_toy_found_twice_is_one_mistake() -> None:
    twice = of(([0, 20, 10, 30], 0.9, 1), ([0, 20, 10, 30], 0.8, 1))
    truth = of(([0, 20, 10, 30], 1, 1), ([50, 50, 60, 60], 1, 1))
    assert mean_average_precision([twice], [truth]) == pytest.approx(51 / 101)


def test_overlap_that_is_demanded_decides() -> None:
    shifted = Detections(
        np.add(TRUTH.boxes_xyxy, [2, 0, 2, 0]), TRUTH.scores, TRUTH.classes
    )
    assert mean_average_precision([shifted], [TRUTH], iou=0.6) == pytest.approx(1)
    assert mean_average_precision([shifted], [TRUTH], iou=0.7) == 0


def test_boxes_belong_to_their_image() -> None:
    assert mean_average_precision([of(), TRUTH], [TRUTH, of()]) == 0
    assert mean_average_precision([of(), TRUTH], [of(), TRUTH]) == pytest.approx(1)


def test_more_than_a_hundred_detections_all_count() -> None:
    many = of(*(([50.0, 50, 60, 60], 0.9, 1) for _ in range(150)))
    found = Detections(
        np.vstack((many.boxes_xyxy, TRUTH.boxes_xyxy)),
        np.append(many.scores, [0.5, 0.5, 0.5]),
        np.append(many.classes, TRUTH.classes),
    )
    expected = (1 + 1 / 151) / 2
    assert mean_average_precision([found], [TRUTH]) == pytest.approx(expected)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    mean_average_precision([TRUTH], [TRUTH])
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("found", "truths", "iou", "message"),
    [
        ([TRUTH], [], 0.5, "same images, found 1 and 0"),
        ([of()], [of()], 0.5, "at least one true object"),
        ([TRUTH], [TRUTH], 0, "above 0, up to 1, found 0"),
        ([TRUTH], [TRUTH], 50, "above 0, up to 1, found 50"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    found: Any, truths: Any, iou: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        mean_average_precision(found, truths, iou)
