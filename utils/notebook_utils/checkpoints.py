"""Read arrays and tensors out of pickles without running what is in them.

`pickle.load` runs whatever a pickle's maker wrote into it. Here a name in a pickle
gives a class that holds an array, a stand-in that only keeps data, or an error.
"""

import gzip
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from .untrusted import DAMAGE, BoundedReader, RejectedError, rejecting

if TYPE_CHECKING:
    import torch

MAX_DEPTH = 10
MAX_MODULES = 100_000
# What unpicklers raise on damaged input: they check little of what they read.
UNPICKLING_ERRORS = (
    *DAMAGE,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
)
# Of the standard library honest checkpoints hold dates, paths and options; no more.
HARMLESS_MODULES = {"argparse", "datetime", "pathlib"}


def load_arrays(file: str | os.PathLike[str], *, max_bytes: int = 1 << 30) -> Any:
    """Read a pickle of numeric arrays, such as MNIST's `mnist.pkl.gz`.

    Parameters
    ----------
    file
        The pickle, compressed with gzip or not, of Python 2, or of protocol 3 or later.
    max_bytes
        How large it may be, unpacked.

    Returns
    -------
    Any
        What was pickled: `numpy.ndarray` of numbers, `int`, `float`, `bool`, `None`,
        `str` and `bytes`, and `list` and `tuple` of them.

    Raises
    ------
    UnsafeFileError
        The pickle names anything else, is damaged or cut short, or passes `max_bytes`.
    OSError
        The file cannot be opened.
    """
    path = Path(file)
    with path.open("rb") as opened, rejecting(path.name):
        is_packed = opened.read(2) == b"\x1f\x8b"
        opened.seek(0)
        try:
            with gzip.open(opened) if is_packed else nullcontext(opened) as unpacked:
                source = BoundedReader(cast(IO[bytes], unpacked), max_bytes)
                value = _unwrapped(_ArrayUnpickler(source, encoding="latin1").load())
                if source.read(1):  # reading to the end makes gzip check its checksum
                    raise RejectedError("extra bytes follow where it should end")
                return value
        except UNPICKLING_ERRORS as error:
            raise RejectedError(f"it is damaged or cut short ({error})") from error


class _DType:
    """An element type. numpy's own would believe whatever state a pickle gives it."""

    def __init__(self, code: str, *_: object) -> None:
        self.dtype = np.dtype(str(code))
        if self.dtype.kind not in "biufc":
            raise RejectedError(f"it has elements of type {code!r}, not numbers")

    def __setstate__(self, state: Any) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """An array, whose content comes with its state."""

    content: Any = None

    def __init__(self, *_: object) -> None:
        """Ignore a shape that the state gives again."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, data = state
        self.content = _make_array(data, dtype, shape, "F" if is_fortran else "C")


def _make_array(data: Any, dtype: _DType, shape: Any, order: Any) -> Any:
    data = data.encode("latin1") if isinstance(data, str) else data  # of Python 2
    array = np.ndarray(shape, dtype.dtype, bytearray(data), order=order)
    if array.nbytes != len(data):
        raise RejectedError(f"it has an array of shape {shape} in {len(data)} bytes")
    return array


def _unwrapped(value: Any, depth: int = 0) -> Any:
    """Put arrays where their stand-ins are."""
    if depth > MAX_DEPTH:
        raise RejectedError(f"its arrays are nested more than {MAX_DEPTH} deep")
    if type(value) in (list, tuple):
        return type(value)(_unwrapped(item, depth + 1) for item in value)
    if isinstance(value, _Array):
        return value.content
    if value is None or isinstance(value, int | float | str | bytes | np.ndarray):
        return value
    raise RejectedError(f"it holds a {type(value).__name__}")


_ARRAY_NAMES = {
    "numpy.ndarray": _Array,
    "numpy.dtype": _DType,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy.core.numeric._frombuffer": _make_array,
}


def _load_build(unpickler: Any) -> None:
    """Give a state to an array or its type, and to nothing else."""
    state, target = unpickler.stack.pop(), unpickler.stack[-1]
    if not isinstance(target, _Array | _DType):
        raise RejectedError(f"it gives a state to a {type(target).__name__}")
    target.__setstate__(state)


# The unpickler in Python: the one in C takes as much memory for its memo as a pickle
# of ten bytes asks for.
class _ArrayUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        found = _ARRAY_NAMES.get(full_name.replace("numpy._core.", "numpy.core."))
        if found is None:
            raise RejectedError(
                f"it names {full_name}, which is not an array of numbers"
            )
        return found

    dispatch = pickle._Unpickler.dispatch | {pickle.BUILD[0]: _load_build}


def load_tensors(
    path: str | os.PathLike[str], *, max_bytes: int = 2 << 30
) -> "dict[str, torch.Tensor]":
    """Read the tensors of a torch checkpoint by their names in its state dictionary.

    `torch.load` with ``weights_only=True`` refuses a checkpoint that holds a whole
    module, as YOLOv5's do. Here a stand-in takes the place of each foreign class, which
    keeps its state and is never imported.

    Parameters
    ----------
    path
        A file written by ``torch.save`` of torch 1.6 or later: a module, a state
        dictionary, or a dictionary whose first entry with tensors is one of these.
    max_bytes
        How large it may be, unpacked.

    Returns
    -------
    dict of str to torch.Tensor
        On the CPU, by names such as ``model.0.conv.weight``, in the order of the state
        dictionary and without the buffers that are no part of it.

    Raises
    ------
    UnsafeFileError
        The file is no such checkpoint, damaged, holds no named tensors, passes
        `max_bytes`, or names a function or class of the standard library that no model
        needs.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import tempfile, torch
    >>> layer = torch.nn.Linear(3, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"epoch": 7, "model": layer}, f"{folder}/layer.pt")
    ...     tensors = load_tensors(f"{folder}/layer.pt")
    >>> {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    path = Path(path)
    with path.open("rb") as file, rejecting(path.name):
        try:
            _check_zip(file, max_bytes)
            root = _load_with_stand_ins(path)
            for model in (root, *(root.values() if isinstance(root, dict) else ())):
                if tensors := dict(_named_tensors(model, "", [])):
                    return tensors
        except UNPICKLING_ERRORS as error:
            raise RejectedError(f"it is damaged or asks for code ({error})") from error
        raise RejectedError("it holds neither a module nor a dictionary of tensors")


def _check_zip(file: IO[bytes], max_bytes: int) -> None:
    """Check what torch does not: the unpacked size and the checksums."""
    if not zipfile.is_zipfile(file):
        raise RejectedError(
            "it is cut short or not the zip file that torch 1.6 and later write; save "
            "an older checkpoint again with the torch that wrote it"
        )
    with zipfile.ZipFile(file) as package:
        if sum(member.file_size for member in package.infolist()) > max_bytes:
            raise RejectedError(f"it holds more than the {max_bytes} bytes allowed")
        if (damaged := package.testzip()) is not None:
            raise RejectedError(f"'{damaged}' in it is damaged")


def _load_with_stand_ins(path: Path) -> Any:
    import torch

    stand_ins: list[Any] = []
    for name in torch.serialization.get_unsafe_globals_in_checkpoint(path):
        module = name.partition(".")[0]
        if module in sys.stdlib_module_names - HARMLESS_MODULES:
            raise RejectedError(f"it names {name}, which no model needs")
        stand_ins.append((type("StandIn", (_StandIn,), {}), name))
    with torch.serialization.safe_globals(stand_ins):
        return torch.load(path, map_location="cpu", weights_only=True)


class _StandIn:
    """An object of a foreign class, which is never imported."""

    def __new__(cls, *_: object) -> "_StandIn":
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}


def _named_tensors(
    model: Any, prefix: str, seen: list[object]
) -> "Iterator[tuple[str, torch.Tensor]]":
    """Walk a state dictionary, or a module in the order of its state dictionary."""
    import torch

    seen.append(model)
    if len(seen) > MAX_MODULES:  # one that holds another twice at every level
        raise RejectedError(f"it has more than {MAX_MODULES} modules")
    state = model.state if isinstance(model, _StandIn) else {"_parameters": model}
    skipped = state.get("_non_persistent_buffers_set") or ()
    for part in ("_parameters", "_buffers"):
        tensors = state.get(part)
        for name, value in tensors.items() if isinstance(tensors, dict) else ():
            if isinstance(value, torch.Tensor) and name not in skipped:
                yield f"{prefix}{name}", value.detach()
    for name, module in (state.get("_modules") or {}).items():
        if isinstance(module, _StandIn):
            yield from _named_tensors(module, f"{prefix}{name}.", seen)
