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
    """How one kit is made and measured.

    Parameters
    ----------
    kit : str
        Name of the kit and of its folder.
    title, trained_on, measured_on : str
        What the card says, one sentence each.
    make : callable
        Writes the files of the kit into an empty folder and returns the number of
        parameters.
    measure : callable
        Returns the figures of the card, from the files in a folder.
    tolerance : float
        Largest difference of a figure that `verify` attributes to another processor.
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
    trained_on=classification.TRAINED_ON,
    measured_on=classification.MEASURED_ON,
    measure=classification.measure,
)
_segmenter = partial(
    Recipe,
    trained_on=segmentation.TRAINED_ON,
    measured_on=segmentation.MEASURED_ON,
    measure=segmentation.measure,
)
_detector = partial(Recipe, measured_on=detection.MEASURED_ON)
_UNTRAINED = (
    "Nothing: the weights are random numbers from a fixed seed, generated on "
    "first use. This network recognises nothing; its lesson "
)
_untrained = partial(
    Recipe,
    measured_on="Nothing, since there is nothing to measure",
    measure=lambda folder: {},
)

# A kit that carries the network of another comes after it.
RECIPES: dict[str, Recipe] = {
    recipe.kit: recipe
    for recipe in (
        _classifier(
            kit="classification-onnx",
            title="Which of eight toys is in the picture (ONNX, FP32 weights)",
            make=classification.make_onnx,
        ),
        _classifier(
            kit="classification-ir",
            title="Which of eight toys is in the picture (OpenVINO IR, FP16 weights)",
            make=partial(make_ir, "classification-onnx"),
        ),
        _classifier(
            kit="classification-tf",
            title="Which of eight toys is in the picture (TensorFlow, frozen graph)",
            make=classification.make_tf,
        ),
        _classifier(
            kit="classification-tflite",
            title="Which of eight toys is in the picture (TensorFlow Lite, INT8)",
            trained_on=classification.QUANTIZED_ON,
            make=classification.make_tflite,
        ),
        _classifier(
            kit="classification-paddle",
            title="Which of eight toys is in the picture (PaddlePaddle)",
            make=classification.make_paddle,
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
            trained_on=detection.TRAINED_ON_YOLOV5N,
            make=detection.make_yolov5n,
            measure=partial(detection.measure, "detection-yolov5n"),
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
            trained_on=_UNTRAINED + "compares what two programs make of it",
            make=partial(make_untrained, 11_689_512),
        ),
        _untrained(
            kit="classification-googlenet",
            title="GoogLeNet of torchvision, untrained (PyTorch)",
            trained_on=_UNTRAINED + "measures time, which does not depend on them",
            make=partial(make_untrained, 13_004_888),
        ),
        _detector(
            kit="detection-tf",
            title="Which toys are where (TensorFlow, Faster R-CNN, SavedModel)",
            trained_on=detection.TRAINED_ON_TF,
            make=detection.make_tf,
            measure=partial(detection.measure, "detection-tf"),
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
    """Measure a kit again and compare it with its card.

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
        One sentence for each difference; empty when all is as the card says.
    """
    folder = root / recipe.kit
    try:
        card = read_card(folder)
    except FileNotFoundError as error:
        return [str(error)]
    return file_faults(card, folder) or figure_faults(
        card, recipe.measure(folder), recipe.tolerance
    )
