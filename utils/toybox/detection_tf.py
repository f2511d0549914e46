"""The detector of the eight toys as a kit, as the Object Detection API exports it.

`object_detection_api` says what goes in and what comes out.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.archives import unpack
from notebook_utils.detection import Detections

from .detection_figures import mean_average_precisions
from .detection_scenes import HELD_OUT_COUNT
from .inference import compiled
from .kit_files import write_labels, write_picture

TRAINED_ON = (
    "4,000 training scenes of notebook_utils.scenes of 320 x 240 pixels, most of them "
    "with a random pattern on the ground or in other colours"
)
# A held-out scene of six toys that stand apart.
PICTURE_SEED = 312
PICTURE_TOYS = ("duck", "star", "heart", "ring", "cube", "ball")


def make(folder: Path) -> int:
    """Write the files of the kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    # TensorFlow is needed to build, not to verify.
    from .faster_rcnn_training import trained_detector
    from .object_detection_api import export

    write_labels(folder)
    write_picture(folder, PICTURE_SEED, PICTURE_TOYS)
    detector = trained_detector()
    export(detector, folder / "model.tar.gz")
    return detector.count_params()


def measure(folder: Path, scenes: int = HELD_OUT_COUNT) -> dict[str, float]:
    """Return the figures of the card, from the files of a kit.

    Parameters
    ----------
    folder : Path
        The kit.
    scenes : int
        How many held-out scenes to measure with.

    Returns
    -------
    dict
        `map50` and `map75`, 0 to 1.
    """
    model = compiled(read_archive(folder / "model.tar.gz"))
    return mean_average_precisions(partial(detections, model), scenes)


def read_archive(archive: Path) -> ov.Model:
    """Return the packed SavedModel as OpenVINO has it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = unpack(archive, Path(temporary) / "saved_model")
        return ov.convert_model(folder)


def detections(model: ov.CompiledModel, image_rgb: NDArray[np.uint8]) -> Detections:
    """Return what the detector finds in a picture.

    Parameters
    ----------
    model : openvino.CompiledModel
        The detector.
    image_rgb : uint8 array (height, width, 3)
        Any size.
    """
    height, width = image_rgb.shape[:2]
    result = model(image_rgb[np.newaxis])
    count = int(result["num_detections"][0])
    shares_yxyx = result["detection_boxes"][0, :count]
    return Detections(
        shares_yxyx[:, [1, 0, 3, 2]] * (width, height, width, height),
        result["detection_scores"][0, :count],
        result["detection_classes"][0, :count] - 1,
    )
