"""The classes of a segmentation, and a figure of a result with their legend."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import ImageColor

from ..arguments import as_image
from ..display.figures import draw_image, png_bytes
from ..display.picture import Picture, size_in_words
from .images import resize_nearest, to_rgb


class Label(NamedTuple):
    """A class of a segmentation, as in openvino_notebooks."""

    index: int  # type: ignore[assignment]  # of its pixels; hides a method of tuples
    color: tuple[int, int, int]  # RGB from 0 to 255
    name: str | None = None


class SegmentationMap(NamedTuple):
    """The classes of a segmentation.

    Unlike openvino_notebooks: the labels may be in any order, and have gaps.
    """

    labels: list[Label]

    def get_colormap(self) -> npt.NDArray[np.int64]:
        """Return the colours, shape (classes, 3), RGB from 0 to 255; black in gaps."""
        rows = 1 + max((label.index for label in self.labels), default=-1)
        colours = np.zeros((rows, 3), np.int64)
        for label in self.labels:
            colours[label.index] = label.color
        return colours

    def get_labels(self) -> list[str | None] | None:
        """Return the names in the order of `labels`; None if there are none."""
        names = [label.name for label in self.labels]
        return names if any(names) else None


_STREETS = """
road 804080, sidewalk F423E8, building 464646, wall 66669C, fence BE9999, pole 999999,
traffic light FAAA1E, traffic sign DCDC00, vegetation 6B8E23, terrain 98FB98,
sky 4682B4, person DC143C, rider FF0000, car 00008E, truck 000046, bus 003C64,
train 005064, motorcycle 0000E6, bicycle 770B20, background FFFFFF
"""

CityScapesSegmentation = SegmentationMap(
    [
        Label(index, ImageColor.getrgb(f"#{entry.split()[-1]}")[:3], entry.strip()[:-7])
        for index, entry in enumerate(_STREETS.split(","))
    ]
)
"""The classes of the data set Cityscapes in its colours, as in openvino_notebooks."""

BinarySegmentation = SegmentationMap(
    [Label(0, (255, 255, 255), "background"), Label(1, (0, 0, 0), "foreground")]
)
"""Background in white and foreground in black, as in openvino_notebooks."""


class DescribedFigure(Figure):
    """A figure that a notebook shows with an alternative text."""

    def __init__(self, *arguments: Any, alt: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.alt = alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return Picture(png_bytes(self, self.alt), self.alt)._repr_mimebundle_()


def viz_result_image(
    result_image: npt.ArrayLike,
    source_image: npt.ArrayLike | None = None,
    source_title: str | None = None,
    result_title: str | None = None,
    labels: SegmentationMap | Sequence[Label] | None = None,
    resize: bool = False,
    bgr_to_rgb: bool = False,
    hide_axes: bool = False,
) -> DescribedFigure:
    """Return a figure of a result, beside its source and with a legend if given.

    Unlike openvino_notebooks: the figure has an alternative text, `labels` may be a
    list, and resizing adds no colours.

    Parameters
    ----------
    result_image, source_image
        As in :func:`show_images`.
    source_title, result_title
        Above each.
    labels
        Whose names and colours the legend lists.
    resize, bgr_to_rgb, hide_axes
        Whether the result is resized to the source, the source is in BGR, and the
        numbers of rows and columns are left out.
    """
    if source_image is None and (resize or bgr_to_rgb):
        option = "resize" if resize else "bgr_to_rgb"
        raise ValueError(f"{option}=True: expected source_image, found none.")
    result = as_image(result_image, "result_image")
    shown = []
    if source_image is not None:
        source = as_image(source_image, "source_image")
        if bgr_to_rgb and source.ndim == 3:
            source = to_rgb(source)
        if resize:
            result = resize_nearest(result, *source.shape[:2])
        shown.append(("Source", source, source_title))
    shown.append(("Result", result, result_title))
    legend = _legend(labels)
    parts = [
        f"{kind}: {title}" if title else f"{kind} of {size_in_words(pixels)}"
        for kind, pixels, title in shown
    ]
    if legend:
        parts.append(f"Legend: {', '.join(legend)}")
    alt = ". ".join(parts) + "."
    figure = DescribedFigure((16, 8), layout="constrained", alt=alt)
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for axis, (_, pixels, title) in zip(axes, shown, strict=True):
        draw_image(axis, pixels)
        axis.axis("off" if hide_axes else "on")
        axis.set_title(title or "", parse_math=False)
    if legend:
        # With an edge: a white class is seen on the white background too.
        patches = [
            Patch(facecolor=[value / 255 for value in colour], edgecolor="black")
            for colour in legend.values()
        ]
        figure.legend(patches, list(legend), loc="outside right upper", fontsize=12)
    return figure


def _legend(labels: Any) -> dict[str, tuple[int, int, int]]:
    """Return the colour of each class by its name, or its number if it has none."""
    listed = labels.labels if isinstance(labels, SegmentationMap) else labels or []
    if isinstance(listed, Sequence) and all(isinstance(one, Label) for one in listed):
        return {label.name or f"class {label.index}": label.color for label in listed}
    raise TypeError(
        "labels: expected a SegmentationMap or a list of Label, found "
        f"{type(labels).__name__}."
    )
