"""The included kits, and what building and verifying mean for each of them."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import classification, detection, drawn_digits, segmentation
from .cards import describe_files, figure_faults, file_faults, read_card, write_card
from .kit_files import make_ir, make_untrained

KITS = Path(__file__).resolve().parents[2] / "data" / "kits"


@dataclass(frozen=True)
class Recipe:
    """How one kit is made and measured; the texts are what its card says."""

    kit: str
    title: str
    trained_on: str
    measured_on: str
    make: Callable[[Path], int]  # into an empty folder; returns the parameters
    measure: Callable[[Path], dict[str, float]]  # the figures, from that folder alone
    tolerance: float = 0.005  # what another processor may make of a figure
    licence: str = "Apache-2.0"  # SPDX


def _classifier(
    form: str,
    files: str,
    make: Callable[[Path], int],
    trained_on: str = classification.TRAINED_ON,
) -> Recipe:
    return Recipe(
        f"classification-{form}",
        f"Which of eight toys is in the picture ({files})",
        trained_on,
        classification.MEASURED_ON,
        make,
        classification.measure,
    )


def _segmenter(form: str, files: str, make: Callable[[Path], int]) -> Recipe:
    return Recipe(
        f"segmentation-{form}",
        f"Where in the picture toys are ({files})",
        segmentation.TRAINED_ON,
        segmentation.MEASURED_ON,
        make,
        segmentation.measure,
    )


def _detector(
    kit: str, title: str, trained_on: str, make: Callable[[Path], int]
) -> Recipe:
    measure = partial(detection.measure, kit)
    return Recipe(kit, title, trained_on, detection.MEASURED_ON, make, measure)


def _untrained(kit: str, name: str, lesson: str, parameters: int) -> Recipe:
    return Recipe(
        kit,
        f"{name}, untrained (PyTorch)",
        "Nothing: the weights are random numbers from a fixed seed, generated on first "
        f"use. This network recognises nothing; its lesson {lesson}",
        "Nothing, since there is nothing to measure",
        partial(make_untrained, parameters),
        lambda folder: {},
    )


_classifier_ir = partial(make_ir, "classification-onnx")
_segmenter_ir = partial(make_ir, "segmentation-onnx")
# A kit that carries the network of another comes after it.
_ALL = (
    _classifier("onnx", "ONNX, FP32 weights", classification.make_onnx),
    _classifier("ir", "OpenVINO IR, FP16 weights", _classifier_ir),
    _classifier("tf", "TensorFlow, frozen graph", classification.make_tf),
    _classifier(
        "tflite",
        "TensorFlow Lite, INT8",
        classification.make_tflite,
        classification.QUANTIZED_ON,
    ),
    _classifier("paddle", "PaddlePaddle", classification.make_paddle),
    _segmenter("onnx", "ONNX, FP32 weights", segmentation.make_onnx),
    _segmenter("ir", "OpenVINO IR, FP16 weights", _segmenter_ir),
    _detector(
        "detection-yolov5n",
        "YOLOv5n that finds eight toys (PyTorch, FP16 weights)",
        detection.TRAINED_ON_YOLOV5N,
        detection.make_yolov5n,
    ),
    Recipe(
        "digits",
        "60,000 handwritten-like digits of 28 by 28 pixels",
        drawn_digits.DRAWN,
        drawn_digits.MEASURED_ON,
        drawn_digits.make,
        drawn_digits.measure,
        drawn_digits.TOLERANCE,
    ),
    _untrained(
        "classification-torch",
        "ResNet-18 of torchvision",
        "compares what two programs make of it",
        11_689_512,
    ),
    _untrained(
        "classification-googlenet",
        "GoogLeNet of torchvision",
        "measures time, which does not depend on them",
        13_004_888,
    ),
    _untrained(
        "classification-photo",
        "EfficientNet-Lite0",
        "uses trained ones where a package has them",
        4_652_008,
    ),
    _detector(
        "detection-tf",
        "Which toys are where (TensorFlow, Faster R-CNN, SavedModel)",
        detection.TRAINED_ON_TF,
        detection.make_tf,
    ),
)
RECIPES: dict[str, Recipe] = {recipe.kit: recipe for recipe in _ALL}


def build(recipe: Recipe, root: Path = KITS) -> Path:
    """Make a kit, measure it, write its card and return its folder below `root`.

    The folder is replaced only when everything is there, so a build that fails leaves
    the old kit as it was.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / recipe.kit
    with tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary)
        parameters = recipe.make(draft)
        write_card(draft, _card(recipe, draft, parameters))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(draft, folder)
        folder.chmod(0o755)  # a temporary folder is private, a kit is for all
    return folder


def _card(recipe: Recipe, folder: Path, parameters: int) -> dict[str, object]:
    return {
        "kit": recipe.kit,
        "title": recipe.title,
        "licence": recipe.licence,
        "trained_on": recipe.trained_on,
        "measured_on": recipe.measured_on,
        "parameters": parameters,
        "figures": recipe.measure(folder),
        "built_with": f"python -m toybox build {recipe.kit}",
        "files": describe_files(folder),
    }


def verify(recipe: Recipe, root: Path = KITS) -> list[str]:
    """Measure a kit again; return a sentence for each difference from its card.

    Figures are measured only of files that are the ones the card describes.
    """
    folder = root / recipe.kit
    try:
        card = read_card(folder)
    except FileNotFoundError as error:
        return [str(error)]
    return file_faults(card, folder) or figure_faults(
        card, recipe.measure(folder), recipe.tolerance
    )
