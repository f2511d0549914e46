"""Read the tensors out of a torch checkpoint without torch and without its classes.

A checkpoint is a zip of one pickle, which describes modules and tensors, and one file
of raw numbers for every storage. The pickle often names classes that only its maker
has. Here every such class is replaced by a stand-in that notes its state, and tensors
are found where `torch.nn.Module` keeps them.
"""

import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..untrusted import RefusedError, refusing
from .arrays import is_shape
from .checkpoint import STORAGES, Checkpoint, Storage, Tensor
from .machine import Machine, Named, Record
from .plain import PLAIN_NAMES, arguments_error

MAX_NAMES = 100_000
MAX_DEPTH = 100

# Element types that have no storage class of their own.
_UNSIGNED = {"torch.uint16": "u2", "torch.uint32": "u4", "torch.uint64": "u8"}

# Names of the standard library that honest checkpoints hold beside their tensors. They
# get stand-ins as well; any other name of the standard library is refused, since what
# asks for os.system is no model even where it cannot have it.
_HARMLESS = {
    "argparse": {"Namespace"},
    "builtins": {"bool", "dict", "float", "int", "list", "object", "range", "slice"}
    | {"str", "tuple"},
    "collections": {"Counter", "defaultdict", "deque"},
    "copyreg": {"_reconstructor"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "functools": {"partial"},
    "pathlib": {"PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "pathlib._local": {"PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "types": {"SimpleNamespace"},
    "uuid": {"UUID"},
}


def load_tensors(
    path: str | os.PathLike[str],
    *,
    entry: str | None = None,
    max_bytes: int = 2 << 30,
) -> dict[str, np.ndarray[Any, Any]]:
    """Read the tensors of a torch checkpoint by their names in its state dictionary.

    `torch.load` with ``weights_only=True`` refuses a checkpoint that holds a whole
    module, as YOLOv5's do, and without it runs what the checkpoint says, after
    importing the package the module was written in.

    Parameters
    ----------
    path
        A file written by ``torch.save`` of torch 1.6 or later: a module, a state
        dictionary, or a dictionary with one of these among its entries.
    entry
        Which entry holds the model, where more than one could.
    max_bytes
        How large the storages together, and the arrays together, may be.

    Returns
    -------
    dict of str to numpy.ndarray
        A contiguous, writable array of its own for every name, such as
        ``model.0.conv.weight``, in the order of the state dictionary. bfloat16, which
        numpy does not have, comes as float32; the numbers are the same.

    Raises
    ------
    UnsafeFileError
        The file is no such checkpoint, damaged, cut short, lacks a storage or the end
        of one, holds no named tensors, passes `max_bytes`, or asks for a name of the
        standard library that no model needs.
    ValueError
        `entry` is not given but needed, or not in the checkpoint.
    OSError
        The file cannot be opened.

    Notes
    -----
    Names follow `torch.nn.Module.state_dict`: parameters, then the buffers that are
    not marked as passing, then the modules inside. Hooks and ``get_extra_state`` are
    code and are not run.

    References
    ----------
    .. [1] PyTorch, "Serialization semantics",
       https://docs.pytorch.org/docs/stable/notes/serialization.html

    Examples
    --------
    >>> import tempfile, torch
    >>> layer = torch.nn.Linear(3, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"epoch": 7, "model": layer}, f"{folder}/layer.pt")
    ...     tensors = load_tensors(f"{folder}/layer.pt")
    >>> {name: tensor.shape for name, tensor in tensors.items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    path = Path(path)
    with path.open("rb") as file, refusing(path.name):
        checkpoint = Checkpoint(file, max_bytes)
        root = _TensorMachine(max_bytes).run(checkpoint.pickle)
        model = _model_of(root, entry, path.name)
        return {name: checkpoint.array(name, found) for name, found in model.items()}


class _StandIn(Record):
    """An object of a foreign class, which is never imported."""

    def __init__(self) -> None:
        self.state: dict[Any, Any] = {}

    def set_state(self, state: object) -> None:
        if isinstance(state, tuple) and state:
            state = state[0]  # the second is for classes with __slots__
        if isinstance(state, dict):
            self.state = state

    def add_items(self, items: list[Any]) -> None:
        """Note nothing: a foreign list or dictionary keeps no module's tensors."""

    def part(self, name: str) -> dict[Any, Any]:
        """Return one of the dictionaries in which a module keeps what it has."""
        found = self.state.get(name)
        return found if isinstance(found, dict) else {}

    def is_module(self) -> bool:
        return {"_parameters", "_buffers", "_modules"} <= self.state.keys()


class _TensorMachine(Machine):
    def find_name(self, name: str) -> Named:
        if name in _NAMES:
            return _NAMES[name]
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            module, _, attribute = name.rpartition(".")
            if attribute not in _HARMLESS.get(module, ()):
                raise RefusedError(f"it names {name}, which no model needs")
        return Named(name, lambda _: _StandIn())

    def load_persistent(self, identity: object) -> Storage:
        match identity:
            case ("storage", Named(name), str(key), _, int(length)) if length >= 0:
                if name not in STORAGES:
                    raise RefusedError(f"it has numbers of the unknown type {name}")
                return Storage(key, STORAGES[name], length)
        raise RefusedError("it refers to something outside that is no storage")

    def build(self, state: object) -> None:
        # A state dictionary is an OrderedDict with an attribute, _metadata.
        if type(self.top()) is not OrderedDict:
            super().build(state)


def _rebuild_tensor(arguments: tuple[Any, ...]) -> Tensor:
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), *_):
            return _checked(
                Tensor(storage, storage.dtype, offset, shape, strides), arguments
            )
    raise arguments_error("torch._utils._rebuild_tensor_v2", arguments)


def _rebuild_tensor_v3(arguments: tuple[Any, ...]) -> Tensor:
    match arguments:
        case (
            Storage() as storage,
            int(offset),
            tuple(shape),
            tuple(strides),
            _,
            _,
            Named(name),
            *_,
        ) if name in _UNSIGNED:
            return _checked(
                Tensor(storage, _UNSIGNED[name], offset, shape, strides), arguments
            )
    raise arguments_error("torch._utils._rebuild_tensor_v3", arguments)


def _checked(tensor: Tensor, arguments: tuple[Any, ...]) -> Tensor:
    lengths = (tensor.shape, tensor.strides, (tensor.offset,))
    if not all(map(is_shape, lengths)) or len(tensor.shape) != len(tensor.strides):
        raise arguments_error("torch._utils._rebuild_tensor_v2", arguments)
    return tensor


def _rebuild_parameter(arguments: tuple[Any, ...]) -> Tensor:
    match arguments:
        case (Tensor() as tensor, *_):
            return tensor
    raise arguments_error("torch._utils._rebuild_parameter", arguments)


def _rebuild_from_type(arguments: tuple[Any, ...]) -> object:
    """Make a tensor with attributes, or of a class derived from tensors."""
    match arguments:
        case (Named(name, make), _, tuple(inner), *_) if name in _REBUILDERS and make:
            return make(inner)
    raise arguments_error("torch._tensor._rebuild_from_type_v2", arguments)


_REBUILDERS = {
    f"torch._utils.{name}": Named(f"torch._utils.{name}", make)
    for name, make in {
        "_rebuild_tensor": _rebuild_tensor,
        "_rebuild_tensor_v2": _rebuild_tensor,
        "_rebuild_tensor_v3": _rebuild_tensor_v3,
        "_rebuild_parameter": _rebuild_parameter,
        "_rebuild_parameter_with_state": _rebuild_parameter,
    }.items()
}
_FROM_TYPE = "torch._tensor._rebuild_from_type_v2"
_NAMES = (
    PLAIN_NAMES
    | _REBUILDERS
    | {_FROM_TYPE: Named(_FROM_TYPE, _rebuild_from_type)}
    | {name: Named(name) for name in (*STORAGES, *_UNSIGNED)}
)


def _model_of(root: object, entry: str | None, file_name: str) -> dict[str, Tensor]:
    """Find the model in what was pickled, and its tensors by name."""
    if entry is None:
        found = _named_tensors(root)
        if found:
            return found
    entries = root if isinstance(root, dict) else {}
    models = {
        key: tensors
        for key, value in entries.items()
        if isinstance(key, str) and (tensors := _named_tensors(value))
    }
    if entry is None and len(models) == 1:
        return next(iter(models.values()))
    if entry in models:
        return models[entry]
    if not models:
        raise RefusedError("it holds no module and no dictionary of tensors")
    listed = ", ".join(f"'{key}'"[:80] for key in list(models)[:10])
    raise ValueError(
        f"Expected entry= to be one of the models in '{file_name}', {listed}; found "
        f"{entry!r}."
    )


def _named_tensors(value: object) -> dict[str, Tensor]:
    """Return the tensors of a module or a state dictionary; none of anything else."""
    if isinstance(value, _StandIn) and value.is_module():
        return _collected(_module_tensors(value, "", 0))
    if isinstance(value, dict):
        return _collected(iter(value.items()))
    return {}


def _collected(found: Iterator[tuple[Any, Any]]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for count, (name, value) in enumerate(found):
        if count >= MAX_NAMES:
            raise RefusedError(f"it has more than {MAX_NAMES} modules and tensors")
        if isinstance(name, str) and isinstance(value, Tensor):
            if name in tensors:
                raise RefusedError(f"two of its tensors are named '{name}'")
            tensors[name] = value
    return tensors


def _module_tensors(
    module: _StandIn, prefix: str, depth: int
) -> Iterator[tuple[str, object]]:
    """Walk a module in the order of its state dictionary.

    Modules are handed out as well, under an empty name, so that they are counted: a
    module that holds another one twice at every level has no end.
    """
    if depth > MAX_DEPTH:
        raise RefusedError(f"its modules are nested over {MAX_DEPTH} deep")
    passing = module.state.get("_non_persistent_buffers_set")
    for key, tensor in module.part("_parameters").items():
        yield f"{prefix}{key}", tensor
    for key, tensor in module.part("_buffers").items():
        if not isinstance(passing, set) or key not in passing:
            yield f"{prefix}{key}", tensor
    for key, inner in module.part("_modules").items():
        yield "", inner
        if isinstance(inner, _StandIn):
            yield from _module_tensors(inner, f"{prefix}{key}.", depth + 1)
