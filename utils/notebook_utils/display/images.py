"""Pictures side by side, and the frames of a video one after another."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arguments import as_image, as_integer, as_strings
from .figures import TEXT_LINE, draw_image, new_figure, png_bytes
from .picture import Picture, size_in_words


def show_images(
    images: npt.ArrayLike | Sequence[npt.ArrayLike],
    titles: str | Sequence[str] | None = None,
    alt: str | Sequence[str] | None = None,
    columns: int | None = None,
    *,
    width: int | None = None,
) -> None:
    """Show one picture, or several side by side.

    Parameters
    ----------
    images
        Pictures in RGB, each of shape (height, width, 3), or (height, width) for a grey
        one; uint8 from 0 to 255 or float from 0 to 1. One picture needs no list.
    titles
        One text above each picture.
    alt
        What is to be seen, for those who cannot see it: one text for all, or one for
        each picture. Made from the titles or sizes if not given.
    columns
        Pictures in a row; up to four if not given.
    width
        Width of one picture on the screen, in pixels; 400 for a single picture and 240
        for each of several if not given.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> import numpy as np
    >>> show_images(np.zeros((48, 64, 3), np.uint8), alt="A black rectangle.")
    A black rectangle.
    >>> show_images(np.zeros((1, 3, 48, 64), np.float32))
    Traceback (most recent call last):
        ...
    ValueError: Picture 1: expected shape (height, width, 3) or (height, width), \
found (3, 48, 64). Put the channels last: image.transpose(1, 2, 0)
    """
    from IPython.display import display

    pictures = _pictures(images)
    names = as_strings(titles, len(pictures), "titles")
    columns = min(
        as_integer(4 if columns is None else columns, "columns"), len(pictures)
    )
    usual = 400 if len(pictures) == 1 else 240
    width = as_integer(usual if width is None else width, "width")
    text = _describe(pictures, names, alt)
    display(Picture(_grid(pictures, names, columns, width, text), text))


def show_array(frame: npt.ArrayLike, display_handle: Any = None) -> Any:
    """Show a frame of a video in place of the one before.

    Parameters
    ----------
    frame
        Shape (height, width, 3), in OpenCV's order **BGR**, or (height, width) for a
        grey one; uint8 from 0 to 255 or float from 0 to 1.
    display_handle
        What this function returned for the frame before; the frame is shown anew if
        not given.

    Returns
    -------
    IPython.display.DisplayHandle or None
        To give back with the next frame; None outside a notebook.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Notes
    -----
    BGR and sent as JPEG, as in openvino_notebooks. Unlike openvino_notebooks: each
    frame has a text for those who cannot see it, float frames are shown instead of
    turning black, and a wrong one is an error that names it, not one of OpenCV's.

    Examples
    --------
    >>> show_array("frame.jpg")
    Traceback (most recent call last):
        ...
    TypeError: frame: expected an array of numbers, found str.
    """
    import cv2
    from IPython.display import display

    pixels = as_image(frame, "frame")
    height, width = pixels.shape[:2]
    if max(height, width) > 65500:  # OpenCV's limit for this format
        raise ValueError(
            f"frame: JPEG holds at most 65500 pixels a side, found {width} x {height}."
        )
    if display_handle is not None and not hasattr(display_handle, "update"):
        raise TypeError(
            "display_handle: expected what show_array returned for the frame before, "
            f"found {type(display_handle).__name__}."
        )
    jpeg = cv2.imencode(".jpeg", pixels)[1].tobytes()
    picture = Picture(jpeg, f"Frame of {size_in_words(pixels)}.", "image/jpeg")
    if display_handle is None:
        return display(picture, display_id=True)
    display_handle.update(picture)
    return display_handle


def _pictures(images: Any) -> list[npt.NDArray[np.uint8]]:
    if hasattr(images, "ndim") and images.ndim <= 3:
        return [as_image(images, "images")]
    if isinstance(images, str | bytes | dict) or not hasattr(images, "__iter__"):
        return [as_image(images, "images")]
    pictures = [
        as_image(image, f"Picture {number}") for number, image in enumerate(images, 1)
    ]
    if not pictures:
        raise ValueError("images: expected at least one picture, found none.")
    return pictures


def _describe(
    pictures: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    alt: str | Sequence[str] | None,
) -> str:
    if isinstance(alt, str):
        return alt
    given = as_strings(alt, len(pictures), "alt")
    if given:
        return "; ".join(given)
    what = "Picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
    if titles:
        return f"{what}: {', '.join(titles)}."
    sizes = dict.fromkeys(map(size_in_words, pictures))
    return f"{what} of {' and '.join(sizes)}."


def _grid(
    pictures: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    columns: int,
    width: int,
    alt: str,
) -> bytes:
    wrapped = [textwrap.fill(title, max(width // 8, 8)) for title in titles or []]
    lines = max((text.count("\n") + 1 for text in wrapped), default=0)
    heights = [
        _row_height(pictures[start : start + columns], width) + lines * TEXT_LINE
        for start in range(0, len(pictures), columns)
    ]
    with new_figure(columns * width, sum(heights)) as figure:
        axes = figure.subplots(
            len(heights), columns, squeeze=False, height_ratios=heights
        )
        for place, axis in enumerate(axes.flat):
            axis.axis("off")
            if place < len(pictures):
                draw_image(axis, pictures[place])
                if wrapped:
                    axis.set_title(wrapped[place], fontsize=10, parse_math=False)
        return png_bytes(figure, alt)


def _row_height(row: list[npt.NDArray[np.uint8]], width: int) -> float:
    # A strip of a picture is shown smaller rather than in a figure of any length.
    tallest: float = max(pixels.shape[0] / pixels.shape[1] for pixels in row)
    return min(max(width * tallest, 40.0), 2.0 * width)
