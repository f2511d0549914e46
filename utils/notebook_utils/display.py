"""Pictures and charts in a notebook, with a text for those who cannot see them.

Pictures go in as RGB, height by width by 3, uint8 from 0 to 255 or float from 0 to 1;
a grey picture is height by width. :func:`load_image` and :func:`show_array` keep the
order that openvino_notebooks gave them, OpenCV's BGR, and say so.

A picture reaches the notebook as one output that holds

- ``image/png`` (a frame of a video: ``image/jpeg``), with the text as the metadata
  ``alt``, where nbsphinx and nbconvert's classic template look for it;
- ``text/html``, an ``<img alt="...">``, because JupyterLab 4.6 and nbconvert 7.17's
  default template ignore that metadata. It repeats the picture, so a PNG larger than
  `INLINE_PNG_BYTES`, which is a photograph or the like, is repeated as JPEG;
- ``text/plain``, the text alone, for a terminal, for VS Code, which reads a picture's
  alternative text from there, and for nbval, which compares texts but not pictures.

The same input gives the same bytes in one environment: figures are drawn with
matplotlib's own style, whatever style is in use, and carry no date and no version.
"""

import base64
import html
import operator
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DownloadError, WorkshopError

INLINE_PNG_BYTES = 64 * 1024

# Okabe and Ito's colours, which most colour-blind people can tell apart.
FIRST_COLOUR = "#0072B2"
OTHER_COLOUR = "#56B4E9"

_DPI = 100
_TEXT_LINE = 18  # pixels
_ROUNDING = 1e-3  # how far reduced precision may carry a value out of 0 to 1


@dataclass(frozen=True)
class Picture:
    """A picture file and the text that stands for it.

    Parameters
    ----------
    data
        The file's bytes.
    alt
        What the picture shows, for those who cannot see it.
    mime
        ``"image/png"`` or ``"image/jpeg"``.
    """

    data: bytes
    alt: str
    mime: str = "image/png"

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        mime, data = self._inline()
        source = f"data:{mime};base64,{_base64(data)}"
        bundle = {
            self.mime: _base64(self.data),
            "text/html": f'<img alt="{html.escape(self.alt)}" src="{source}">',
            "text/plain": self.alt,
        }
        return bundle, {self.mime: {"alt": self.alt}}

    def _inline(self) -> tuple[str, bytes]:
        """Return the type and bytes of the copy in the HTML."""
        if self.mime != "image/png" or len(self.data) <= INLINE_PNG_BYTES:
            return self.mime, self.data
        import cv2

        pixels = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR)
        return "image/jpeg", cv2.imencode(".jpeg", pixels)[1].tobytes()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def show_images(
    images: npt.ArrayLike | Sequence[npt.ArrayLike],
    titles: str | Sequence[str] | None = None,
    alt: str | Sequence[str] | None = None,
    columns: int | None = None,
    *,
    width: int | None = None,
) -> None:
    """Show one picture, or several side by side.

    Parameters
    ----------
    images
        Pictures in RGB, each of shape (height, width, 3), or (height, width) for a grey
        one; uint8 from 0 to 255 or float from 0 to 1. One picture needs no list.
    titles
        One text above each picture.
    alt
        What is to be seen, for those who cannot see it: one text for all, or one for
        each picture. Made from the titles or sizes if not given.
    columns
        Pictures in a row; up to four if not given.
    width
        Width of one picture on the screen, in pixels; 400 for a single picture and 240
        for each of several if not given.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> import numpy as np
    >>> show_images(np.zeros((48, 64, 3), np.uint8), alt="A black rectangle.")
    A black rectangle.
    >>> show_images(np.zeros((1, 3, 48, 64), np.float32))
    Traceback (most recent call last):
        ...
    ValueError: Picture 1: expected shape (height, width, 3) or (height, width), \
found (3, 48, 64). Put the channels last: image.transpose(1, 2, 0)
    """
    from IPython.display import display

    pictures = _pictures(images)
    names = _texts(titles, len(pictures), "titles")
    columns = min(
        _positive(4 if columns is None else columns, "columns"), len(pictures)
    )
    usual = 400 if len(pictures) == 1 else 240
    width = _positive(usual if width is None else width, "width")
    text = _describe(pictures, names, alt)
    display(Picture(_grid(pictures, names, columns, width, text), text))


def draw_mask(
    image: npt.ArrayLike,
    mask: npt.ArrayLike,
    colour: tuple[int, int, int] = (0, 114, 178),
    opacity: float = 0.5,
) -> npt.NDArray[np.uint8]:
    """Tint the masked part of a picture and outline it.

    The outline is white within a dark line, so that the mask can be told from the
    picture without seeing colours.

    Parameters
    ----------
    image
        Shape (height, width, 3), RGB, as in :func:`show_images`; it is not changed.
    mask
        Shape (height, width), true or nonzero where the picture is to be tinted.
    colour
        RGB from 0 to 255.
    opacity
        Share of the colour in what is tinted, from 0 to 1.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> import numpy as np
    >>> draw_mask(np.zeros((4, 4, 3), np.uint8), np.ones((2, 2), bool))
    Traceback (most recent call last):
        ...
    ValueError: mask: expected the height and width of the image, (4, 4), found \
(2, 2). Bring it to that size first: cv2.resize(mask, (4, 4))
    """
    import cv2

    pixels = _picture(image, "image")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., np.newaxis], 3, axis=2)
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity: expected a number from 0 to 1, found {opacity}.")
    covered = _numbers(mask, "mask") != 0
    height, width = pixels.shape[:2]
    if covered.shape != (height, width):
        raise ValueError(
            "mask: expected the height and width of the image, "
            f"{(height, width)}, found {covered.shape}. Bring it to that size first: "
            f"cv2.resize(mask, {(width, height)})"
        )
    tinted = pixels.astype(np.float32)
    tinted[covered] += opacity * (np.array(colour, np.float32) - tinted[covered])
    drawn = np.rint(tinted).astype(np.uint8)
    outlines, _ = cv2.findContours(
        covered.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    line = max(1, round(max(height, width) / 400))
    cv2.drawContours(drawn, outlines, -1, (40, 40, 40), 3 * line)
    cv2.drawContours(drawn, outlines, -1, (255, 255, 255), line)
    return drawn


def plot_probabilities(
    probabilities: npt.ArrayLike,
    labels: Sequence[str],
    count: int = 5,
    image: npt.ArrayLike | None = None,
    title: str | None = None,
) -> None:
    """Show the most probable classes as bars, beside the picture if there is one.

    Parameters
    ----------
    probabilities
        One value from 0 to 1 per class, shape (classes,) or (1, classes).
    labels
        The name of each class, in the same order.
    count
        How many classes to show.
    image
        The picture that was classified, RGB, as in :func:`show_images`.
    title
        A text above the chart.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> plot_probabilities([0.02, 0.9, 0.08], ["ball", "kite", "drum"], count=2)
    Bar chart of the 2 most probable classes: kite 90.0 %, drum 8.0 %.
    """
    from IPython.display import display

    values = _probabilities(probabilities)
    if len(labels) != len(values):
        raise ValueError(
            f"Expected one label for each of the {len(values)} probabilities, found "
            f"{len(labels)} labels."
        )
    top = np.argsort(-values, kind="stable")[: _positive(count, "count")]
    names = [str(labels[index]) for index in top]
    percents = [100 * float(values[index]) for index in top]
    picture = None if image is None else _picture(image, "image")
    alt = _list_of(names, percents, title)
    display(Picture(_bars(names, percents, picture, title, alt), alt))


def show_figure(figure: Any, alt: str) -> None:
    """Show a chart that was drawn with matplotlib, with a text that stands for it.

    Parameters
    ----------
    figure
        A ``matplotlib.figure.Figure``. One that pyplot made is closed, or the notebook
        would show it a second time, without the text.
    alt
        What is to be seen, for those who cannot see it: the kind of chart and what it
        tells, with the numbers.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> _ = figure.subplots().bar(["CPU", "GPU"], [12, 5])
    >>> show_figure(figure, "Bar chart of latency: CPU 12 ms, GPU 5 ms.")
    Bar chart of latency: CPU 12 ms, GPU 5 ms.
    """
    from IPython.display import display

    if not hasattr(figure, "savefig"):
        raise TypeError(
            "figure: expected a matplotlib Figure, found "
            f"{type(figure).__name__}. Pass the figure, not its axes: axes.figure"
        )
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt: expected a text that says what the chart shows.")
    display(Picture(_png(figure, alt), alt))
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def show_array(frame: npt.ArrayLike, display_handle: Any = None) -> Any:
    """Show a frame of a video in place of the one before.

    Parameters
    ----------
    frame
        Shape (height, width, 3), in OpenCV's order **BGR**, or (height, width) for a
        grey one; uint8 from 0 to 255 or float from 0 to 1.
    display_handle
        What this function returned for the frame before; the frame is shown anew if
        not given.

    Returns
    -------
    IPython.display.DisplayHandle or None
        To give back with the next frame; None outside a notebook.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Notes
    -----
    Compatible with the function of that name in openvino_notebooks: BGR, sent as JPEG.

    Examples
    --------
    >>> show_array("frame.jpg")
    Traceback (most recent call last):
        ...
    TypeError: frame: expected an array of numbers, found str.
    """
    import cv2
    from IPython.display import display

    pixels = _picture(frame, "frame")
    height, width = pixels.shape[:2]
    if max(height, width) > 65500:  # OpenCV's limit for this format
        raise ValueError(
            f"frame: JPEG holds at most 65500 pixels a side, found {width} x {height}."
        )
    if display_handle is not None and not hasattr(display_handle, "update"):
        raise TypeError(
            "display_handle: expected what show_array returned for the frame before, "
            f"found {type(display_handle).__name__}."
        )
    jpeg = cv2.imencode(".jpeg", pixels)[1].tobytes()
    picture = Picture(jpeg, f"Frame of {_size(pixels)}.", "image/jpeg")
    if display_handle is None:
        return display(picture, display_id=True)
    display_handle.update(picture)
    return display_handle


def load_image(
    name: str | os.PathLike[str], url: str | None = None
) -> npt.NDArray[np.uint8]:
    """Read a picture from a file, which is fetched first if it is not there.

    Parameters
    ----------
    name
        Path of the file.
    url
        Where to fetch it from if it is not there. It is kept as it came.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        In OpenCV's order **BGR**; ``image[..., ::-1]`` is RGB. A grey picture gets
        three equal channels, and transparency is dropped.

    Raises
    ------
    DownloadError
        The file could not be fetched, or what came is no picture; it is not kept then.
    WorkshopError
        There is no such file and no `url`, or the file is no picture.

    Notes
    -----
    Compatible with the function of that name in openvino_notebooks, except that there a
    fetched picture is encoded again, and whatever came in its place is kept.

    Examples
    --------
    >>> load_image("no-such-picture.jpg")
    Traceback (most recent call last):
        ...
    notebook_utils.errors.WorkshopError: There is no file 'no-such-picture.jpg'. Check \
the path, or give url= to fetch it.
    """
    path = Path(name)
    if path.is_file():
        pixels = _decode(path)
        if pixels is None:
            raise WorkshopError(
                f"'{path}' is not a picture that OpenCV can read ({_beginning(path)}). "
                "Delete it if it should be fetched again, or give another file."
            )
        return pixels
    if url is None:
        raise WorkshopError(
            f"There is no file '{path}'. Check the path, or give url= to fetch it."
        )
    return _fetch(path, url)


def _fetch(path: Path, url: str) -> npt.NDArray[np.uint8]:
    from .download import download_file

    download_file(url, path.name, path.parent, silent=True)
    pixels = _decode(path)
    if pixels is None:
        beginning = _beginning(path)
        path.unlink()  # or it would be taken for the picture next time
        raise DownloadError(
            f"What came from {url} is not a picture that OpenCV can read "
            f"({beginning}); it was not kept. Open the address in a browser to see "
            "what is there."
        )
    return pixels


def _decode(path: Path) -> npt.NDArray[np.uint8] | None:
    import cv2

    # Not cv2.imread: on Windows it cannot open every path.
    data = np.fromfile(path, np.uint8)
    if data.size == 0:
        return None
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:  # such as a picture with more pixels than OpenCV accepts
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(12)
    return f"it begins with {first!r}" if first else "it is empty"


def _pictures(images: Any) -> list[npt.NDArray[np.uint8]]:
    if hasattr(images, "ndim") and images.ndim <= 3:
        return [_picture(images, "images")]
    if isinstance(images, str | bytes | dict) or not hasattr(images, "__iter__"):
        return [_picture(images, "images")]
    pictures = [
        _picture(image, f"Picture {number}") for number, image in enumerate(images, 1)
    ]
    if not pictures:
        raise ValueError("images: expected at least one picture, found none.")
    return pictures


def _picture(image: Any, name: str) -> npt.NDArray[np.uint8]:
    """Check one picture and bring it to uint8, with the channels last or none."""
    pixels = _numbers(image, name)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"{name}: expected shape (height, width, 3) or (height, width), found "
            f"{pixels.shape}. {_shape_hint(pixels.shape)}".strip()
        )
    if pixels.size == 0:
        raise ValueError(f"{name}: expected a picture, found none: {pixels.shape}.")
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected uint8 or float values, found {pixels.dtype}. "
            + _dtype_hint(pixels)
        )
    return np.rint(_unit(pixels, name, "Divide by 255?") * 255).astype(np.uint8)


def _numbers(values: Any, name: str) -> npt.NDArray[Any]:
    kind = type(values).__name__
    try:
        numbers = np.asarray(values)
    except Exception as error:  # each library has its own: lists, tensors, files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TypeError(
            f"{name}: expected an array of numbers, found {kind}: {reason}"
        ) from error
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected an array of numbers, found {kind}.")
    return numbers


def _unit(values: npt.NDArray[Any], name: str, hint: str) -> npt.NDArray[np.float64]:
    """Check that floats lie between 0 and 1, and cut off what rounding added."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected numbers from 0 to 1, found inf or nan.")
    low, high = float(numbers.min()), float(numbers.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ValueError(
            f"{name}: expected values from 0 to 1, found {low:.4g} to {high:.4g}. "
            + hint
        )
    return np.clip(numbers, 0, 1)


def _shape_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "Show one picture of the batch: image[0]"
    if len(shape) == 3 and shape[2] == 4:
        return "Leave the transparency out: image[..., :3]"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "Put the channels last: image.transpose(1, 2, 0)"
    return ""


def _dtype_hint(pixels: npt.NDArray[Any]) -> str:
    if pixels.dtype.kind == "b":
        return "Make a grey picture of a mask: mask.astype('uint8') * 255"
    if pixels.min() >= 0 and pixels.max() <= 255:
        return "Convert it: image.astype('uint8')"
    return f"Its values go from {pixels.min()} to {pixels.max()}."


def _probabilities(values: Any) -> npt.NDArray[np.float64]:
    numbers = _numbers(values, "probabilities")
    if numbers.ndim == 2 and numbers.shape[0] == 1:
        numbers = numbers[0]
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(
            "probabilities: expected shape (classes,) or (1, classes), found "
            f"{numbers.shape}."
        )
    return _unit(
        numbers,
        "probabilities",
        "Scores (logits) become probabilities by a softmax.",
    )


def _positive(value: Any, name: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: expected a whole number, found {type(value).__name__}."
        ) from None
    if number < 1:
        raise ValueError(f"{name}: expected 1 or more, found {number}.")
    return number


def _texts(
    texts: str | Sequence[str] | None, count: int, name: str
) -> list[str] | None:
    if texts is None:
        return None
    listed = [texts] if isinstance(texts, str) else list(texts)
    if len(listed) != count:
        raise ValueError(
            f"{name}: expected one text for each of the {count} pictures, found "
            f"{len(listed)}."
        )
    return [str(text) for text in listed]


def _describe(
    pictures: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    alt: str | Sequence[str] | None,
) -> str:
    if isinstance(alt, str):
        return alt
    given = _texts(alt, len(pictures), "alt")
    if given:
        return "; ".join(given)
    what = "Picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
    if titles:
        return f"{what}: {', '.join(titles)}."
    sizes = dict.fromkeys(map(_size, pictures))
    return f"{what} of {' and '.join(sizes)}."


def _size(pixels: npt.NDArray[np.uint8]) -> str:
    height, width = pixels.shape[:2]
    return f"{width} x {height} pixels"


def _list_of(names: list[str], percents: list[float], title: str | None) -> str:
    parts = [f"{n} {p:.1f} %" for n, p in zip(names, percents, strict=True)]
    what = "class" if len(names) == 1 else "classes"
    number = "" if len(names) == 1 else f"{len(names)} "
    chart = f"Bar chart of the {number}most probable {what}: {', '.join(parts)}."
    return f"{title}. {chart}" if title else chart


@contextmanager
def _figure(width: float, height: float) -> Iterator[Any]:
    """Make a figure of so many pixels that no setting of the notebook changes.

    Without pyplot nothing is shown by the way, and there is nothing to close.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context("default", after_reset=True):
        yield Figure((width / _DPI, height / _DPI), dpi=_DPI, layout="constrained")


def _png(figure: Any, alt: str) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None, "Title": alt})
    return buffer.getvalue()


def _grid(
    pictures: list[npt.NDArray[np.uint8]],
    titles: list[str] | None,
    columns: int,
    width: int,
    alt: str,
) -> bytes:
    wrapped = [textwrap.fill(title, max(width // 8, 8)) for title in titles or []]
    lines = max((text.count("\n") + 1 for text in wrapped), default=0)
    heights = [
        _row_height(pictures[start : start + columns], width) + lines * _TEXT_LINE
        for start in range(0, len(pictures), columns)
    ]
    with _figure(columns * width, sum(heights)) as figure:
        axes = figure.subplots(
            len(heights), columns, squeeze=False, height_ratios=heights
        )
        for place, axis in enumerate(axes.flat):
            axis.axis("off")
            if place < len(pictures):
                _draw(axis, pictures[place])
                if wrapped:
                    axis.set_title(wrapped[place], fontsize=10, parse_math=False)
        return _png(figure, alt)


def _row_height(row: list[npt.NDArray[np.uint8]], width: int) -> float:
    # A strip of a picture is shown smaller rather than in a figure of any length.
    tallest: float = max(pixels.shape[0] / pixels.shape[1] for pixels in row)
    return min(max(width * tallest, 40.0), 2.0 * width)


def _draw(axis: Any, pixels: npt.NDArray[np.uint8]) -> None:
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axis.axis("off")


def _bars(
    names: list[str],
    percents: list[float],
    picture: npt.NDArray[np.uint8] | None,
    title: str | None,
    alt: str,
) -> bytes:
    wrapped = [textwrap.fill(name, 24) for name in names]
    lines = sum(max(text.count("\n") + 1, 1.5) for text in wrapped)
    height = 60 + lines * _TEXT_LINE + (24 if title else 0)
    with _figure(480 if picture is None else 720, max(height, 140)) as figure:
        if picture is None:
            axis = figure.subplots()
        else:
            left, axis = figure.subplots(1, 2, width_ratios=(1, 2))
            _draw(left, picture)
        positions = range(len(names))
        colours = [FIRST_COLOUR, *[OTHER_COLOUR] * (len(names) - 1)]
        bars = axis.barh(positions, percents, color=colours)
        axis.bar_label(bars, [f"{percent:.1f} %" for percent in percents], padding=3)
        axis.set_yticks(positions, wrapped, parse_math=False)
        axis.invert_yaxis()  # the most probable at the top
        axis.set_xlim(0, 118)  # room for the number beside a full bar
        axis.set_xticks(range(0, 101, 20))
        axis.set_xlabel("Probability (%)")
        axis.spines[["top", "right"]].set_visible(False)
        if title:
            axis.set_title(title, fontsize=11, parse_math=False)
        return _png(figure, alt)
