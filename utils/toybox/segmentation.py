"""Toys against the background as a kit, in ONNX; OpenVINO IR comes from it.

The input ``image`` is float32 [1, 3, 512, 512], RGB of 0 to 255; the output
``foreground`` is float32 [1, 1, 512, 512], the probability that a pixel belongs to a
toy. The model can be reshaped to other batches and to other multiples of 32.
"""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.scenes import draw_scene

from .kit_files import compiled, model_file, write_picture

OUTPUT = "foreground"
SIZE = 512
SCENES = 200
TRAINED_ON = (
    "Parts of 256 x 256 pixels, cut from 600 training scenes of notebook_utils.scenes, "
    "turned, recoloured and, most of them, with a random pattern on the ground"
)
MEASURED_ON = (
    "200 scenes of 512 x 512 pixels with textures and yaws of their own, in f32 on a "
    "CPU. mean_iou: what the mask at 0.5 and the truth have in common over what either "
    "covers, averaged over the scenes"
)
# A held-out scene of five toys that stand apart.
PICTURE_SEED = 186
PICTURE_TOYS = ("duck", "star", "heart", "ring", "cube")


def make_onnx(folder: Path) -> int:
    """Train, and write the ONNX kit; return the number of parameters."""
    # Torch is needed to build, not to verify.
    from .toy_segmenter import export, trained_segmenter

    write_picture(folder, PICTURE_SEED, PICTURE_TOYS)
    return export(trained_segmenter(), folder / "model.onnx")


def measure(folder: Path, scenes: int = SCENES) -> dict[str, float]:
    """Return `mean_iou` of a kit: intersection over union of the masks, 0 to 1."""
    model = compiled(model_file(folder))
    ious = []
    for seed in range(scenes):
        scene = draw_scene(seed, SIZE, SIZE, held_out=True)
        mask = foreground(model, scene.image) > 0.5
        union = np.count_nonzero(mask | scene.foreground)
        intersection = np.count_nonzero(mask & scene.foreground)
        ious.append(intersection / union if union else 1.0)
    return {"mean_iou": round(float(np.mean(ious)), 4)}


def foreground(
    model: ov.CompiledModel, image: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return the probability that a pixel of an RGB image belongs to a toy."""
    chw = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)
    return np.array(model(chw[None])[OUTPUT][0, 0], np.float32)
