import numpy as np
import pytest
import torch

from notebook_utils import draw_boxes
from notebook_utils.display import FIRST_COLOUR, OTHER_COLOUR, PALETTE, class_colour
from notebook_utils.display.palette import contrasting

OKABE_AND_ITO = "0072B2 D55E00 F0E442 56B4E9 CC79A7 E69F00 009E73 000000"
GREY = np.full((100, 200, 3), 128, np.uint8)
BOX = [[20, 30, 120, 90]]


def extent(chosen):
    """The extent x1, y1, x2, y2 of pixels."""
    rows, columns = np.nonzero(chosen)
    return columns.min(), rows.min(), columns.max(), rows.max()


def painted(image):
    return extent((image != 128).any(axis=2))


def of_colour(image, index):
    return (image == class_colour(index)).all(axis=2)


def test_the_colours_are_those_of_okabe_and_ito():
    found = ["{:02X}{:02X}{:02X}".format(*colour) for colour in PALETTE]
    assert found == OKABE_AND_ITO.split()
    assert {FIRST_COLOUR[1:], OTHER_COLOUR[1:]} <= set(found)
    assert [class_colour(index) for index in (7, 8, -1)] == [(0, 0, 0), *PALETTE[::7]]


@pytest.mark.parametrize("index", range(8))
def test_a_label_can_be_read_and_a_line_seen_on_any_background(index):
    colours = np.array([class_colour(index), contrasting(class_colour(index))]) / 255
    dark = colours <= 0.04045
    linear = np.where(dark, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    assert (high + 0.05) / (low + 0.05) > 4.5, "the contrast ratio of WCAG 2"
    background = np.full((50, 50, 3), class_colour(index), np.uint8)
    drawn = draw_boxes(background, [[10, 10, 40, 40]], classes=[index])
    assert (drawn != background).any(axis=2).sum() > 100


def test_the_line_runs_where_the_box_is_and_the_image_is_not_changed():
    before = GREY.copy()
    drawn = draw_boxes(GREY, BOX, thickness=1)
    np.testing.assert_array_equal(GREY, before)
    assert extent(of_colour(drawn, 0)) == (20, 30, 120, 90)
    assert painted(drawn) == (19, 29, 121, 91), "the line and its edge"
    assert (drawn[32:89, 22:119] == 128).all(), "nothing inside"


@pytest.mark.parametrize(
    ("size", "thickness", "line", "edge"),
    [(600, None, 2, 1), (1100, None, 4, 1), (2000, None, 7, 2), (2000, 1, 1, 1)],
)
def test_thickness_follows_the_size_of_the_image(size, thickness, line, edge):
    large = np.full((100, size, 3), 128, np.uint8)
    drawn = draw_boxes(large, [[50, 20, 300, 80]], thickness=thickness)[50, 30:70]
    assert (drawn == class_colour(0)).all(axis=1).sum() == line
    assert (drawn == 255).all(axis=1).sum() == 2 * edge
    columns = np.flatnonzero((drawn == class_colour(0)).all(axis=1)) + 30
    assert columns[0] == 50 - line // 2


@pytest.mark.parametrize("order", ["xyxy", "yxyx"])
@pytest.mark.parametrize("normalized", [False, True])
def test_each_way_to_give_a_box_draws_the_same(order, normalized):
    box = torch.tensor(BOX, dtype=torch.float32)
    if normalized:
        box /= torch.tensor([200, 100, 200, 100])
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


def test_a_label_is_written_on_a_tag_above_its_box():
    drawn = draw_boxes(GREY, BOX, ["duck 0.98"])
    left, top, right, _ = painted(drawn)
    assert (left, top) == (18, 13), "of a line of text and its margins"
    assert right == painted(draw_boxes(GREY, BOX))[2], "the tag is not the wider"
    tag = drawn[16:28, 24:60].reshape(-1, 3)
    assert (tag == class_colour(0)).all(axis=1).any()
    assert (tag == (255, 255, 255)).all(axis=1).any(), "white on blue"
    large = np.full((100, 1000, 3), 128, np.uint8)
    assert painted(draw_boxes(large, [[20, 60, 900, 90]], ["duck"]))[1] == 28


def test_letters_beyond_english_are_written_and_an_empty_label_has_no_tag():
    asked = draw_boxes(GREY, BOX, ["???"])
    assert (draw_boxes(GREY, BOX, ["ñλж"]) != asked).any()
    np.testing.assert_array_equal(draw_boxes(GREY, BOX, [""]), draw_boxes(GREY, BOX))


def test_tags_of_boxes_at_one_place_stand_apart():
    one = draw_boxes(GREY, BOX, ["duck"], classes=[0])
    two = draw_boxes(GREY, BOX * 2, ["duck", "ball"], classes=[0, 1])
    top = (slice(14, 28), slice(20, 50))
    np.testing.assert_array_equal(two[top], one[top], "the first tag is still seen")


@pytest.mark.parametrize("box", [(0, 0, 9, 9), (195, 1, 199, 5), (190, 95, 200, 100)])
def test_a_tag_stands_within_the_image(box):
    wide = np.full((140, 400, 3), 128, np.uint8)
    shifted = np.add(box, [100, 20, 100, 20])
    inside = of_colour(draw_boxes(GREY, [box], ["duck"], thickness=1), 0)
    beyond = of_colour(draw_boxes(wide, [shifted], ["duck"], thickness=1), 0)
    assert inside.sum() > 200, "a whole tag of its own, in the colour of the box"
    assert inside.sum() >= 0.8 * beyond.sum()


def test_what_lies_outside_is_cut_off():
    far = draw_boxes(GREY, [[-1e9, 20, 1e9, 80]])
    assert tuple(far[20, 100]) == class_colour(0)
    np.testing.assert_array_equal(draw_boxes(GREY, [[900, 900, 990, 990]]), GREY)
    np.testing.assert_array_equal(draw_boxes(GREY, np.zeros((0, 4)), []), GREY)
    whole = draw_boxes(GREY, [[0, 0, 200, 100]], thickness=1)
    assert extent(of_colour(whole, 0)) == (0, 0, 199, 99), "seen on all sides"
