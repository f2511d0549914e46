"""Whoever passes the wrong thing is told so by this package, in words.

Each row is a call that cannot be right. The error has to be raised by this package and
name what was wrong; it must not come out of OpenCV, OpenVINO or Python.
"""

import inspect
import traceback
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import notebook_utils as n
from notebook_utils import WorkshopError

PACKAGE = Path(n.__file__).parent
IMAGE = np.zeros((8, 8, 3), np.uint8)
BOX = [[1, 1, 5, 5]]
NAN = float("nan")
MAP = np.zeros((8, 8), np.uint8)
COLOURS = [[0, 0, 0]]

CALLS = [
    ("device_widget", (None,), {}, "default"),
    ("device_widget", (), {"exclude": 3}, "exclude"),
    ("device_widget", (), {"exclude": [3]}, "exclude"),
    ("device_widget", (), {"added": 3}, "added"),
    ("device_widget", (), {"description": None}, "description"),
    ("quantization_widget", ("yes",), {}, "default"),
    ("quantization_widget", (None,), {}, "default"),
    ("live_picture", (None,), {}, "draw"),
    ("live_picture", (print, 3), {}, "controls"),
    ("live_picture", (print,), {"width": 0}, "width"),
    ("live_picture", (lambda: (None, "text"),), {}, "draw"),
    ("load_image", (None,), {}, "name"),
    ("load_image", (3,), {}, "name"),
    ("load_image", ("",), {}, "There is no file"),
    ("load_image", ("http://",), {}, "http://"),
    ("load_image", ("no-such.png", "ftp://example.org/a.png"), {}, "http"),
    ("load_image", ("no-such.png", 3), {}, "url"),
    ("show_array", (None,), {}, "frame"),
    ("show_array", (IMAGE, 3), {}, "display_handle: expected what show_array"),
    ("show_array", (IMAGE[..., None],), {}, "frame: expected shape"),
    ("show_array", (np.zeros((1, 65501), np.uint8),), {}, "at most 65500 pixels"),
    ("show_images", (None,), {}, "images"),
    ("show_images", (IMAGE, 3), {}, "titles"),
    ("show_images", (IMAGE, None, 3), {}, "alt"),
    ("show_images", ([IMAGE] * 2, ["one"]), {}, "for each of the 2 images, found 1"),
    ("show_images", ([IMAGE] * 2, "ab"), {}, "titles: expected one string"),
    ("show_images", ([IMAGE] * 2, None, ["one"]), {}, "alt: expected one string"),
    ("show_images", (IMAGE,), {"columns": 1.5}, "columns: expected an integer"),
    ("show_images", (IMAGE,), {"columns": 0}, "columns: expected 1 or more, found 0"),
    ("show_images", (IMAGE,), {"width": "wide"}, "width: expected an integer"),
    ("show_figure", (Figure().subplots(), "Axes."), {}, "Figure, found Axes"),
    ("show_figure", (Figure(), " "), {}, "alt: expected a string that says what"),
    ("show_figure", (Figure(), None), {}, "alt: expected a string that says what"),
    ("plot_probabilities", ("high", ["a"]), {}, "probabilities: expected an array"),
    ("plot_probabilities", ([], []), {}, "probabilities: expected shape (classes,)"),
    ("plot_probabilities", ([[0.5], [0.5]], "a"), {}, "found (2, 1)"),
    ("plot_probabilities", ([3.0, -1.0], ["a", "b"]), {}, "found -1 to 3. Scores"),
    ("plot_probabilities", ([NAN], ["a"]), {}, "found inf or nan"),
    ("plot_probabilities", ([1.0], None), {}, "labels: expected one string for each"),
    ("plot_probabilities", ([1.0, 0.0], ["a"]), {}, "of the 2 probabilities, found 1"),
    ("plot_probabilities", ([1.0], "a", "five"), {}, "count: expected an integer"),
    ("plot_probabilities", ([1.0], "a", 0), {}, "count: expected 1 or more"),
    ("plot_probabilities", ([1.0], "a", 1, "x.jpg"), {}, "image: expected an array"),
    ("draw_boxes", (None, BOX), {}, "image"),
    ("draw_boxes", (IMAGE, "box"), {}, "boxes: expected an array of numbers"),
    ("draw_boxes", (IMAGE, [[1, 2, 3, 4, 5]]), {}, "shape (n, 4), found (1, 5)"),
    ("draw_boxes", (IMAGE, BOX[0]), {}, "in a list: [box]"),
    ("draw_boxes", (IMAGE, [[1, 2, NAN, 4]]), {}, "boxes: expected finite numbers"),
    ("draw_boxes", (IMAGE, [[9, 2, 3, 4]]), {}, "x1, y1, x2, y2 = 9, 2, 3, 4 in row 0"),
    ("draw_boxes", (IMAGE, [[1, 9, 3, 4]]), {}, "x1, y1, x2, y2 = 1, 9, 3, 4 in row 0"),
    ("draw_boxes", (IMAGE, [[0.1, 0.2, 0.5, 1]]), {}, "Add normalized=True"),
    ("draw_boxes", (IMAGE, BOX), {"normalized": True}, "Leave out normalized=True"),
    ("draw_boxes", (IMAGE, BOX, ["a", "b"]), {}, "each of the 1 boxes, found 2"),
    ("draw_boxes", (IMAGE, BOX, 3), {}, "labels: expected strings, found int"),
    ("draw_boxes", (IMAGE, BOX), {"order": "xywh"}, "order"),
    ("draw_boxes", (IMAGE, BOX), {"thickness": 0}, "thickness: expected 1 or more"),
    ("draw_boxes", (IMAGE, BOX), {"classes": "a"}, "classes: expected an array"),
    ("draw_boxes", (IMAGE, BOX), {"classes": [1, 2]}, "classes: expected one number"),
    ("draw_boxes", (IMAGE, BOX), {"classes": [1.5]}, "classes: expected integers"),
    ("draw_boxes", (IMAGE, BOX), {"classes": [NAN]}, "classes"),
    ("draw_mask", (None, MAP), {}, "image"),
    ("draw_mask", (IMAGE, None), {}, "mask"),
    ("draw_mask", (IMAGE[:4], MAP), {}, "cv2.resize(mask, (8, 4))"),
    ("draw_mask", (IMAGE, MAP), {"colour": (1, 2)}, "colour"),
    ("draw_mask", (IMAGE, MAP), {"colour": (1, 2, 256)}, "colour"),
    ("draw_mask", (IMAGE, MAP), {"colour": "red"}, "colour"),
    ("draw_mask", (IMAGE, MAP), {"opacity": 2}, "opacity"),
    ("draw_mask", (IMAGE, MAP), {"opacity": "half"}, "opacity"),
    ("draw_mask", (IMAGE, MAP), {"opacity": NAN}, "opacity"),
    ("VideoPlayer", (None,), {}, "source"),
    ("VideoPlayer", ("",), {}, "There is no file"),
    ("VideoPlayer", (b"video.mp4",), {}, "source"),
    ("VideoPlayer", (-1,), {}, "source"),
    ("VideoPlayer", (True,), {}, "source: expected the number of a camera"),
    ("VideoPlayer", (0,), {"size": 3}, "size: expected (width, height)"),
    ("VideoPlayer", (0,), {"size": (0, 480)}, "size: width: expected 1 or more"),
    ("VideoPlayer", (0,), {"size": (640, 4.5)}, "size: height: expected an integer"),
    ("VideoPlayer", (0,), {"fps": 0}, "fps: expected a number above 0, found 0"),
    ("VideoPlayer", (0,), {"fps": "fast"}, "fps: expected a number"),
    ("VideoPlayer", (0,), {"fps": NAN}, "fps: expected a number"),
    ("VideoPlayer", (0,), {"skip_first_frames": -1}, "skip_first_frames: expected 0"),
    ("VideoPlayer", (0,), {"width": 0}, "width: expected 1 or more"),
    ("VideoPlayer", (0,), {"height": "tall"}, "height: expected an integer"),
    ("check_answer", (1, None), {}, "expected"),
    ("check_answer", (1, 1), {"tolerance": "small"}, "tolerance"),
    ("to_rgb", (None,), {}, "image_data"),
    ("to_rgb", (MAP,), {}, "image_data"),
    ("to_bgr", (IMAGE[None],), {}, "image_data"),
    ("normalize_minmax", (None,), {}, "data"),
    ("normalize_minmax", ([],), {}, "data"),
    ("normalize_minmax", ([1.0, NAN],), {}, "data"),
    ("normalize_minmax", ([1.0, float("inf")],), {}, "data"),
    ("segmentation_map_to_image", (None, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (IMAGE, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (MAP + 1, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (MAP + 0.5, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (MAP - 1.0, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (MAP + np.nan, COLOURS), {}, "result"),
    ("segmentation_map_to_image", (MAP, None), {}, "colormap"),
    ("segmentation_map_to_image", (MAP, [0, 0, 0]), {}, "colormap"),
    ("segmentation_map_to_image", (MAP, [[0, 0, 256]]), {}, "colormap"),
    ("segmentation_map_to_overlay", (None, MAP, 0.5, COLOURS), {}, "image"),
    ("segmentation_map_to_overlay", (IMAGE, None, 0.5, COLOURS), {}, "result"),
    ("segmentation_map_to_overlay", (IMAGE, MAP, 2, COLOURS), {}, "alpha"),
    ("segmentation_map_to_overlay", (IMAGE, MAP, "half", COLOURS), {}, "alpha"),
    ("segmentation_map_to_overlay", (IMAGE, MAP, [0, 1], COLOURS), {}, "alpha"),
    ("viz_result_image", (None,), {}, "result_image"),
    ("viz_result_image", (IMAGE, "a.jpg"), {}, "source_image"),
    ("viz_result_image", (IMAGE,), {"resize": True}, "resize"),
    ("viz_result_image", (IMAGE,), {"bgr_to_rgb": True}, "bgr_to_rgb"),
    ("viz_result_image", (IMAGE,), {"labels": 3}, "labels"),
    ("viz_result_image", (IMAGE,), {"labels": ["road"]}, "labels"),
    ("NotebookAlert", (None, "info"), {}, "message"),
    ("NotebookAlert", ("text", "loud"), {}, "alert_class"),
    ("DeviceNotFoundAlert", (None,), {}, "device"),
    ("check_device", (None,), {}, "device"),
    ("check_openvino_version", (2026.4,), {}, "version"),
    ("check_openvino_version", ("",), {}, "version"),
    ("check_openvino_version", ("newest",), {}, "version"),
    ("check_openvino_version", (">=",), {}, "version"),
    ("download_ir_model", (None,), {}, "model_xml_url"),
    ("download_ir_model", ("model.xml",), {}, "http"),
    ("download_ir_model", ("https://example.org/a/",), {}, "model_xml_url"),
    ("download_ir_model", ("https://example.org/a.xml", 3), {}, "destination_folder"),
    ("download_file", ("file:///etc/passwd",), {}, "http"),
    ("download_file", ("https://example.org/a",), {"timeout": 0}, "timeout"),
    ("pip_install", (), {}, "something to install"),
    ("pip_install", (None,), {}, "args"),
    ("load_kit", ("no-such-kit",), {}, "no-such-kit"),
    ("output_dir", ("../elsewhere",), {}, "elsewhere"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "words"), CALLS)
def test_a_wrong_argument_is_told_in_words(name, arguments, options, words):
    with pytest.raises((TypeError, ValueError, WorkshopError)) as caught:
        getattr(n, name)(*arguments, **options)
    assert words in str(caught.value)
    raised_in = Path(traceback.extract_tb(caught.tb)[-1].filename)
    assert raised_in.is_relative_to(PACKAGE), "not an error of this package"
    assert caught.value.__cause__ is None or caught.value.__suppress_context__


def test_every_function_with_arguments_is_in_the_table():
    """Except what is told apart elsewhere, or accepts whatever it is given."""
    accepts_all = {"collect_telemetry"}
    exported = {name: getattr(n, name) for name in n.__all__}
    functions = {
        name
        for name, thing in exported.items()
        if inspect.isfunction(thing) and inspect.signature(thing).parameters
    }
    assert functions - accepts_all == {
        name for name, *_ in CALLS if inspect.isfunction(exported[name])
    }
