"""The order of colour channels, and the range of values."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..display.arguments import as_numbers


def to_rgb(image_data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Turn a picture in OpenCV's order BGR into RGB.

    Parameters
    ----------
    image_data
        Shape (height, width, 3), or 4 channels, the last of which is left out. Any
        type of number.

    Returns
    -------
    ndarray, shape (height, width, 3)
        RGB, of the same type; a copy.

    Raises
    ------
    TypeError, ValueError
        The argument is not what is described above; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: any type of number is accepted, not only those that
    OpenCV converts, and a wrong shape is an error that says what was expected.

    Examples
    --------
    >>> import numpy as np
    >>> to_rgb(np.uint8([[[255, 0, 1]]])).tolist()
    [[[1, 0, 255]]]
    """
    return _exchanged(image_data)


def to_bgr(image_data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Turn a picture in RGB into OpenCV's order BGR.

    Parameters
    ----------
    image_data
        Shape (height, width, 3), or 4 channels, the last of which is left out. Any
        type of number.

    Returns
    -------
    ndarray, shape (height, width, 3)
        BGR, of the same type; a copy.

    Raises
    ------
    TypeError, ValueError
        The argument is not what is described above; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: as in :func:`to_rgb`.

    Examples
    --------
    >>> import numpy as np
    >>> to_bgr(np.uint8([[[1, 0, 255]]])).tolist()
    [[[255, 0, 1]]]
    """
    return _exchanged(image_data)


def normalize_minmax(data: npt.ArrayLike) -> npt.NDArray[Any]:
    """Bring values to the range from 0 to 1, such as those of a depth map.

    Parameters
    ----------
    data
        Finite numbers, of any shape.

    Returns
    -------
    ndarray
        0 where `data` is smallest and 1 where it is largest, of the same shape; of the
        type of `data` if those are floats, else float64. All 0 if all values are
        equal.

    Raises
    ------
    TypeError, ValueError
        There are no numbers, or some are nan or infinite.

    Notes
    -----
    Unlike openvino_notebooks: equal values give 0 where they were an error, so that one
    flat frame does not end a video; nan is an error, where it made every value nan; and
    small types such as int8 do not overflow.

    Examples
    --------
    >>> import numpy as np
    >>> normalize_minmax(np.int8([-128, -1, 126])).tolist()
    [0.0, 0.5, 1.0]
    >>> normalize_minmax([7, 7]).tolist()
    [0.0, 0.0]
    """
    given = as_numbers(data, "data")
    if given.size == 0:
        raise ValueError(f"data: expected numbers, found none: {given.shape}.")
    values = given.astype(np.result_type(given.dtype, np.float64))
    unusable = int(np.count_nonzero(~np.isfinite(values)))
    if unusable:
        raise ValueError(
            f"data: expected finite numbers, found {unusable} of {given.size} nan or "
            "infinite. Give them a value first: np.nan_to_num(data)"
        )
    with np.errstate(over="ignore"):
        spread = values.max() - values.min()
    if spread == np.inf:  # the difference of the largest floats is not a float
        values = values / 2
        spread = values.max() - values.min()
    scaled = (values - values.min()) / (spread or 1)
    return np.asarray(scaled, given.dtype if given.dtype.kind == "f" else None)


def _exchanged(image_data: npt.ArrayLike) -> npt.NDArray[Any]:
    pixels = as_numbers(image_data, "image_data")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(
            f"image_data: expected shape (height, width, 3), found {pixels.shape}."
            + (" A grey picture has no order." if pixels.ndim == 2 else "")
        )
    return np.ascontiguousarray(pixels[..., 2::-1])
