"""The classifier of the eight toys in formats of TensorFlow and PaddlePaddle, as kits.

All carry the weights of the committed ONNX kit, so a clone without a checkpoint builds
them too. What goes in and comes out:

- TensorFlow, a frozen graph: ``image`` float32 [1, 224, 224, 3], float32 [1, 8];
- TensorFlow Lite in INT8: ``image`` uint8 [1, 224, 224, 3], uint8 [1, 8], where 256
  stands for a probability of 1;
- PaddlePaddle: ``image`` float32 [1, 3, 224, 224], float32 [1, 8].

Pictures are RGB of 0 to 255 in all of them.
"""

import shutil
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.kits import included_folder

from .classification import CROPS, PICTURES, TRAINED_ON
from .inference import compiled
from .onnx_network import Network, read_network
from .toy_views import (
    SIZE,
    VIEW_SIZE,
    Images,
    held_out_crops,
    held_out_pictures,
    training_views,
)

SOURCE = "classification-onnx"
# Views of these many training scenes set the ranges of the integers, a few hundred.
CROWDED_SCENES, SINGLE_SCENES = 40, 80
BYTE_FOR_ONE = 256
# Files that name the layers; Paddle keeps the weights in another one beside it.
NETWORK_FILES = (".onnx", ".pb", ".tflite", ".pdmodel")
QUANTIZED_ON = (
    f"{TRAINED_ON}; ranges of the integers from views of "
    f"{CROWDED_SCENES + SINGLE_SCENES} training scenes"
)


def make_tf(folder: Path) -> int:
    """Write the files of the TensorFlow kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    from .tensorflow_graph import frozen_graph

    network = _network(folder)
    (folder / "model.pb").write_bytes(frozen_graph(network))
    return network.parameters


def make_tflite(folder: Path) -> int:
    """Write the files of the TensorFlow Lite kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    from .tensorflow_graph import quantized_lite

    network = _network(folder)
    views, _ = training_views(CROWDED_SCENES, SINGLE_SCENES)
    edge = (VIEW_SIZE - SIZE) // 2
    middles = views[:, edge : edge + SIZE, edge : edge + SIZE]
    (folder / "model.tflite").write_bytes(quantized_lite(network, middles))
    return network.parameters


def make_paddle(folder: Path) -> int:
    """Write the files of the PaddlePaddle kit; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    from .paddle_program import write_program

    network = _network(folder)
    write_program(network, folder)
    return network.parameters


def _network(folder: Path) -> Network:
    """Return the committed network; copy what goes with it into `folder`."""
    source = included_folder(SOURCE)
    for name in ("labels.txt", "picture.jpg"):
        shutil.copyfile(source / name, folder / name)
    return read_network(source / "model.onnx")


def network_file(folder: Path) -> Path:
    """Return the file of a kit that OpenVINO is asked to read.

    Parameters
    ----------
    folder : Path
        A kit of the classifier, in any format but OpenVINO's own.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    for suffix in NETWORK_FILES:
        if (path := folder / f"model{suffix}").is_file():
            return path
    raise FileNotFoundError(
        f"{folder}: expected model with one of {', '.join(NETWORK_FILES)}, found none; "
        f"build it with `python -m toybox build {folder.name}`"
    )


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
        As `classification.measure` has them.
    """
    model = compiled(network_file(folder))
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
