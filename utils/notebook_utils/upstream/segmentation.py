"""A segmentation map as a picture, alone or over another."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..display.arguments import as_numbers, as_rgb, as_share


def segmentation_map_to_image(
    result: npt.ArrayLike, colormap: npt.ArrayLike, remove_holes: bool = False
) -> npt.NDArray[np.uint8]:
    """Paint each class of a segmentation map in its colour.

    Parameters
    ----------
    result
        Shape (height, width) or (1, height, width): the number of the class of each
        pixel, from 0.
    colormap
        Shape (classes, 3): the colour of each class, from 0 to 255.
    remove_holes
        Whether to fill a class where it surrounds others of lower numbers.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        In the colours of `colormap`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: each pixel is painted by its own number, where outlines
    were drawn and filled; so a class does not spread to its neighbours, a number that
    has no colour is an error instead of black, and there may be more than 256 classes.

    Examples
    --------
    >>> import numpy as np
    >>> segmentation_map_to_image([[0, 1]], [[255, 255, 255], [0, 114, 178]]).tolist()
    [[[255, 255, 255], [0, 114, 178]]]
    """
    colours = _colours(colormap)
    classes = _classes(result, len(colours))
    return colours[_without_holes(classes) if remove_holes else classes]


def segmentation_map_to_overlay(
    image: npt.ArrayLike,
    result: npt.ArrayLike,
    alpha: float,
    colormap: npt.ArrayLike,
    remove_holes: bool = False,
) -> npt.NDArray[np.uint8]:
    """Lay the colours of a segmentation map over a picture.

    Parameters
    ----------
    image
        Shape (height, width, 3), or (height, width) for a grey one; uint8 from 0 to
        255 or float from 0 to 1. RGB or BGR, as `colormap` is.
    result
        As in :func:`segmentation_map_to_image`; brought to the size of the picture if
        it has another.
    alpha
        Share of the colours, from 0 to 1.
    colormap
        Shape (classes, 3): the colour of each class, from 0 to 255.
    remove_holes
        Whether to fill a class where it surrounds others of lower numbers.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        In the order of `image`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: a map of another size is enlarged by repeating its
    pixels, so that no colour appears between two classes that stands for a third one.
    See also the notes of :func:`segmentation_map_to_image`.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((2, 4, 3), 100, np.uint8)
    >>> overlay = segmentation_map_to_overlay(grey, [[0, 1]], 0.5, [[0] * 3, [200] * 3])
    >>> overlay[0, :, 0].tolist()
    [50, 50, 150, 150]
    """
    pixels = as_rgb(image, "image")
    share = as_share(alpha, "alpha")
    painted = segmentation_map_to_image(result, colormap, remove_holes)
    enlarged = repeated(painted, *pixels.shape[:2])
    mixed = share * enlarged.astype(np.float32) + (1 - share) * pixels
    return np.rint(mixed).astype(np.uint8)


def repeated(
    pixels: npt.NDArray[np.uint8], height: int, width: int
) -> npt.NDArray[np.uint8]:
    """Bring a picture to a size without colours that were not in it.

    Parameters
    ----------
    pixels
        Shape (height, width) or (height, width, channels).
    height, width
        The size wanted.

    Returns
    -------
    ndarray of uint8
        Each pixel is the one nearest to its centre.
    """
    rows, columns = (
        ((np.arange(wanted) + 0.5) * there / wanted).astype(np.int64)
        for wanted, there in zip((height, width), pixels.shape[:2], strict=True)
    )
    return np.asarray(pixels[rows][:, columns])


def _classes(result: Any, count: int) -> npt.NDArray[np.int64]:
    numbers = as_numbers(result, "result")
    if numbers.ndim == 3 and numbers.shape[0] == 1:
        numbers = numbers[0]
    if numbers.ndim != 2 or numbers.size == 0:
        raise ValueError(
            "result: expected shape (height, width) or (1, height, width), found "
            f"{numbers.shape}. The class of each pixel is asked for; of a score per "
            "class, take the highest: result.argmax(axis)"
        )
    if not (np.isfinite(numbers).all() and (np.rint(numbers) == numbers).all()):
        raise ValueError(
            "result: expected whole numbers. The class of each pixel is asked for, "
            "not its probability: (result > 0.5) or result.argmax(axis)"
        )
    whole = numbers.astype(np.int64)
    low, high = int(whole.min()), int(whole.max())
    if low < 0 or high >= count:
        raise ValueError(
            f"result: expected numbers from 0 to {count - 1}, as many as the colormap "
            f"has colours, found {low} to {high}."
        )
    return np.asarray(whole)


def _colours(colormap: Any) -> npt.NDArray[np.uint8]:
    colours = as_numbers(colormap, "colormap")
    if colours.ndim != 2 or colours.shape[1] != 3 or len(colours) == 0:
        raise ValueError(
            f"colormap: expected shape (classes, 3), found {colours.shape}."
        )
    if not (np.isfinite(colours).all() and colours.min() >= 0 and colours.max() <= 255):
        raise ValueError(
            "colormap: expected colours from 0 to 255, found "
            f"{colours.min():.4g} to {colours.max():.4g}."
        )
    return np.asarray(np.rint(colours), np.uint8)


def _without_holes(classes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fill what a class surrounds, the highest class last, as there."""
    import cv2

    filled = classes.copy()
    for index in np.unique(classes):
        covered = (classes == index).astype(np.uint8)
        outlines, _ = cv2.findContours(
            covered, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(covered, outlines, -1, 1, cv2.FILLED)
        filled[covered == 1] = index
    return filled
