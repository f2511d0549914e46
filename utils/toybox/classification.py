"""The classifier of the eight toys as kits: OpenVINO IR and ONNX.

Both hold the same network. Its input ``image`` is float32 [1, 3, 224, 224], RGB of 0
to 255; its output ``probabilities`` is float32 [1, 8].
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.scenes import TOYS, draw_scene

from .inference import compiled, model_file
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


def make_ir(folder: Path) -> int:
    """Write the files of the IR kit, FP16 weights; return the number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    with tempfile.TemporaryDirectory() as temporary:
        parameters = make_onnx(Path(temporary))
        model = ov.convert_model(Path(temporary) / "model.onnx")
        ov.save_model(model, folder / "model.xml", compress_to_fp16=True)
    write_companions(folder)
    return parameters


def write_companions(folder: Path) -> None:
    """Write what goes with the model: the labels and a picture of a duck."""
    (folder / "labels.txt").write_text("\n".join(TOYS) + "\n", encoding="utf-8")
    scene = draw_scene(PICTURE_SEED, toys=["duck"], held_out=True)
    picture = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    cv2.imwrite(str(folder / "picture.jpg"), picture, quality)


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
    """Return what the classifier says about each picture.

    Parameters
    ----------
    model : openvino.CompiledModel
        The classifier.
    images : uint8 array (n, 224, 224, 3)
        RGB.

    Returns
    -------
    float32 array (n, 8)
        Probabilities in the order of TOYS.
    """
    results = np.zeros((len(images), len(TOYS)), np.float32)
    for result, image in zip(results, images, strict=True):
        chw = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)
        result[:] = model(chw[None])[OUTPUT][0]
    return results


def weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Return the weights of the committed ONNX file, batch normalisation folded in.

    For kits that carry the same network in another format, where there is no
    checkpoint of the training any more.

    Parameters
    ----------
    folder : Path
        The ONNX kit.

    Returns
    -------
    dict
        Arrays by their names in `toy_classifier.ToyClassifier`, such as
        ``stem.conv.weight``, (outputs, inputs, height, width).
    """
    import onnx

    graph = onnx.load(folder / "model.onnx").graph
    return {
        tensor.name.removeprefix("network."): onnx.numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if tensor.name.startswith("network.")
    }
