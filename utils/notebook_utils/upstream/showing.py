"""A result beside the picture it was made from, with a legend."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from ..display.arguments import as_picture
from ..display.figures import draw_picture, png_bytes
from ..display.picture import Picture, size_in_words
from .colours import to_rgb
from .labels import Label, SegmentationMap
from .segmentation import repeated


class DescribedFigure(Figure):
    """A figure that a notebook shows with a text for those who cannot see it.

    Parameters
    ----------
    alt
        What is to be seen.
    """

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

    Parameters
    ----------
    result_image
        Shape (height, width, 3), RGB, or (height, width); uint8 from 0 to 255 or float
        from 0 to 1.
    source_image
        The picture it was made from, in the same form; shown on the left.
    source_title, result_title
        A text above each.
    labels
        Whose names and colours the legend lists.
    resize
        Whether to bring the result to the size of the source, by repeating pixels.
    bgr_to_rgb
        Whether the source is in OpenCV's order BGR.
    hide_axes
        Whether to leave out the numbers of rows and columns.

    Returns
    -------
    matplotlib.figure.Figure
        Shown with an alternative text when it is the last value of a cell.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above, or `resize` or `bgr_to_rgb` is
        given without a source; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: the figure has an alternative text; `labels` may be a
    list, as it says there; labels without a name are listed by their number; resizing
    makes no colours that stand for no class; and `resize` or `bgr_to_rgb` without a
    source is an error that says so.

    Examples
    --------
    >>> import numpy as np
    >>> viz_result_image(np.zeros((4, 6, 3), np.uint8), result_title="Nothing found")
    Result: Nothing found.
    """
    if source_image is None and (resize or bgr_to_rgb):
        asked = "resize" if resize else "bgr_to_rgb"
        raise ValueError(f"{asked}=True: expected source_image, found none.")
    result = as_picture(result_image, "result_image")
    pictures = [(result, result_title, "Result")]
    if source_image is not None:
        source = as_picture(source_image, "source_image")
        if bgr_to_rgb and source.ndim == 3:
            source = to_rgb(source)
        if resize:
            fitting = repeated(result, *source.shape[:2])
            pictures = [(fitting, result_title, "Result")]
        pictures.insert(0, (source, source_title, "Source"))
    listed = _listed(labels)
    figure = DescribedFigure((16, 8), layout="constrained", alt=_text(pictures, listed))
    for axis, (pixels, title, _) in zip(
        figure.subplots(1, len(pictures), squeeze=False).flat, pictures, strict=True
    ):
        draw_picture(axis, pixels)
        axis.axis("off" if hide_axes else "on")
        axis.set_title(title or "", parse_math=False)
    if listed:
        _add_legend(figure, listed)
    return figure


def _listed(labels: Any) -> list[Label]:
    if labels is None:
        return []
    listed = labels.labels if isinstance(labels, SegmentationMap) else labels
    if not isinstance(listed, Sequence) or not all(
        isinstance(label, Label) for label in listed
    ):
        raise TypeError(
            "labels: expected a SegmentationMap or a list of Label, found "
            f"{type(labels).__name__}."
        )
    return list(listed)


def _text(pictures: Sequence[tuple[Any, str | None, str]], labels: list[Label]) -> str:
    parts = [
        f"{kind}: {title}" if title else f"{kind} of {size_in_words(pixels)}"
        for pixels, title, kind in pictures
    ]
    if labels:
        parts.append(f"Legend: {', '.join(map(_name, labels))}")
    return ". ".join(parts) + "."


def _name(label: Label) -> str:
    return label.name or f"class {label.index}"


def _add_legend(figure: Any, labels: list[Label]) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            # With an edge: a white class is seen on the white ground too.
            Patch(
                facecolor=[value / 255 for value in label.color],
                edgecolor="black",
                label=_name(label),
            )
            for label in labels
        ],
        loc="outside right upper",
        fontsize=12,
    )
