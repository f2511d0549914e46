"""Kits whose weights were never trained, because what they say does not matter.

Their lessons compare programs or measure time. The weights are too large for git:
`notebook_utils` generates them on the machine that uses them. What is built here is the
rest of each kit.
"""

import shutil
from pathlib import Path

from notebook_utils.kits import included_folder

COMPARED = (
    "Nothing: the weights are random numbers from a fixed seed, generated on "
    "first use. This network recognises nothing; its lesson compares what two programs "
    "make of it"
)
TIMED = (
    "Nothing: the weights are random numbers from a fixed seed, generated on "
    "first use. This network recognises nothing; its lesson measures time, which does "
    "not depend on them"
)
MEASURED_ON = "Nothing, since there is nothing to measure"
RESNET18_PARAMETERS = 11_689_512
GOOGLENET_PARAMETERS = 13_004_888


def copy_picture(parameters: int, folder: Path) -> int:
    """Write the picture, all of such a kit that is built; return `parameters`.

    Parameters
    ----------
    parameters : int
        The network's number of parameters, for the card.
    folder : Path
        An empty folder.
    """
    picture = included_folder("classification-onnx") / "picture.jpg"
    shutil.copyfile(picture, folder / picture.name)
    return parameters


def measure(folder: Path) -> dict[str, float]:
    """Return no figures: there is no skill to measure."""
    return {}
