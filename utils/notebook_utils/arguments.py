"""Check the arguments of public functions, and bring them to one form.

A wrong argument is named, with what was expected, what was found and what helps, so
that no error comes out of the library that is called with it.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_ROUNDING = 1e-3  # how far reduced precision may carry a value out of 0 to 1


def as_image(image: Any, name: str) -> npt.NDArray[np.uint8]:
    """Check an image and bring it to uint8, with the channels last or none."""
    pixels = as_array(image, name)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"{name}: expected shape (height, width, 3) or (height, width), found "
            f"{pixels.shape}. {_shape_hint(pixels.shape)}".strip()
        )
    if pixels.size == 0:
        raise ValueError(f"{name}: expected an image, found none: {pixels.shape}.")
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected uint8 or float values, found {pixels.dtype}. "
            + _dtype_hint(pixels)
        )
    return np.rint(as_unit(pixels, name, "Divide by 255?") * 255).astype(np.uint8)


def as_rgb(image: Any, name: str) -> npt.NDArray[np.uint8]:
    """Check an image and bring it to uint8 with three channels."""
    pixels = as_image(image, name)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return pixels


def as_array(values: Any, name: str) -> npt.NDArray[Any]:
    """Make an array of booleans, integers or floats."""
    kind = type(values).__name__
    try:
        numbers = np.asarray(values)
    except Exception as error:  # each library has its own: lists, tensors, files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TypeError(
            f"{name}: expected an array of numbers, found {kind}: {reason}"
        ) from error
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected an array of numbers, found {kind}.")
    return numbers


def as_unit(values: npt.NDArray[Any], name: str, hint: str) -> npt.NDArray[np.float64]:
    """Check that values lie between 0 and 1, and cut off what rounding added."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected numbers from 0 to 1, found inf or nan.")
    low, high = float(numbers.min()), float(numbers.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ValueError(
            f"{name}: expected values from 0 to 1, found {low:.4g} to {high:.4g}. "
            + hint
        )
    return np.clip(numbers, 0, 1)


def as_integer(value: Any, name: str, least: int = 1) -> int:
    """Check an integer that may not be too small."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: expected an integer, found {type(value).__name__}."
        ) from None
    if number < least:
        raise ValueError(f"{name}: expected {least} or more, found {number}.")
    return number


def as_fraction(value: Any, name: str) -> float:
    """Check a number from 0 to 1."""
    number = as_array(value, name)
    if number.size != 1:
        raise TypeError(f"{name}: expected one number, found shape {number.shape}.")
    fraction = float(number.item())
    if not 0 <= fraction <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, found {fraction}.")
    return fraction


def as_colours(values: Any, name: str, dimensions: int) -> npt.NDArray[np.uint8]:
    """Check one colour, or a row for each: red, green and blue from 0 to 255."""
    colours = as_array(values, name)
    shape = "(3,)" if dimensions == 1 else "(classes, 3)"
    if colours.ndim != dimensions or colours.shape[-1] != 3 or colours.size == 0:
        raise ValueError(f"{name}: expected shape {shape}, found {colours.shape}.")
    if not ((colours >= 0) & (colours <= 255)).all():
        raise ValueError(
            f"{name}: expected colours from 0 to 255, found {colours.min():.4g} to "
            f"{colours.max():.4g}."
        )
    return np.asarray(np.rint(colours), np.uint8)


def as_string(value: Any, name: str) -> str:
    """Check a string."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a string, found {type(value).__name__}.")
    return value


def as_strings(
    values: str | Sequence[str] | None, count: int, name: str, each: str = "images"
) -> list[str] | None:
    """Check that there is one string for each of `count`; None if none were given."""
    if values is None:
        return None
    if isinstance(values, str):
        values = [values]
    if not hasattr(values, "__iter__"):
        raise TypeError(f"{name}: expected strings, found {type(values).__name__}.")
    listed = [str(value) for value in values]
    if len(listed) != count:
        raise ValueError(
            f"{name}: expected one string for each of the {count} {each}, found "
            f"{len(listed)}."
        )
    return listed


def _shape_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "Show one image of the batch: image[0]"
    if len(shape) == 3 and shape[2] == 4:
        return "Drop the alpha channel: image[..., :3]"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "Put the channels last: image.transpose(1, 2, 0)"
    return ""


def _dtype_hint(pixels: npt.NDArray[Any]) -> str:
    if pixels.dtype.kind == "b":
        return "Turn a mask into a grey image: mask.astype('uint8') * 255"
    if pixels.min() >= 0 and pixels.max() <= 255:
        return "Convert it: image.astype('uint8')"
    return f"Its values go from {pixels.min()} to {pixels.max()}."
