"""A kit whose weights were never trained, because its lesson only compares programs.

The weights are too large for git: `notebook_utils` generates them on the machine that
uses them. What is built here is the rest of the kit.
"""

import shutil
from pathlib import Path

from notebook_utils.kits import included_folder

TRAINED_ON = (
    "Nothing: the weights are random numbers, the same on every machine, generated on "
    "first use. This network recognises nothing; its lesson compares what two programs "
    "make of it"
)
MEASURED_ON = "Nothing, since there is nothing to measure"
RESNET18_PARAMETERS = 11_689_512


def make_torch(folder: Path) -> int:
    """Write the picture of the PyTorch kit; return ResNet-18's number of parameters.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    picture = included_folder("classification-onnx") / "picture.jpg"
    shutil.copyfile(picture, folder / picture.name)
    return RESNET18_PARAMETERS


def measure(folder: Path) -> dict[str, float]:
    """Return no figures: there is no skill to measure."""
    return {}
