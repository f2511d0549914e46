"""The included kits, and what building and verifying mean for each of them."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import (
    classification,
    classification_formats,
    detection_figures,
    detection_tf,
    detection_yolov5n,
    drawn_digits,
    segmentation,
    untrained,
)
from .cards import describe_files, figure_faults, file_faults, read_card, write_card
from .kit_files import make_ir

KITS = Path(__file__).resolve().parents[2] / "data" / "kits"


@dataclass(frozen=True)
class Recipe:
    """How one kit is made and measured.

    Parameters
    ----------
    kit : str
        Name of the kit and of its folder.
    title, trained_on, measured_on : str
        What the card says, one sentence each.
    make : callable
        Writes the files of the kit into a folder and returns the number of parameters.
    measure : callable
        Returns the figures of the card, from the files in a folder.
    tolerance : float
        Largest difference of a figure that `verify` puts down to another processor.
    licence : str
        SPDX identifier.
    """

    kit: str
    title: str
    trained_on: str
    measured_on: str
    make: Callable[[Path], int]
    measure: Callable[[Path], dict[str, float]]
    tolerance: float = 0.005
    licence: str = "Apache-2.0"


_classifier = partial(
    Recipe,
    measured_on=classification.MEASURED_ON,
    measure=classification.measure,
)
_segmenter = partial(
    Recipe,
    trained_on=segmentation.TRAINED_ON,
    measured_on=segmentation.MEASURED_ON,
    measure=segmentation.measure,
)
_detector = partial(Recipe, measured_on=detection_figures.MEASURED_ON)
_untrained = partial(
    Recipe, measured_on=untrained.MEASURED_ON, measure=untrained.measure
)

# A kit that carries the network of another comes after it.
RECIPES: dict[str, Recipe] = {
    recipe.kit: recipe
    for recipe in (
        _classifier(
            kit="classification-onnx",
            title="Which of eight toys is in the picture (ONNX, FP32 weights)",
            trained_on=classification.TRAINED_ON,
            make=classification.make_onnx,
        ),
        _classifier(
            kit="classification-ir",
            title="Which of eight toys is in the picture (OpenVINO IR, FP16 weights)",
            trained_on=classification.TRAINED_ON,
            make=partial(make_ir, "classification-onnx"),
        ),
        _classifier(
            kit="classification-tf",
            title="Which of eight toys is in the picture (TensorFlow, frozen graph)",
            trained_on=classification.TRAINED_ON,
            make=classification_formats.make_tf,
        ),
        _classifier(
            kit="classification-tflite",
            title="Which of eight toys is in the picture (TensorFlow Lite, INT8)",
            trained_on=classification_formats.QUANTIZED_ON,
            make=classification_formats.make_tflite,
        ),
        _classifier(
            kit="classification-paddle",
            title="Which of eight toys is in the picture (PaddlePaddle)",
            trained_on=classification.TRAINED_ON,
            make=classification_formats.make_paddle,
        ),
        _segmenter(
            kit="segmentation-onnx",
            title="Where in the picture toys are (ONNX, FP32 weights)",
            make=segmentation.make_onnx,
        ),
        _segmenter(
            kit="segmentation-ir",
            title="Where in the picture toys are (OpenVINO IR, FP16 weights)",
            make=partial(make_ir, "segmentation-onnx"),
        ),
        _detector(
            kit="detection-yolov5n",
            title="YOLOv5n that finds eight toys (PyTorch, FP16 weights)",
            trained_on=detection_yolov5n.TRAINED_ON,
            make=detection_yolov5n.make,
            measure=detection_yolov5n.measure,
        ),
        Recipe(
            kit="digits",
            title="60,000 handwritten-like digits of 28 by 28 pixels",
            trained_on=drawn_digits.DRAWN,
            measured_on=drawn_digits.MEASURED_ON,
            make=drawn_digits.make,
            measure=drawn_digits.measure,
            tolerance=drawn_digits.TOLERANCE,
        ),
        _untrained(
            kit="classification-torch",
            title="ResNet-18 of torchvision, untrained (PyTorch)",
            trained_on=untrained.COMPARED,
            make=partial(untrained.copy_picture, untrained.RESNET18_PARAMETERS),
        ),
        _untrained(
            kit="classification-googlenet",
            title="GoogLeNet of torchvision, untrained (PyTorch)",
            trained_on=untrained.TIMED,
            make=partial(untrained.copy_picture, untrained.GOOGLENET_PARAMETERS),
        ),
        _detector(
            kit="detection-tf",
            title="Which toys are where (TensorFlow, Faster R-CNN, SavedModel)",
            trained_on=detection_tf.TRAINED_ON,
            make=detection_tf.make,
            measure=detection_tf.measure,
        ),
    )
}


def build(recipe: Recipe, root: Path = KITS) -> Path:
    """Make a kit, measure it and write its card.

    The folder of the kit is replaced only when everything is there, so a build that
    fails leaves the old kit as it was.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    root : Path
        The folder that holds the folders of the kits.

    Returns
    -------
    Path
        The folder of the kit.
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
    """Measure a kit anew and compare it with its card.

    Figures are measured only of files that are the ones the card describes.

    Parameters
    ----------
    recipe : Recipe
        What to verify.
    root : Path
        The folder that holds the folders of the kits.

    Returns
    -------
    list of str
        What is wrong, one sentence each; empty when all is as the card says.
    """
    folder = root / recipe.kit
    try:
        card = read_card(folder)
    except FileNotFoundError as error:
        return [str(error)]
    faults = file_faults(card, folder)
    if not faults:
        faults = figure_faults(card, recipe.measure(folder), recipe.tolerance)
    return faults
