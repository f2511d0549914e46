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

    Parameters
    ----------
    file
        Open for writing. Holds a pickle compressed with gzip afterwards: a pair of
        pixels and labels for training (50,000) and one for validation (10,000), to
        which the published file of 16 MB adds a third for testing. Pixels are of shape
        (digits, 784), float32 from 0 to below 1 as multiples of 1/256, as they are
        there; labels are int64 from 0 to 9.
    """
    images, labels = draw_digits(TRAINING + VALIDATION, SEED)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 256
    parts = slice(TRAINING), slice(TRAINING, None)
    pairs = tuple((pixels[part], labels[part]) for part in parts)
    # Without name and time, so that one environment always writes the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
        pickle.dump(pairs, packed, protocol=5)
