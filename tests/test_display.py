import base64
import json
import re
import subprocess
import sys
from io import BytesIO
from types import SimpleNamespace

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

from conftest import Answer
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
    monkeypatch.setattr("IPython.display.display", pictures.append)
    return pictures


def pixels(picture):
    return np.asarray(Image.open(BytesIO(picture.data)).convert("RGB"))


def test_an_image_is_shown_with_its_colours_and_its_text(shown):
    assert show_images(RED, alt="A red wall.") is None
    (picture,) = shown
    assert picture.alt == "A red wall."
    seen = pixels(picture)
    assert seen.shape == (300, 400, 3)
    assert tuple(seen[150, 200]) == (200, 0, 0)


def tensor():
    import torch

    return torch.full((30, 40, 3), 1.0)


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (RED / 255, (200, 0, 0)),
        ((RED / 255).astype(np.float16), (200, 0, 0)),
        (GREY, (100, 100, 100)),
        (GREY[..., None], (100, 100, 100)),
        (GREY / 255, (100, 100, 100)),
        (np.ones((30, 40)) + 1e-6, (255, 255, 255)),
        (RED[:, ::-1], (200, 0, 0)),
        (Image.fromarray(RED), (200, 0, 0)),
        (tensor(), (255, 255, 255)),
    ],
)
def test_kinds_of_images(shown, image, colour):
    show_images([image])
    assert tuple(pixels(shown[0])[150, 200]) == colour


def test_several_images_are_shown_in_rows(shown):
    show_images([RED, GREY, RED], columns=2, width=100)
    seen = pixels(shown[0])
    assert seen.shape == (150, 200, 3)
    assert tuple(seen[37, 50]) == (200, 0, 0)
    assert tuple(seen[37, 150]) == (100, 100, 100)
    assert tuple(seen[112, 50]) == (200, 0, 0)
    assert tuple(seen[112, 150]) == (255, 255, 255)
    assert tuple(seen[37, 100]) == (255, 255, 255), "a gap"


@pytest.mark.parametrize(
    ("image", "columns", "shape"),
    [
        ([RED, GREY], 8, (75, 200, 3)),  # no empty columns
        (np.zeros((5000, 2, 3), np.uint8), 1, (200, 100, 3)),  # no endless figure
        (np.zeros((2, 5000, 3), np.uint8), 1, (40, 100, 3)),
    ],
)
def test_the_size_of_the_figure(shown, image, columns, shape):
    show_images(image, columns=columns, width=100)
    assert pixels(shown[0]).shape == shape


@pytest.mark.parametrize(
    ("images", "titles", "alt", "text"),
    [
        (RED, None, None, "Image of 40 x 30 pixels."),
        (np.stack([RED, RED]), None, None, "2 images of 40 x 30 pixels."),
        (
            [RED, GREY[:, :9]],
            None,
            None,
            "2 images of 40 x 30 pixels and 9 x 30 pixels.",
        ),
        (RED, "wall", None, "Image: wall."),
        ([RED, GREY], ["red", "grey"], None, "2 images: red, grey."),
        ([RED, GREY], ["red", "grey"], "Two walls.", "Two walls."),
        ([RED, GREY], None, ["A red wall", "a grey one"], "A red wall; a grey one"),
    ],
)
def test_there_is_always_a_text(shown, images, titles, alt, text):
    show_images(images, titles, alt)
    assert shown[0].alt == text


@pytest.mark.parametrize("width", [100, 255, 360])
@pytest.mark.parametrize("title", ["255 by 255", "Ágy", "costs $5, not $6; " * 5])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_titles_are_shown_whole(shown, width, title, count):
    show_images([RED] * count, [title] * count, columns=3, width=width)
    seen = pixels(shown[0])
    assert (seen[:2] == 255).all(), "no ink at the upper edge"
    red = (seen == (200, 0, 0)).all(axis=2).any(axis=1)
    above = seen[: red.argmax()]
    assert (above < 100).any(), "a title"
    assert (above[-3:] == 255).all(), "which does not touch the image"


BAD = [
    (np.zeros((3, 30, 40), np.float32), ValueError, r"image.transpose\(1, 2, 0\)"),
    (np.zeros((1, 1, 30, 40, 3), np.uint8), ValueError, r"image\[0\]"),
    (np.zeros((30, 40, 4), np.uint8), ValueError, r"image\[..., :3\]"),
    (np.zeros((30, 40, 2), np.uint8), ValueError, r"found \(30, 40, 2\)"),
    (np.zeros(30, np.uint8), ValueError, r"found \(30,\)"),
    (np.zeros((0, 40, 3), np.uint8), ValueError, r"found none: \(0, 40, 3\)"),
    (np.zeros((30, 40, 3), np.int64), TypeError, r"image.astype\('uint8'\)"),
    (np.full((30, 40), 300), TypeError, "Its values go from 300 to 300"),
    (np.zeros((30, 40), bool), TypeError, r"mask.astype\('uint8'\) \* 255"),
    (RED.astype(float), ValueError, "found 0 to 200. Divide by 255"),
    (np.full((30, 40), np.nan), ValueError, "found inf or nan"),
    (np.full((30, 40), -0.5), ValueError, "found -0.5 to -0.5"),
    (np.full((30, 40), 1j), TypeError, "expected an array of numbers"),
    ("picture.jpg", TypeError, "images: .* found str"),
    (b"picture", TypeError, "found bytes"),
    (3, ValueError, r"found \(\)"),
    ({"a": RED}, TypeError, "found dict"),
    (RED.tolist(), TypeError, "Image 1: expected uint8"),  # rows are not images
    ([], ValueError, "at least one image"),
    ([RED, None], TypeError, "Image 2: expected an array of numbers"),
    ([[[1, 2], [3]]], TypeError, "Image 1: .*inhomogeneous"),
]


@pytest.mark.parametrize(("images", "error", "words"), BAD)
def test_what_is_not_an_image_is_refused(shown, images, error, words):
    with pytest.raises(error, match=words):
        show_images(images)
    assert shown == []


@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_dims=5)))
def test_an_array_is_accepted_or_refused_in_words(array):
    try:
        image = as_image(array, "image")
    except (TypeError, ValueError) as error:
        assert str(error).startswith("image: expected")
    else:
        assert image.dtype == np.uint8
        assert image.shape[:2] == array.shape[:2]


@given(arrays.arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32)))
def test_floats_become_the_nearest_of_256_levels(image):
    levels = as_image(image, "image")
    assert np.abs(levels / 255 - image).max() <= 0.5 / 255 + 1e-6


def test_the_same_input_gives_the_same_bytes_whatever_the_style(shown):
    image = np.random.default_rng(0).random((20, 20, 3))
    for style in ("default", "ggplot"):
        with matplotlib.style.context(style):
            before = dict(matplotlib.rcParams)
            show_images([image, image], ["a", "b"])
            plot_probabilities([0.2, 0.8], ["a", "b"], image=image, title="t")
            assert dict(matplotlib.rcParams) == before
    assert shown[:2] == shown[2:]


def test_another_process_gives_the_same_bytes_and_leaves_pyplot_alone(shown):
    code = (
        "import sys, hashlib, IPython.display as d, numpy as np, notebook_utils as n\n"
        "d.display = lambda p: print(hashlib.sha256(p.data).hexdigest())\n"
        "n.show_images(np.full((30, 40), 100, np.uint8), 'title')\n"
        "n.plot_probabilities([1.0], ['a'])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    first, second = (subprocess.check_output(command, text=True) for _ in range(2))
    assert first == second
    assert first.splitlines()[2] == "False"


def test_one_output_holds_the_image_and_its_text():
    data, metadata = Picture(b"png", 'A "wall" <b>')._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == b"png"
    assert data["text/plain"] == 'A "wall" <b>'
    assert data["text/html"].startswith(
        '<img alt="A &quot;wall&quot; &lt;b&gt;" src="data:image/png;base64,'
    )
    assert metadata == {"image/png": {"alt": 'A "wall" <b>'}}


def test_a_large_image_is_repeated_as_jpeg(shown):
    show_images(np.random.default_rng(0).random((300, 400, 3)), width=400)
    show_images(np.zeros((300, 400, 3), np.uint8), width=400)
    large, small = (picture._repr_mimebundle_()[0] for picture in shown)
    assert len(shown[0].data) > INLINE_PNG_BYTES >= len(shown[1].data)
    assert "data:image/jpeg" in large["text/html"]
    assert len(large["text/html"]) < len(large["image/png"])
    assert small["image/png"] in small["text/html"]


@pytest.fixture(scope="module")
def notebook():
    """A notebook with an image of each kind, executed."""
    sources = [
        "import numpy as np, matplotlib.pyplot as plt, notebook_utils as n",
        "n.show_images(np.zeros((30, 40, 3), np.uint8), alt='A \"black\" wall')",
        "n.plot_probabilities([0.25, 0.75], ['ball', 'kite'])",
        "figure, axes = plt.subplots()\nn.show_figure(figure, 'Empty axes.')",
        "handle = n.show_array(np.zeros((30, 40, 3), np.uint8))\n"
        "handle = n.show_array(np.zeros((20, 20, 3), np.uint8), handle)",
    ]
    made = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
    return NotebookClient(made, timeout=60).execute()


def test_each_cell_has_one_output(notebook):
    outputs = [cell.outputs for cell in notebook.cells[1:]]
    assert [len(cell) for cell in outputs] == [1, 1, 1, 1]
    kinds = [set(cell[0].data) for cell in outputs]
    assert kinds[:3] == [{"image/png", "text/html", "text/plain"}] * 3
    assert kinds[3] == {"image/jpeg", "text/html", "text/plain"}
    assert outputs[0][0].metadata["image/png"]["alt"] == 'A "black" wall'
    assert outputs[3][0].metadata["image/jpeg"]["alt"] == "Frame of 20 x 20 pixels."
    nbformat.validate(json.loads(nbformat.writes(notebook)))


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_the_alternative_texts_arrive_in_the_page(notebook, template):
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
    ("probabilities", "labels", "options", "alt"),
    [
        (
            [0.1, 0.6, 0.3],
            ["a", "b", "c"],
            {"count": 2, "title": "Toys"},
            "Toys. Bar chart of the 2 most probable classes: b 60.0 %, c 30.0 %.",
        ),
        (
            [[0.25, 0.25, 0.25]],
            ["a", "b", "b"],
            {"count": 9},
            "Bar chart of the 3 most probable classes: a 25.0 %, b 25.0 %, b 25.0 %.",
        ),
        ([1], ["wall"], {}, "Bar chart of the most probable class: wall 100.0 %."),
    ],
)
def test_the_chart_lists_its_values_in_order(
    shown, probabilities, labels, options, alt
):
    plot_probabilities(probabilities, labels, **options)
    assert shown[0].alt == alt


def test_the_image_is_beside_the_chart(shown):
    plot_probabilities([1.0], ["wall"], image=RED)
    left, right = np.array_split(pixels(shown[0]), [240], axis=1)
    assert (left == (200, 0, 0)).all(axis=2).mean() > 0.2
    assert not (right == (200, 0, 0)).all(axis=2).any()


def columns_of(seen, colour):
    return np.flatnonzero((seen == colour).all(axis=2).any(axis=0))


@pytest.mark.parametrize("options", [{}, {"image": RED}, {"title": "Toys"}])
def test_bars_have_the_length_of_their_value_and_the_axis_ends_at_100(shown, options):
    plot_probabilities([1.0, 0.5], ["a", "b"], **options)
    seen = pixels(shown[0])
    full = columns_of(seen, (0x00, 0x72, 0xB2))
    half = columns_of(seen, (0x56, 0xB4, 0xE9))
    assert len(half) / len(full) == pytest.approx(0.5, abs=0.02)
    dark = (seen < 50).all(axis=2)
    axis = np.flatnonzero(dark[dark[:, full].sum(axis=1).argmax()])
    assert abs(int(axis[-1]) - int(full[-1])) <= 1, "no axis beyond 100 %"
    assert (seen[:, -1] == 255).all() and (seen[0] == 255).all(), "nothing is cut"


def test_a_figure_is_shown_once_with_its_text(shown):
    figure, axes = pyplot.subplots(figsize=(3, 2), dpi=100)
    axes.bar(["CPU"], [12])
    show_figure(figure, "Bar chart of latency: CPU 12 ms.")
    (picture,) = shown
    assert picture.alt == "Bar chart of latency: CPU 12 ms."
    assert pixels(picture).shape == (200, 300, 3)
    assert not pyplot.fignum_exists(figure.number)


def test_frames_are_blue_green_red(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "IPython.display.display", lambda output, display_id: seen.append(output)
    )
    show_array(np.full((16, 16, 3), (255, 0, 0), np.uint8))
    assert seen[0].mime == "image/jpeg"
    red, _, blue = pixels(seen[0])[8, 8]
    assert blue > 250 and red < 5


def test_a_handle_is_updated_and_returned():
    updates = []
    handle = SimpleNamespace(update=updates.append)
    assert show_array(GREY, handle) is handle
    assert len(updates) == 1


def encoded(extension, image=RED):
    return cv2.imencode(extension, image[..., ::-1])[1].tobytes()


def test_a_file_is_read_as_blue_green_red(tmp_path):
    path = tmp_path / "bild é.png"
    path.write_bytes(encoded(".png"))
    image = load_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, RED[..., ::-1])
    np.testing.assert_array_equal(load_image(name=str(path)), image)


@pytest.mark.parametrize(("name", "mode"), [("a.png", "L"), ("b.png", "RGBA")])
def test_grey_and_transparent_images_get_three_channels(tmp_path, name, mode):
    Image.new(mode, (4, 3)).save(tmp_path / name)
    assert load_image(tmp_path / name).shape == (3, 4, 3)


def test_an_image_is_fetched_once_and_kept_as_it_came(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    body = encoded(".jpg")
    server.answers["/x/toy.jpg"] = Answer(body)
    for _ in range(2):
        image = load_image("data/toy.jpg", server.url("/x/toy.jpg"))
        assert image.shape == (30, 40, 3)
    assert server.requests == ["/x/toy.jpg"]
    assert (tmp_path / "data" / "toy.jpg").read_bytes() == body
    assert capsys.readouterr().out == ""


def test_an_address_alone_is_fetched_once_and_kept_for_the_user(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path))
    body = encoded(".jpg")
    for path in ("/a/toy.jpg?size=1", "/a/toy.jpg?size=2"):
        server.answers[path] = Answer(body)
        first, second = (load_image(server.url(path)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
    assert server.requests == ["/a/toy.jpg?size=1", "/a/toy.jpg?size=2"]
    kept = [path for path in (tmp_path / "pictures").iterdir() if path.is_file()]
    assert [path.read_bytes() for path in kept].count(body) == 2


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
    server.answers["/toy.png"] = Answer(encoded(".png"))
    assert load_image(path, server.url("/toy.png")).shape == (30, 40, 3)


def test_a_file_that_is_not_an_image_stays(server, tmp_path):
    path = tmp_path / "toy.png"
    path.write_bytes(b"precious notes")
    for url in (None, server.url("/toy.png")):
        with pytest.raises(WorkshopError, match="begins with b'precious not'"):
            load_image(path, url)
    assert path.read_bytes() == b"precious notes"
    assert server.requests == []


def test_a_missing_file_without_a_url_says_so(tmp_path):
    with pytest.raises(WorkshopError, match="or give url= to fetch it"):
        load_image(tmp_path)


def test_a_mask_tints_and_outlines_what_it_covers():
    mask = np.zeros((30, 40), bool)
    mask[5:25, 10:30] = True
    before = RED.copy()
    drawn = draw_mask(RED, mask, colour=(0, 0, 200), opacity=0.5)
    assert tuple(drawn[15, 20]) == (100, 0, 100)
    assert tuple(drawn[0, 0]) == (200, 0, 0)
    assert tuple(drawn[5, 20]) == (255, 255, 255), "the outline"
    assert tuple(drawn[4, 20]) == (40, 40, 40), "and its edge"
    np.testing.assert_array_equal(RED, before)
    np.testing.assert_array_equal(draw_mask(RED, np.zeros((30, 40))), RED)
    assert draw_mask(GREY, mask.astype(np.uint8)).shape == (30, 40, 3)
