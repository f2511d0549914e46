import base64
import hashlib
import json
import re
import subprocess
import sys
from io import BytesIO

import cv2
import matplotlib
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib import pyplot
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

from misbehaving_server import Answer
from notebook_utils import (
    DownloadError,
    WorkshopError,
    draw_mask,
    load_image,
    plot_probabilities,
    show_array,
    show_figure,
    show_images,
)
from notebook_utils.arguments import as_image
from notebook_utils.display import INLINE_PNG_BYTES, Picture

RED = np.full((30, 40, 3), (200, 0, 0), np.uint8)
GREY = np.full((30, 40), 100, np.uint8)


@pytest.fixture
def shown(monkeypatch):
    """The pictures that were handed to the notebook."""
    pictures = []

    def display(picture, display_id=False):
        pictures.append(picture)

    monkeypatch.setattr("IPython.display.display", display)
    return pictures


def pixels(picture):
    return np.asarray(Image.open(BytesIO(picture.data)).convert("RGB"))


def extent(seen, colour):
    """x1, y1, x2, y2 of the pixels of a colour."""
    rows, columns = np.nonzero((seen == colour).all(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def tensor():
    import torch

    return torch.full((30, 40, 3), 1.0)


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (RED, (200, 0, 0)),
        ((RED / 255).astype(np.float16), (200, 0, 0)),
        (GREY, (100, 100, 100)),
        (GREY[..., None], (100, 100, 100)),
        (GREY / 255, (100, 100, 100)),
        (np.ones((30, 40)) + 1e-4, (255, 255, 255)),
        (RED[:, ::-1], (200, 0, 0)),
        (Image.fromarray(RED), (200, 0, 0)),
        (tensor(), (255, 255, 255)),
    ],
)
def test_kinds_of_images(shown, image, colour):
    assert show_images([image]) is None
    assert tuple(pixels(shown[0])[150, 200]) == colour


@pytest.mark.parametrize(
    ("images", "options", "size", "red"),
    [
        (RED, {}, (400, 300), (5, 4, 394, 295)),
        (RED, {"titles": "t"}, (400, 324), (5, 28, 394, 319)),
        (RED, {"titles": "words " * 20, "width": 100}, (100, 261), (5, 190, 94, 256)),
        ([RED] * 2, {"columns": 1, "width": 100}, (100, 150), (5, 4, 94, 145)),
        ([RED] * 5, {}, (960, 360), (5, 4, 954, 355)),
        ([RED, GREY], {"columns": 8, "width": 100}, (200, 75), (5, 4, 94, 70)),
        ([RED, GREY, RED], {"columns": 2, "width": 100}, (200, 150), (5, 4, 94, 145)),
        ([RED[:, :1], RED], {"width": 100}, (200, 200), (47, 4, 195, 195)),
        (np.full((2, 5000, 3), (200, 0, 0), np.uint8), {"width": 100}, (100, 40), None),
    ],
)
def test_figures_and_images_have_their_sizes(shown, images, options, size, red):
    show_images(images, **options)
    seen = pixels(shown[0])
    assert seen.shape == (size[1], size[0], 3)
    if red:
        assert extent(seen, (200, 0, 0)) == red
    if len(images) == 3:
        assert extent(seen, (100, 100, 100)) == (105, 4, 194, 70), "in the first row"


@pytest.mark.parametrize(
    ("images", "titles", "alt", "text"),
    [
        (RED, None, None, "Image of 40 x 30 pixels."),
        (np.stack([RED, RED]), None, None, "2 images of 40 x 30 pixels."),
        ([RED, GREY[:, :9]], None, None, "2 images of 40 x 30 pixels and 9 x 30"),
        (RED, "wall", None, "Image: wall."),
        ([RED, GREY], ["red", "grey"], None, "2 images: red, grey."),
        ([RED, GREY], ["red", "grey"], "Two walls.", "Two walls."),
        ([RED, GREY], None, ["A red wall", "a grey one"], "A red wall; a grey one"),
    ],
)
def test_there_is_always_a_text(shown, images, titles, alt, text):
    show_images(images, titles, alt)
    assert shown[0].alt.startswith(text)


@pytest.mark.parametrize("width", [100, 255])
@pytest.mark.parametrize("title", ["255 by 255", "Ágy", "costs $5, not $6; " * 5])
def test_titles_are_shown_whole(shown, width, title):
    show_images([RED] * 5, [title] * 5, columns=3, width=width)
    seen = pixels(shown[0])
    assert (seen[:2] == 255).all(), "no ink at the upper edge"
    red = (seen == (200, 0, 0)).all(axis=2).any(axis=1)
    above = seen[: red.argmax()]
    assert (above < 100).any(), "a title"
    assert (above[-3:] == 255).all(), "which does not touch the image"


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((3, 30, 40), np.float32), ValueError, r"image.transpose\(1, 2, 0\)"),
        (np.zeros((1, 1, 30, 40, 3), np.uint8), ValueError, r"image\[0\]"),
        (np.zeros((30, 40, 4), np.uint8), ValueError, r"image\[..., :3\]"),
        (np.zeros((0, 40, 3), np.uint8), ValueError, r"found none: \(0, 40, 3\)"),
        (np.zeros((30, 40, 3), np.int64), TypeError, r"image.astype\('uint8'\)"),
        (np.full((30, 40), 256), TypeError, "Its values go from 256 to 256"),
        (np.full((30, 40), -1), TypeError, "Its values go from -1 to -1"),
        (np.zeros((30, 40), bool), TypeError, r"mask.astype\('uint8'\) \* 255"),
        (RED.astype(float), ValueError, "found 0 to 200. Divide by 255"),
        (np.full((30, 40), 1.002), ValueError, "found 1.002 to 1.002"),
        (np.full((30, 40), np.nan), ValueError, "found inf or nan"),
        (np.full((30, 40), -0.002), ValueError, "found -0.002 to -0.002"),
        ("picture.jpg", TypeError, "images: .* found str"),
        (RED.tolist(), TypeError, "Image 1: expected uint8"),  # rows are not images
        ([], ValueError, "at least one image"),
        ([RED, None], TypeError, "Image 2: expected an array of numbers"),
        ([[[1, 2], [3]]], TypeError, "Image 1: .*inhomogeneous"),
    ],
)
def test_what_is_not_an_image_is_refused(shown, images, error, words):
    with pytest.raises(error, match=words):
        show_images(images)
    assert shown == []


@given(arrays.arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32)))
def test_floats_become_the_nearest_of_256_levels(image):
    levels = as_image(image, "image")
    assert np.abs(levels / 255 - image).max() <= 0.5 / 255 + 1e-6


def test_the_same_input_gives_the_same_bytes_in_any_style_and_process(shown):
    """In the other process pyplot is left alone too, which would show a figure."""
    with matplotlib.style.context("ggplot"):
        before = dict(matplotlib.rcParams)
        show_images(np.full((30, 40), 100, np.uint8), "title")
        plot_probabilities([0.2, 0.8], ["a", "b"], title="t")
        assert dict(matplotlib.rcParams) == before
    code = (
        "import sys, hashlib, IPython.display as d, numpy as np, notebook_utils as n\n"
        "d.display = lambda p: print(hashlib.sha256(p.data).hexdigest())\n"
        "n.show_images(np.full((30, 40), 100, np.uint8), 'title')\n"
        "n.plot_probabilities([0.2, 0.8], ['a', 'b'], title='t')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    here = [hashlib.sha256(picture.data).hexdigest() for picture in shown]
    assert printed.splitlines() == [*here, "False"]


def test_one_output_holds_the_image_and_its_text():
    picture = Picture(b"png", 'A "wall" <b>')
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == b"png"
    assert data["text/plain"] == repr(picture) == 'A "wall" <b>'
    assert data["text/html"] == (
        '<img alt="A &quot;wall&quot; &lt;b&gt;" src="data:image/png;base64,cG5n">'
    )
    assert metadata == {"image/png": {"alt": 'A "wall" <b>'}}


def test_a_large_image_is_repeated_as_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    large = encoded(".png", noise)
    assert len(large) > INLINE_PNG_BYTES
    page = Picture(large, "Noise.").html()
    assert 'src="data:image/jpeg' in page and len(page) < len(large)
    limit = encoded(".png").ljust(INLINE_PNG_BYTES, b"\0")
    assert 'src="data:image/png' in Picture(limit, "A wall.").html()
    assert 'src="data:image/jpeg' in Picture(limit + b"\0", "A wall.").html()


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_each_cell_has_one_output_and_its_text_arrives_in_the_page(template):
    sources = [
        "import numpy as np, matplotlib.pyplot as plt, notebook_utils as n",
        "n.show_images(np.zeros((30, 40, 3), np.uint8), alt='A \"black\" wall')",
        "n.plot_probabilities([0.25, 0.75], ['ball', 'kite'])",
        "figure, axes = plt.subplots()\nn.show_figure(figure, 'Empty axes.')",
        "handle = n.show_array(np.zeros((30, 40, 3), np.uint8))\n"
        "handle = n.show_array(np.zeros((20, 20, 3), np.uint8), handle)",
    ]
    made = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
    notebook = NotebookClient(made, timeout=60).execute()
    nbformat.validate(json.loads(nbformat.writes(notebook)))
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 1, 1, 1, 1]
    page, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
    tags = re.findall(r"<img[^>]*>", page)
    texts = [re.search(r"""alt=(["'])(.*?)\1(?=[ >])""", tag)[2] for tag in tags]
    assert texts == [
        'A "black" wall',
        "Bar chart of the 2 most probable classes: kite 75.0 %, ball 25.0 %.",
        "Empty axes.",
        "Frame of 20 x 20 pixels.",
    ]


@pytest.mark.parametrize(
    ("probabilities", "options", "alt"),
    [
        (
            [0.1, 0.6, 0.3],
            {"count": 2, "title": "Toys"},
            "Toys. Bar chart of the 2 most probable classes: b 60.0 %, c 30.0 %.",
        ),
        (
            [[0.25, 0.25, 0.25]],
            {"count": 9},
            "Bar chart of the 3 most probable classes: a 25.0 %, b 25.0 %, c 25.0 %.",
        ),
        ([1, 0, 0], {"count": 1}, "Bar chart of the most probable class: a 100.0 %."),
    ],
)
def test_the_chart_lists_its_values_in_order(shown, probabilities, options, alt):
    plot_probabilities(probabilities, ["a", "b", "c"], **options)
    assert shown[0].alt == alt


@pytest.mark.parametrize(
    ("labels", "options", "size"),
    [
        (["a", "b"], {}, (480, 140)),
        (["a", "b"], {"image": RED}, (720, 140)),
        ("abcdef", {}, (480, 195)),  # five of them
        ("abcdef", {"title": "Toys"}, (480, 219)),
        (["a b c " * 8] * 5, {}, (480, 240)),
    ],
)
def test_bars_have_the_length_of_their_value_and_the_axis_ends_at_100(
    shown, labels, options, size
):
    plot_probabilities([1.0, 0.5, 0, 0, 0, 0][: len(labels)], [*labels], **options)
    seen = pixels(shown[0])
    assert seen.shape == (size[1], size[0], 3)
    left, _, right, _ = extent(seen, (0x00, 0x72, 0xB2))
    half = extent(seen, (0x56, 0xB4, 0xE9))
    assert (half[2] - half[0]) / (right - left) == pytest.approx(0.5, abs=0.02)
    dark = (seen < 50).all(axis=2)
    axis = np.flatnonzero(dark[dark[:, left:right].sum(axis=1).argmax()])
    assert abs(axis[-1] - right) <= 1, "no axis beyond 100 %"
    assert (seen[:, -1] == 255).all() and (seen[0] == 255).all(), "nothing is cut"
    if "image" in options:
        red = extent(seen, (200, 0, 0))
        assert red[2] < 240 < left and red[2] - red[0] > 100, "beside the chart"


def test_a_figure_is_shown_once_with_its_text(shown):
    figure, axes = pyplot.subplots(figsize=(3, 2), dpi=100)
    axes.bar(["CPU"], [12])
    show_figure(figure, "Bar chart of latency: CPU 12 ms.")
    (picture,) = shown
    assert picture.alt == "Bar chart of latency: CPU 12 ms."
    assert pixels(picture).shape == (200, 300, 3)
    assert not pyplot.fignum_exists(figure.number)


def test_frames_are_blue_green_red_and_as_long_as_jpeg_can_be(shown):
    show_array(np.full((16, 16, 3), (255, 0, 0), np.uint8))
    show_array(np.zeros((1, 65500)))
    assert shown[0].mime == "image/jpeg"
    red, _, blue = pixels(shown[0])[8, 8]
    assert blue > 250 and red < 5
    assert pixels(shown[1]).shape == (1, 65500, 3)


def encoded(extension, image=RED):
    return cv2.imencode(extension, image[..., ::-1])[1].tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_file_is_read_as_blue_green_red(tmp_path, mode):
    path = tmp_path / "bild é.png"
    Image.fromarray(RED).convert(mode).save(path)
    expected = (60, 60, 60) if mode == "L" else (0, 0, 200)
    np.testing.assert_array_equal(
        load_image(name=str(path)), np.full_like(RED, expected)
    )


def test_an_image_is_fetched_once_and_kept_as_it_came(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    body = encoded(".jpg")
    for path in ("/toy.jpg?size=1", "/toy.jpg?size=2"):  # by their address alone
        server.answers[path] = Answer(body)
        first, second = (load_image(server.url(path)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
    server.answers["/x/toy.jpg"] = Answer(body)
    for _ in range(2):
        image = load_image(tmp_path / "data/toy.jpg", server.url("/x/toy.jpg"))
        assert image.shape == (30, 40, 3)
    assert server.requests == ["/toy.jpg?size=1", "/toy.jpg?size=2", "/x/toy.jpg"]
    assert (tmp_path / "data/toy.jpg").read_bytes() == body
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"<!DOCTYPE html>"), "is not an image .* it was not kept"),
        (Answer(encoded(".png")[:40]), "is not an image .* it was not kept"),
        (Answer(b""), "expected a file with something in it"),
        (Answer(b"gone", 404), "answered 404"),
    ],
)
def test_what_comes_in_place_of_an_image_is_not_kept(server, tmp_path, answer, words):
    server.answers["/toy.png"] = answer
    path = tmp_path / "toy.png"
    with pytest.raises(DownloadError, match=words):
        load_image(path, server.url("/toy.png"))
    assert not path.exists()


def test_a_file_that_is_not_an_image_stays(server, tmp_path):
    path = tmp_path / "toy.png"
    path.write_bytes(b"precious notes")
    for url in (None, server.url("/toy.png")):
        with pytest.raises(WorkshopError, match="begins with b'precious not'"):
            load_image(path, url)
    assert path.read_bytes() == b"precious notes"
    assert server.requests == []
    with pytest.raises(WorkshopError, match="or give url= to fetch it"):
        load_image(tmp_path)


def test_a_mask_tints_and_outlines_what_it_covers():
    mask = np.zeros((30, 40), bool)
    mask[5:25, 10:30] = True
    before = RED.copy()
    drawn = draw_mask(RED, mask, colour=(0, 0, 200), opacity=0.25)
    assert tuple(drawn[15, 20]) == (150, 0, 50)
    dark, white = (40, 40, 40), (255, 255, 255)
    line = [(200, 0, 0), dark, dark, white, dark, dark, (150, 0, 50)]
    assert [tuple(pixel) for pixel in drawn[2:9, 20]] == line
    np.testing.assert_array_equal(RED, before)
    np.testing.assert_array_equal(draw_mask(RED, np.zeros((30, 40))), RED)
    large = np.zeros((30, 1000), np.uint8)
    drawn = draw_mask(large, np.indices(large.shape)[1] >= 500)
    assert (drawn[15, :900] == 255).all(axis=1).sum() == 3, "of 1000 pixels"
