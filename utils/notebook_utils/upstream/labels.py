"""Names and colours of the classes of a segmentation."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Label(NamedTuple):
    """A class of a segmentation: its number, its colour and its name.

    Parameters
    ----------
    index
        The value of its pixels in a segmentation map, from 0.
    color
        RGB from 0 to 255.
    name
        What it is called.

    Notes
    -----
    As in openvino_notebooks.

    Examples
    --------
    >>> Label(index=0, color=(128, 64, 128), name="road").name
    'road'
    """

    index: int  # type: ignore[assignment]  # hides a method of tuples, as there
    color: tuple[int, int, int]
    name: str | None = None


class SegmentationMap(NamedTuple):
    """The classes that a segmentation knows.

    Parameters
    ----------
    labels
        In any order; the index of each says where its colour belongs.

    Notes
    -----
    Unlike openvino_notebooks: the colour of a class stands in the row of its index,
    whatever the order of the list, and in a list with gaps too.

    Examples
    --------
    >>> BinarySegmentation.get_labels()
    ['background', 'foreground']
    """

    labels: list[Label]

    def get_colormap(self) -> npt.NDArray[np.int64]:
        """Return the colours, a row for each index.

        Returns
        -------
        ndarray, shape (classes, 3)
            RGB from 0 to 255; black where there is no label of that index.
        """
        rows = 1 + max((label.index for label in self.labels), default=-1)
        colours = np.zeros((rows, 3), np.int64)
        for label in self.labels:
            colours[label.index] = label.color
        return colours

    def get_labels(self) -> list[str | None] | None:
        """Return the names in the order of `labels`; None if there are none."""
        names = [label.name for label in self.labels]
        return names if any(names) else None


def _numbered(classes: dict[str, tuple[int, int, int]]) -> list[Label]:
    pairs: Any = enumerate(classes.items())
    return [Label(index, colour, name) for index, (name, colour) in pairs]


CityScapesSegmentation = SegmentationMap(
    _numbered(
        {
            "road": (128, 64, 128),
            "sidewalk": (244, 35, 232),
            "building": (70, 70, 70),
            "wall": (102, 102, 156),
            "fence": (190, 153, 153),
            "pole": (153, 153, 153),
            "traffic light": (250, 170, 30),
            "traffic sign": (220, 220, 0),
            "vegetation": (107, 142, 35),
            "terrain": (152, 251, 152),
            "sky": (70, 130, 180),
            "person": (220, 20, 60),
            "rider": (255, 0, 0),
            "car": (0, 0, 142),
            "truck": (0, 0, 70),
            "bus": (0, 60, 100),
            "train": (0, 80, 100),
            "motorcycle": (0, 0, 230),
            "bicycle": (119, 11, 32),
            "background": (255, 255, 255),
        }
    )
)
"""The twenty classes of street scenes in the colours of the data set Cityscapes, as in
openvino_notebooks."""

BinarySegmentation = SegmentationMap(
    _numbered({"background": (255, 255, 255), "foreground": (0, 0, 0)})
)
"""Background in white and foreground in black, as in openvino_notebooks."""
