"""The names of openvino_notebooks: signatures, and where they behave better."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

import notebook_utils
from misbehaving_server import Answer
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
COMPAT = ROOT / "utils" / "notebook_utils" / "compat"

# Names, order and defaults of the arguments, as in openvino_notebooks.
SIGNATURES = {
    "DeviceNotFoundAlert": "device",
    "Label": "index, color, name=None",
    "NotebookAlert": "message, alert_class",
    "SegmentationMap": "labels",
    "VideoPlayer": "source, size=None, flip=False, fps=None, skip_first_frames=0, "
    "width=1280, height=720",
    "VideoPlayer.next": "self",
    "VideoPlayer.start": "self",
    "VideoPlayer.stop": "self",
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
def test_known_names_keep_their_signature(name, arguments):
    found = notebook_utils
    for part in name.split("."):
        found = getattr(found, part)
    parameters = [
        str(parameter.replace(annotation=parameter.empty))
        for parameter in inspect.signature(found).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]
    assert ", ".join(parameters) == arguments
    if "." not in name:
        assert name in notebook_utils.__all__
        assert "openvino_notebooks" in found.__doc__, "says whether it differs"


def test_compatibility_stays_small():
    lines = [len(path.read_text().splitlines()) for path in COMPAT.glob("*.py")]
    assert sum(lines) <= 800


COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, bool])
def test_channels_are_reversed_and_transparency_is_left_out(dtype):
    image = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for convert in (to_rgb, to_bgr):
        reversed_ = convert(image)
        np.testing.assert_array_equal(reversed_, image[..., [2, 1, 0]])
        assert reversed_.dtype == dtype
        assert not np.shares_memory(reversed_, image)


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        ([-128, 0, 127], np.int8, [0, 128 / 255, 1]),
        ([[2**64 - 1], [0]], np.uint64, [[1], [0]]),
        ([1, 3, 2, -1], np.float16, [0.5, 1, 0.75, 0]),
        ([65504, -65504], np.float16, [1, 0]),
        ([7, 7], np.float32, [0, 0]),
    ],
)
def test_normalized_values_go_from_0_to_1(data, dtype, expected):
    scaled = normalize_minmax(np.array(data, dtype))
    np.testing.assert_array_equal(scaled, expected)
    is_float = np.dtype(dtype).kind == "f"
    assert scaled.dtype == (dtype if is_float else np.float64)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("remove_holes", [True, False])
def test_each_pixel_has_the_colour_of_its_class(dtype, remove_holes):
    classes = np.array([[0, 1, 2], [3, 3, 0]], dtype)
    for result in (classes, classes[np.newaxis]):
        image = segmentation_map_to_image(result, COLOURS, remove_holes)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, COLOURS[classes.astype(int)])


def test_holes_are_filled_and_more_than_256_classes_painted():
    ring = np.zeros((7, 7), np.uint8)
    ring[1:6, 1:6] = 2
    ring[3, 3] = 1
    filled = ring.copy()
    filled[3, 3] = 2
    image = segmentation_map_to_image(ring, COLOURS, remove_holes=True)
    np.testing.assert_array_equal(image, COLOURS[filled])
    colours = np.arange(900).reshape(300, 3) % 256
    image = segmentation_map_to_image([[0, 256, 299]], colours)
    np.testing.assert_array_equal(image[0], colours[[0, 256, 299]])


@pytest.mark.parametrize(
    ("alpha", "dark", "level"), [(0, 100, 100), (0.25, 75, 139), (1, 0, 255)]
)
def test_an_overlay_is_enlarged_in_its_place_without_new_colours(alpha, dark, level):
    grey = np.full((4, 6), 100, np.uint8)
    overlay = segmentation_map_to_overlay(grey, [[0, 1], [2, 3]], alpha, COLOURS)
    rows = np.repeat([[0, 1], [2, 3]], 2, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(overlay, np.where(COLOURS[rows], level, dark))
    assert (grey == 100).all(), "the image that was given"


def test_maps_have_names_and_colours_in_the_row_of_their_index():
    names = CityScapesSegmentation.get_labels()
    assert len(names) == 20
    assert names[0] == "road" and names[6] == "traffic light"
    assert names[13] == "car" and names[19] == "background"
    assert [label.index for label in CityScapesSegmentation.labels] == list(range(20))
    colours = CityScapesSegmentation.get_colormap()
    assert colours[11].tolist() == [220, 20, 60]
    assert colours.sum(axis=0).tolist() == [2535, 1916, 2278]
    assert BinarySegmentation.get_colormap().tolist() == [[255] * 3, [0] * 3]
    shuffled = SegmentationMap([Label(3, (1, 2, 3)), Label(1, (4, 5, 6))])
    black = [0, 0, 0]
    assert shuffled.get_colormap().tolist() == [black, [4, 5, 6], black, [1, 2, 3]]
    assert shuffled.get_labels() is None
    assert SegmentationMap([]).get_colormap().shape == (0, 3)


SOURCE = np.full((30, 40, 3), (0, 0, 200), np.uint8)
RESULT = np.full((15, 20, 3), (0, 200, 0), np.uint8)
RESULT[:, 10:] = 255


def test_a_result_beside_its_source(tmp_path):
    figure = viz_result_image(
        RESULT, SOURCE, "Photo", "Found", BinarySegmentation, True, True, True
    )
    left, right = figure.axes
    assert tuple(left.images[0].get_array()[0, 0]) == (200, 0, 0), "turned into RGB"
    shown = np.asarray(right.images[0].get_array())
    assert shown.shape == (30, 40, 3)
    colours = {tuple(pixel) for pixel in shown.reshape(-1, 3)}
    assert colours == {(0, 200, 0), (255, 255, 255)}, "resized without new ones"
    assert (left.get_title(), right.get_title()) == ("Photo", "Found")
    assert not left.axison and not right.axison
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["background", "foreground"]
    alt = "Source: Photo. Result: Found. Legend: background, foreground."
    data, metadata = figure._repr_mimebundle_()
    assert f'alt="{alt}"' in data["text/html"]
    assert metadata["image/png"]["alt"] == data["text/plain"] == repr(figure) == alt
    figure.savefig(tmp_path / "found.png")
    assert (tmp_path / "found.png").stat().st_size > 1000


def test_a_result_alone_and_labels_without_names():
    figure = viz_result_image(RESULT, labels=[Label(0, (1, 2, 3)), Label(7, (4, 5, 6))])
    (axes,) = figure.axes
    assert axes.axison
    assert repr(figure) == "Result of 20 x 15 pixels. Legend: class 0, class 7."


@pytest.fixture
def shown(monkeypatch):
    """The alerts that were handed to the notebook, as (text, HTML)."""
    alerts = []

    def display(bundle, raw):
        alerts.append((bundle["text/plain"], bundle["text/html"]))

    monkeypatch.setattr("IPython.display.display", display)
    return alerts


def test_an_alert_is_a_box_and_an_exception(shown):
    alert = NotebookAlert("Too <i>old</i> &amp; slow", "danger")
    box = '<div class="alert alert-danger">Too <i>old</i> &amp; slow</div>'
    assert shown == [("Danger: Too old & slow", box)]
    assert isinstance(alert, Exception)
    assert str(alert) == alert.message == "Too <i>old</i> &amp; slow"
    alert.show_message()
    assert shown[1] == shown[0]


def devices(monkeypatch, *names):
    module = "notebook_utils.compat.environment"
    monkeypatch.setattr(f"{module}.available_devices", lambda: dict.fromkeys(names))
    monkeypatch.setattr(f"{module}.missing_devices", lambda: {"GPU": "No driver."})


@pytest.mark.parametrize("available", [True, False])
def test_a_device_is_available_or_a_warning_is_shown(monkeypatch, shown, available):
    names = {
        True: "CPU cpu GPU GPU.1 AUTO AUTO:GPU,CPU AUTO:-GPU MULTI:CPU BATCH:GPU(4)",
        False: "GPU.2 NPU MULTI:NPU,CPU",
    }
    devices(monkeypatch, "CPU", "GPU.0", "GPU.1")
    for name in (*names[available].split(), "HETERO:GPU, CPU" if available else ""):
        shown.clear()
        assert check_device(name) is available, name
        assert len(shown) == (not available)


def test_the_warning_says_why_there_is_no_gpu_and_carries_no_html(monkeypatch, shown):
    devices(monkeypatch, "CPU")
    DeviceNotFoundAlert("GPU.<1>")
    text, page = shown[0]
    assert text == (
        "Warning: This needs the device GPU.<1>, which is not available here. "
        "Available: CPU. No driver."
    )
    assert "<1>" not in page


@pytest.mark.parametrize("fits", [True, False])
def test_versions_are_compared_as_numbers(monkeypatch, shown, fits):
    wanted = {
        True: "2026.4 2026.4.1 2026 >=2025.4 ~=2026.1",
        False: "2026.40 6.4 2026.3 2026.4.1.1 >=2025.4,<2026 !=2026.4.1",
    }
    monkeypatch.setattr(ov, "get_version", lambda: "2026.4.1-22106-abc-releases/2026/4")
    for version in wanted[fits].split():
        shown.clear()
        assert check_openvino_version(f" {version} ") is fits, version
        assert len(shown) == (not fits)
    check_openvino_version("2022.1")
    assert "version 2026.4.1 is installed" in shown[-1][0]
    assert 'pip install "openvino==2022.1.*"' in shown[-1][0]


def test_a_model_is_two_files_and_an_address_keeps_its_query(server, tmp_path):
    for ending in ("xml", "bin"):
        server.answers[f"/a/my%20model.{ending}?key=a.xml"] = Answer(ending.encode())
    url = server.url("/a/my%20model.xml?key=a.xml")
    path = download_ir_model(url, tmp_path / "new")
    assert path == tmp_path / "new" / "my model.xml"
    assert path.read_bytes() == b"xml"
    assert path.with_suffix(".bin").read_bytes() == b"bin"
    with pytest.raises(DownloadError, match="404"):
        download_ir_model(server.url("/none.xml"), tmp_path)
    assert not (tmp_path / "none.xml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("openvino>=2025.4",), ["openvino>=2025.4"]),
        (("-q", "openvino>=2025.4", "nncf"), ["-q", "openvino>=2025.4", "nncf"]),
        (("toys; sys_platform == 'linux'",), ['toys; sys_platform == "linux"']),
        ((r"C:\wheels\a.whl -q",), [r"C:\wheels\a.whl", "-q"]),
        (("git+https://a.example/b@v1#egg=b",), ["git+https://a.example/b@v1#egg=b"]),
        (("torch; echo $(whoami) & x",), ["torch;", "echo", "$(whoami)", "&", "x"]),
        ((Path("my wheels"),), ["my wheels"]),
    ],
)
def test_pip_gets_the_words_that_were_meant(monkeypatch, capsys, arguments, words):
    started = []

    class Pip:
        stdout, returncode = ("Collecting toys\n", "done\n"), 0

        def __init__(self, command, **options):
            started.append(command)
            assert not options.get("shell"), "on no system"

        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731

    monkeypatch.setattr(subprocess, "Popen", Pip)
    pip_install(*arguments)
    assert started == [[sys.executable, "-m", "pip", "install", *words]]
    assert capsys.readouterr().out == "Collecting toys\ndone\n"


def test_pips_output_is_shown_and_its_failure_is_an_error(capfd):
    with pytest.raises(WorkshopError, match="failed with status"):
        pip_install("--no-index", "--disable-pip-version-check", "no-such-toy-package")
    assert "no-such-toy-package" in capfd.readouterr().out


def test_nothing_is_reported(monkeypatch):
    monkeypatch.setattr("socket.socket", lambda *a: pytest.fail("a socket"))
    assert collect_telemetry("lesson.ipynb") is None
