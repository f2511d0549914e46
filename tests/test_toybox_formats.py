"""The classifier in other formats says what the ONNX file says."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from notebook_utils import KitError
from notebook_utils.kits import included_folder
from toybox.cards import read_card
from toybox.classification import measure, probabilities
from toybox.frameworks import framework
from toybox.inference import compiled, model_file
from toybox.kit_files import make_ir
from toybox.onnx_network import Layer, Network, read_network, rebuild
from toybox.tensorflow_graph import frozen_graph
from toybox.toy_views import held_out_crops

ONNX = "classification-onnx"
FLOAT_KITS = ["classification-tf", "classification-paddle"]
FORMAT_KITS = [*FLOAT_KITS, "classification-tflite"]


def picture(kit: str) -> np.ndarray:
    image_bgr = cv2.imread(str(included_folder(kit) / "picture.jpg"))
    return cv2.resize(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), (224, 224))[None]


def say(kit: str, images: np.ndarray) -> np.ndarray:
    return probabilities(compiled(model_file(included_folder(kit))), images)


@pytest.mark.parametrize("kit", FLOAT_KITS)
def test_float_formats_give_the_numbers_of_onnx(kit: str) -> None:
    images = np.concatenate([picture(kit), held_out_crops(120)[0][:20]])
    np.testing.assert_allclose(say(kit, images), say(ONNX, images), atol=1e-4)


def test_integer_format_gives_the_same_label_for_the_picture() -> None:
    image = picture("classification-tflite")
    found, expected = say("classification-tflite", image)[0], say(ONNX, image)[0]
    assert found.argmax() == expected.argmax()
    np.testing.assert_allclose(found, expected, atol=0.1)


@pytest.mark.parametrize("kit", FORMAT_KITS)
def test_held_out_crops_are_named_right(kit: str) -> None:
    folder = included_folder(kit)
    assert read_card(folder)["figures"]["top1"] >= 0.97
    assert measure(folder, crops=120, pictures=10)["top1"] >= 0.94


@pytest.mark.parametrize(
    ("kit", "shape", "element_type"),
    [
        ("classification-tf", (1, 224, 224, 3), np.float32),
        ("classification-tflite", (1, 224, 224, 3), np.uint8),
        ("classification-paddle", (1, 3, 224, 224), np.float32),
    ],
)
def test_input_and_output_are_as_described(
    kit: str, shape: tuple[int, ...], element_type: type
) -> None:
    model = compiled(model_file(included_folder(kit)))
    assert tuple(model.input(0).shape) == shape
    assert tuple(model.output(0).shape) == (1, 8)
    for port in (model.input(0), model.output(0)):
        assert port.element_type.to_dtype() == element_type
    assert {name.split(":")[0] for name in model.input(0).names} == {"image"}


@pytest.mark.parametrize("kit", FORMAT_KITS)
def test_labels_and_picture_are_those_of_the_first_kit(kit: str) -> None:
    for name in ("labels.txt", "picture.jpg"):
        expected = (included_folder("classification-ir") / name).read_bytes()
        assert (included_folder(kit) / name).read_bytes() == expected


@pytest.mark.parametrize("kit", FORMAT_KITS)
def test_files_do_not_tell_where_they_were_built(kit: str) -> None:
    here = [str(Path.home()), sys.prefix, str(Path(__file__).resolve().parents[1])]
    telling = [b"op_callstack", b"site-packages", *(path.encode() for path in here)]
    for path in included_folder(kit).iterdir():
        content = path.read_bytes()
        assert not [word for word in telling if word in content], path.name


def test_frozen_graph_built_now_gives_the_numbers_of_onnx(tmp_path: Path) -> None:
    network = read_network(included_folder(ONNX) / "model.onnx")
    (tmp_path / "model.pb").write_bytes(frozen_graph(network))
    images = held_out_crops(120)[0][:3]
    found = probabilities(compiled(tmp_path / "model.pb"), images)
    np.testing.assert_allclose(found, say(ONNX, images), atol=1e-4)


def test_parameters_are_what_the_card_says() -> None:
    network = read_network(included_folder(ONNX) / "model.onnx")
    for kit in (ONNX, *FORMAT_KITS):
        assert network.parameters == read_card(included_folder(kit))["parameters"]


def test_rebuilding_hands_over_weights_and_options() -> None:
    layers = (
        Layer("Scale", ("image", "factor"), "scaled", {"twice": True}),
        Layer("Add", ("scaled", "image"), "sum", {}),
    )
    network = Network("image", "sum", {"factor": np.full(2, 3.0, np.float32)}, layers)
    operations = {
        "Scale": lambda value, factor, twice: value * factor * (2 if twice else 1),
        "Add": np.add,
    }
    result = rebuild(network, np.ones(2, np.float32), operations)
    assert result.tolist() == [7.0, 7.0]
    assert network.parameters == 2


def test_operation_that_is_not_known_is_named() -> None:
    network = Network("a", "b", {}, (Layer("Erf", ("a",), "b", {}),))
    with pytest.raises(ValueError, match=r"needs Erf: expected only Relu"):
        rebuild(network, 1.0, {"Relu": abs})


def test_missing_framework_tells_what_to_install() -> None:
    with pytest.raises(KitError, match=r"pip install not-there==1\.0"):
        framework("not_there", "not-there==1.0")


def test_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pdiparams").write_bytes(b"weights")
    with pytest.raises(FileNotFoundError, match="found none"):
        model_file(tmp_path)


@pytest.mark.parametrize("kit", ["classification-onnx", "segmentation-onnx"])
def test_the_committed_ir_is_made_from_the_committed_onnx(
    kit: str, tmp_path: Path
) -> None:
    committed = included_folder(kit.replace("onnx", "ir"))
    assert make_ir(kit, tmp_path) == read_card(committed)["parameters"]
    for name in ("model.bin", "picture.jpg"):
        assert (tmp_path / name).read_bytes() == (committed / name).read_bytes()
