"""torchvision: its import beside a CPU build, untrained weights, ImageNet's labels."""

import importlib
import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from ..errors import WorkshopError

# The operators that torchvision looks up while it is imported, as its compiled
# extension declares them.
_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def ensure_torchvision() -> ModuleType:
    """Import torchvision, also beside a CPU build of PyTorch.

    On Linux the package index serves a torchvision whose compiled operators need CUDA.
    Beside a PyTorch without CUDA they cannot be loaded, and ``import torchvision``
    fails with "operator torchvision::nms does not exist". Models and transforms do not
    need these operators, so it is enough to declare them. Where torchvision can be
    imported as it is, nothing is declared.

    Returns
    -------
    module
        ``torchvision``; call this before the first import of it or of its parts.

    Raises
    ------
    WorkshopError
        PyTorch or torchvision is not installed, or they do not fit each other.

    Notes
    -----
    Declared operators have no code: ``torchvision.ops.nms`` still raises. A
    torchvision from https://download.pytorch.org/whl/cpu has them all.

    Examples
    --------
    >>> ensure_torchvision().__name__
    'torchvision'
    """
    imported = sys.modules.get("torchvision")
    # A failed import leaves parts of the package behind, but not the package.
    if imported is not None:
        return imported
    for package in ("torch", "torchvision"):
        if importlib.util.find_spec(package) is None:
            raise WorkshopError(
                f"{package} is not installed in this environment. {_remedy()}"
            )
    _declare_missing_operators()
    try:
        return importlib.import_module("torchvision")
    except (ImportError, RuntimeError, AttributeError) as error:
        raise WorkshopError(
            f"torchvision {_version('torchvision')} cannot be imported beside torch "
            f"{_version('torch')}: {error}. {_remedy()}"
        ) from error


def save_imagenet_labels(file: BinaryIO) -> None:
    """Write the names of ImageNet's 1,000 classes, one a line, as torchvision has them.

    Parameters
    ----------
    file
        Open for writing.

    Raises
    ------
    WorkshopError
        torchvision is not installed.
    """
    weights = ensure_torchvision().models.EfficientNet_B0_Weights.DEFAULT
    file.write("".join(f"{name}\n" for name in weights.meta["categories"]).encode())


def save_untrained_resnet18(file: BinaryIO) -> None:
    """Write untrained weights for torchvision's ResNet-18.

    The published weights are 45 MB, too much to be part of a collection of lessons.
    These have the same names, shapes and size, and come from a fixed seed. They do not
    recognise anything: they are for lessons that only compare the outputs of a network
    in two frameworks.

    Parameters
    ----------
    file
        Open for writing. Receives a state dictionary of 11,689,512 parameters.
    """
    _save_untrained("resnet18", file)


def save_untrained_googlenet(file: BinaryIO) -> None:
    """Write untrained weights for torchvision's GoogLeNet.

    They replace published weights of 52 MB, as those of :func:`save_untrained_resnet18`
    do, in a lesson that measures latency: it depends on operations and shapes, not on
    the values of the weights.

    Parameters
    ----------
    file
        Open for writing. Receives a state dictionary of 13,004,888 parameters,
        6,379,984 of them in the two auxiliary classifiers that only training uses.

    Notes
    -----
    The weights are PyTorch's default initialisation. torchvision's own draws every
    weight again from a truncated normal distribution, which takes longer and gains
    nothing here.
    """
    _save_untrained("googlenet", file, init_weights=False)


def _save_untrained(network: str, file: BinaryIO, **options: bool) -> None:
    import torch

    make = getattr(ensure_torchvision().models, network)
    # The caller's random state stays as it is.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.save(make(weights=None, **options).state_dict(), file)


def _declare_missing_operators() -> None:
    import torch

    if torch.version.cuda is not None or _load_operators():
        return
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", schema)


def _load_operators() -> bool:
    """Load the compiled operators the way torchvision does; return whether it worked.

    Declaring operators that could have been loaded would make torchvision fail, so
    this is tried first. Loading them twice is harmless.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or () for file in Path(folder).glob("_C*")]
    libraries = [file for file in files if file.suffix in (".so", ".pyd")]
    try:
        for library in libraries:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(libraries)


def _remedy() -> str:
    return (
        "Install the two together, in the CPU build: pip install torch torchvision "
        "--index-url https://download.pytorch.org/whl/cpu (then restart the kernel)."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # on the path without having been installed
        return "(version unknown)"
