"""The classifier of the eight toys as a kit, in ONNX; other formats come from it.

Its input ``image`` is float32 [1, 3, 224, 224], RGB of 0
to 255; its output ``probabilities`` is float32 [1, 8].
"""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from .inference import compiled, model_file
from .kit_files import write_labels, write_picture
from .toy_views import Images, held_out_crops, held_out_pictures

OUTPUT = "probabilities"
TRAINED_ON = (
    "Views of single toys, close, wide and of whole scenes, cut from 2,600 training "
    "scenes of notebook_utils.scenes"
)
MEASURED_ON = (
    "Scenes with textures and yaws of their own, in f32 on a CPU. top1: 1,000 crops of "
    "224 x 224 pixels; top1_whole_scene: 200 scenes of 640 x 480 pixels with one toy, "
    "squeezed to 224 x 224"
)
CROPS, PICTURES = 1000, 200
# What an output of integers gives for a probability of one.
BYTE_FOR_ONE = 256
# A held-out scene whose only toy is a duck, half as high as the picture.
PICTURE_SEED = 100_045


def make_onnx(folder: Path) -> int:
    """Write the files of the ONNX kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    # Torch is needed to build, not to verify.
    from .toy_classifier import export_onnx, trained_classifier

    write_companions(folder)
    return export_onnx(trained_classifier(), folder / "model.onnx")


def write_companions(folder: Path) -> None:
    """Write what goes with the model: the labels and a picture of a duck."""
    write_labels(folder)
    write_picture(folder, PICTURE_SEED, ["duck"])


def measure(
    folder: Path, crops: int = CROPS, pictures: int = PICTURES
) -> dict[str, float]:
    """Return the figures of the card, from the files of a kit.

    Parameters
    ----------
    folder : Path
        The kit.
    crops, pictures : int
        How many held-out crops and whole scenes to measure with.

    Returns
    -------
    dict
        `top1` of crops and `top1_whole_scene`, shares of 0 to 1 that are named right.
    """
    model = compiled(model_file(folder))
    figures = {}
    for name, (images, labels) in {
        "top1": held_out_crops(crops),
        "top1_whole_scene": held_out_pictures(pictures),
    }.items():
        right = probabilities(model, images).argmax(axis=1) == labels
        figures[name] = round(float(right.mean()), 4)
    return figures


def probabilities(model: ov.CompiledModel, images: Images) -> NDArray[np.float32]:
    """Return what the classifier says about each picture, in whichever format it is.

    Parameters
    ----------
    model : openvino.CompiledModel
        The classifier; its input tells layout and element type.
    images : uint8 array (n, 224, 224, 3)
        RGB.

    Returns
    -------
    float32 array (n, 8)
        Probabilities in the order of TOYS.
    """
    channels_last = model.input(0).shape[-1] == 3
    element_type = model.input(0).element_type.to_dtype()
    rows = []
    for image in images:
        ordered = image if channels_last else image.transpose(2, 0, 1)
        row = model(np.ascontiguousarray(ordered[None], element_type))[0][0]
        one = BYTE_FOR_ONE if row.dtype == np.uint8 else 1
        rows.append(row / np.float32(one))
    return np.stack(rows)
