"""A mask over an image."""

import numpy as np
import numpy.typing as npt

from ..arguments import as_array, as_colours, as_fraction, as_rgb


def draw_mask(
    image: npt.ArrayLike,
    mask: npt.ArrayLike,
    colour: tuple[int, int, int] = (0, 114, 178),
    opacity: float = 0.5,
) -> npt.NDArray[np.uint8]:
    """Tint the masked part of a copy of an image in RGB and outline it.

    The outline is white within a dark line, so that the mask can be told from the image
    without seeing colours.

    Parameters
    ----------
    image
        As in :func:`show_images`.
    mask
        Shape (height, width), true or nonzero where the image is to be tinted.
    colour
        RGB from 0 to 255.
    opacity
        Of the colour, from 0 to 1.
    """
    import cv2

    pixels = as_rgb(image, "image")
    tint, strength = as_colours(colour, "colour", 1), as_fraction(opacity, "opacity")
    covered = as_array(mask, "mask") != 0
    height, width = pixels.shape[:2]
    if covered.shape != (height, width):
        raise ValueError(
            "mask: expected the height and width of the image, "
            f"{(height, width)}, found {covered.shape}. Resize it first: "
            f"cv2.resize(mask, {(width, height)})"
        )
    tinted = pixels.astype(np.float32)
    tinted[covered] += strength * (tint - tinted[covered])
    drawn = np.rint(tinted).astype(np.uint8)
    outlines, _ = cv2.findContours(
        covered.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    line = max(1, round(max(height, width) / 400))
    cv2.drawContours(drawn, outlines, -1, (40, 40, 40), 3 * line)
    cv2.drawContours(drawn, outlines, -1, (255, 255, 255), line)
    return drawn
