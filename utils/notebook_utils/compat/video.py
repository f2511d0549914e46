"""Plays a video or a camera beside the notebook, which takes the current frame.

The frames are read in a thread of their own, at the speed of the video, so that a slow
model misses frames instead of falling behind.
"""

import math
import os
import threading
import time
from numbers import Real
from pathlib import Path
from typing import Any, Self, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ..arguments import as_integer
from ..errors import VideoError

Frame: TypeAlias = npt.NDArray[np.uint8]

DEFAULT_FPS = 30.0
HIGHEST_FPS = 1000.0  # some files and cameras give their clock's rate instead
LONGEST_READ_S = 5.0


class VideoPlayer:
    """Play a video file or a camera, and return the current frame.

    Unlike openvino_notebooks: works in a ``with`` statement; starting twice does not
    read in two threads; and `fps` leaves out frames evenly.

    Parameters
    ----------
    source
        The number of a camera, from 0; or the path or address of a video.
    size
        Width and height of the frames, in pixels; as they are if not given.
    flip
        Whether to exchange left and right.
    fps
        Frames per second to show at most; the video plays at its own speed either way.
    skip_first_frames
        How many frames to leave out at the beginning.
    width, height
        What to ask a camera for, in pixels.

    Raises
    ------
    VideoError
        The source cannot be opened or has no frame to show.
    """

    def __init__(
        self,
        source: int | str | os.PathLike[str],
        size: tuple[int, int] | None = None,
        flip: bool = False,
        fps: float | None = None,
        skip_first_frames: int = 0,
        width: int = 1280,
        height: int = 720,
    ) -> None:
        self._size = None if size is None else _checked_size(size)
        self._flip = bool(flip)
        skipped = as_integer(skip_first_frames, "skip_first_frames", least=0)
        camera_size = as_integer(width, "width"), as_integer(height, "height")
        if fps is not None and not (isinstance(fps, Real) and 0 < fps < math.inf):
            raise ValueError(f"fps: expected a number above 0, found {fps!r}.")
        self._is_camera = isinstance(source, int)
        self._capture = _open(source, camera_size)
        announced = float(self._capture.get(cv2.CAP_PROP_FPS))
        self._source_fps = announced if 0 < announced <= HIGHEST_FPS else DEFAULT_FPS
        # A camera sends what it can, whatever it announced: by default show it all.
        highest = HIGHEST_FPS if self._is_camera else self._source_fps
        self._fps = min(fps or highest, highest)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._play, name=f"VideoPlayer {source}", daemon=True
        )
        for _ in range(skipped + 1):  # seeking is inexact in many files
            there, self._frame = self._capture.read()
        if not there:
            self._capture.release()
            advice = "Skip fewer, use MP4 (H.264), or close what uses the camera."
            raise VideoError(f"'{source}' gives no frame after {skipped}. {advice}")

    def start(self) -> None:
        """Start to play; nothing happens if it plays already."""
        if self._stopped.is_set():
            raise VideoError("This player was stopped. Make a new VideoPlayer.")
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Stop, and release the camera or file; harmless if repeated."""
        self._stopped.set()
        if self._thread.ident is None:
            self._capture.release()
        else:  # the thread releases it, even after a read that hangs for longer
            self._thread.join(LONGEST_READ_S)
        self._frame = None

    def next(self) -> Frame | None:
        """Return the current frame, or the first one before :meth:`start`.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3), or None
            In OpenCV's order **BGR**, and the caller's own; None when the video is over
            or was stopped.
        """
        frame: Frame | None = self._frame
        if frame is None:
            return None
        if self._size is not None and self._size != frame.shape[1::-1]:
            # Averaging keeps thin lines when an image shrinks.
            shrinks = self._size[0] < frame.shape[1]
            method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            frame = np.asarray(cv2.resize(frame, self._size, interpolation=method))
        return np.ascontiguousarray(frame[:, ::-1]) if self._flip else frame.copy()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _play(self) -> None:
        """Show each frame when it is due, and wait until the next one is."""
        start = time.monotonic()
        number, shown, there = 0, 0, True
        try:
            while there and not self._stopped.is_set():
                there, frame = self._capture.read()
                number += 1
                moment = number / self._source_fps
                if self._is_camera:
                    moment = time.monotonic() - start
                else:  # the last frame stays for its time too
                    self._stopped.wait(max(0.0, start + moment - time.monotonic()))
                tick = math.floor(moment * self._fps + 1e-6)
                if tick > shown and not self._stopped.is_set():
                    shown, self._frame = tick, frame
        finally:  # also where reading fails, which the thread reports
            self._capture.release()
            self._frame = None


def _open(source: Any, camera_size: tuple[int, int]) -> Any:
    """Open a source, or release it again and say why it cannot be used."""
    if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
        raise TypeError(
            "source: expected the number of a camera or the path of a video, found "
            f"{type(source).__name__}."
        )
    if isinstance(source, int):
        kind = "camera"
        advice = (
            "Check that it is connected and that no other program uses it; a server or "
            "a hosted notebook has none."
        )
        as_integer(source, "source: camera", least=0)  # OpenCV 5.0 crashes on -1
    else:
        kind = "video"
        advice = "Expected a format that OpenCV can read, such as MP4 with H.264."
        source = str(os.fspath(source))
        if "://" not in source and (not source or not Path(source).exists()):
            raise VideoError(
                f"There is no file '{source}'. Check the path, or fetch it first: "
                "download_file(url)"
            )
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        capture.release()
        raise VideoError(f"Cannot open {kind} {source}. {advice}")
    if kind == "camera":
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera_size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera_size[1])
    return capture


def _checked_size(size: Any) -> tuple[int, int]:
    if np.shape(size) != (2,):
        raise ValueError(f"size: expected (width, height) in pixels, found {size!r}.")
    return as_integer(size[0], "size: width"), as_integer(size[1], "size: height")
