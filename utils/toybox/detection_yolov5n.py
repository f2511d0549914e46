"""YOLOv5n that finds the eight toys, as a kit: a checkpoint with weights of 16 bits.

The file ``model.pt`` holds a state dictionary with the names of the published network,
so that one function loads both (`notebook_utils.models.load_yolov5n`).
"""

from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.detection import Detections

from .detection_figures import mean_average_precisions
from .detection_scenes import HELD_OUT_COUNT
from .inference import compiled
from .kit_files import write_labels, write_picture

HEIGHT, WIDTH = 480, 640
# Low, so that the precision at high recall counts too.
MIN_OBJECTNESS = 0.01
TRAINED_ON = (
    "Scenes of 640 x 480 pixels and parts of them of 320 x 256, from 1,200 training "
    "scenes of notebook_utils.scenes, most of them with a random pattern on the ground"
)
# A held-out scene of five toys that stand apart.
PICTURE_SEED = 57
PICTURE_TOYS = ("duck", "star", "ball", "ring", "cone", "cube")


def make(folder: Path) -> int:
    """Write the files of the kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    from .toy_yolov5n import save_half, trained_detector

    write_labels(folder)
    write_picture(folder, PICTURE_SEED, PICTURE_TOYS)
    return save_half(trained_detector(), folder / "model.pt")


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
    model = compiled(converted(folder / "model.pt"))
    return mean_average_precisions(partial(detect, model), scenes)


def converted(path: Path) -> ov.Model:
    """Return the network of a checkpoint, for one picture of 640 x 480.

    Parameters
    ----------
    path : Path
        The file ``model.pt`` of a kit.
    """
    import torch

    from notebook_utils.models import load_yolov5n

    shape = (1, 3, HEIGHT, WIDTH)
    example = torch.zeros(shape)
    return ov.convert_model(load_yolov5n(path), example_input=example, input=[*shape])


def detect(model: ov.CompiledModel, image: NDArray[np.uint8]) -> Detections:
    """Return what the model finds in a picture.

    Parameters
    ----------
    model : openvino.CompiledModel
        From :func:`converted`.
    image : uint8 array (480, 640, 3)
        RGB.
    """
    from notebook_utils.models import select_boxes

    input_nchw = image.transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 255
    return select_boxes(model(input_nchw)[0][0], MIN_OBJECTNESS)
