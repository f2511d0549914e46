"""Images side by side, and the frames of a video one after another."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arguments import as_image, as_integer, as_strings
from .figures import TEXT_LINE, draw_image, new_figure, png_bytes
from .picture import Picture, jpeg_picture, size_in_words

_LONGEST_JPEG = 65500  # pixels a side
_GAP = 4  # pixels around each image
_TITLE_PAD = 6


def show_images(
    images: npt.ArrayLike | Sequence[npt.ArrayLike],
    titles: str | Sequence[str] | None = None,
    alt: str | Sequence[str] | None = None,
    columns: int | None = None,
    *,
    width: int | None = None,
) -> None:
    """Show one image, or several side by side.

    Parameters
    ----------
    images
        RGB, each of shape (height, width, 3), or (height, width) for a grey one; uint8
        from 0 to 255 or float from 0 to 1. One image needs no list.
    titles
        One above each image.
    alt
        What is to be seen, for those who cannot see it: one text for all, or one for
        each image. Made from the titles or sizes if not given.
    columns
        Images in a row; up to four if not given.
    width
        Width of one image on the screen, in pixels; 400 for a single image and 240 for
        each of several if not given.

    Examples
    --------
    >>> import numpy as np
    >>> show_images(np.zeros((48, 64, 3), np.uint8), alt="A black rectangle.")
    A black rectangle.
    """
    from IPython.display import display

    shown = _as_images(images)
    names = as_strings(titles, len(shown), "titles")
    columns = min(as_integer(4 if columns is None else columns, "columns"), len(shown))
    usual = 400 if len(shown) == 1 else 240
    width = as_integer(usual if width is None else width, "width")
    text = _description(shown, names, alt)
    display(Picture(_grid(shown, names, columns, width, text), text))


def show_array(frame: npt.ArrayLike, display_handle: Any = None) -> Any:
    """Show a frame of a video in place of the one before.

    BGR and sent as JPEG, as in openvino_notebooks. Unlike openvino_notebooks: each
    frame has an alternative text, and float frames are shown instead of turning black.

    Parameters
    ----------
    frame
        As in :func:`show_images`, but in OpenCV's order **BGR**.
    display_handle
        What this function returned for the frame before, if there was one: None outside
        a notebook.
    """
    from IPython.display import display

    pixels = as_image(frame, "frame")
    if max(pixels.shape) > _LONGEST_JPEG:
        raise ValueError(
            f"frame: JPEG holds at most {_LONGEST_JPEG} pixels a side, found "
            f"{size_in_words(pixels)}."
        )
    if display_handle is not None and not hasattr(display_handle, "update"):
        raise TypeError(
            "display_handle: expected what show_array returned for the frame before, "
            f"found {type(display_handle).__name__}."
        )
    picture = jpeg_picture(pixels, f"Frame of {size_in_words(pixels)}.")
    if display_handle is None:
        return display(picture, display_id=True)
    display_handle.update(picture)
    return display_handle


def _as_images(images: Any) -> list[npt.NDArray[np.uint8]]:
    single = getattr(images, "ndim", 4) <= 3 or isinstance(images, str | bytes | dict)
    if single or not hasattr(images, "__iter__"):
        return [as_image(images, "images")]
    shown = [as_image(image, f"Image {i}") for i, image in enumerate(images, 1)]
    if not shown:
        raise ValueError("images: expected at least one image, found none.")
    return shown


def _description(
    images: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    alt: str | Sequence[str] | None,
) -> str:
    if isinstance(alt, str):
        return alt
    if given := as_strings(alt, len(images), "alt"):
        return "; ".join(given)
    what = "Image" if len(images) == 1 else f"{len(images)} images"
    if titles:
        return f"{what}: {', '.join(titles)}."
    return f"{what} of {' and '.join(dict.fromkeys(map(size_in_words, images)))}."


def _grid(
    images: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    columns: int,
    width: int,
    alt: str,
) -> bytes:
    """Draw the images in rows, each in a place of its own with its title above it."""
    wrapped = [textwrap.fill(title, max(width // 8, 8)) for title in titles or []]
    lines = max((text.count("\n") + 1 for text in wrapped), default=0)
    above = lines * TEXT_LINE + (_TITLE_PAD if titles else 0)
    rows = [images[i : i + columns] for i in range(0, len(images), columns)]
    heights = [above + _row_height(row, width) for row in rows]
    size = np.array([columns * width, sum(heights)])
    with new_figure(size[0], size[1], layout=None) as figure:
        for place, pixels in enumerate(images):
            row, column = divmod(place, columns)
            corner = column * width + _GAP, sum(heights[row + 1 :]) + _GAP
            area = width - 2 * _GAP, heights[row] - above - 2 * _GAP
            axis = figure.add_axes((*(corner / size), *(area / size)))
            draw_image(axis, pixels)
            if titles:
                axis.set_title(wrapped[place], fontsize=10, parse_math=False)
        return png_bytes(figure, alt)


def _row_height(row: list[npt.NDArray[np.uint8]], width: int) -> float:
    # A narrow strip is shown smaller rather than in a figure of any length.
    tallest: float = max(pixels.shape[0] / pixels.shape[1] for pixels in row)
    return min(max(width * tallest, 40.0), 2.0 * width)
