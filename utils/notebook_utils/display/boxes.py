"""Bounding boxes on an image, with labels."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..arguments import as_array, as_integer, as_rgb, as_strings
from .palette import Colour, class_colour, contrasting

_Area: TypeAlias = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels


def draw_boxes(
    image: npt.ArrayLike,
    boxes: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    order: Literal["xyxy", "yxyx"] = "xyxy",
    normalized: bool = False,
    classes: npt.ArrayLike | None = None,
    thickness: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw bounding boxes on a copy of an image in RGB, each with a label on a tag.

    Each line has an edge in black or white, so that it is seen on any background, and a
    tag covers no other tag, as long as there is room.

    Parameters
    ----------
    image
        As in :func:`show_images`.
    boxes
        Shape (n, 4): two opposite corners, the one nearer to the top left first. In
        pixels, from 0 to the width and height; with `normalized`, from 0 to 1. What
        lies outside the image is cut off.
    labels
        One for each box, such as ``"duck 0.98"``.
    order
        ``"xyxy"``: x1, y1, x2, y2; ``"yxyx"``: y1, x1, y2, x2, as in TensorFlow.
    normalized
        Whether the boxes go from 0 to 1 instead of being in pixels.
    classes
        One integer for each box, which chooses its colour; the number of the row if not
        given.
    thickness
        Width of the lines in pixels; chosen by the size of the image if not given.
    """
    from PIL import Image, ImageDraw

    picture = Image.fromarray(as_rgb(image, "image"))
    corners = _corners(boxes, order, normalized, picture.size)
    names = as_strings(labels, len(corners), "labels", "boxes") or []
    colours = [class_colour(index) for index in _indices(classes, len(corners))]
    usual = max(2, round(max(picture.size) / 300))
    line = usual if thickness is None else as_integer(thickness, "thickness")
    edge = line + 2 * max(1, line // 3)
    brush = ImageDraw.Draw(picture)  # of a copy, since an array cannot be written to
    for (x1, y1, x2, y2), colour in zip(corners, colours, strict=True):
        for ink, width in ((contrasting(colour), edge), (colour, line)):
            before, after = width // 2, width - width // 2 - 1
            area = (x1 - before, y1 - before, x2 + after, y2 + after)
            brush.rectangle(area, outline=ink, width=width)
    _write(brush, corners, names, colours, line)
    return np.array(picture)


def _corners(
    boxes: Any, order: str, normalized: bool, image_size: tuple[int, int]
) -> list[_Area]:
    """Check the boxes and bring them to x1, y1, x2, y2 in pixels of the image."""
    if order not in ("xyxy", "yxyx"):
        raise ValueError(f'order: expected "xyxy" or "yxyx", found {order!r}.')
    rows = as_array(boxes, "boxes").astype(np.float64)
    if rows.size == 0:
        return []
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError(
            f"boxes: expected shape (n, 4), found {rows.shape}. "
            + ("Put a single box in a list: [box]" if rows.shape == (4,) else "")
        )
    if not np.isfinite(rows).all():
        raise ValueError("boxes: expected finite numbers, found inf or nan.")
    if order == "yxyx":
        rows = rows[:, [1, 0, 3, 2]]
    _check_corners(rows, normalized)
    size = np.array(image_size * 2, np.float64)
    pixels = rows * size if normalized else rows
    # Far outside, a line is not seen, and integers have an end.
    cut = np.rint(np.clip(pixels, -size, 2 * size)).astype(int)
    cut[cut == size] -= 1  # the last row and column are the end of the image
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in cut.tolist()]


def _check_corners(rows: npt.NDArray[np.float64], normalized: bool) -> None:
    if normalized and np.abs(rows).max() > 2:
        raise ValueError(
            f"boxes: expected numbers from 0 to 1, found {np.abs(rows).max():.4g}. "
            "Leave out normalized=True for boxes in pixels."
        )
    if not normalized and 0 < rows.max() <= 1 and rows.min() >= 0:
        raise ValueError(
            f"boxes: expected pixels, found nothing above {rows.max():.4g}. "
            "Add normalized=True for boxes from 0 to 1."
        )
    turned = np.flatnonzero((rows[:, 0] > rows[:, 2]) | (rows[:, 1] > rows[:, 3]))
    if turned.size:
        found = ", ".join(f"{value:.4g}" for value in rows[turned[0]])
        raise ValueError(
            f"boxes: expected x1 <= x2 and y1 <= y2, found x1, y1, x2, y2 = {found} in "
            f"row {turned[0]}. Give the second corner, not width and height, "
            'or pass order="yxyx" if y comes first.'
        )


def _indices(classes: Any, count: int) -> list[int]:
    if classes is None:
        return list(range(count))
    numbers = as_array(classes, "classes")
    if numbers.shape != (count,):
        raise ValueError(
            f"classes: expected one number for each of the {count} boxes, found shape "
            f"{numbers.shape}."
        )
    if not (np.isfinite(numbers) & (numbers == np.rint(numbers))).all():
        raise ValueError(f"classes: expected integers, found {numbers.tolist()}.")
    return [int(number) for number in numbers]


def _write(
    brush: Any,
    boxes: Sequence[_Area],
    labels: Sequence[str],
    colours: Sequence[Colour],
    line: int,
) -> None:
    """Put the tags on the image, those of later boxes around those of earlier."""
    image_size = brush.im.size
    font = _font(max(12, round(max(image_size) / 40)))
    taken: list[_Area] = []
    for box, label, colour in zip(boxes, labels, colours, strict=False):
        if not label:
            continue
        text = brush.textbbox((0, 0), label, font)
        size = (round(text[2] - text[0]) + 8, sum(font.getmetrics()) + 2)
        places = _tag_places(box, size, image_size, line)
        free = (p for p in places if not any(_overlap(p, other) for other in taken))
        area = next(free, places[0])
        taken.append(area)
        ink = contrasting(colour)
        brush.rectangle(area, fill=colour, outline=ink)
        brush.text((area[0] + 4 - text[0], area[1] + 1), label, ink, font)


def _tag_places(
    box: _Area, size: tuple[int, int], image_size: tuple[int, int], line: int
) -> list[_Area]:
    """List where a tag may stand, the best place first, all within the image."""
    x1, y1, x2, y2 = box
    width, height = size
    rightmost, lowest = image_size[0] - width, image_size[1] - height
    places = []
    for y in (y1 - height, y1, y2, y2 - height):
        for x in (x1 - line // 2, x2 + line // 2 - width):
            left, top = max(min(x, rightmost), 0), max(min(y, lowest), 0)
            places.append((left, top, left + width, top + height))
    return places


def _overlap(a: _Area, b: _Area) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@cache
def _font(size: int) -> Any:
    """Load the font of matplotlib, which has more than the letters of English."""
    import matplotlib
    from PIL import ImageFont

    path = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(path, size)
