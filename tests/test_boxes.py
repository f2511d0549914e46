import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from notebook_utils import draw_boxes
from notebook_utils.display import class_colour
from notebook_utils.display.boxes import tag_places

GREY = np.full((100, 200, 3), 128, np.uint8)
BOX = [[20, 30, 120, 90]]


def painted(image):
    """The extent x1, y1, x2, y2 of what was drawn on grey."""
    rows, columns = np.nonzero((image != 128).any(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_the_line_runs_where_the_box_is_and_the_picture_is_not_changed():
    before = GREY.copy()
    drawn = draw_boxes(GREY, BOX, thickness=1)
    np.testing.assert_array_equal(GREY, before)
    assert tuple(drawn[30, 70]) == tuple(drawn[60, 20]) == class_colour(0)
    assert tuple(drawn[90, 70]) == tuple(drawn[60, 120]) == class_colour(0)
    assert painted(drawn) == (19, 29, 121, 91), "the line and its edge"
    assert (drawn[40:80, 40:100] == 128).all(), "nothing inside"


def test_a_line_has_an_edge_that_any_ground_shows():
    for index in range(8):
        colour = class_colour(index)
        ground = np.full((50, 50, 3), colour, np.uint8)
        drawn = draw_boxes(ground, [[10, 10, 40, 40]], classes=[index])
        assert (drawn != ground).any(axis=2).sum() > 100


@pytest.mark.parametrize("order", ["xyxy", "yxyx"])
@pytest.mark.parametrize("normalized", [False, True])
def test_each_way_to_give_a_box_draws_the_same(order, normalized):
    box = np.array(BOX, np.float32)
    if normalized:
        box /= [200, 100, 200, 100]
    if order == "yxyx":
        box = box[:, [1, 0, 3, 2]]
    drawn = draw_boxes(GREY, box, ["duck"], order=order, normalized=normalized)
    np.testing.assert_array_equal(drawn, draw_boxes(GREY, BOX, ["duck"]))


def test_the_class_chooses_the_colour():
    boxes = [[10, 10, 40, 40], [60, 10, 90, 40], [110, 10, 140, 40]]
    for classes, wanted in ((None, (0, 1, 2)), ([5, 5, 13], (5, 5, 5))):
        drawn = draw_boxes(GREY, boxes, classes=classes)
        found = [tuple(drawn[25, x]) for x in (10, 60, 110)]
        assert found == [class_colour(index) for index in wanted]


def test_thickness_follows_the_size_of_the_picture():
    large = np.full((1000, 2000, 3), 128, np.uint8)
    drawn = draw_boxes(large, [[500, 500, 900, 900]])
    assert (drawn[700, 480:520] == class_colour(0)).all(axis=1).sum() == 7
    thin = draw_boxes(large, [[500, 500, 900, 900]], thickness=1)
    assert (thin[700, 480:520] == class_colour(0)).all(axis=1).sum() == 1


def test_a_label_is_written_on_a_tag_above_its_box():
    drawn = draw_boxes(GREY, BOX, ["duck 0.98"])
    assert painted(drawn)[1] < 20
    tag = drawn[16:28, 24:60].reshape(-1, 3)
    assert (tag == class_colour(0)).all(axis=1).any()
    assert (tag == (255, 255, 255)).all(axis=1).any(), "white on blue"


def test_letters_beyond_english_are_written():
    asked = draw_boxes(GREY, BOX, ["???"])
    assert (draw_boxes(GREY, BOX, ["ñλж"]) != asked).any()


def test_an_empty_label_has_no_tag():
    np.testing.assert_array_equal(draw_boxes(GREY, BOX, [""]), draw_boxes(GREY, BOX))


def test_tags_of_boxes_at_one_place_stand_apart():
    one = draw_boxes(GREY, BOX, ["duck"], classes=[0])
    two = draw_boxes(GREY, BOX * 2, ["duck", "ball"], classes=[0, 1])
    top = (slice(14, 28), slice(20, 50))
    np.testing.assert_array_equal(two[top], one[top], "the first tag is still seen")


@given(
    box=st.tuples(*[st.integers(-500, 500)] * 4),
    size=st.tuples(st.integers(1, 150), st.integers(1, 90)),
)
def test_a_tag_stands_within_the_picture(box, size):
    for x1, y1, x2, y2 in tag_places(box, size, (200, 100), 2):
        assert x1 >= 0 and y1 >= 0 and x2 <= 200 and y2 <= 100


def test_no_boxes_are_a_copy():
    drawn = draw_boxes(GREY, np.zeros((0, 4), np.float32), [])
    np.testing.assert_array_equal(drawn, GREY)
    assert drawn is not GREY


def test_what_lies_outside_is_cut_off():
    far = draw_boxes(GREY, [[-1e9, 20, 1e9, 80]])
    assert tuple(far[20, 100]) == class_colour(0)
    np.testing.assert_array_equal(draw_boxes(GREY, [[900, 900, 990, 990]]), GREY)


def test_a_box_around_the_whole_picture_is_seen_on_all_sides():
    drawn = draw_boxes(GREY, [[0, 0, 200, 100]], thickness=1)
    for pixel in (drawn[0, 50], drawn[99, 50], drawn[50, 0], drawn[50, 199]):
        assert tuple(pixel) == class_colour(0)


def test_tensors_and_grey_pictures_are_accepted():
    import torch

    drawn = draw_boxes(torch.full((100, 200), 0.5), torch.tensor(BOX))
    assert tuple(drawn[30, 70]) == class_colour(0)


@given(
    boxes=arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int32]),
        arrays.array_shapes(max_dims=2, max_side=5),
    ),
    normalized=st.booleans(),
    order=st.sampled_from(["xyxy", "yxyx"]),
)
def test_boxes_are_drawn_or_refused_in_words(boxes, normalized, order):
    try:
        drawn = draw_boxes(GREY, boxes, order=order, normalized=normalized)
    except ValueError as error:
        assert str(error).startswith("boxes: expected")
    else:
        assert drawn.shape == GREY.shape
