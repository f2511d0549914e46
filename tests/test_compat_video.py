"""The player on a file that the test makes, and on a stand-in of cv2.VideoCapture.

No machine of the tests has a camera. The stand-in has what the player uses of the
interface: isOpened, get, set, read and release.
"""

import threading

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
    for number in range(COUNT):
        frame = np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8)
        frame[:, -8:] = 255
        writer.write(frame)
    writer.release()
    return path


class Capture:
    """A camera, or a file whose frames are numbered by their grey level."""

    def __init__(self, count=None, fps=30.0, opens=True):
        self.count, self.fps, self.opens = count, fps, opens
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
        self.released.set()


@pytest.fixture
def capture(monkeypatch):
    """Put a stand-in of the settings that the test names in OpenCV's place."""

    def use(**settings):
        stand_in = Capture(**settings)
        monkeypatch.setattr(cv2, "VideoCapture", lambda source: stand_in)
        return stand_in

    return use


def player_threads():
    return [t for t in threading.enumerate() if t.name.startswith("VideoPlayer")]


@pytest.mark.parametrize("skipped", [0, 5, COUNT - 1])
def test_the_first_frame_waits_and_the_last_one_ends_the_video(video, skipped):
    player = VideoPlayer(video, skip_first_frames=skipped)
    player.next()[:] = 77
    assert frame_number(player.next()) == skipped, "the frame was the caller's own"
    with player:
        for thread in player_threads():
            thread.join(10)
        assert player.next() is None


@pytest.mark.parametrize(
    ("size", "flip"),
    [(None, True), (None, False), ((32, 24), True), ((50, 100), False)],
)
def test_frames_have_the_size_asked_for_and_are_flipped(video, size, flip):
    with VideoPlayer(str(video), size=size, flip=flip) as player:
        frame = player.next()
    width, height = size or (WIDTH, HEIGHT)
    assert frame.shape == (height, width, 3) and frame.flags["C_CONTIGUOUS"]
    bar = frame[:, : width // 16] if flip else frame[:, -width // 16 :]
    assert (bar > 200).all(), "the bar is on the left only if flipped"
    assert player.next() is None, "stopped"


@pytest.mark.parametrize(
    ("source_fps", "fps", "expected"),
    [
        (900, None, list(range(12))),
        (899.1, 899.1, list(range(12))),
        (1000, 1800, list(range(12))),
        (900, 450, [0, 2, 4, 6, 8, 10]),
        (900, 600, [0, 2, 3, 5, 6, 8, 9, 11]),
        (900, 30, [0]),
        # A rate that cannot be is taken for 30.
        (0.0, 15, [0, 2, 4, 6, 8, 10]),
        (1000.5, 15, [0, 2, 4, 6, 8, 10]),
    ],
)
def test_fps_chooses_frames_evenly(capture, video, source_fps, fps, expected):
    file = capture(count=COUNT, fps=source_fps)
    player, shown = VideoPlayer(video, fps=fps), []
    file.before_read = lambda: shown.append(frame_number(player.next()))
    with player:
        for thread in player_threads():
            thread.join(10)
    assert list(dict.fromkeys(shown)) == expected
    assert file.released.is_set() and file.settings == {}


def test_a_camera_is_asked_for_a_size_and_gives_frames_until_it_is_unplugged(capture):
    camera = capture(count=50)
    player = VideoPlayer(0, width=320, height=240)
    sizes = {cv2.CAP_PROP_FRAME_WIDTH: 320, cv2.CAP_PROP_FRAME_HEIGHT: 240}
    assert camera.settings == sizes
    seen = []
    due = threading.Event()

    def note():
        due.wait(0.002)  # a camera gives a frame when it has one
        seen.append(frame_number(player.next()))

    camera.before_read = note
    with player:
        assert camera.released.wait(10)
    assert len(set(seen)) > 5 and player.next() is None


def test_starting_and_stopping_twice_is_doing_it_once(capture):
    camera = capture()
    player = VideoPlayer(0)
    player.start()
    player.start()
    assert len(player_threads()) == 1
    player.stop()
    player.stop()
    assert camera.released.is_set() and player_threads() == []
    with pytest.raises(VideoError, match=r"was stopped\. Make a new VideoPlayer"):
        player.start()


def test_a_camera_that_hangs_does_not_hang_the_notebook(capture, monkeypatch):
    camera = capture()
    monkeypatch.setattr("notebook_utils.compat.video.LONGEST_READ_S", 0.05)
    comes_back = threading.Event()
    player = VideoPlayer(0)
    camera.before_read = lambda: comes_back.wait(10)
    player.start()
    player.stop()
    assert not camera.released.is_set(), "not while it reads"
    assert player.next() is None
    comes_back.set()
    assert camera.released.wait(10)


@pytest.mark.parametrize(
    ("settings", "source", "words"),
    [
        ({"opens": False}, 1, r"Cannot open camera 1\. Check that it is connected"),
        ({"count": 0}, 0, "'0' gives no frame after 4"),
        ({"opens": False}, "video", r"Cannot open video .*\. Expected a format"),
        ({"count": 4}, "video", "gives no frame after 4"),
    ],
)
def test_what_cannot_be_played_is_released_and_told(
    capture, video, settings, source, words
):
    with pytest.raises(VideoError, match=r"There is no file .* fetch it first"):
        VideoPlayer(video.with_name("none.mp4"))
    stand_in = capture(**settings)
    with pytest.raises(VideoError, match=words) as caught:
        VideoPlayer(video if source == "video" else source, skip_first_frames=4)
    assert stand_in.released.is_set()
    assert isinstance(caught.value, RuntimeError), "as in openvino_notebooks"
    assert isinstance(caught.value, WorkshopError)
