"""Images and charts in a notebook, each with an alternative text.

Images go in as RGB, height by width by 3, uint8 from 0 to 255 or float from 0 to 1; a
grey image is height by width. :func:`~notebook_utils.load_image` and
:func:`~notebook_utils.show_array` keep the order that openvino_notebooks gave them,
OpenCV's BGR, and say so.

A wrong argument raises ``TypeError`` or ``ValueError``; the message names the argument,
what was expected and what was found.

An image reaches the notebook as one output that holds

- ``image/png`` (a frame of a video: ``image/jpeg``), with the text as the metadata
  ``alt``, where nbsphinx and nbconvert's classic template look for it;
- ``text/html``, an ``<img alt="...">``, because JupyterLab 4.6 and nbconvert 7.17's
  default template ignore that metadata. A PNG larger than `INLINE_PNG_BYTES` is
  repeated there as JPEG;
- ``text/plain``, the text alone, for a terminal, for VS Code and for nbval.

The same input gives the same bytes in one environment: figures are drawn with
matplotlib's own style, whatever style is in use, and carry no date and no version.
"""

from .boxes import draw_boxes
from .images import show_array, show_images
from .live import live_picture
from .loading import load_image
from .masks import draw_mask
from .palette import FIRST_COLOUR, OTHER_COLOUR, PALETTE, class_colour
from .picture import INLINE_PNG_BYTES, Picture
from .plots import plot_probabilities, show_figure

__all__ = [
    "FIRST_COLOUR",
    "INLINE_PNG_BYTES",
    "OTHER_COLOUR",
    "PALETTE",
    "Picture",
    "class_colour",
    "draw_boxes",
    "draw_mask",
    "live_picture",
    "load_image",
    "plot_probabilities",
    "show_array",
    "show_figure",
    "show_images",
]
