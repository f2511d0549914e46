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
from matplotlib.figure import Figure
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


def test_the_picture_is_shown_with_its_colours_and_its_text(shown):
    assert show_images(RED, alt="A red wall.") is None
    (picture,) = shown
    assert picture.alt == "A red wall."
    seen = pixels(picture)
    assert seen.shape == (300, 400, 3)
    assert tuple(seen[150, 200]) == (200, 0, 0)


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (RED / 255, (200, 0, 0)),
        ((RED / 255).astype(np.float16), (200, 0, 0)),
        (GREY, (100, 100, 100)),
        (GREY[..., None], (100, 100, 100)),
        (GREY / 255, (100, 100, 100)),
        (np.zeros((30, 40)), (0, 0, 0)),
        (np.ones((30, 40)) + 1e-6, (255, 255, 255)),
        (RED[:, ::-1], (200, 0, 0)),
        (Image.fromarray(RED), (200, 0, 0)),
    ],
)
def test_kinds_of_pictures(shown, image, colour):
    show_images([image])
    assert tuple(pixels(shown[0])[150, 200]) == colour


def test_a_tensor_is_a_picture(shown):
    import torch

    show_images(torch.full((30, 40, 3), 1.0))
    assert tuple(pixels(shown[0])[150, 200]) == (255, 255, 255)


def test_several_pictures_stand_in_rows(shown):
    show_images([RED, GREY, RED], columns=2, width=100)
    (picture,) = shown
    seen = pixels(picture)
    assert seen.shape == (150, 200, 3)
    assert tuple(seen[37, 50]) == (200, 0, 0)
    assert tuple(seen[37, 150]) == (100, 100, 100)
    assert tuple(seen[112, 50]) == (200, 0, 0)
    assert tuple(seen[112, 150]) == (255, 255, 255)


def test_there_are_no_empty_columns(shown):
    show_images([RED, GREY], columns=8, width=100)
    assert pixels(shown[0]).shape == (75, 200, 3)


def test_a_batch_is_several_pictures(shown):
    show_images(np.stack([RED, RED]))
    assert shown[0].alt == "2 pictures of 40 x 30 pixels."


def test_a_strip_does_not_make_a_figure_of_any_length(shown):
    show_images([np.zeros((5000, 2, 3), np.uint8)], width=100)
    assert pixels(shown[0]).shape == (200, 100, 3)


@pytest.mark.parametrize(
    ("images", "titles", "alt", "text"),
    [
        (RED, None, None, "Picture of 40 x 30 pixels."),
        ([RED, GREY], None, None, "2 pictures of 40 x 30 pixels."),
        (
            [RED, GREY[:, :9]],
            None,
            None,
            "2 pictures of 40 x 30 pixels and 9 x 30 pixels.",
        ),
        (RED, "wall", None, "Picture: wall."),
        ([RED, GREY], ["red", "grey"], None, "2 pictures: red, grey."),
        ([RED, GREY], ["red", "grey"], "Two walls.", "Two walls."),
        ([RED, GREY], None, ["A red wall", "a grey one"], "A red wall; a grey one"),
    ],
)
def test_there_is_always_a_text(shown, images, titles, alt, text):
    show_images(images, titles, alt)
    assert shown[0].alt == text


def test_titles_are_shown_as_they_are_and_wrapped(shown):
    show_images(RED, "a")
    show_images(RED, "costs $5, not $6; " * 5)
    one, several = (pixels(picture) for picture in shown)
    assert several.shape[0] > one.shape[0]


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
    ("picture.jpg", TypeError, "found str"),
    (b"picture", TypeError, "found bytes"),
    (None, TypeError, "found NoneType"),
    (3, ValueError, r"found \(\)"),
    ({"a": RED}, TypeError, "found dict"),
    (RED.tolist(), TypeError, "Picture 1: expected uint8"),  # rows are no pictures
    ([], ValueError, "at least one picture"),
    ([RED, None], TypeError, "Picture 2: expected an array of numbers"),
    ([[[1, 2], [3]]], TypeError, "Picture 1: .*inhomogeneous"),
]


@pytest.mark.parametrize(("images", "error", "words"), BAD)
def test_what_is_no_picture_is_told_so(shown, images, error, words):
    with pytest.raises(error, match=words):
        show_images(images)
    assert shown == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"titles": ["only one"]}, ValueError, "titles: .* each of the 2 .* found 1"),
        ({"titles": "ab"}, ValueError, "titles: .* found 1"),
        ({"alt": ["only one"]}, ValueError, "alt: expected one string"),
        ({"columns": -1}, ValueError, "columns: expected 1 or more, found -1"),
        ({"columns": 0}, ValueError, "columns: expected 1 or more, found 0"),
        ({"columns": 1.5}, TypeError, "columns: expected an integer, found float"),
        ({"width": "wide"}, TypeError, "width: expected an integer, found str"),
    ],
)
def test_wrong_arguments_are_named(shown, arguments, error, words):
    with pytest.raises(error, match=words):
        show_images([RED, GREY], **arguments)


@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_dims=5)))
def test_an_array_is_shown_or_refused_in_words(array):
    try:
        picture = as_image(array, "image")
    except (TypeError, ValueError) as error:
        assert str(error).startswith("image: expected")
    else:
        assert picture.dtype == np.uint8
        assert picture.shape[:2] == array.shape[:2]


@given(
    arrays.arrays(
        np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32, exclude_max=False)
    )
)
def test_floats_become_the_nearest_of_256_levels(image):
    levels = as_image(image, "image")
    assert np.abs(levels / 255 - image).max() <= 0.5 / 255 + 1e-6


def test_the_same_input_gives_the_same_bytes_whatever_the_style(shown):
    rng = np.random.default_rng(0)
    image = rng.random((20, 20, 3))
    for style in ("default", "ggplot"):
        with matplotlib.style.context(style):
            before = dict(matplotlib.rcParams)
            show_images([image, image], ["a", "b"])
            plot_probabilities([0.2, 0.8], ["a", "b"], image=image, title="t")
            assert dict(matplotlib.rcParams) == before
    assert shown[:2] == shown[2:]


def test_another_process_gives_the_same_bytes(shown):
    code = (
        "import hashlib, IPython.display as d, numpy as np, notebook_utils as n\n"
        "d.display = lambda p: print(hashlib.sha256(p.data).hexdigest())\n"
        "n.show_images(np.full((30, 40), 100, np.uint8), 'title')"
    )
    done = [
        subprocess.check_output([sys.executable, "-c", code], text=True)
        for _ in range(2)
    ]
    assert done[0] == done[1]


def test_pyplot_is_left_alone():
    code = (
        "import sys, numpy as np, notebook_utils as n\n"
        "n.show_images(np.zeros((3, 4, 3), np.uint8))\n"
        "n.plot_probabilities([1.0], ['a'])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.splitlines()[-1] == "False"


def test_one_output_holds_the_picture_and_its_text():
    picture = Picture(b"png", 'A "wall" <b>')
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == b"png"
    assert data["text/plain"] == 'A "wall" <b>'
    assert data["text/html"].startswith(
        '<img alt="A &quot;wall&quot; &lt;b&gt;" src="data:image/png;base64,'
    )
    assert metadata == {"image/png": {"alt": 'A "wall" <b>'}}


def test_a_large_picture_is_repeated_as_jpeg(shown):
    rng = np.random.default_rng(0)
    show_images(rng.random((300, 400, 3)), width=400)
    show_images(np.zeros((300, 400, 3), np.uint8), width=400)
    large, small = (picture._repr_mimebundle_()[0] for picture in shown)
    assert len(shown[0].data) > INLINE_PNG_BYTES >= len(shown[1].data)
    assert "data:image/jpeg" in large["text/html"]
    assert len(large["text/html"]) < len(large["image/png"])
    assert small["image/png"] in small["text/html"]


@pytest.fixture(scope="module")
def notebook():
    """A notebook with a small picture, a large one, a chart and a frame, executed."""
    sources = [
        "import numpy as np\n"
        "from notebook_utils import plot_probabilities, show_array, show_images",
        "show_images(np.zeros((30, 40, 3), np.uint8), alt='A \"black\" wall')",
        "noise = np.random.default_rng(0).random((400, 400, 3))\n"
        "show_images(noise, alt='Colourful noise')",
        "plot_probabilities([0.25, 0.75], ['ball', 'kite'])",
        "handle = show_array(np.zeros((30, 40, 3), np.uint8))\n"
        "handle = show_array(np.zeros((20, 20, 3), np.uint8), handle)",
    ]
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )
    return NotebookClient(made, timeout=60).execute()


def test_each_cell_has_one_picture(notebook):
    outputs = [cell.outputs for cell in notebook.cells[1:]]
    assert [len(cell) for cell in outputs] == [1, 1, 1, 1]
    kinds = [set(cell[0].data) for cell in outputs]
    assert kinds[:3] == [{"image/png", "text/html", "text/plain"}] * 3
    assert kinds[3] == {"image/jpeg", "text/html", "text/plain"}
    assert outputs[0][0].metadata["image/png"]["alt"] == 'A "black" wall'
    assert outputs[3][0].metadata["image/jpeg"]["alt"] == "Frame of 20 x 20 pixels."


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_the_alternative_texts_arrive_in_the_page(notebook, template):
    page, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
    tags = re.findall(r"<img[^>]*>", page)
    texts = [re.search(r"""alt=(["'])(.*?)\1(?=[ >])""", tag)[2] for tag in tags]
    assert texts == [
        'A "black" wall',
        "Colourful noise",
        "Bar chart of the 2 most probable classes: kite 75.0 %, ball 25.0 %.",
        "Frame of 20 x 20 pixels.",
    ]


def test_the_executed_notebook_is_valid(notebook):
    nbformat.validate(json.loads(nbformat.writes(notebook)))


def test_the_chart_lists_its_values_in_order(shown):
    plot_probabilities([0.1, 0.6, 0.3], ["a", "b", "c"], count=2, title="Toys")
    assert shown[0].alt == (
        "Toys. Bar chart of the 2 most probable classes: b 60.0 %, c 30.0 %."
    )


def test_equal_probabilities_keep_their_order(shown):
    plot_probabilities(np.full((1, 4), 0.25), list("abcd"), count=9)
    assert shown[0].alt.endswith("a 25.0 %, b 25.0 %, c 25.0 %, d 25.0 %.")


def test_the_picture_stands_beside_the_chart(shown):
    plot_probabilities([1.0], ["wall"], image=RED)
    assert shown[0].alt == "Bar chart of the most probable class: wall 100.0 %."
    left, right = np.array_split(pixels(shown[0]), [240], axis=1)
    red = (left == (200, 0, 0)).all(axis=2)
    assert red.mean() > 0.2
    assert not (right == (200, 0, 0)).all(axis=2).any()


def test_the_length_of_a_bar_is_its_value(shown):
    plot_probabilities([1.0, 0.5], ["a", "b"])
    seen = pixels(shown[0])
    blue, sky = ((seen == c).all(axis=2).any(axis=0) for c in _COLOURS)
    assert sky.sum() / blue.sum() == pytest.approx(0.5, abs=0.02)


_COLOURS = [(0x00, 0x72, 0xB2), (0x56, 0xB4, 0xE9)]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([0.5, 0.5], ["a"]), ValueError, "labels: .* of the 2 probabilities, found 1"),
        (([3.0, -1.0], ["a", "b"]), ValueError, "found -1 to 3. Scores .* softmax"),
        (([np.nan], ["a"]), ValueError, "found inf or nan"),
        (([], []), ValueError, r"found \(0,\)"),
        (([[0.5], [0.5]], ["a", "b"]), ValueError, r"found \(2, 1\)"),
        (("high", ["a"]), TypeError, "expected an array of numbers, found str"),
        (([1.0], ["a"], 0), ValueError, "count: expected 1 or more"),
        (([1.0], ["a"], "all"), TypeError, "count: expected an integer"),
        (([1.0], ["a"], 1, "x.jpg"), TypeError, "image: expected an array"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_told_so(shown, arguments, error, words):
    with pytest.raises(error, match=words):
        plot_probabilities(*arguments)


def test_a_figure_is_shown_once_with_its_text(shown):
    figure, axes = pyplot.subplots(figsize=(3, 2), dpi=100)
    axes.bar(["CPU"], [12])
    show_figure(figure, "Bar chart of latency: CPU 12 ms.")
    (picture,) = shown
    assert picture.alt == "Bar chart of latency: CPU 12 ms."
    assert pixels(picture).shape == (200, 300, 3)
    assert not pyplot.fignum_exists(figure.number)


def test_a_figure_in_a_notebook_is_one_output_with_its_text():
    source = (
        "import notebook_utils as n\nimport matplotlib.pyplot as plt\n"
        "figure, axes = plt.subplots()\n"
        "n.show_figure(figure, 'Empty axes.')"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(book, timeout=60).execute()
    (output,) = book.cells[0].outputs
    assert output.data["text/plain"] == "Empty axes."
    assert 'alt="Empty axes."' in output.data["text/html"]


@pytest.mark.parametrize(
    ("figure", "alt", "error", "words"),
    [
        (Figure().subplots(), "Axes.", TypeError, "matplotlib Figure, found Axes"),
        (Figure(), " ", ValueError, "says what the chart shows"),
        (Figure(), None, ValueError, "says what the chart shows"),
    ],
)
def test_a_figure_that_cannot_be_shown_is_told_so(shown, figure, alt, error, words):
    with pytest.raises(error, match=words):
        show_figure(figure, alt)
    assert not shown


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


@pytest.mark.parametrize(
    ("frame", "handle", "error", "words"),
    [
        (RED[..., None], None, ValueError, "frame: expected shape"),
        (np.zeros((1, 65501), np.uint8), None, ValueError, "at most 65500"),
        (RED, "handle", TypeError, "what show_array returned .* found str"),
    ],
)
def test_frames_that_cannot_be_shown_are_told_so(frame, handle, error, words):
    with pytest.raises(error, match=words):
        show_array(frame, handle)


def encoded(extension, image=RED):
    return cv2.imencode(extension, image[..., ::-1])[1].tobytes()


def test_a_file_is_read_as_blue_green_red(tmp_path):
    path = tmp_path / "bild é.png"
    path.write_bytes(encoded(".png"))
    image = load_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, RED[..., ::-1])
    np.testing.assert_array_equal(load_image(name=str(path)), image)


def test_grey_and_transparent_pictures_get_three_channels(tmp_path):
    for name, mode in (("grey.png", "L"), ("clear.png", "RGBA"), ("few.gif", "P")):
        Image.new(mode, (4, 3)).save(tmp_path / name)
        assert load_image(tmp_path / name).shape == (3, 4, 3)


def test_a_picture_is_fetched_once_and_kept_as_it_came(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    body = encoded(".jpg")
    server.answers["/x/toy.jpg"] = Answer(body)
    first = load_image("data/toy.jpg", server.url("/x/toy.jpg"))
    second = load_image("data/toy.jpg", server.url("/x/toy.jpg"))
    assert first.shape == (30, 40, 3)
    np.testing.assert_array_equal(first, second)
    assert server.requests == ["/x/toy.jpg"]
    assert (tmp_path / "data" / "toy.jpg").read_bytes() == body
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html>", "is not a picture .* it was not kept"),
        (encoded(".png")[:40], "is not a picture .* it was not kept"),
        (b"", "expected a file with something in it"),
    ],
)
def test_what_comes_in_place_of_a_picture_is_not_kept(server, tmp_path, body, words):
    server.answers["/toy.png"] = Answer(body)
    path = tmp_path / "toy.png"
    with pytest.raises(DownloadError, match=words):
        load_image(path, server.url("/toy.png"))
    assert list(tmp_path.iterdir()) == []
    server.answers["/toy.png"] = Answer(encoded(".png"))
    assert load_image(path, server.url("/toy.png")).shape == (30, 40, 3)


def test_a_picture_that_is_not_there_is_an_error_of_the_download(server, tmp_path):
    with pytest.raises(DownloadError, match="answered 404"):
        load_image(tmp_path / "toy.png", server.url("/toy.png"))


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
    kept = list((tmp_path / "pictures").iterdir())
    assert [path.read_bytes() for path in kept if path.is_file()].count(body) == 2


def test_an_address_alone_that_is_not_there_is_an_error_about_that(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path))
    for _ in range(2):
        with pytest.raises(DownloadError, match="answered 404"):
            load_image(server.url("/toy.jpg"))


def test_a_file_that_is_no_picture_stays(server, tmp_path):
    path = tmp_path / "toy.png"
    path.write_bytes(b"precious notes")
    for url in (None, server.url("/toy.png")):
        with pytest.raises(WorkshopError, match="begins with b'precious not'"):
            load_image(path, url)
    assert path.read_bytes() == b"precious notes"
    assert server.requests == []


def test_a_missing_file_without_a_url_says_so(tmp_path):
    with pytest.raises(WorkshopError, match="or give url= to fetch it"):
        load_image(tmp_path / "toy.png")
    with pytest.raises(WorkshopError, match="There is no file"):
        load_image(tmp_path)


def test_a_mask_tints_and_outlines_what_it_covers():
    mask = np.zeros((30, 40), bool)
    mask[5:25, 10:30] = True
    before = RED.copy()
    drawn = draw_mask(RED, mask, colour=(0, 0, 200), opacity=0.5)
    assert tuple(drawn[15, 20]) == (100, 0, 100)
    assert tuple(drawn[0, 0]) == (200, 0, 0)
    assert tuple(drawn[5, 20]) == (255, 255, 255), "the outline"
    np.testing.assert_array_equal(RED, before)


def test_an_empty_mask_leaves_the_picture_as_it_is():
    np.testing.assert_array_equal(draw_mask(RED, np.zeros((30, 40))), RED)


def test_a_mask_on_a_grey_picture():
    assert draw_mask(GREY, np.ones((30, 40), np.uint8)).shape == (30, 40, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((RED, np.ones((40, 30))), ValueError, r"cv2.resize\(mask, \(40, 30\)\)"),
        ((RED, "mask"), TypeError, "mask: expected an array"),
        ((RED[..., :2], np.ones((30, 40))), ValueError, "image: expected shape"),
        ((RED, np.ones((30, 40)), (0, 0, 0), 2), ValueError, "opacity"),
    ],
)
def test_masks_that_make_no_sense(arguments, error, words):
    with pytest.raises(error, match=words):
        draw_mask(*arguments)
