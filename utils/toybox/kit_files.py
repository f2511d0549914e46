"""Files that several kits have in common, and kits made from the files of another."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from notebook_utils.kits import included_folder

from .cards import read_card

JPEG_QUALITY = 92


def write_picture(folder: Path, image: NDArray[np.uint8]) -> None:
    """Write the picture of a kit.

    Parameters
    ----------
    folder : Path
        The kit.
    image : uint8 array (height, width, 3)
        RGB.
    """
    picture = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    cv2.imwrite(str(folder / "picture.jpg"), picture, quality)


def copy_companions(source: Path, folder: Path) -> None:
    """Copy what goes with a model into the folder of another kit.

    Parameters
    ----------
    source, folder : Path
        The kit that has a picture and perhaps labels, and the one that gets them.
    """
    for name in ("labels.txt", "picture.jpg"):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def make_ir(source_kit: str, folder: Path) -> int:
    """Write a committed ONNX kit as OpenVINO IR with FP16 weights.

    Parameters
    ----------
    source_kit : str
        Name of the ONNX kit.
    folder : Path
        An empty folder.

    Returns
    -------
    int
        The number of parameters, that of the ONNX kit.
    """
    source = included_folder(source_kit)
    copy_companions(source, folder)
    model = ov.convert_model(source / "model.onnx")
    ov.save_model(model, folder / "model.xml", compress_to_fp16=True)
    parameters: int = read_card(source)["parameters"]
    return parameters
