"""The two detectors of the eight toys as kits: Faster R-CNN and YOLOv5n.

``detection-tf`` is a packed SavedModel as the Object Detection API exports it;
`object_detection_api` describes its input and outputs. ``detection-yolov5n`` is a
state dictionary in 16 bits with the names of the published network, so that one
function loads both (`notebook_utils.models.load_yolov5n`).
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils import models
from notebook_utils.archives import unpack
from notebook_utils.detection import Detections, mean_average_precision

from .detection_scenes import HELD_OUT_COUNT, held_out_scenes
from .kit_files import compiled, write_labels, write_picture

Image = NDArray[np.uint8]

TRAINED_ON_TF = (
    "4,000 training scenes of notebook_utils.scenes of 320 x 240 pixels, most of them "
    "with a random pattern on the ground or in other colours"
)
TRAINED_ON_YOLOV5N = (
    "Scenes of 640 x 480 pixels and parts of them of 320 x 256, from 1,200 training "
    "scenes of notebook_utils.scenes, most of them with a random pattern on the ground"
)
MEASURED_ON = (
    f"{HELD_OUT_COUNT} scenes of 640 x 480 pixels with textures and yaws of their own, "
    "in f32 on a CPU. map50, map75: mean average precision where a box counts as right "
    "from an intersection over union of 0.5 and 0.75 on"
)
# Seeds of held-out scenes whose toys stand apart, and the toys in them.
PICTURE_TF = (312, ("duck", "star", "heart", "ring", "cube", "ball"))
PICTURE_YOLOV5N = (57, ("duck", "star", "ball", "ring", "cone", "cube"))
# Low, so that the precision at high recall counts too.
MIN_OBJECTNESS = 0.01


def make_tf(folder: Path) -> int:
    """Write the kit of the Faster R-CNN; return the number of parameters."""
    # TensorFlow is needed to build, not to verify.
    from .faster_rcnn_training import trained_detector
    from .object_detection_api import export

    write_labels(folder)
    write_picture(folder, *PICTURE_TF)
    detector = trained_detector()
    export(detector, folder / "model.tar.gz")
    return detector.count_params()


def make_yolov5n(folder: Path) -> int:
    """Write the kit of YOLOv5n; return the number of parameters."""
    from .toy_yolov5n import save_half, trained_detector

    write_labels(folder)
    write_picture(folder, *PICTURE_YOLOV5N)
    return save_half(trained_detector(), folder / "model.pt")


def load_tf(folder: Path) -> ov.CompiledModel:
    """Return the compiled model of ``detection-tf``."""
    with tempfile.TemporaryDirectory() as temporary:
        saved_model = unpack(folder / "model.tar.gz", Path(temporary) / "saved_model")
        return compiled(ov.convert_model(saved_model))


def detect_tf(model: ov.CompiledModel, image_rgb: Image) -> Detections:
    """Return the detections of ``detection-tf`` in an image of any size."""
    height, width = image_rgb.shape[:2]
    result = model(image_rgb[np.newaxis])
    count = int(result["num_detections"][0])
    boxes_yxyx = result["detection_boxes"][0, :count]
    return Detections(
        boxes_yxyx[:, [1, 0, 3, 2]] * (width, height, width, height),
        result["detection_scores"][0, :count],
        result["detection_classes"][0, :count] - 1,
    )


def load_yolov5n(folder: Path) -> ov.CompiledModel:
    """Return the compiled model of ``detection-yolov5n``, for 640 x 480 pixels."""
    import torch

    network = models.load_yolov5n(folder / "model.pt")
    shape = (1, 3, 480, 640)
    example = torch.zeros(shape)
    return compiled(ov.convert_model(network, example_input=example, input=[*shape]))


def detect_yolov5n(model: ov.CompiledModel, image_rgb: Image) -> Detections:
    """Return the detections of ``detection-yolov5n`` in an image of 640 x 480."""
    input_nchw = image_rgb.transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 255
    return models.select_boxes(model(input_nchw)[0][0], MIN_OBJECTNESS)


DETECTORS = {
    "detection-tf": (load_tf, detect_tf),
    "detection-yolov5n": (load_yolov5n, detect_yolov5n),
}


def measure(kit: str, folder: Path, scenes: int = HELD_OUT_COUNT) -> dict[str, float]:
    """Return `map50` and `map75`, 0 to 1, of one of DETECTORS from its files."""
    load, detect = DETECTORS[kit]
    return mean_average_precisions(partial(detect, load(folder)), scenes)


def mean_average_precisions(
    detect: Callable[[Image], Detections], scenes: int = HELD_OUT_COUNT
) -> dict[str, float]:
    """Return `map50` and `map75` of a detector on held-out scenes."""
    found, truths = [], []
    for image_rgb, boxes_xyxy, classes in held_out_scenes(scenes):
        found.append(detect(image_rgb))
        certain = np.ones(len(classes), np.float32)
        truths.append(Detections(boxes_xyxy, certain, classes))
    return {
        "map50": round(mean_average_precision(found, truths, iou=0.5), 4),
        "map75": round(mean_average_precision(found, truths, iou=0.75), 4),
    }
