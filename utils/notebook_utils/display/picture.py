"""One output of a notebook: a picture, and the text that stands for it."""

import base64
import html
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

INLINE_PNG_BYTES = 64 * 1024


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


def size_in_words(pixels: npt.NDArray[np.uint8]) -> str:
    """Say how large a picture is."""
    height, width = pixels.shape[:2]
    return f"{width} x {height} pixels"
