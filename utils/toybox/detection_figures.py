"""How well a detector finds the toys of held-out scenes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from notebook_utils.detection import Detections, mean_average_precision

from .detection_scenes import HELD_OUT_COUNT, held_out_scenes

MEASURED_ON = (
    f"{HELD_OUT_COUNT} scenes of 640 x 480 pixels with textures and yaws of their own, "
    "in f32 on a CPU. map50, map75: mean average precision where a box counts as right "
    "from an intersection over union of 0.5 and 0.75 on"
)


def mean_average_precisions(
    detect: Callable[[NDArray[np.uint8]], Detections], scenes: int = HELD_OUT_COUNT
) -> dict[str, float]:
    """Return the figures of a detector's card.

    Parameters
    ----------
    detect : callable
        Finds toys in a picture, a uint8 array (480, 640, 3) in RGB.
    scenes : int
        How many held-out scenes to measure with.

    Returns
    -------
    dict
        `map50` and `map75`, 0 to 1.
    """
    found, truths = [], []
    for image_rgb, boxes_xyxy, classes in held_out_scenes(scenes):
        found.append(detect(image_rgb))
        certain = np.ones(len(classes), np.float32)
        truths.append(Detections(boxes_xyxy, certain, classes))
    return {
        "map50": round(mean_average_precision(found, truths, iou=0.5), 4),
        "map75": round(mean_average_precision(found, truths, iou=0.75), 4),
    }
