"""An image from a file, which is fetched first if it is not there."""

import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..download import download_file
from ..errors import DownloadError, WorkshopError
from ..workspace import cache_dir


def load_image(
    name: str | os.PathLike[str], url: str | None = None
) -> npt.NDArray[np.uint8]:
    """Read an image from a file or an address.

    Unlike openvino_notebooks: a fetched file is kept byte for byte, since encoding it
    again would change its pixels; and a response that is not an image is an error. An
    image known by its address alone is kept in the user's cache folder.

    Parameters
    ----------
    name
        Path of the file; or its address alone, ``http`` or ``https``.
    url
        Where to fetch the file from if it is not there; what is fetched is kept.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        In OpenCV's order **BGR**; ``image[..., ::-1]`` is RGB. A grey image gets three
        equal channels, and transparency is dropped.

    Raises
    ------
    DownloadError
        The file could not be fetched, or is not an image; it is not kept then.
    WorkshopError
        There is no such file and no `url`, or the file is not an image.
    """
    if not isinstance(name, str | os.PathLike):
        raise TypeError(
            f"name: expected a path or an address, found {type(name).__name__}."
        )
    if not isinstance(url, str | None):
        raise TypeError(f"url: expected an address, found {type(url).__name__}.")
    if url is None and str(name).lower().startswith(("http://", "https://")):
        url = str(name)
        name = cache_dir() / "pictures" / hashlib.sha256(url.encode()).hexdigest()[:32]
    path = Path(name)
    fetched = not path.is_file()
    if fetched:
        if url is None:
            raise WorkshopError(
                f"There is no file '{path}'. Check the path, or give url= to fetch it."
            )
        download_file(url, path.name, path.parent, silent=True)
    pixels = _decode(path)
    if pixels is not None:
        return pixels
    with path.open("rb") as file:
        beginning = f"it begins with {file.read(12)!r}"
    if fetched:
        path.unlink()  # or it would be taken for the image next time
        raise DownloadError(
            f"What came from {url} is not an image that OpenCV can read ({beginning}); "
            "it was not kept. Open the address in a browser to see what is there."
        )
    raise WorkshopError(
        f"'{path}' is not an image that OpenCV can read ({beginning}). Delete it if it "
        "should be fetched again, or give another file."
    )


def _decode(path: Path) -> npt.NDArray[np.uint8] | None:
    import cv2

    # Not cv2.imread: on Windows it cannot open every path.
    data = np.fromfile(path, np.uint8)
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # such as an image with more pixels than OpenCV accepts
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)
