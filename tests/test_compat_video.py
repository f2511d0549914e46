"""The player on files that the test makes, and on stand-ins of cv2.VideoCapture.

No machine of the tests has a camera. The stand-in has what the player uses of the
interface: isOpened, get, set, read and release.
"""

import gc
import threading
import time

import cv2
import numpy as np
import pytest

from notebook_utils import VideoError, VideoPlayer, WorkshopError

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

    def __init__(self, source, count=None, fps=30.0, opens=True):
        self.source, self.count, self.fps, self.opens = source, count, fps, opens
        self.number = 0
        self.settings = {}
        self.released = threading.Event()
        self.before_read = lambda: None

    def isOpened(self):  # noqa: N802 - the interface
        return self.opens

    def get(self, key):
        return self.fps if key == cv2.CAP_PROP_FPS else 0.0

    def set(self, key, value):
        self.settings[key] = value

    def read(self):
        assert not self.released.is_set(), "read after release"
        self.before_read()
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
    made = []

    def use(**settings):
        def open_(source):
            made.append(Capture(source, **settings))
            return made[-1]

        monkeypatch.setattr(cv2, "VideoCapture", open_)
        return made

    return use


def player_threads():
    return [t for t in threading.enumerate() if t.name.startswith("VideoPlayer")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    for thread in player_threads():
        thread.join(10)
    assert player_threads() == []


def test_a_video_is_played_from_its_first_frame_to_its_end(video):
    numbers = []
    with VideoPlayer(video) as player:
        while (frame := player.next()) is not None:
            numbers.append(frame_number(frame))
            time.sleep(0.001)
    assert numbers[0] == 0 and numbers[-1] <= COUNT - 1
    assert numbers == sorted(numbers)
    assert player.next() is None


def test_a_video_is_played_as_in_openvino_notebooks(video):
    player = VideoPlayer(source=str(video), flip=True, fps=30, skip_first_frames=3)
    player.start()
    frame = player.next()
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert (frame[:, :4] > 200).all(), "the bar is on the left"
    player.stop()
    assert player.next() is None


@pytest.mark.parametrize("skipped", [0, 5, COUNT - 1])
def test_before_the_start_the_first_frame_waits(video, skipped):
    player = VideoPlayer(video, skip_first_frames=skipped)
    assert frame_number(player.next()) == skipped
    player.next()[:] = 77
    assert frame_number(player.next()) == skipped, "the frame was the caller's own"
    player.stop()


@pytest.mark.parametrize("size", [(32, 24), (128, 96), (50, 100), (WIDTH, HEIGHT)])
def test_frames_have_the_size_asked_for(video, size):
    player = VideoPlayer(video, size=size, flip=True)
    frame = player.next()
    assert frame.shape == (size[1], size[0], 3)
    assert frame.flags["C_CONTIGUOUS"]
    assert (frame[:, : size[0] // 16] > 200).all()
    player.stop()


def frames_shown(made, player):
    """Play to the end; before each read the frame that is shown is noted."""
    shown = []
    made[0].before_read = lambda: shown.append(frame_number(player.next()))
    with player:
        for thread in player_threads():
            thread.join(10)
    return list(dict.fromkeys(shown))


@pytest.mark.parametrize(
    ("source_fps", "fps", "expected"),
    [
        (900, None, list(range(12))),
        (899.1, 899.1, list(range(12))),
        (900, 1800, list(range(12))),
        (900, 450, [0, 2, 4, 6, 8, 10]),
        (900, 300, [0, 3, 6, 9]),
        (900, 600, [0, 2, 3, 5, 6, 8, 9, 11]),
        (900, 30, [0]),
        # A rate that cannot be is taken for 30.
        (0.0, 15, [0, 2, 4, 6, 8, 10]),
        (float("nan"), 15, [0, 2, 4, 6, 8, 10]),
        (90000.0, 15, [0, 2, 4, 6, 8, 10]),
    ],
)
def test_fps_chooses_frames_evenly(capture, video, source_fps, fps, expected):
    made = capture(count=COUNT, fps=source_fps)
    assert frames_shown(made, VideoPlayer(video, fps=fps)) == expected
    assert made[0].released.is_set() and made[0].settings == {}


def test_the_last_frame_is_seen(video):
    player = VideoPlayer(video, skip_first_frames=COUNT - 1)
    player.start()
    assert frame_number(player.next()) == COUNT - 1
    player.stop()


def test_a_camera_is_asked_for_a_size_and_gives_frames_as_they_come(capture):
    made = capture()
    with VideoPlayer(0, width=320, height=240) as player:
        (camera,) = made
        assert camera.source == 0
        assert camera.settings == {
            cv2.CAP_PROP_FRAME_WIDTH: 320,
            cv2.CAP_PROP_FRAME_HEIGHT: 240,
        }
        deadline = time.monotonic() + 10
        while frame_number(player.next()) == 0 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert frame_number(player.next()) != 0
    assert camera.released.is_set()


def test_a_camera_that_is_unplugged_ends(capture):
    made = capture(count=5)
    player = VideoPlayer(0)
    assert frames_shown(made, player)[0] == 0
    assert player.next() is None and made[0].released.is_set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_camera_that_fails_is_released(capture):
    made = capture()
    player = VideoPlayer(0)

    def fail():
        raise cv2.error("the cable is loose")

    made[0].before_read = fail
    player.start()
    assert made[0].released.wait(10)
    player.stop()
    assert player.next() is None


def test_starting_and_stopping_twice_is_doing_it_once(capture):
    made = capture()
    player = VideoPlayer(0)
    player.start()
    player.start()
    assert len(player_threads()) == 1
    player.stop()
    player.stop()
    assert made[0].released.is_set()
    with pytest.raises(VideoError, match=r"was stopped\. Make a new VideoPlayer"):
        player.start()


def test_an_error_in_the_with_statement_stops_the_player(capture):
    made = capture()
    with pytest.raises(KeyboardInterrupt), VideoPlayer(0):
        raise KeyboardInterrupt
    assert made[0].released.is_set()


@pytest.mark.parametrize("started", [False, True])
def test_a_forgotten_player_gives_the_camera_back(capture, started):
    made = capture()
    player = VideoPlayer(0)
    if started:
        player.start()
    del player
    gc.collect()
    assert made[0].released.wait(10)


def test_a_camera_that_hangs_does_not_hang_the_notebook(capture, monkeypatch):
    made = capture()
    monkeypatch.setattr("notebook_utils.compat.video.LONGEST_READ_S", 0.05)
    comes_back, hangs = threading.Event(), threading.Event()
    player = VideoPlayer(0)

    def hang():
        hangs.set()
        comes_back.wait(10)

    made[0].before_read = hang
    player.start()
    assert hangs.wait(10)
    player.stop()
    assert not made[0].released.is_set(), "not while it reads"
    comes_back.set()
    assert made[0].released.wait(10)
    assert player.next() is None


@pytest.mark.parametrize(
    ("settings", "source", "words"),
    [
        ({"opens": False}, 1, r"Cannot open camera 1\. Check that it is connected"),
        ({"count": 0}, 0, "'0' gives no frame after 4"),
        ({"opens": False}, "video", r"Cannot open video .*\. Expected a format"),
        ({"count": 2}, "video", "gives no frame after 4"),
    ],
)
def test_what_cannot_be_played_is_released_and_told(
    capture, video, settings, source, words
):
    made = capture(**settings)
    with pytest.raises(VideoError, match=words) as caught:
        VideoPlayer(video if source == "video" else source, skip_first_frames=4)
    assert made[0].released.is_set()
    assert isinstance(caught.value, RuntimeError), "as in openvino_notebooks"
    assert isinstance(caught.value, WorkshopError)


def test_a_missing_file_and_an_invalid_one_are_told_apart(tmp_path):
    with pytest.raises(VideoError, match=r"There is no file .* fetch it first"):
        VideoPlayer(tmp_path / "none.mp4")
    (tmp_path / "page.mp4").write_text("<!DOCTYPE html>")
    with pytest.raises(VideoError, match="format that OpenCV can read"):
        VideoPlayer(tmp_path / "page.mp4")
