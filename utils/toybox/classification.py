"""The classifier of the eight toys as kits, in five formats.

The other formats carry the weights of the committed ONNX kit, so a clone without a
checkpoint builds them too. What goes in and comes out:

- ONNX, OpenVINO IR and PaddlePaddle: ``image`` float32 [1, 3, 224, 224], float32
  [1, 8];
- TensorFlow, a frozen graph: ``image`` float32 [1, 224, 224, 3], float32 [1, 8];
- TensorFlow Lite in INT8: ``image`` uint8 [1, 224, 224, 3], uint8 [1, 8], where 256
  stands for a probability of 1.

Images are RGB of 0 to 255 in all of them.
"""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils import KitError
from notebook_utils.kits import included_folder

from .kit_files import (
    compiled,
    copy_companions,
    model_file,
    write_labels,
    write_picture,
)
from .onnx_network import Graph, count_parameters, read_graph
from .toy_views import (
    SIZE,
    VIEW_SIZE,
    Images,
    held_out_crops,
    held_out_images,
    training_views,
)

# Views of these many training scenes set the ranges of the integers.
CROWDED_SCENES, SINGLE_SCENES = 40, 80
TRAINED_ON = (
    "Views of single toys, close, wide and of whole scenes, cut from 2,600 training "
    "scenes of notebook_utils.scenes"
)
QUANTIZED_ON = (
    f"{TRAINED_ON}; ranges of the integers from views of "
    f"{CROWDED_SCENES + SINGLE_SCENES} training scenes"
)
MEASURED_ON = (
    "Scenes with textures and yaws of their own, in f32 on a CPU. top1: 1,000 crops of "
    "224 x 224 pixels; top1_whole_scene: 200 scenes of 640 x 480 pixels with one toy, "
    "squeezed to 224 x 224"
)
CROPS, WHOLE_SCENES = 1000, 200
# The quantized output of a probability of one.
UINT8_FOR_ONE = 256
# A held-out scene whose only toy is a duck, half as high as the image.
PICTURE_SEED = 100_045


def make_onnx(folder: Path) -> int:
    """Train, and write the ONNX kit; return the number of parameters."""
    # Torch is needed to build, not to verify.
    from .toy_classifier import export, trained_classifier

    write_companions(folder)
    return export(trained_classifier(), folder / "model.onnx")


def write_companions(folder: Path) -> None:
    """Write what goes with the model: the labels and a picture of a duck."""
    write_labels(folder)
    write_picture(folder, PICTURE_SEED, ["duck"])


def make_tf(folder: Path) -> int:
    """Write the TensorFlow kit; return the number of parameters."""
    from .tensorflow_graph import frozen_graph

    graph = _committed_graph(folder)
    (folder / "model.pb").write_bytes(frozen_graph(graph))
    return count_parameters(graph)


def make_tflite(folder: Path) -> int:
    """Write the TensorFlow Lite kit; return the number of parameters."""
    from .tensorflow_graph import quantized_lite

    graph = _committed_graph(folder)
    views, _ = training_views(CROWDED_SCENES, SINGLE_SCENES)
    edge = (VIEW_SIZE - SIZE) // 2
    centres = views[:, edge : edge + SIZE, edge : edge + SIZE]
    (folder / "model.tflite").write_bytes(quantized_lite(graph, centres))
    return count_parameters(graph)


def make_paddle(folder: Path) -> int:
    """Write the PaddlePaddle kit; return the number of parameters."""
    try:
        from .paddle_program import write_program
    except ModuleNotFoundError as error:
        raise KitError(
            f"Building this kit needs {error.name}, which is not installed: "
            "`pip install paddlepaddle==3.3.1`, then build the kit again."
        ) from error

    graph = _committed_graph(folder)
    write_program(graph, folder)
    return count_parameters(graph)


def _committed_graph(folder: Path) -> Graph:
    """Return the graph of the committed ONNX kit; copy what goes with it."""
    source = included_folder("classification-onnx")
    copy_companions(source, folder)
    return read_graph(source / "model.onnx")


def measure(
    folder: Path, crops: int = CROPS, whole_scenes: int = WHOLE_SCENES
) -> dict[str, float]:
    """Return the accuracies `top1` and `top1_whole_scene` of a kit, 0 to 1."""
    model = compiled(model_file(folder))
    figures = {}
    for name, (images, labels) in {
        "top1": held_out_crops(crops),
        "top1_whole_scene": held_out_images(whole_scenes),
    }.items():
        correct = probabilities(model, images).argmax(axis=1) == labels
        figures[name] = round(float(correct.mean()), 4)
    return figures


def probabilities(model: ov.CompiledModel, images: Images) -> NDArray[np.float32]:
    """Return probabilities (n, 8) for RGB images (n, 224, 224, 3), in any format."""
    channels_last = model.input(0).shape[-1] == 3
    element_type = model.input(0).element_type.to_dtype()
    rows = []
    for image in images:
        ordered = image if channels_last else image.transpose(2, 0, 1)
        row = model(np.ascontiguousarray(ordered[None], element_type))[0][0]
        one = UINT8_FOR_ONE if row.dtype == np.uint8 else 1
        rows.append(row / np.float32(one))
    return np.stack(rows)
