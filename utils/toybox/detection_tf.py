"""The detector of the eight toys as a kit, as the Object Detection API exports it.

`object_detection_api` says what goes in and what comes out.
"""

import tempfile
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.archives import unpack
from notebook_utils.detection import Detections, mean_average_precision
from notebook_utils.scenes import TOYS, draw_scene

from .detection_scenes import HELD_OUT_COUNT, held_out_scenes
from .inference import compiled
from .kit_files import write_picture

TRAINED_ON = (
    "4,000 training scenes of notebook_utils.scenes of 320 x 240 pixels, most of them "
    "with a random pattern on the ground or in other colours"
)
MEASURED_ON = (
    f"{HELD_OUT_COUNT} scenes of 640 x 480 pixels with textures and yaws of their own, "
    "in f32 on a CPU. map50, map75: mean average precision where a box counts as right "
    "from an intersection over union of 0.5 and 0.75 on"
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

    (folder / "labels.txt").write_text("\n".join(TOYS) + "\n", encoding="utf-8")
    scene = draw_scene(PICTURE_SEED, toys=PICTURE_TOYS, held_out=True)
    write_picture(folder, scene.image)
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
    found, truths = [], []
    for image_rgb, boxes_xyxy, classes in held_out_scenes(scenes):
        found.append(detections(model, image_rgb))
        truths.append(
            Detections(boxes_xyxy, np.ones(len(classes), np.float32), classes)
        )
    return {
        "map50": round(mean_average_precision(found, truths, iou=0.5), 4),
        "map75": round(mean_average_precision(found, truths, iou=0.75), 4),
    }


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
