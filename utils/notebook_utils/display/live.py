"""An image that follows sliders and other controls."""

import html
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..arguments import as_image, as_integer
from .picture import jpeg_picture

Drawer = Callable[..., tuple[npt.NDArray[np.uint8], str]]


def live_picture(draw: Drawer, *controls: Any, width: int = 560) -> Any:
    """Return controls and below them an image, drawn anew whenever one is moved.

    It takes the place of ``ipywidgets.interact``, whose outputs have no alternative
    text and can hold up a notebook that is run without a browser.

    Parameters
    ----------
    draw
        Called with the values of the controls, in their order. Returns an image, as in
        :func:`show_images`, and its alternative text. The message of a ValueError is
        shown in place of the image.
    controls
        Widgets with a `value`.
    width
        Of the image on the screen, in pixels; less where the window is narrower.
    """
    from ipywidgets import HTML, VBox

    if not callable(draw):
        raise TypeError(f"draw: expected a function, found {type(draw).__name__}.")
    for control in controls:
        if not (hasattr(control, "value") and hasattr(control, "observe")):
            raise TypeError(
                f"controls: expected widgets with a value, found {control!r}."
            )
    width = as_integer(width, "width")
    shown = HTML()

    def update(change: object = None) -> None:
        try:
            image, alt = draw(*(control.value for control in controls))
        except ValueError as error:
            shown.value = f"<p>{html.escape(str(error))}</p>"
            return
        pixels = as_image(image, "draw")
        height = max(1, round(width * pixels.shape[0] / pixels.shape[1]))
        resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        picture = jpeg_picture(cv2.cvtColor(resized, cv2.COLOR_RGB2BGR), alt)
        shown.value = picture.html("max-width:100%; height:auto")  # in a narrow window

    for control in controls:
        control.observe(update, names="value")
    update()
    return VBox([*controls, shown])
