"""The names that pickles use for plain values: containers, bytes, complex numbers."""

from collections import OrderedDict
from typing import Any

from ..untrusted import RefusedError
from .machine import Named, checked_keys, describe


def arguments_error(name: str, arguments: tuple[Any, ...]) -> RefusedError:
    """Say that a function was not given what it takes."""
    found = ", ".join(type(argument).__name__ for argument in arguments)
    return RefusedError(f"it calls {name} with unexpected arguments ({found})")


def _encode(arguments: tuple[Any, ...]) -> bytes:
    match arguments:
        case (str(text), "latin1" | "latin-1"):
            return _latin1(text)
    raise arguments_error("_codecs.encode", arguments)


def _latin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise RefusedError(f"it takes text for bytes ({error})") from error


def _bytes(arguments: tuple[Any, ...]) -> bytes:
    if arguments:  # a number would ask for so many bytes of memory
        raise arguments_error("builtins.bytes", arguments)
    return b""


def _bytearray(arguments: tuple[Any, ...]) -> bytearray:
    match arguments:
        case ():
            return bytearray()
        case (bytes(data),):
            return bytearray(data)
        case (str(text), "latin1" | "latin-1"):
            return bytearray(_latin1(text))
    raise arguments_error("builtins.bytearray", arguments)


def _complex(arguments: tuple[Any, ...]) -> complex:
    match arguments:
        case (float(real), float(imaginary)):
            return complex(real, imaginary)
    raise arguments_error("builtins.complex", arguments)


def _set(arguments: tuple[Any, ...]) -> set[Any]:
    return set(_elements("builtins.set", arguments))


def _frozenset(arguments: tuple[Any, ...]) -> frozenset[Any]:
    return frozenset(_elements("builtins.frozenset", arguments))


def _elements(name: str, arguments: tuple[Any, ...]) -> list[Any]:
    match arguments:
        case ():
            return []
        case (list(items),):
            return checked_keys(items)
    raise arguments_error(name, arguments)


def _ordered_dict(arguments: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    match arguments:
        case ():
            return OrderedDict()
        case (list(items),):
            return OrderedDict(_pair(item) for item in items)
    raise arguments_error("collections.OrderedDict", arguments)


def _pair(item: object) -> tuple[Any, Any]:
    match item:
        case [key, value] if type(item) in (list, tuple):
            return checked_keys([key])[0], value
    raise RefusedError(f"it takes {describe(item)} for a key and its value")


PLAIN_NAMES = {
    name: Named(name, make)
    for name, make in {
        "_codecs.encode": _encode,
        "builtins.bytes": _bytes,
        "builtins.bytearray": _bytearray,
        "builtins.complex": _complex,
        "builtins.set": _set,
        "builtins.frozenset": _frozenset,
        "collections.OrderedDict": _ordered_dict,
    }.items()
}
