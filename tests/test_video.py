"""The player on files that the test makes, and on stand-ins of cv2.VideoCapture.

No machine of the tests has a camera. The stand-in has what the player uses of the
interface: isOpened, get, set, read and release.
"""

import gc
import threading
import time
from typing import ClassVar

import cv2
import numpy as np
import pytest

from notebook_utils import VideoPlayer, WorkshopError
from notebook_utils.errors import VideoError

WIDTH, HEIGHT, COUNT = 64, 48, 12


def frame_number(frame):
    """Frame n of the video is of the grey level 20 n."""
    return None if frame is None else round(float(frame[:, : WIDTH // 4].mean()) / 20)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Twelve frames, 30 a second, with a white bar on the right."""
    path = tmp_path_factory.mktemp("video") / "toys é.avi"
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), fourcc, 30, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for number in range(COUNT):
        frame = np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8)
        frame[:, -8:] = 255
        writer.write(frame)
    writer.release()
    return path


class Capture:
    """A camera, or a file whose frames are numbered by their grey level."""

    made: ClassVar[list["Capture"]] = []

    def __init__(self, source, count=None, fps=30.0, opens=True, fails_at=None):
        self.source, self.count, self.fps, self.opens = source, count, fps, opens
        self.fails_at = fails_at
        self.number = 0
        self.settings = {}
        self.released = threading.Event()
        Capture.made.append(self)

    def isOpened(self):  # noqa: N802 - the interface
        return self.opens

    def get(self, key):
        return self.fps if key == cv2.CAP_PROP_FPS else 0.0

    def set(self, key, value):
        self.settings[key] = value

    def read(self):
        assert not self.released.is_set(), "read after release"
        if self.number == self.fails_at:
            raise cv2.error("the cable is loose")
        if self.number == self.count:
            return False, None
        self.number += 1
        level = 20 * (self.number - 1) % 256
        return True, np.full((HEIGHT, WIDTH, 3), level, np.uint8)

    def release(self):
        assert not self.released.is_set(), "released twice"
        self.released.set()


@pytest.fixture
def capture(monkeypatch):
    """Put a stand-in of the settings that the test names in OpenCV's place."""
    Capture.made = []

    def use(**settings):
        monkeypatch.setattr(cv2, "VideoCapture", lambda s: Capture(s, **settings))

    return use


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    gc.collect()
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) <= before


def played(player):
    """The numbers of the frames that were shown, without repetition."""
    numbers = []
    while (frame := player.next()) is not None:
        number = frame_number(frame)
        if numbers[-1:] != [number]:
            numbers.append(number)
        time.sleep(0.001)
    return numbers


def test_a_video_is_played_from_its_first_frame_to_its_end(video):
    with VideoPlayer(video) as player:
        numbers = played(player)
    assert numbers[0] == 0
    assert numbers == sorted(numbers)
    assert numbers[-1] <= COUNT - 1
    assert player.next() is None


def test_a_video_is_played_the_way_that_is_known(video):
    player = VideoPlayer(source=str(video), flip=True, fps=30, skip_first_frames=3)
    try:
        player.start()
        frame = player.next()
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert (frame[:, :4] > 200).all(), "the bar is on the left"
    finally:
        player.stop()
    assert player.next() is None


def test_before_the_start_the_first_frame_waits(video):
    player = VideoPlayer(video)
    assert [frame_number(player.next()) for _ in range(3)] == [0, 0, 0]
    player.stop()


@pytest.mark.parametrize("skipped", [0, 1, 5, COUNT - 1])
def test_the_frames_that_are_skipped_are_these(video, skipped):
    player = VideoPlayer(video, skip_first_frames=skipped)
    assert frame_number(player.next()) == skipped
    player.stop()


def test_a_frame_is_the_callers_own(video):
    player = VideoPlayer(video)
    player.next()[:] = 77
    assert frame_number(player.next()) == 0
    player.stop()


@pytest.mark.parametrize("size", [(32, 24), (128, 96), (50, 100), (WIDTH, HEIGHT)])
def test_frames_have_the_size_asked_for(video, size):
    player = VideoPlayer(video, size=size, flip=True)
    frame = player.next()
    assert frame.shape == (size[1], size[0], 3)
    assert frame.flags["C_CONTIGUOUS"]
    assert (frame[:, : size[0] // 16] > 200).all()
    player.stop()


def paced(monkeypatch):
    """Let the player read without waiting, and note the frames it showed."""
    from notebook_utils.display import video

    shown = []

    class Noting(video._Reader):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "_frame" and value is not None:
                shown.append(frame_number(value))

        def _wait_until(self, due):
            pass

    monkeypatch.setattr(video, "_Reader", Noting)
    return shown


@pytest.mark.parametrize(
    ("source_fps", "fps", "expected"),
    [
        (30, None, list(range(12))),
        (30, 30, list(range(12))),
        (29.97, 29.97, list(range(12))),
        (30, 60, list(range(12))),
        (30, 15, [0, 2, 4, 6, 8, 10]),
        (30, 10, [0, 3, 6, 9]),
        (30, 20, [0, 2, 3, 5, 6, 8, 9, 11]),
        (30, 1, [0]),
    ],
)
def test_fps_chooses_frames_evenly(
    capture, monkeypatch, video, source_fps, fps, expected
):
    capture(count=COUNT, fps=source_fps)
    shown = paced(monkeypatch)
    with VideoPlayer(video, fps=fps) as player:
        player._reader._thread.join()
    assert shown == expected


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), 90000.0])
def test_a_file_without_a_usable_rate_is_played_at_30(capture, video, fps):
    capture(count=3, fps=fps)
    player = VideoPlayer(video)
    assert player._reader._source_fps == 30
    player.stop()


def test_the_last_frame_is_seen(video):
    """Twelve frames last 0.4 s: the eleventh is not the end of them."""
    player = VideoPlayer(video, skip_first_frames=COUNT - 1)
    player.start()
    assert frame_number(player.next()) == COUNT - 1
    player.stop()


def test_a_camera_is_asked_for_a_size_and_gives_frames_as_they_come(capture):
    capture()
    with VideoPlayer(0, width=320, height=240) as player:
        (camera,) = Capture.made
        assert camera.source == 0
        assert camera.settings == {
            cv2.CAP_PROP_FRAME_WIDTH: 320,
            cv2.CAP_PROP_FRAME_HEIGHT: 240,
        }
        first = frame_number(player.next())
        deadline = time.monotonic() + 10
        while frame_number(player.next()) == first and time.monotonic() < deadline:
            time.sleep(0.005)
        assert frame_number(player.next()) != first
    assert camera.released.is_set()


def test_a_file_keeps_its_own_size(capture, video):
    capture(count=1)
    VideoPlayer(video, width=320, height=240).stop()
    assert Capture.made[0].settings == {}


def test_a_camera_that_is_unplugged_ends(capture):
    capture(count=5)
    with VideoPlayer(0) as player:
        player._reader._thread.join()
        assert player.next() is None
    assert Capture.made[0].released.is_set()


def test_an_error_while_reading_reaches_the_notebook(capture):
    capture(fails_at=3)
    with VideoPlayer(0) as player:
        player._reader._thread.join()
        with pytest.raises(VideoError, match=r"Reading camera 0 failed: .*cable"):
            player.next()
    assert Capture.made[0].released.is_set()


def test_starting_twice_is_starting_once(capture):
    capture()
    with VideoPlayer(0) as player:
        thread = player._reader._thread
        player.start()
        assert player._reader._thread is thread


def test_stopping_twice_is_stopping_once(capture):
    capture()
    player = VideoPlayer(0)
    player.stop()
    player.stop()
    assert Capture.made[0].released.is_set()
    with pytest.raises(VideoError, match=r"was stopped\. Make a new VideoPlayer"):
        player.start()


def test_an_error_in_the_with_statement_stops_the_player(capture):
    capture()
    with pytest.raises(KeyboardInterrupt), VideoPlayer(0):
        raise KeyboardInterrupt
    assert Capture.made[0].released.is_set()


@pytest.mark.parametrize("started", [False, True])
def test_a_forgotten_player_gives_the_camera_back(capture, started):
    capture()
    player = VideoPlayer(0)
    if started:
        player.start()
    del player
    gc.collect()
    assert Capture.made[0].released.wait(10)


def test_a_camera_that_hangs_does_not_hang_the_notebook(capture, monkeypatch):
    capture()
    monkeypatch.setattr("notebook_utils.display.video.LONGEST_READ_S", 0.05)
    comes_back, hangs = threading.Event(), threading.Event()
    player = VideoPlayer(0)
    (camera,) = Capture.made

    def read():
        hangs.set()
        comes_back.wait(10)
        return True, np.zeros((HEIGHT, WIDTH, 3), np.uint8)

    camera.read = read
    player.start()
    assert hangs.wait(10)
    player.stop()
    assert not camera.released.is_set(), "not while it reads"
    comes_back.set()
    assert camera.released.wait(10)
    assert player.next() is None


@pytest.mark.parametrize(
    ("settings", "source", "words"),
    [
        ({"opens": False}, 1, "Cannot open camera 1. Check that it is connected"),
        ({"count": 0}, 0, "No frame comes from camera 0"),
        ({"opens": False}, "video", "Cannot open '.*': expected a video"),
        ({"count": 0}, "video", "has no frame that OpenCV can read"),
        ({"count": 2}, "video", "has 2 frames: skip_first_frames=4 leaves none"),
    ],
)
def test_what_cannot_be_played_is_released_and_told(
    capture, video, settings, source, words
):
    capture(**settings)
    with pytest.raises(VideoError, match=words) as caught:
        VideoPlayer(video if source == "video" else source, skip_first_frames=4)
    assert Capture.made[0].released.is_set()
    assert isinstance(caught.value, RuntimeError), "what known notebooks expect"
    assert isinstance(caught.value, WorkshopError)


def test_a_missing_file_and_a_file_that_is_no_video_are_told_apart(tmp_path):
    with pytest.raises(VideoError, match=r"There is no file .* fetch it first"):
        VideoPlayer(tmp_path / "none.mp4")
    (tmp_path / "page.mp4").write_text("<!DOCTYPE html>")
    with pytest.raises(VideoError, match="expected a video that OpenCV can read"):
        VideoPlayer(tmp_path / "page.mp4")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"source": None}, TypeError, "source: .* found NoneType"),
        ({"source": True}, TypeError, "source: .* found bool"),
        ({"source": 1.5}, TypeError, "source: .* found float"),
        ({"size": 640}, ValueError, "size: expected .width, height."),
        ({"size": "wide"}, ValueError, "size: expected .width, height."),
        ({"size": (0, 480)}, ValueError, "size: width: expected 1 or more"),
        ({"size": (640, 4.5)}, TypeError, "size: height: expected a whole number"),
        ({"fps": 0}, ValueError, "fps: expected a number of more than 0, found 0"),
        ({"fps": "fast"}, ValueError, "fps: expected a number"),
        ({"fps": float("nan")}, ValueError, "fps: expected a number"),
        ({"skip_first_frames": -1}, ValueError, "skip_first_frames: expected 0 or"),
        ({"skip_first_frames": 1.5}, TypeError, "skip_first_frames: expected a whole"),
        ({"width": 0}, ValueError, "width: expected 1 or more"),
        ({"height": "tall"}, TypeError, "height: expected a whole number"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_opened(
    capture, options, error, words
):
    capture()
    with pytest.raises(error, match=words):
        VideoPlayer(**{"source": 0, **options})
    assert Capture.made == []
