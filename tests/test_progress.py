import sys
from types import SimpleNamespace

import pytest

from notebook_utils.download.progress import Bar, Lines, Progress, suitable_display


class Clock:
    """Seconds that pass only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Recorder:
    def __init__(self, name):
        self.name = name
        self.shown = []
        self.is_closed = False

    def show(self, done, total):
        self.shown.append((done, total))

    def close(self):
        self.is_closed = True


def test_at_most_four_updates_a_second():
    clock, made = Clock(), []

    def display(name):
        made.append(Recorder(name))
        return made[0]

    with Progress("model.bin", True, clock, display) as progress:
        progress.begin(0, 10_000)
        for _ in range(10_000):
            progress.advance(1)
            clock.now += 1 / 1000  # ten seconds in all
    (recorder,) = made
    assert recorder.name == "model.bin"
    assert 30 <= len(recorder.shown) <= 4 * 10 + 2
    assert recorder.shown[-1] == (10_000, 10_000), "the end is shown in any case"
    assert recorder.is_closed


def test_another_attempt_goes_on_in_the_same_display():
    clock, made = Clock(), []

    def display(name):
        made.append(Recorder(name))
        return made[-1]

    with Progress("model.bin", True, clock, display) as progress:
        progress.begin(0, 10)
        progress.advance(6)
        progress.begin(2, 10)
        clock.now += 1
        progress.advance(8)
    assert len(made) == 1
    assert made[0].shown == [(6, 10), (10, 10), (10, 10)]


def test_nothing_is_shown_unless_asked_for(capsys):
    with Progress("model.bin", shown=False) as progress:
        progress.begin(0, 10)
        progress.advance(10)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_log_gets_few_whole_lines(capsys):
    clock = Clock()
    lines = Lines("model.bin", clock)
    for done in range(0, 12_000_001, 100_000):
        lines.show(done, 12_000_000)
        clock.now += 0.1
    lines.close()
    written = capsys.readouterr().err.splitlines()
    assert len(written) == 3
    assert written[-1] == "model.bin: 12.0 of 12.0 MB (100%)"
    assert all("\r" not in line for line in written)


def test_a_size_that_is_not_known(capsys):
    lines = Lines("model.bin", Clock())
    lines.show(2_500_000, None)
    lines.close()
    assert capsys.readouterr().err == "model.bin: 2.5 MB\n"


def test_a_bar_follows_what_it_is_told(capsys):
    bar = Bar("model.bin")
    bar.show(500_000, None)
    bar.show(500_000, 1_000_000)
    bar.show(1_000_000, 1_000_000)
    bar.close()
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shell", "is_terminal", "expected"),
    [
        (SimpleNamespace(kernel=1), False, Bar),
        (SimpleNamespace(), True, Bar),
        (SimpleNamespace(), False, Lines),
        (None, True, Bar),
        (None, False, Lines),
    ],
)
def test_the_display_suits_the_place(monkeypatch, shell, is_terminal, expected):
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    display = suitable_display("model.bin")
    assert isinstance(display, expected)
    display.close()
