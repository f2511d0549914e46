"""Make of any picture of a digit what a network that learned such digits expects."""

import numpy as np
import numpy.typing as npt

from .drawing import SIZE

_BOX = 20  # pixels that the longer side of the digit gets
_EDGE = 12  # a picture whose grey values differ less holds nothing


def centre_digit(picture: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Cut a digit out of a picture and put it into the middle of 28 by 28 pixels.

    That is how MNIST shows a network its digits: light on dark, and of one size. There
    must be something in the picture, or it is a ``ValueError``.

    Parameters
    ----------
    picture
        Shape (height, width) or (height, width, 3), uint8 or numbers from 0 to 255. The
        digit is alone, lighter or darker than the rest.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        From 0 to below 1, ink light.

    Notes
    -----
    Scales the digit to fit into 20 by 20 pixels and moves its centre of mass to the
    middle, as MNIST does. What counts as ink is found by Otsu's threshold, which MNIST,
    scanned from forms, did not need.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86 (1998), section III.A.
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE
    Transactions on Systems, Man, and Cybernetics 9 (1979), pp. 62-66.

    Examples
    --------
    >>> paper = np.full((100, 80), 230, np.uint8)
    >>> paper[20:60, 10:14] = 40
    >>> one = centre_digit(paper)
    >>> one.shape, int((one > 0.5).any(axis=1).sum())
    ((28, 28), 20)
    """
    import cv2

    ink = _ink(_grey(picture))
    scale = _BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    box = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    rows, columns = np.indices(box.shape)
    middle = (SIZE - 1) / 2
    # Whole pixels, and never out of the picture: the box is smaller than it.
    top = round(middle - np.average(rows, weights=box))
    left = round(middle - np.average(columns, weights=box))
    top = min(max(top, 0), SIZE - height)
    left = min(max(left, 0), SIZE - width)
    digit = np.zeros((SIZE, SIZE), np.float32)
    digit[top : top + height, left : left + width] = box * (255 / 256)
    return digit


def _grey(picture: npt.ArrayLike) -> npt.NDArray[np.float32]:
    pixels = np.asarray(picture, np.float32)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        pixels = pixels.mean(axis=2)
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ValueError(
            "Expected a picture of shape (height, width) or (height, width, 3), found "
            f"{np.shape(picture)}."
        )
    if np.ptp(pixels) < _EDGE:
        raise ValueError("The picture is empty. Draw a digit first.")
    return pixels


def _ink(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the part of a picture with ink in it, from 0 to 1, ink light."""
    import cv2

    low, high = grey.min(), grey.max()
    light = (grey - low) / (high - low)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    if np.median(border) > 0.5:
        light = 1 - light
    bytes_ = np.rint(light * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(bytes_, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Paper is never quite even: what is far below the ink counts as none.
    light = np.clip((light * 255 - threshold / 2) / (255 - threshold / 2), 0, 1)
    rows, columns = np.nonzero(bytes_ > threshold)
    light = light[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return np.asarray(light, np.float32)
