"""The classifier of the eight toys in formats of TensorFlow and PaddlePaddle, as kits.

All carry the weights of the committed ONNX kit, so a clone without a checkpoint builds
them too. What goes in and comes out:

- TensorFlow, a frozen graph: ``image`` float32 [1, 224, 224, 3], float32 [1, 8];
- TensorFlow Lite in INT8: ``image`` uint8 [1, 224, 224, 3], uint8 [1, 8], where 256
  stands for a probability of 1;
- PaddlePaddle: ``image`` float32 [1, 3, 224, 224], float32 [1, 8].

Pictures are RGB of 0 to 255 in all of them.
"""

from pathlib import Path

from notebook_utils.kits import included_folder

from .classification import TRAINED_ON
from .kit_files import copy_companions
from .onnx_network import Network, read_network
from .toy_views import SIZE, VIEW_SIZE, training_views

SOURCE = "classification-onnx"
# Views of these many training scenes set the ranges of the integers, a few hundred.
CROWDED_SCENES, SINGLE_SCENES = 40, 80
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
    copy_companions(source, folder)
    return read_network(source / "model.onnx")
