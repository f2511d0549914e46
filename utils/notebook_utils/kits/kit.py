"""What a kit is: a model, its labels, its picture, and how they fit together."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import KitError
from .table import Table, readable_size

Origin = Literal["included", "packaged", "published"]
# What is loaded and found goes to this log as well, as `extra`, for programs that run
# lessons; by default nobody listens.
LOG = logging.getLogger("notebook_utils.kits")
ELEMENT_TYPES = {"f32": np.float32, "u8": np.uint8}


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a model's input.

    Parameters
    ----------
    size
        Height and width of the input, in pixels.
    layout
        ``"NCHW"`` or ``"NHWC"``: batch, channels, height, width in the model's order.
    channels
        ``"RGB"`` or ``"BGR"``, the colour order the model was trained on.
    element_type
        ``"f32"`` or ``"u8"``.
    mean, scale
        Subtracted from each channel, then divided by, in the order of `channels`. Zero
        and one where the model does this itself.
    """

    size: tuple[int, int]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    element_type: Literal["f32", "u8"] = "f32"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __call__(self, image_rgb: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Preprocess one image; see :meth:`Kit.preprocess`."""
        import cv2

        if image_rgb.dtype != np.uint8 or image_rgb.shape[2:] != (3,):
            raise ValueError(
                "Expected a picture of shape (height, width, 3) and type uint8, found "
                f"shape {image_rgb.shape} and type {image_rgb.dtype}."
            )
        height, width = self.size
        resized_hwc = cv2.resize(image_rgb, (width, height))
        if self.channels == "BGR":
            resized_hwc = resized_hwc[..., ::-1]
        mean, scale = (np.asarray(v, np.float32) for v in (self.mean, self.scale))
        scaled = (resized_hwc - mean) / scale
        ordered = scaled.transpose(2, 0, 1) if self.layout == "NCHW" else scaled
        return np.ascontiguousarray(
            ordered[np.newaxis], ELEMENT_TYPES[self.element_type]
        )


@dataclass(frozen=True, repr=False)
class Kit:
    """A model, its labels and its picture, from one origin.

    Kits come from :func:`load_kit`. Shown as the last line of a cell, a kit is a table
    of its files.

    Parameters
    ----------
    name
        Such as ``"classification-ir"``.
    title
        What it is, in a few words.
    origin
        ``"included"``, ``"packaged"`` or ``"published"``.
    reason
        Why this origin, in a sentence.
    folder
        Where the files are: ``model.*``, ``picture.jpg``, ``labels.txt``.
    licence
        SPDX identifier.
    attribution
        Who made the files.
    files
        From the name of each file to where it is from.
    labels
        One name per output index; empty for a kit without labels.
    preprocessing
        How a picture becomes the model's input; None for a kit without a model.
    output
        Index of the output to read.
    expected
        What is recorded about these very files.
    licences
        Those of files that are not under `licence`, by their names.
    """

    name: str
    title: str
    origin: Origin
    reason: str
    folder: Path
    licence: str
    attribution: str
    files: Mapping[str, str]
    labels: tuple[str, ...]
    preprocessing: Preprocessing | None
    output: int = 0
    expected: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> tuple[Path, ...]:
        """The paths of the images, in the order of the catalogue."""
        names = (name for name in self.files if name.endswith((".jpg", ".png")))
        return tuple(self.folder / name for name in names)

    def preprocess(self, image_rgb: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Turn a picture into the model's input.

        Resize, put the channels in the model's order, scale, lay out, add the batch
        axis: lesson 01 shows each step.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (height, width, 3)
            Any size, red first.

        Returns
        -------
        ndarray, shape (1, 3, height, width) or (1, height, width, 3)
            Contiguous, in the model's layout and element type.

        Raises
        ------
        KitError
            The kit holds no model.
        ValueError
            `image_rgb` has another shape or type.
        """
        if self.preprocessing is None:
            raise KitError(
                f"Kit {self.name!r} holds no model to preprocess images for."
            )
        return self.preprocessing(image_rgb)

    def expect(self, what: str, value: object) -> None:
        """Assert that a result is the one recorded for these files, and say so.

        Parameters
        ----------
        what
            The name of the result, such as ``"label"``.
        value
            What was found.

        Raises
        ------
        AssertionError
            Another value is recorded. Where none is, the value is printed and said to
            be unrecorded.
        """
        found = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        facts = {"kit": self.name, "origin": self.origin, "what": what, "found": found}
        LOG.info("%s: the %s is %r", self.name, what, found, extra=facts)
        if what not in self.expected:
            print(
                f"The {what} is {found!r}. Nothing is recorded about it for the "
                f"{self.origin} files of {self.name}, so there is nothing to compare."
            )
            return
        recorded = self.expected[what]
        if found != recorded:
            raise AssertionError(
                f"Expected the {what} {recorded!r}, as recorded for the {self.origin} "
                f"files of {self.name}, but found {found!r}."
            )
        print(f"The {what} is {found!r}, as recorded for {self.name}.")

    def __repr__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        head = ("file", "origin", "size", "licence", "source")
        rows = []
        for name, source in self.files.items():
            size = readable_size((self.folder / name).stat().st_size)
            licence = self.licences.get(name, self.licence)
            rows.append((name, self.origin, size, licence, source))
        credit = "" if self.origin == "included" else f" {self.attribution}."
        return Table(f"Kit {self.name}", self.title, head, rows, self.reason + credit)
