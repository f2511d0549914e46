"""Plays a video or a camera beside the notebook, which takes the frame of the moment.

Reading a frame takes time, and so does running a model on it. The frames are read in a
thread of their own, at the speed of the video; who asks gets the latest. A slow model
then misses frames instead of falling behind.
"""

import math
import os
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import VideoError
from .arguments import as_positive, as_whole

Frame: TypeAlias = npt.NDArray[np.uint8]

USUAL_FPS = 30.0
HIGHEST_FPS = 1000.0  # some files and cameras give their clock's rate instead
LONGEST_READ_S = 5.0


class VideoPlayer:
    """Play a video file or a camera, and give the frame of the moment.

    Parameters
    ----------
    source
        The number of a camera, from 0; or the path or address of a video.
    size
        Width and height of the frames, in pixels; as they are if not given.
    flip
        Whether to exchange left and right, as in a mirror.
    fps
        Frames per second to show at most; as many as the source has if not given. The
        video plays at its own speed either way.
    skip_first_frames
        How many frames to leave out at the beginning.
    width, height
        What to ask a camera for, in pixels; it may choose others. A file has its own.

    Raises
    ------
    VideoError
        The source cannot be opened or has no frame to show.
    TypeError, ValueError
        An argument is not what is described above; the message says in what way.

    Notes
    -----
    Unlike openvino_notebooks: works in a ``with`` statement, which starts the player
    and stops it whatever happens; a player that was never stopped gives camera and
    thread back when it is forgotten; starting twice does not read in two threads; and
    `fps` keeps every second frame, say, instead of those that a clock happens to meet.

    Examples
    --------
    >>> VideoPlayer("no-such-video.mp4")
    Traceback (most recent call last):
        ...
    notebook_utils.errors.VideoError: There is no file 'no-such-video.mp4'. Check the \
path, or fetch it first: download_file(url)
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
        skipped = as_whole(skip_first_frames, "skip_first_frames", least=0)
        camera_size = as_positive(width, "width"), as_positive(height, "height")
        if fps is not None and not (_is_number(fps) and 0 < fps < math.inf):
            raise ValueError(
                f"fps: expected a number of more than 0, found {fps!r}. Leave it out "
                "to show every frame."
            )
        reader = _Reader(_open(source, camera_size), source, fps)
        # Also when nobody called stop: the player is forgotten, or Python ends.
        self._release = weakref.finalize(self, reader.stop)
        self._reader = reader
        try:
            reader.skip(skipped)
        except VideoError:
            self._release()
            raise

    def start(self) -> None:
        """Start to play; nothing happens if it plays already.

        Raises
        ------
        VideoError
            The player was stopped before. Make a new one.
        """
        self._reader.start()

    def stop(self) -> None:
        """Stop to play, and give the camera or file back; harmless if repeated."""
        self._release()

    def next(self) -> Frame | None:
        """Return the frame of the moment.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3), or None
            In OpenCV's order **BGR**, and the caller's own. The first frame before
            :meth:`start`; None when the video is over or was stopped.

        Raises
        ------
        VideoError
            Reading failed in the middle.
        """
        frame = self._reader.latest()
        return None if frame is None else _adapted(frame, self._size, self._flip)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


class _Reader:
    """Reads frames in a thread; knows nothing of the player, which can be forgotten."""

    def __init__(self, capture: Any, source: Any, fps: float | None) -> None:
        import cv2

        self._capture = capture
        self._name = _name(source)
        self._live = isinstance(source, int)
        announced = float(capture.get(cv2.CAP_PROP_FPS))
        self._source_fps = announced if 0 < announced <= HIGHEST_FPS else USUAL_FPS
        # A camera sends what it can, whatever it announced: by default show it all.
        usual = HIGHEST_FPS if self._live else self._source_fps
        self._fps = min(fps or usual, usual)
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._frame: Frame | None = None
        self._error: Exception | None = None

    def skip(self, count: int) -> None:
        """Read the first frame that is not left out.

        Frames are read and dropped, because jumping lands beside the frame in many
        files.
        """
        for number in range(count + 1):
            there, frame = self._capture.read()
            if not there:
                raise VideoError(_no_frame(self._name, self._live, number, count))
        self._frame = frame

    def start(self) -> None:
        with self._lock:
            if self._stopped.is_set():
                raise VideoError(
                    f"The player of {self._name} was stopped. Make a new VideoPlayer."
                )
            if self._thread is None:
                name = f"VideoPlayer {self._name}"
                self._thread = threading.Thread(target=self._play, name=name)
                self._thread.daemon = True
                self._thread.start()

    def latest(self) -> Frame | None:
        with self._lock:
            if self._error is not None:
                raise VideoError(
                    f"Reading {self._name} failed: {self._error}"
                ) from self._error
            return self._frame

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            self._frame = None
            thread = self._thread
        if thread is None:
            self._capture.release()
        elif thread is not threading.current_thread():
            # A camera that hangs is released by the thread, if it ever comes back.
            thread.join(LONGEST_READ_S)

    def _play(self) -> None:
        try:
            self._read_all()
        except Exception as error:  # told to whoever asks for the next frame
            with self._lock:
                self._error = error
        finally:
            self._capture.release()
            with self._lock:
                self._frame = None

    def _read_all(self) -> None:
        """Show the frame of each moment, and wait until the next is due."""
        start = time.monotonic()
        number, shown = 0, 0
        while not self._stopped.is_set():
            there, frame = self._capture.read()
            if not there:
                # The last frame stays for its time, or nobody would see it.
                self._wait_until(start + (number + 1) / self._source_fps)
                return
            number += 1
            moment = number / self._source_fps
            if self._live:
                moment = time.monotonic() - start
            else:
                self._wait_until(start + moment)
            tick = math.floor(moment * self._fps + 1e-6)
            if tick > shown:
                shown = tick
                with self._lock:
                    self._frame = None if self._stopped.is_set() else frame

    def _wait_until(self, due: float) -> None:
        if not self._live:
            self._stopped.wait(max(0.0, due - time.monotonic()))


def _open(source: Any, camera_size: tuple[int, int]) -> Any:
    """Open a source, or release it again and say why it cannot be used."""
    import cv2

    if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
        raise TypeError(
            "source: expected the number of a camera or the path of a video, found "
            f"{type(source).__name__}."
        )
    if isinstance(source, int):
        as_whole(source, "source: camera", least=0)  # OpenCV 5.0 crashes on -1
    else:
        source = str(os.fspath(source))
        if "://" not in source and (not source or not Path(source).exists()):
            raise VideoError(
                f"There is no file '{source}'. Check the path, or fetch it first: "
                "download_file(url)"
            )
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        capture.release()
        raise VideoError(_cannot_open(source))
    if isinstance(source, int):
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera_size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera_size[1])
    return capture


def _name(source: Any) -> str:
    return f"camera {source}" if isinstance(source, int) else f"'{source}'"


def _cannot_open(source: Any) -> str:
    if isinstance(source, int):
        return (
            f"Cannot open camera {source}. Check that it is connected and that no "
            "other program uses it; a container, a server or a hosted notebook has "
            "none. A video file works everywhere: VideoPlayer('video.mp4')"
        )
    return (
        f"Cannot open '{source}': expected a video that OpenCV can read, such as MP4 "
        "with H.264. Check that it plays elsewhere, or convert it."
    )


def _no_frame(name: str, live: bool, number: int, skipped: int) -> str:
    if live:
        return f"No frame comes from {name}. Close other programs that use it."
    if number == 0:
        return (
            f"{name} has no frame that OpenCV can read. Convert it to MP4 with H.264."
        )
    return (
        f"{name} has {number} frames: skip_first_frames={skipped} leaves none. "
        "Skip fewer."
    )


def _checked_size(size: Any) -> tuple[int, int]:
    if isinstance(size, str) or not hasattr(size, "__len__") or len(size) != 2:
        raise ValueError(f"size: expected (width, height) in pixels, found {size!r}.")
    width, height = size
    return as_positive(width, "size: width"), as_positive(height, "size: height")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _adapted(frame: Frame, size: tuple[int, int] | None, flip: bool) -> Frame:
    """Return a frame of the caller's own, in the size and direction asked for."""
    import cv2

    if size is not None and size != frame.shape[1::-1]:
        # Averaging keeps thin lines when a picture shrinks.
        shrinks = size[0] < frame.shape[1]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        frame = np.asarray(cv2.resize(frame, size, interpolation=method), np.uint8)
    return np.ascontiguousarray(frame[:, ::-1]) if flip else frame.copy()
