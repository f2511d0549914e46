"""Digits are the same everywhere, look like digits, and are kept like MNIST."""

import io

import numpy as np
import pytest

from notebook_utils import KitError, load_kit
from notebook_utils.checkpoints import load_arrays
from notebook_utils.digits import centre_digit, dataset, digit_canvas, draw_digits
from notebook_utils.digits.drawing import Hand
from notebook_utils.digits.strokes import WAYS, curve_weights, table

ALL_WAYS = [(digit, way) for digit in WAYS for way in range(len(WAYS[digit]))]
STEADY = Hand(
    miss=0, stretch=0, turn=0, slant=0, shift=0, noise=0, extent=(20, 20), width=(1, 1)
)


@pytest.fixture(scope="module")
def drawn():
    return draw_digits(3000, seed=0)


def test_types_and_shapes(drawn):
    images, labels = drawn
    assert images.shape == (3000, 28, 28) and images.dtype == np.uint8
    assert labels.shape == (3000,) and labels.dtype == np.int64
    counts = np.bincount(labels, minlength=10)
    assert len(counts) == 10 and counts.min() > 230 and counts.max() < 370
    assert len({image.tobytes() for image in images}) == len(images), "none twice"
    for seed in (0, 1):
        again = draw_digits(3000, seed)[0]
        assert np.array_equal(images, again) is (seed == 0)
    assert draw_digits(0, seed=0)[0].shape == (0, 28, 28)
    with pytest.raises(ValueError, match="found -1"):
        draw_digits(-1, seed=0)


def test_digits_stand_on_an_empty_ground_with_margins(drawn):
    images, _ = drawn
    assert (images.max(axis=(1, 2)) > 120).all(), "every picture holds ink"
    border = np.concatenate([images[:, 0], images[:, -1]], axis=1)
    assert (border > 100).any(axis=1).mean() < 0.1, "few touch the edge"
    assert 0.1 < images.mean() / 255 < 0.17, "as much ink as in MNIST, about 0.13"


def test_the_nearest_digit_of_others_is_mostly_the_same_digit(drawn):
    """A network can learn them: even the simplest reader gets most of them right."""
    images, labels = drawn
    rows = images.reshape(len(images), -1).astype(np.float32)
    known, asked = rows[:2500], rows[2500:]
    squares = (known**2).sum(axis=1) - 2 * asked @ known.T
    right = labels[:2500][squares.argmin(axis=1)] == labels[2500:]
    assert 0.8 < right.mean() < 0.99


@pytest.mark.parametrize(("digit", "way"), ALL_WAYS)
def test_strokes_stay_in_their_box(digit, way):
    points, weights, ends = table(digit, way)
    curve = weights @ points
    assert ends[-1] == len(curve)
    assert curve.min() > -0.12 and curve[:, 0].max() < 0.8 and curve[:, 1].max() < 1.12
    assert 0.85 < np.ptp(curve[:, 1]) < 1.15, "one is the digit's height"


def test_a_steady_zero_is_one_ring_of_its_size_in_the_middle():
    import cv2

    images, labels = draw_digits(200, 0, STEADY)
    for zero in images[labels == 0]:
        ink = (zero > 60).astype(np.uint8)
        regions, _ = cv2.connectedComponents(1 - ink, connectivity=4)
        assert regions == 3, "the ink, the outside and one inside"
        rows, columns = np.nonzero(ink)
        assert 18 <= np.ptp(rows) + 1 <= 22
        assert abs(rows.mean() - 14) < 1.5 and abs(columns.mean() - 14) < 1.5


def test_a_curve_passes_through_its_points():
    points = np.array([[0, 0], [1, 3], [2, -1], [5, 5]], np.float32)
    weights = curve_weights(4)
    curve = weights @ points
    assert np.allclose(weights.sum(axis=1), 1)
    assert np.allclose(curve[::6], points, atol=1e-6)


def test_the_file_is_read_like_the_published_one(monkeypatch, tmp_path):
    monkeypatch.setattr(dataset, "TRAINING", 60)
    monkeypatch.setattr(dataset, "VALIDATION", 20)
    files = io.BytesIO(), io.BytesIO()
    for file in files:
        dataset.save_digits(file)
    assert files[0].getvalue() == files[1].getvalue()
    (tmp_path / "digits.pkl.gz").write_bytes(files[0].getvalue())
    (x_train, y_train), (x_valid, y_valid), *_ = load_arrays(tmp_path / "digits.pkl.gz")
    assert x_train.shape == (60, 784) and x_train.dtype == np.float32
    assert x_train.min() == 0 and 0.5 < x_train.max() < 1
    assert x_valid.shape == (20, 784) and y_valid.shape == (20,)
    assert y_train.dtype == np.int64 and y_train.flags.writeable
    images, labels = draw_digits(80, dataset.SEED)
    assert np.array_equal(np.concatenate([y_train, y_valid]), labels)
    assert np.array_equal(x_valid[3].reshape(28, 28), images[63] / np.float32(256))


def test_the_kit_holds_the_file_and_no_model(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path))
    monkeypatch.delenv("NOTEBOOK_KITS_SHARED_CACHE", raising=False)
    monkeypatch.setattr(dataset, "TRAINING", 30)
    monkeypatch.setattr(dataset, "VALIDATION", 10)
    kit = load_kit("digits", origin="included")
    train, valid, *_ = load_arrays(kit.folder / "mnist.pkl.gz")
    assert (len(train[0]), len(valid[1])) == (30, 10)
    assert "generated on this machine" in repr(kit)
    with pytest.raises(KitError, match="holds no model"):
        kit.preprocess(np.zeros((28, 28, 3), np.uint8))


def bar(height, width, top, left, ink=255, background=0):
    """An image with an upright bar of 40 by 8 pixels."""
    image = np.full((height, width), background, np.uint8)
    image[top : top + 40, left : left + 8] = ink
    return image


@pytest.mark.parametrize(("top", "left"), [(0, 0), (10, 60), (60, 92)])
def test_a_digit_is_brought_to_the_middle(top, left):
    digit = centre_digit(bar(100, 100, top, left))
    assert digit.shape == (28, 28) and digit.dtype == np.float32
    expected = np.zeros((28, 28))
    expected[4:24, 12:16] = 255 / 256  # 20 pixels high
    np.testing.assert_allclose(digit, expected, atol=1e-6)


def test_light_and_dark_ink_grey_and_colour_are_the_same():
    light = centre_digit(bar(90, 70, 20, 30))
    dark = bar(90, 70, 20, 30, ink=30, background=220)
    colour = np.repeat(bar(90, 70, 20, 30)[..., np.newaxis], 3, axis=2)
    for image in (dark, colour):
        np.testing.assert_allclose(centre_digit(image), light, atol=0.02)
    uneven = np.tile(np.linspace(190, 240, 120), (120, 1))
    uneven[40:80, 50:58] = 20
    assert (centre_digit(uneven) > 0.05).sum() <= 22 * 6, "uneven paper leaves no veil"


def test_wide_digits_keep_their_shape_and_heavy_ones_stay_inside():
    wide = np.zeros((60, 200), np.uint8)
    wide[25:35, 20:180] = 255
    rows, columns = np.nonzero(centre_digit(wide) > 0.5)
    assert np.ptp(columns) + 1 == 20 and np.ptp(rows) + 1 <= 2
    heavy = np.zeros((100, 100), np.uint8)
    heavy[:80, :10] = heavy[70:80, :80] = 255
    assert (centre_digit(heavy) > 0.5).any(axis=1).sum() == 20


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (bar(50, 50, 5, 5, ink=11), "The picture is empty"),
        (np.zeros((0, 5)), "shape"),
        (np.zeros((5, 5, 4)), r"\(5, 5, 4\)"),
        (np.zeros(784), "shape"),
    ],
)
def test_what_is_no_picture_of_a_digit_is_refused(picture, says):
    with pytest.raises(ValueError, match=says):
        centre_digit(picture)


def extent(image):
    rows, columns = np.nonzero(image)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("example", range(10))
def test_the_canvas_holds_a_digit_from_the_start(example):
    drawing = digit_canvas(example)
    assert (drawing.example, drawing.touched) == (example, False)
    assert f"draw a digit on. It holds a {example}" in repr(drawing)
    assert drawing.picture.shape == (drawing.side, drawing.side) == (280, 280)
    left, top, right, bottom = extent(drawing.picture)
    assert abs(left + right - 280) <= 4 and abs(top + bottom - 280) <= 4, "centred"
    assert 0.5 * 280 < bottom - top - drawing.pen < 0.7 * 280
    ends = np.cumsum([len(stroke) for stroke in drawing.strokes])
    assert tuple(ends) == table(example, 0)[2], "a stroke for each of the table"


def test_the_canvas_shows_what_was_drawn_since():
    drawing = digit_canvas()
    drawing.strokes = [[[0.5, 0.1], [0.5, 0.9]], [[0.2, 0.2]], []]
    line, dot = drawing.picture[:, 100:], drawing.picture[:, :100]
    assert extent(line) == (29, 17, 52, 264), "a pen of 22 pixels"
    assert extent(dot) == (45, 45, 68, 68), "a single point is a dot"
    drawing.strokes = []
    assert drawing.picture.max() == 0


@pytest.mark.parametrize("example", [-1, 10, "3"])
def test_a_canvas_for_what_is_not_a_digit_is_refused(example):
    with pytest.raises(ValueError, match="Expected a digit from 0 to 9, found"):
        digit_canvas(example)
