"""The order of colour channels, the range of values, and coloured segmentation maps."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..arguments import as_array, as_colours, as_fraction, as_rgb


def to_rgb(image_data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Turn an image in OpenCV's order BGR into RGB.

    A fourth channel is left out. The result is a copy, of the same type.

    Unlike openvino_notebooks: any type of number is accepted.
    """
    pixels = as_array(image_data, "image_data")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(
            f"image_data: expected shape (height, width, 3), found {pixels.shape}."
        )
    return np.ascontiguousarray(pixels[..., 2::-1])


def to_bgr(image_data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Reverse the channels as :func:`to_rgb`; openvino_notebooks has both names."""
    return to_rgb(image_data)


def normalize_minmax(data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Bring finite values, such as those of a depth map, to the range from 0 to 1.

    The result has the type of `data` if those are floats, else float64.

    Unlike openvino_notebooks: equal values give 0 instead of an error, nan is an error
    instead of making every value nan, and small types such as int8 do not overflow.
    """
    given = as_array(data, "data")
    values = given.astype(np.result_type(given.dtype, np.float64))
    unusable = int(np.count_nonzero(~np.isfinite(values)))
    if unusable or given.size == 0:
        raise ValueError(
            f"data: expected finite numbers, found {unusable} of {given.size} nan or "
            "infinite. Give them a value first: np.nan_to_num(data)"
        )
    low, high = values.min(), values.max()
    scaled = (values - low) / ((high - low) or 1)
    return np.asarray(scaled, given.dtype if given.dtype.kind == "f" else None)


def segmentation_map_to_image(
    result: npt.ArrayLike, colormap: npt.ArrayLike, remove_holes: bool = False
) -> npt.NDArray[np.uint8]:
    """Paint each class of a segmentation map in its colour.

    Unlike openvino_notebooks: a class does not spread to neighbouring pixels, a number
    without a colour is an error, and there may be more than 256 classes.

    Parameters
    ----------
    result
        Shape (height, width) or (1, height, width): the class of each pixel, from 0.
    colormap
        Shape (classes, 3): the colour of each class, from 0 to 255.
    remove_holes
        Whether to fill a class where it surrounds others of lower numbers.
    """
    colours = as_colours(colormap, "colormap", 2)
    classes = _classes(result, len(colours))
    return colours[_without_holes(classes) if remove_holes else classes]


def segmentation_map_to_overlay(
    image: npt.ArrayLike,
    result: npt.ArrayLike,
    alpha: float,
    colormap: npt.ArrayLike,
    remove_holes: bool = False,
) -> npt.NDArray[np.uint8]:
    """Lay the colours of a segmentation map over an image.

    Unlike openvino_notebooks: as in :func:`segmentation_map_to_image`, and resizing
    adds no colours.

    Parameters
    ----------
    image
        Shape (height, width, 3) or (height, width), uint8 from 0 to 255 or float from 0
        to 1; RGB or BGR, as `colormap` is.
    result, colormap, remove_holes
        As in :func:`segmentation_map_to_image`; resized to the image if needed.
    alpha
        Opacity of the colours, from 0 to 1.
    """
    pixels = as_rgb(image, "image")
    opacity = as_fraction(alpha, "alpha")
    painted = segmentation_map_to_image(result, colormap, remove_holes)
    resized = resize_nearest(painted, *pixels.shape[:2])
    mixed = opacity * resized.astype(np.float32) + (1 - opacity) * pixels
    return np.rint(mixed).astype(np.uint8)


def resize_nearest(pixels: Any, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Resize an image without colours that were not in it."""
    method = cv2.INTER_NEAREST_EXACT
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method))


def _classes(result: Any, count: int) -> npt.NDArray[np.int64]:
    numbers = as_array(result, "result")
    if numbers.ndim == 3 and numbers.shape[0] == 1:
        numbers = numbers[0]
    if numbers.ndim != 2 or numbers.size == 0:
        raise ValueError(
            "result: expected shape (height, width) or (1, height, width), found "
            f"{numbers.shape}. For scores per class, take the highest: "
            "result.argmax(axis)"
        )
    classes = np.asarray(np.nan_to_num(numbers), np.int64)
    if not (classes == numbers).all() or classes.min() < 0 or classes.max() >= count:
        raise ValueError(
            f"result: expected integers from 0 to {count - 1}, the class of each pixel "
            f"and a colour for each, found {numbers.min()} to {numbers.max()}. Turn "
            "probabilities into classes: (result > 0.5) or result.argmax(axis)"
        )
    return classes


def _without_holes(classes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fill what a class surrounds, the highest class last, as there."""
    filled = classes.copy()
    for index in np.unique(classes):
        mask = (classes == index).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED)
        filled[mask == 1] = index
    return filled
