"""The files of kits: common ones, those made from another kit, and how they are run."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import openvino as ov
import openvino.properties.hint as hints

from notebook_utils.kits import included_folder
from notebook_utils.scenes import TOYS, draw_scene

from .cards import read_card

JPEG_QUALITY = 92
# Files that OpenVINO finds beside the one it is asked to read.
WEIGHTS = (".bin", ".pdiparams")


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
    """Write a committed ONNX kit as IR with FP16 weights; return its parameters."""
    source = included_folder(source_kit)
    copy_companions(source, folder)
    model = ov.convert_model(source / "model.onnx")
    ov.save_model(model, folder / "model.xml", compress_to_fp16=True)
    parameters: int = read_card(source)["parameters"]
    return parameters


def make_untrained(parameters: int, folder: Path) -> int:
    """Write all that is built of a kit with generated weights: its picture.

    The weights are too large for git; `notebook_utils` generates them on first use.
    """
    picture = included_folder("classification-onnx") / "picture.jpg"
    shutil.copyfile(picture, folder / picture.name)
    return parameters


def compiled(model: Path | ov.Model) -> ov.CompiledModel:
    """Return a model compiled for the CPU in f32.

    The default precision depends on the processor (bf16 where there is AVX512-BF16),
    and figures of a card must not.
    """
    core = ov.Core()
    read = core.read_model(model) if isinstance(model, Path) else model
    return core.compile_model(read, "CPU", {hints.inference_precision: ov.Type.f32})


def model_file(folder: Path) -> Path:
    """Return the file of a kit that OpenVINO is asked to read."""
    for path in sorted(folder.glob("model.*")):
        if path.suffix not in WEIGHTS:
            return path
    raise FileNotFoundError(f"{folder}: expected a file model.*, found none")
