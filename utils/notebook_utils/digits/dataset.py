"""The digits of lesson 04, in the form in which MNIST is published."""

import gzip
import pickle
from typing import BinaryIO

import numpy as np

from .drawing import draw_digits

TRAINING, VALIDATION = 50_000, 10_000
SEED = 0


def save_digits(file: BinaryIO) -> None:
    """Write 60,000 digits drawn by :func:`draw_digits` the way MNIST is often kept.

    The published file has 16 MB, too much to be part of a collection of lessons, and
    its hosts have changed. This one is drawn in a few seconds and read by the same
    lines of code.

    Parameters
    ----------
    file
        Open for writing. Holds a pickle compressed with gzip afterwards: a pair of
        pixels and labels for training (50,000) and one for validation (10,000). Pixels
        are of shape (digits, 784), float32 from 0 to below 1 as multiples of 1/256, as
        they are in the published file; labels are int64 from 0 to 9.

    Notes
    -----
    The published file holds a third pair, for testing. Read it with
    :func:`notebook_utils.checkpoints.load_arrays`, whichever of the two it is.
    """
    images, labels = draw_digits(TRAINING + VALIDATION, SEED)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 256
    pairs = tuple(
        (pixels[part], labels[part])
        for part in (slice(TRAINING), slice(TRAINING, None))
    )
    # Without name and time, so that one environment always writes the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
        pickle.dump(pairs, packed, protocol=5)
