"""The classifier gives the same predictions in all its formats."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from notebook_utils import load_image
from notebook_utils.kits import included_folder
from notebook_utils.scenes import TOYS
from toybox import toy_classifier, toy_views
from toybox.cards import read_card
from toybox.classification import measure, probabilities
from toybox.kit_files import compiled, model_file
from toybox.onnx_network import count_parameters, read_graph, rebuild
from toybox.tensorflow_graph import frozen_graph
from toybox.toy_views import held_out_crops

ONNX = "classification-onnx"
CHW, HWC = (1, 3, 224, 224), (1, 224, 224, 3)
# Shape and element type of the input, and how far outputs are from those of ONNX.
FORMATS = {
    ONNX: (CHW, np.float32, 1e-6),
    "classification-ir": (CHW, np.float32, 5e-3),  # FP16 weights
    "classification-tf": (HWC, np.float32, 1e-4),
    "classification-paddle": (CHW, np.float32, 1e-4),
    "classification-tflite": (HWC, np.uint8, 0.1),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    picture = load_image(included_folder(ONNX) / "picture.jpg")
    duck = cv2.resize(picture, (224, 224))
    return np.concatenate([duck[None], held_out_crops(30)[0]])


@pytest.fixture(scope="module")
def expected(images: np.ndarray) -> np.ndarray:
    return probabilities(compiled(model_file(included_folder(ONNX))), images)


@pytest.mark.parametrize("kit", FORMATS)
def test_each_format_has_its_interface_and_the_predictions_of_onnx(
    kit: str, images: np.ndarray, expected: np.ndarray
) -> None:
    shape, element_type, tolerance = FORMATS[kit]
    model = compiled(model_file(included_folder(kit)))
    assert tuple(model.input(0).shape) == shape
    assert tuple(model.output(0).shape) == (1, len(TOYS))
    for port in (model.input(0), model.output(0)):
        assert port.element_type.to_dtype() == element_type
    assert {name.split(":")[0] for name in model.input(0).names} == {"image"}
    # The integer format may be further off at a crop that is hard to classify.
    tested = images[:1] if element_type == np.uint8 else images
    found = probabilities(model, tested)
    assert TOYS[found[0].argmax()] == "duck"
    np.testing.assert_allclose(found, expected[: len(tested)], atol=tolerance)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)


@pytest.mark.parametrize("kit", FORMATS)
def test_held_out_crops_are_classified(kit: str) -> None:
    folder = included_folder(kit)
    card = read_card(folder)
    assert card["figures"]["top1"] >= 0.97
    assert min(measure(folder, crops=30, whole_scenes=5).values()) >= 0.93
    assert card["parameters"] == read_card(included_folder(ONNX))["parameters"]
    for name in ("labels.txt", "picture.jpg"):
        same = (included_folder(ONNX) / name).read_bytes()
        assert (folder / name).read_bytes() == same
    assert (folder / "labels.txt").read_text("utf-8").splitlines() == list(TOYS)


def test_frozen_graph_built_now_gives_the_numbers_of_onnx(
    tmp_path: Path, images: np.ndarray, expected: np.ndarray
) -> None:
    graph = read_graph(included_folder(ONNX) / "model.onnx")
    (tmp_path / "model.pb").write_bytes(frozen_graph(graph))
    found = probabilities(compiled(tmp_path / "model.pb"), images[:3])
    np.testing.assert_allclose(found, expected[:3], atol=1e-4)


def test_rebuilding_passes_weights_and_attributes() -> None:
    graph = onnx.parser.parse_graph(
        """small (float[2] image) => (float[2] sum) <float[2] factor = {3, 4}> {
            two = Constant <value = float {2}> ()
            scaled = Scale <times = 2> (image, factor)
            half = Div (scaled, two)
            sum = Add (half, image)
        }"""
    )
    operations = {"Add": np.add, "Div": np.divide}
    scale = {"Scale": lambda value, factor, times: value * factor * times}
    image = np.ones(2, np.float32)
    assert rebuild(graph, image, operations | scale).tolist() == [4.0, 5.0]
    assert count_parameters(graph) == 2
    with pytest.raises(ValueError, match=r"needs Scale: expected only Add, Div"):
        rebuild(graph, image, operations)


def test_folding_changes_nothing() -> None:
    torch.manual_seed(2)
    network = toy_classifier.ToyClassifier()
    inputs = torch.rand(4, 3, 64, 64) * 255
    network(inputs)  # gives the normalisation something to do
    network.eval()
    with torch.inference_mode():
        expected, found = network(inputs), toy_classifier.folded(network)(inputs)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_batches_are_the_same_whenever_they_are_called(monkeypatch) -> None:
    monkeypatch.setattr(
        toy_classifier, "SETTINGS", replace(toy_classifier.SETTINGS, batch=8)
    )
    views = np.random.default_rng(0).integers(0, 256, (5, 240, 240, 3)).astype(np.uint8)
    labels = np.arange(5)
    (inputs, targets), again = (
        next(toy_classifier.batches(1, lambda: (views, labels))) for _ in range(2)
    )
    assert inputs.shape == (8, 3, 224, 224)
    assert 0 <= inputs.min() < inputs.max() <= 255
    assert set(targets.tolist()) == set(range(5))
    assert torch.equal(inputs, again[0]) and torch.equal(targets, again[1])


def test_training_views_show_single_toys() -> None:
    views, labels = toy_views.training_views(2, 1)
    assert views.shape == (len(labels), toy_views.VIEW_SIZE, toy_views.VIEW_SIZE, 3)
    assert len(labels) >= 4 and labels.max() < len(TOYS)
