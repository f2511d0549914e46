"""Files that several kits have in common, and kits made from the files of another."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import openvino as ov

from notebook_utils.kits import included_folder
from notebook_utils.scenes import TOYS, draw_scene

from .cards import read_card

JPEG_QUALITY = 92


def write_labels(folder: Path) -> None:
    """Write the names of the toys, one a line, as the labels of a kit."""
    (folder / "labels.txt").write_text("\n".join(TOYS) + "\n", encoding="utf-8")


def write_picture(folder: Path, seed: int, toys: Sequence[str]) -> None:
    """Write the held-out scene of a seed, with the given toys, as a kit's picture."""
    scene = draw_scene(seed, toys=toys, held_out=True)
    image_bgr = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    cv2.imwrite(str(folder / "picture.jpg"), image_bgr, quality)


def copy_companions(source: Path, folder: Path) -> None:
    """Copy picture and labels, if there are any, into the folder of another kit."""
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


def make_untrained(parameters: int, folder: Path) -> int:
    """Write all that is built of a kit with generated weights: its picture.

    The weights are too large for git; `notebook_utils` generates them on first use.

    Parameters
    ----------
    parameters : int
        The network's number of parameters, which is returned.
    folder : Path
        An empty folder.
    """
    picture = included_folder("classification-onnx") / "picture.jpg"
    shutil.copyfile(picture, folder / picture.name)
    return parameters
