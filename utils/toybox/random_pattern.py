"""Random patterns for the background of training scenes."""

import cv2
import numpy as np
from numpy.typing import NDArray


def random_pattern(
    rng: np.random.Generator, width: int, height: int
) -> NDArray[np.float32]:
    """Return what a random pattern adds to each colour, as a fraction of it.

    The bands between the contours of a landscape: from a few blots to narrow lines.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the randomness.
    width, height : int
        Size of the pattern in pixels.

    Returns
    -------
    float32 array (height, width, 3)
        Between -0.5 and 0.5, around 0.
    """
    cells = rng.integers(2, 12, size=2)
    landscape = rng.standard_normal(cells).astype(np.float32)
    heights = cv2.resize(landscape, (width, height), interpolation=cv2.INTER_CUBIC)
    bands = np.sin(heights * rng.uniform(1, 8) + rng.uniform(0, 6))
    share = np.clip(bands * rng.uniform(1, 12) + rng.uniform(-1, 1), 0, 1)
    shade = rng.uniform(-0.35, 0.35) + rng.uniform(-0.15, 0.15, 3)
    return np.asarray(share[..., np.newaxis] * shade, np.float32)
