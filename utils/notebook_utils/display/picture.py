"""One output of a notebook: an encoded image and its alternative text."""

import base64
import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

INLINE_PNG_BYTES = 64 * 1024


@dataclass(frozen=True)
class Picture:
    """An image file and its alternative text."""

    data: bytes  # of the file
    alt: str  # what the image shows, for those who cannot see it
    mime: str = "image/png"  # or "image/jpeg"

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        bundle = {
            self.mime: base64.b64encode(self.data).decode("ascii"),
            "text/html": self.html(),
            "text/plain": self.alt,
        }
        return bundle, {self.mime: {"alt": self.alt}}

    def html(self, style: str = "") -> str:
        """Return the image as an HTML element; a large PNG becomes a JPEG there."""
        inline = self
        if self.mime == "image/png" and len(self.data) > INLINE_PNG_BYTES:
            import cv2

            pixels = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR)
            inline = jpeg_picture(pixels, self.alt)
        source = f"data:{inline.mime};base64,{base64.b64encode(inline.data).decode()}"
        css = f' style="{style}"' if style else ""
        return f'<img alt="{html.escape(self.alt)}"{css} src="{source}">'


def jpeg_picture(pixels_bgr: Any, alt: str) -> Picture:
    """Encode pixels in OpenCV's order BGR, or grey ones, as JPEG."""
    import cv2

    return Picture(cv2.imencode(".jpeg", pixels_bgr)[1].tobytes(), alt, "image/jpeg")


def size_in_words(pixels: npt.NDArray[np.uint8]) -> str:
    """Return the size of an image as a phrase."""
    height, width = pixels.shape[:2]
    return f"{width} x {height} pixels"
