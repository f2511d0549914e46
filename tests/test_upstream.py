import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import notebook_utils
from conftest import Answer
from notebook_utils import (
    BinarySegmentation,
    CityScapesSegmentation,
    DeviceNotFoundAlert,
    DownloadError,
    Label,
    NotebookAlert,
    SegmentationMap,
    WorkshopError,
    check_device,
    check_openvino_version,
    collect_telemetry,
    download_ir_model,
    normalize_minmax,
    pip_install,
    segmentation_map_to_image,
    segmentation_map_to_overlay,
    to_bgr,
    to_rgb,
    viz_result_image,
)

ROOT = Path(__file__).resolve().parents[1]

pictures = arrays.arrays(
    arrays.scalar_dtypes().filter(lambda dtype: dtype.kind in "biuf"),
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3)),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]])
maps = arrays.arrays(
    st.sampled_from([np.uint8, np.int64, np.float32]),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.integers(0, 3),
)


@given(pictures)
def test_channels_change_places_and_back(image):
    np.testing.assert_array_equal(to_bgr(to_rgb(image)), image)
    np.testing.assert_array_equal(to_rgb(image)[..., 0], image[..., 2])
    assert to_rgb(image).dtype == image.dtype
    assert not np.shares_memory(to_rgb(image), image)


def test_transparency_is_left_out():
    assert to_rgb(np.uint8([[[1, 2, 3, 4]]])).tolist() == [[[3, 2, 1]]]


@given(
    arrays.arrays(
        arrays.integer_dtypes() | arrays.floating_dtypes(),
        arrays.array_shapes(),
        elements={"allow_nan": False, "allow_infinity": False},
    )
)
def test_normalized_values_go_from_0_to_1_in_the_same_order(data):
    scaled = normalize_minmax(data)
    assert scaled.shape == data.shape
    assert scaled.dtype == (data.dtype if data.dtype.kind == "f" else np.float64)
    wide = data.astype(np.result_type(data.dtype, np.float64))
    if wide.min() == wide.max():
        assert not scaled.any()
    else:
        assert scaled[np.unravel_index(wide.argmin(), wide.shape)] == 0
        assert scaled[np.unravel_index(wide.argmax(), wide.shape)] == 1
        assert scaled.min() >= 0 and scaled.max() <= 1
        assert (np.diff(scaled.ravel()[wide.ravel().argsort()]) >= 0).all()


def test_small_types_do_not_overflow():
    data = np.array([-128, 0, 127], np.int8)
    np.testing.assert_allclose(normalize_minmax(data), [0, 128 / 255, 1])
    half = np.array([-65504, 0, 65504], np.float16)
    np.testing.assert_allclose(normalize_minmax(half), [0, 0.5, 1])


@given(maps)
def test_each_pixel_has_the_colour_of_its_class(classes):
    image = segmentation_map_to_image(classes, COLOURS)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, COLOURS[classes.astype(int)])
    batch = segmentation_map_to_image(classes[np.newaxis], COLOURS)
    np.testing.assert_array_equal(batch, image)


def test_a_row_of_pixels_and_more_than_256_classes_are_painted():
    colours = np.arange(900).reshape(300, 3) % 256
    image = segmentation_map_to_image([[0, 256, 299]], colours)
    np.testing.assert_array_equal(image[0], colours[[0, 256, 299]])


def test_holes_are_filled_where_asked():
    ring = np.zeros((7, 7), np.uint8)
    ring[1:6, 1:6] = 2
    ring[3, 3] = 1
    ring[0, 0] = 3
    filled = ring.copy()
    filled[3, 3] = 2
    np.testing.assert_array_equal(
        segmentation_map_to_image(ring, COLOURS, remove_holes=True), COLOURS[filled]
    )
    np.testing.assert_array_equal(
        segmentation_map_to_image(ring, COLOURS)[3, 3], COLOURS[1]
    )


@given(maps)
def test_filling_keeps_what_no_class_surrounds(classes):
    filled = segmentation_map_to_image(classes, COLOURS, remove_holes=True)
    plain = segmentation_map_to_image(classes, COLOURS)
    for edge in (0, -1):
        np.testing.assert_array_equal(filled[edge], plain[edge])
        np.testing.assert_array_equal(filled[:, edge], plain[:, edge])


@given(classes=maps, size=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_an_overlay_has_no_colour_that_stands_for_no_class(classes, size):
    black = np.zeros((*size, 3), np.uint8)
    overlay = segmentation_map_to_overlay(black, classes, 1, COLOURS)
    assert overlay.shape == (*size, 3)
    allowed = {tuple(COLOURS[int(index)]) for index in np.unique(classes)}
    assert {tuple(pixel) for pixel in overlay.reshape(-1, 3)} <= allowed


def test_an_enlarged_map_stays_in_its_place():
    overlay = segmentation_map_to_overlay(
        np.full((4, 6), 100, np.uint8), [[0, 1], [2, 3]], 0.5, COLOURS
    )
    assert (overlay[:2, :3] == (50, 50, 50)).all()
    assert (overlay[:2, 3:] == (178, 50, 50)).all()
    assert (overlay[2:, :3] == (50, 178, 50)).all()
    assert (overlay[2:, 3:] == (50, 50, 178)).all()


def test_alpha_is_the_share_of_the_colours():
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    classes = np.ones((6, 6), np.uint8)
    before = image.copy()
    for alpha, wanted in ((0, image), (1, np.full_like(image, COLOURS[1]))):
        overlay = segmentation_map_to_overlay(image, classes, alpha, COLOURS)
        np.testing.assert_array_equal(overlay, wanted)
    np.testing.assert_array_equal(image, before)


def test_the_known_maps_are_there():
    names = CityScapesSegmentation.get_labels()
    assert len(names) == 20
    assert (names[0], names[13], names[19]) == ("road", "car", "background")
    assert CityScapesSegmentation.get_colormap().shape == (20, 3)
    assert tuple(CityScapesSegmentation.get_colormap()[11]) == (220, 20, 60)
    np.testing.assert_array_equal(
        BinarySegmentation.get_colormap(), [[255] * 3, [0] * 3]
    )


def test_a_colour_stands_in_the_row_of_its_index():
    shuffled = SegmentationMap([Label(3, (1, 2, 3)), Label(1, (4, 5, 6))])
    assert shuffled.get_colormap().tolist() == [
        [0, 0, 0],
        [4, 5, 6],
        [0, 0, 0],
        [1, 2, 3],
    ]
    assert shuffled.get_labels() is None
    assert SegmentationMap([]).get_colormap().shape == (0, 3)


SOURCE = np.full((30, 40, 3), (0, 0, 200), np.uint8)
RESULT = np.full((15, 20, 3), (0, 200, 0), np.uint8)


def test_a_result_stands_beside_its_source():
    figure = viz_result_image(
        RESULT, SOURCE, "Photo", "Found", BinarySegmentation, True, True, True
    )
    left, right = figure.axes
    assert tuple(left.images[0].get_array()[0, 0]) == (200, 0, 0), "turned into RGB"
    assert right.images[0].get_array().shape == (30, 40, 3)
    assert (left.get_title(), right.get_title()) == ("Photo", "Found")
    assert not left.axison and not right.axison
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["background", "foreground"]
    assert figure.alt == (
        "Source: Photo. Result: Found. Legend: background, foreground."
    )


def test_a_result_alone_and_labels_without_names():
    figure = viz_result_image(RESULT, labels=[Label(0, (1, 2, 3)), Label(7, (4, 5, 6))])
    (axes,) = figure.axes
    assert axes.axison
    assert figure.alt == "Result of 20 x 15 pixels. Legend: class 0, class 7."


def test_a_resized_result_has_no_new_colours():
    half = RESULT.copy()
    half[:, 10:] = 255
    figure = viz_result_image(half, SOURCE, resize=True)
    shown = np.asarray(figure.axes[1].images[0].get_array()).reshape(-1, 3)
    assert {tuple(pixel) for pixel in shown} == {(0, 200, 0), (255, 255, 255)}


def test_the_figure_is_shown_with_its_text_and_can_be_saved(tmp_path):
    figure = viz_result_image(RESULT, result_title="Found")
    data, metadata = figure._repr_mimebundle_()
    assert 'alt="Result: Found."' in data["text/html"]
    assert metadata["image/png"]["alt"] == data["text/plain"] == "Result: Found."
    figure.savefig(tmp_path / "found.png")
    assert (tmp_path / "found.png").stat().st_size > 1000


@pytest.fixture
def shown(monkeypatch):
    """What was handed to the notebook."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    return outputs


def test_an_alert_is_a_box_and_an_exception(shown):
    alert = NotebookAlert("Too <i>old</i> &amp; slow", "danger")
    (box,) = shown
    assert box._repr_html_() == (
        '<div class="alert alert-danger">Too <i>old</i> &amp; slow</div>'
    )
    assert repr(box) == "Danger: Too old & slow"
    assert isinstance(alert, Exception)
    assert str(alert) == alert.message == "Too <i>old</i> &amp; slow"
    alert.show_message()
    assert len(shown) == 2


def test_an_alert_about_a_device_cannot_carry_html(shown):
    DeviceNotFoundAlert("<script>")
    assert "<script>" not in shown[0]._repr_html_()
    assert "device <script>, which is not available here" in repr(shown[0])


def devices(monkeypatch, *names):
    for module in ("alerts", "devices.listing"):
        where = f"notebook_utils.{'upstream.' if module == 'alerts' else ''}{module}"
        monkeypatch.setattr(
            f"{where}.available_devices", lambda: dict.fromkeys(names, "a name")
        )


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("CPU", True),
        ("cpu", True),
        ("GPU", True),
        ("GPU.1", True),
        ("GPU.2", False),
        ("NPU", False),
        ("AUTO", True),
        ("AUTO:GPU,CPU", True),
        ("AUTO:-GPU", True),
        ("HETERO:GPU, CPU", True),
        ("MULTI:NPU,CPU", False),
        ("BATCH:GPU(4)", True),
        ("", False),
    ],
)
def test_a_device_is_there_or_a_warning_is_shown(monkeypatch, shown, asked, there):
    devices(monkeypatch, "CPU", "GPU.0", "GPU.1")
    assert check_device(asked) is there
    assert len(shown) == (not there)


def test_the_warning_says_why_there_is_no_gpu(monkeypatch, shown):
    devices(monkeypatch, "CPU")
    monkeypatch.setattr(
        "notebook_utils.upstream.alerts.missing_devices", lambda: {"GPU": "No driver."}
    )
    check_device("GPU.1")
    assert repr(shown[0]) == (
        "Warning: This needs the device GPU.1, which is not available here. "
        "Available: CPU. No driver."
    )


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ("2026.4", True),
        ("2026.4.1", True),
        ("2026", True),
        (" 2026.4 ", True),
        ("2026.40", False),
        ("6.4", False),
        ("2026.4.1.1", False),
        ("2026.3", False),
        (">=2025.4", True),
        (">=2025.4,<2026", False),
        ("~=2026.1", True),
        ("!=2026.4.1", False),
    ],
)
def test_versions_are_compared_as_numbers(monkeypatch, shown, wanted, fits):
    monkeypatch.setattr(ov, "get_version", lambda: "2026.4.1-22106-abc-releases/2026/4")
    assert check_openvino_version(wanted) is fits
    assert len(shown) == (not fits)


def test_the_alert_about_a_version_says_what_to_install(monkeypatch, shown):
    monkeypatch.setattr(ov, "get_version", lambda: "2026.4.1-22106")
    check_openvino_version("2022.1")
    assert 'pip install "openvino==2022.1.*"' in repr(shown[0])


def test_a_model_is_two_files(server, tmp_path):
    server.answers["/a/model.xml"] = Answer(b"<net/>")
    server.answers["/a/model.bin"] = Answer(b"weights")
    path = download_ir_model(server.url("/a/model.xml"), tmp_path / "new")
    assert path == tmp_path / "new" / "model.xml"
    assert path.read_bytes() == b"<net/>"
    assert path.with_suffix(".bin").read_bytes() == b"weights"


def test_an_address_keeps_its_query(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for ending in ("xml", "bin"):
        server.answers[f"/a/my%20model.{ending}?key=a.xml"] = Answer(b"x")
    path = download_ir_model(server.url("/a/my%20model.xml?key=a.xml"))
    assert path.name == "my model.xml"
    assert {file.name for file in tmp_path.glob("my*")} == {
        "my model.xml",
        "my model.bin",
    }


@pytest.mark.parametrize("missing", ["xml", "bin"])
def test_half_a_model_is_not_kept(server, tmp_path, missing):
    there = {"xml": "bin", "bin": "xml"}[missing]
    server.answers[f"/model.{there}"] = Answer(b"x")
    with pytest.raises(DownloadError, match="404"):
        download_ir_model(server.url("/model.xml"), tmp_path)
    assert list(tmp_path.glob("model*")) == []


def test_what_was_there_before_stays(server, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    server.answers["/model.bin"] = Answer(b"weights")
    with pytest.raises(DownloadError):
        download_ir_model(server.url("/model.xml"), tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == b"weights"


class Pip:
    """A stand-in of subprocess.Popen that notes what would have been run."""

    def __init__(self, monkeypatch, status=0):
        self.command, self.options, self.returncode = None, None, status
        self.stdout = ["Collecting toys\n", "done\n"]
        monkeypatch.setattr(subprocess, "Popen", self._start)

    def _start(self, command, **options):
        self.command, self.options = command, options
        return self

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        pass


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("openvino>=2025.4",), ["openvino>=2025.4"]),
        (("-q", "openvino>=2025.4", "nncf"), ["-q", "openvino>=2025.4", "nncf"]),
        (("-q openvino nncf<3",), ["-q", "openvino", "nncf<3"]),
        (("--index-url https://a.example/b",), ["--index-url", "https://a.example/b"]),
        (("numpy >= 2.1",), ["numpy >= 2.1"]),
        (
            ("tensorflow; sys_platform == 'linux'",),
            ["tensorflow; sys_platform == 'linux'"],
        ),
        ((r"C:\wheels\a.whl -q",), [r"C:\wheels\a.whl", "-q"]),
        (('"C:\\my wheels\\a.whl"',), ["C:\\my wheels\\a.whl"]),
        (
            ("git+https://a.example/b.git@v1#egg=b",),
            ["git+https://a.example/b.git@v1#egg=b"],
        ),
        (
            ("torch; echo $(whoami) & del *",),
            ["torch;", "echo", "$(whoami)", "&", "del", "*"],
        ),
    ],
)
def test_pip_gets_the_words_that_were_meant(monkeypatch, capsys, arguments, words):
    pip = Pip(monkeypatch)
    pip_install(*arguments)
    assert pip.command == [sys.executable, "-m", "pip", "install", *words]
    assert not pip.options.get("shell"), "on no system"
    assert capsys.readouterr().out == "Collecting toys\ndone\n"


def test_a_path_stays_whole(monkeypatch, tmp_path):
    pip = Pip(monkeypatch)
    pip_install(tmp_path / "my wheels")
    assert pip.command[4:] == [str(tmp_path / "my wheels")]


def test_on_windows_a_condition_and_a_space_arrive_as_one_word():
    """What Windows makes of the list, tested through Python's own rules for it."""
    line = subprocess.list2cmdline(["pip", "numpy >= 2.1", r"C:\my wheels\a.whl"])
    assert line == r'pip "numpy >= 2.1" "C:\my wheels\a.whl"'


def test_what_pip_says_is_shown_and_its_failure_is_an_error(capfd):
    with pytest.raises(WorkshopError, match="failed with status"):
        pip_install("--no-index", "--disable-pip-version-check", "no-such-toy-package")
    assert "no-such-toy-package" in capfd.readouterr().out


def test_nothing_is_reported(monkeypatch):
    monkeypatch.setattr("socket.socket", lambda *a: pytest.fail("a socket"))
    assert collect_telemetry("lesson.ipynb") is None
    assert collect_telemetry() is None


# Names, order and defaults of the arguments, as in openvino_notebooks.
SIGNATURES = {
    "BinarySegmentation": None,
    "CityScapesSegmentation": None,
    "DeviceNotFoundAlert": "device",
    "Label": "index, color, name=None",
    "NotebookAlert": "message, alert_class",
    "SegmentationMap": "labels",
    "VideoPlayer": "source, size=None, flip=False, fps=None, skip_first_frames=0, "
    "width=1280, height=720",
    "check_device": "device",
    "check_openvino_version": "version",
    "collect_telemetry": "filename=''",
    "device_widget": "default='AUTO', exclude=None, added=None, description='Device:'",
    "download_file": "url, filename=None, directory=None, show_progress=True, "
    "silent=False, timeout=10",
    "download_ir_model": "model_xml_url, destination_folder=None",
    "load_image": "name, url=None",
    "normalize_minmax": "data",
    "pip_install": "*args",
    "quantization_widget": "default=True",
    "segmentation_map_to_image": "result, colormap, remove_holes=False",
    "segmentation_map_to_overlay": "image, result, alpha, colormap, remove_holes=False",
    "show_array": "frame, display_handle=None",
    "to_bgr": "image_data",
    "to_rgb": "image_data",
    "viz_result_image": "result_image, source_image=None, source_title=None, "
    "result_title=None, labels=None, resize=False, bgr_to_rgb=False, hide_axes=False",
}


@pytest.mark.parametrize(("name", "arguments"), SIGNATURES.items())
def test_the_known_names_are_there_and_called_alike(name, arguments):
    assert name in notebook_utils.__all__
    thing = getattr(notebook_utils, name)
    if arguments is None:
        assert isinstance(thing, SegmentationMap)
        return
    found = [
        str(parameter.replace(annotation=parameter.empty))
        for parameter in inspect.signature(thing).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]
    assert ", ".join(found) == arguments


def test_the_player_is_called_alike():
    for name in ("start", "stop", "next"):
        method = getattr(notebook_utils.VideoPlayer, name)
        assert list(inspect.signature(method).parameters) == ["self"]


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_known_name_says_whether_it_differs(name):
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = page.split(f"\n### `{name}`\n")[1].split("\n### ")[0]
    assert "openvino_notebooks" in section


def test_a_light_name_loads_nothing_heavy():
    code = (
        "import sys, notebook_utils as n; n.collect_telemetry('x'); n.Label; "
        "print(*sys.modules.keys() & {'cv2', 'matplotlib', 'openvino', 'IPython'})"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == ""
