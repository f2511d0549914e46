"""Read numpy arrays and plain containers out of a pickle, and nothing else."""

import gzip
import math
import os
import re
from collections import OrderedDict
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from ..untrusted import BoundedReader, RefusedError, refusing
from .machine import PLAIN_TYPES, Machine, Named, Record, describe
from .plain import PLAIN_NAMES, arguments_error

MAX_DEPTH = 100
MAX_DIMENSIONS = 32  # what numpy 1 allows
GZIP_START = b"\x1f\x8b"

# Numbers, truth values, and text of a fixed length; never object, record or void.
_DTYPE_CODE = re.compile(r"b1|[iufcSU][1-9][0-9]{0,8}")


def load_arrays(
    file: str | os.PathLike[str] | IO[bytes], *, max_bytes: int = 1 << 30
) -> Any:
    """Read a pickle of arrays, numbers, strings and plain containers.

    Data sets of the Python 2 days, such as MNIST's `mnist.pkl.gz`, are pickles. Loading
    one with `pickle.load` runs whatever its maker wrote into it; this function cannot.

    Parameters
    ----------
    file
        The pickle's path, or the file itself, open for reading bytes and seekable;
        compressed with gzip or not.
    max_bytes
        How large the pickle may be, unpacked.

    Returns
    -------
    Any
        What was pickled, of `numpy.ndarray` (writable), numpy scalars and dtypes,
        `int`, `float`, `complex`, `bool`, `None`, `str`, `bytes`, `bytearray`, and
        `list`, `tuple`, `dict`, `OrderedDict`, `set` and `frozenset` of them.

    Raises
    ------
    UnsafeFileError
        The pickle names anything else, is damaged, cut short or followed by more
        bytes, passes `max_bytes`, or is nested over 100 deep or into itself.
    OSError
        The file cannot be opened.

    Notes
    -----
    Text and bytes of Python 2 cannot be told apart; they come back as `str` with one
    character for every byte (Latin-1), arrays with their bytes. Not one function of
    numpy's named in the pickle is called: an array is made here from its shape, its
    element type and its bytes, after all three were checked. Arrays of objects, of
    records and of dates are refused.

    Examples
    --------
    >>> import io, pickle
    >>> pixels = np.zeros((2, 784), np.float32)
    >>> loaded = load_arrays(io.BytesIO(pickle.dumps((pixels, [5, 0]))))
    >>> loaded[0].shape, loaded[1]
    ((2, 784), [5, 0])
    >>> load_arrays(io.BytesIO(pickle.dumps(print)))
    Traceback (most recent call last):
        ...
    notebook_utils.errors.UnsafeFileError: Refused 'pickle': it names builtins.print, \
which is neither an array nor plain data. Nothing of it was used. Fetch it again from \
its publisher and compare its sha256; if it is the same file, do not use it.
    """
    if isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as opened:
            return _load(opened, Path(file).name, max_bytes)
    return _load(file, Path(str(getattr(file, "name", "pickle"))).name, max_bytes)


def _load(file: IO[bytes], name: str, max_bytes: int) -> Any:
    start = file.tell()
    packed = file.read(2) == GZIP_START
    file.seek(start)
    with refusing(name), gzip.open(file) if packed else nullcontext(file) as unpacked:
        source = BoundedReader(cast(IO[bytes], unpacked), max_bytes)
        value = _ArrayMachine(max_bytes).run(source)
        source.expect_end()
        return _Finished().of(value)


class _ArrayMachine(Machine):
    def find_name(self, name: str) -> Named:
        found = _NAMES.get(name)
        if found is None:
            raise RefusedError(
                f"it names {name}, which is neither an array nor plain data"
            )
        return found


class _DType(Record):
    """An element type, whose byte order comes with its state."""

    def __init__(self, code: str) -> None:
        if not _DTYPE_CODE.fullmatch(code):
            raise RefusedError(
                f"it has elements of type {code!r}, not of numbers or text"
            )
        self._code = code
        self._order = "="

    def set_state(self, state: object) -> None:
        match state:
            case (3, "<" | ">" | "=" | "|" as order, None, None, None, int(), int(), _):
                self._order = cast(str, order)
            case _:
                raise RefusedError("it has elements of a type made of parts")

    def dtype(self) -> np.dtype[Any]:
        try:
            return np.dtype(self._order + self._code)
        except (TypeError, ValueError) as error:
            raise RefusedError(f"numpy has no type {self._code!r}") from error


class _Array(Record):
    """An array, whose content comes with its state."""

    content: np.ndarray[Any, Any] | None = None

    def set_state(self, state: object) -> None:
        match state:
            case (int(), tuple(shape), _DType() as element, order, data):
                self.content = _array(data, element.dtype(), shape, bool(order))
            case _:
                raise RefusedError("it has an array whose state is none")


class _Scalar(_Array):
    """A numpy number: an array without dimensions until it is finished."""


def _array(
    data: object, dtype: np.dtype[Any], shape: tuple[Any, ...], is_fortran: bool
) -> np.ndarray[Any, Any]:
    """Make an array of bytes, which Python 2 called a string."""
    if isinstance(data, str):
        try:
            data = data.encode("latin-1")
        except UnicodeEncodeError as error:
            raise RefusedError(f"it has an array of text ({error})") from error
    if not isinstance(data, bytes | bytearray):
        raise RefusedError(f"it has an array made of {describe(data)}")
    if not is_shape(shape):
        raise RefusedError("it has an array whose shape is none")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise RefusedError(
            f"it has an array of shape {shape} and type {dtype} in {len(data)} bytes"
        )
    order = "F" if is_fortran else "C"
    try:
        return np.ndarray(shape, dtype, bytearray(data), order=order)  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError(f"it has an array of shape {shape} ({error})") from error


def is_shape(shape: tuple[Any, ...]) -> bool:
    """Say whether these are lengths along dimensions, or steps between elements."""
    return len(shape) <= MAX_DIMENSIONS and all(
        type(length) is int and 0 <= length < 1 << 48 for length in shape
    )


def _make_dtype(arguments: tuple[Any, ...]) -> _DType:
    match arguments:
        case (str(code), *rest) if all(flag in (0, 1) for flag in rest):
            return _DType(code)
    raise arguments_error("numpy.dtype", arguments)


def _reconstruct(arguments: tuple[Any, ...]) -> _Array:
    match arguments:
        case (Named("numpy.ndarray"), tuple(), str() | bytes()):
            return _Array()
    raise arguments_error("numpy.core.multiarray._reconstruct", arguments)


def _frombuffer(arguments: tuple[Any, ...]) -> _Array:
    match arguments:
        case (data, _DType() as element, tuple(shape), "C" | "F" as order):
            array = _Array()
            array.content = _array(data, element.dtype(), shape, order == "F")
            return array
    raise arguments_error("numpy.core.numeric._frombuffer", arguments)


def _scalar(arguments: tuple[Any, ...]) -> _Scalar:
    match arguments:
        case (_DType() as element, str() | bytes() as data):
            scalar = _Scalar()
            scalar.content = _array(data, element.dtype(), (), False)
            return scalar
    raise arguments_error("numpy.core.multiarray.scalar", arguments)


_NAMES = {
    **PLAIN_NAMES,
    **{
        f"numpy.{name}": Named(f"numpy.{name}", make)
        for name, make in {
            "ndarray": None,
            "dtype": _make_dtype,
            "core.multiarray._reconstruct": _reconstruct,
            "_core.multiarray._reconstruct": _reconstruct,
            "core.multiarray.scalar": _scalar,
            "_core.multiarray.scalar": _scalar,
            "core.numeric._frombuffer": _frombuffer,
            "_core.numeric._frombuffer": _frombuffer,
        }.items()
    },
}


class _Finished:
    """Puts the arrays themselves where their records are."""

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}
        self._open: set[int] = set()

    def of(self, value: Any) -> Any:
        """Return the value with its arrays; what occurs twice stays one object."""
        if isinstance(value, PLAIN_TYPES) or type(value) is bytearray:
            return value
        if id(value) not in self._known:
            if id(value) in self._open or len(self._open) >= MAX_DEPTH:
                raise RefusedError(f"it is nested over {MAX_DEPTH} deep or into itself")
            self._open.add(id(value))
            self._known[id(value)] = self._make(value)
            self._open.remove(id(value))
        return self._known[id(value)]

    def _make(self, value: Any) -> Any:
        if isinstance(value, _DType):
            return value.dtype()
        if isinstance(value, _Array) and value.content is not None:
            return value.content[()] if isinstance(value, _Scalar) else value.content
        if type(value) in (list, tuple):
            return type(value)([self.of(item) for item in value])
        if type(value) in (set, frozenset):
            return type(value)([self._key(item) for item in value])
        if type(value) in (dict, OrderedDict):
            return type(value)((self._key(k), self.of(v)) for k, v in value.items())
        raise RefusedError(f"it holds {describe(value)} itself")

    def _key(self, key: Any) -> Any:
        finished = self.of(key)
        parts = finished if isinstance(finished, tuple) else (finished,)
        if any(isinstance(part, np.ndarray) for part in parts):
            raise RefusedError("it uses an array as a key")
        return finished
