"""The zip that a torch checkpoint is: one pickle, and raw numbers by the storage."""

import math
import zipfile
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np

from ..untrusted import DAMAGE, BoundedReader, RefusedError
from .machine import Record

_DTYPES = {
    "Bool": "?",
    "Byte": "u1",
    "Char": "i1",
    "Short": "i2",
    "Int": "i4",
    "Long": "i8",
    "Half": "f2",
    "BFloat16": "bfloat16",
    "Float": "f4",
    "Double": "f8",
    "ComplexFloat": "c8",
    "ComplexDouble": "c16",
}
STORAGES = {f"torch.{kind}Storage": code for kind, code in _DTYPES.items()} | {
    "torch.storage.UntypedStorage": "u1"
}


@dataclass(frozen=True, eq=False)
class Storage(Record):
    """Numbers of one type that lie in a file of their own."""

    key: str
    dtype: str
    length: int


@dataclass(frozen=True, eq=False)
class Tensor(Record):
    """Where the elements of a tensor lie in a storage."""

    storage: Storage
    dtype: str
    offset: int  # in elements, like the strides
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Checkpoint:
    """The zip a checkpoint is: its pickle, and its storages as arrays ask for them."""

    def __init__(self, file: IO[bytes], max_bytes: int) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except DAMAGE as error:
            raise RefusedError(
                "it is no zip as torch 1.6 and later write, or cut short; an older "
                f"checkpoint must be saved again by the torch it came from ({error})"
            ) from error
        self._max_bytes = max_bytes
        self._storage_bytes = 0
        self._array_bytes = 0
        self._storages: dict[str, bytearray] = {}
        self._entries = self._checked_entries()
        pickles = [
            n for n in self._entries if n.count("/") == 1 and n.endswith("/data.pkl")
        ]
        if len(pickles) != 1:
            raise RefusedError("it has no data.pkl, so it is no checkpoint of torch")
        self._folder = pickles[0].partition("/")[0]
        if f"{self._folder}/constants.pkl" in self._entries:
            raise RefusedError("it is a TorchScript program, not a checkpoint")
        self.pickle = BoundedReader(self._open(pickles[0]), max_bytes)
        big = self._read("byteorder", 16, missing=b"little") == b"big"
        self._order: Literal["<", ">"] = ">" if big else "<"

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            if info.filename in entries:
                raise RefusedError(f"'{info.filename}' is in it twice")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise RefusedError(f"'{info.filename}' in it is packed or encrypted")
            entries[info.filename] = info
        return entries

    def _open(self, name: str) -> IO[bytes]:
        try:
            return self._zip.open(self._entries[name])
        except DAMAGE as error:
            raise RefusedError(f"'{name}' in it is damaged ({error})") from error

    def _read(self, name: str, max_bytes: int, missing: bytes | None = None) -> bytes:
        """Read a file of the checkpoint, at most so many bytes and one of it."""
        name = f"{self._folder}/{name}"
        if name not in self._entries:
            if missing is None:
                raise RefusedError(f"'{name}' is missing in it")
            return missing
        with self._open(name) as member:
            try:
                return member.read(max_bytes + 1)
            except DAMAGE as error:
                raise RefusedError(f"'{name}' in it is damaged ({error})") from error

    def _bytes_of(self, storage: Storage) -> bytearray:
        """Return a storage's bytes, read once."""
        size_bytes = storage.length * _dtype(storage.dtype).itemsize
        if storage.key not in self._storages:
            self._storage_bytes = self._within(
                "storages", self._storage_bytes, size_bytes
            )
            data = self._read(f"data/{storage.key}", size_bytes)
            self._storages[storage.key] = bytearray(data)
        found_bytes = len(self._storages[storage.key])
        if found_bytes != size_bytes:
            more = "over " if found_bytes > size_bytes else ""
            raise RefusedError(
                f"storage {storage.key} should have {size_bytes} bytes and has "
                f"{more}{min(found_bytes, size_bytes)}"
            )
        return self._storages[storage.key]

    def _within(self, what: str, so_far: int, more: int) -> int:
        if so_far + more > self._max_bytes:
            raise RefusedError(
                f"its {what} come to more than the {self._max_bytes} bytes that "
                "max_bytes allows"
            )
        return so_far + more

    def array(self, name: str, tensor: Tensor) -> np.ndarray[Any, Any]:
        """Copy a tensor's numbers out of its storage, wherever they lie there."""
        dtype = _dtype(tensor.dtype)
        size_bytes = math.prod(tensor.shape) * dtype.itemsize
        self._array_bytes = self._within("arrays", self._array_bytes, size_bytes)
        data = self._bytes_of(tensor.storage)
        last = tensor.offset + sum(
            (length - 1) * step
            for length, step in zip(tensor.shape, tensor.strides, strict=True)
        )
        if size_bytes and (last + 1) * dtype.itemsize > len(data):
            raise RefusedError(
                f"tensor '{name}' needs element {last} of storage "
                f"{tensor.storage.key}, which has {len(data) // dtype.itemsize}"
            )
        if not size_bytes:
            return _empty(tensor)
        view = np.ndarray(
            tensor.shape,
            dtype.newbyteorder(self._order),
            data,
            tensor.offset * dtype.itemsize,
            [step * dtype.itemsize for step in tensor.strides],
        )
        if tensor.dtype == "bfloat16":
            return (view.astype("u4", order="C") << 16).view("f4")
        return view.astype(dtype, order="C")


def _dtype(code: str) -> np.dtype[Any]:
    """Return the type of the elements as they lie in a storage."""
    return np.dtype("u2" if code == "bfloat16" else code)


def _empty(tensor: Tensor) -> np.ndarray[Any, Any]:
    dtype = np.dtype("f4" if tensor.dtype == "bfloat16" else tensor.dtype)
    try:
        return np.empty(tensor.shape, dtype)
    except ValueError as error:
        raise RefusedError(f"it has a tensor of shape {tensor.shape}") from error
