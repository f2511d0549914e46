import sys
from types import SimpleNamespace

import pytest

from notebook_utils.download.progress import Bar, Lines, Progress, suitable_progress


class Clock:
    """Seconds that pass only when told."""

    now = 100.0

    def __call__(self):
        return self.now


class Recorder(Progress):
    def __init__(self, clock):
        super().__init__("model.bin", clock)
        self.shown = []

    def show(self):
        self.shown.append((self.done_bytes, self.total_bytes))


def test_at_most_four_updates_a_second():
    clock = Clock()
    with Recorder(clock) as progress:
        progress.begin(0, 10_000)
        for _ in range(10_000):
            progress.advance(1)
            clock.now += 1 / 1000  # ten seconds in all
    assert 30 <= len(progress.shown) <= 4 * 10 + 1
    assert progress.shown[-1] == (10_000, 10_000), "the end is shown in any case"


def test_another_attempt_goes_on_in_the_same_display():
    clock = Clock()
    with Recorder(clock) as progress:
        progress.begin(0, 10)
        clock.now += 1
        progress.advance(6)
        progress.begin(2, 10)
        clock.now += 1
        progress.advance(8)
    assert progress.shown == [(6, 10), (10, 10), (10, 10)]


@pytest.mark.parametrize("kind", [Bar, Lines])
def test_nothing_is_shown_of_what_never_began(kind, capsys):
    with kind("model.bin"):
        pass
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_log_gets_few_whole_lines(capsys):
    clock = Clock()
    with Lines("model.bin", clock) as lines:
        lines.begin(0, 12_000_000)
        for _ in range(120):
            clock.now += 0.1
            lines.advance(100_000)
        lines.show()
    written = capsys.readouterr().err.splitlines()
    assert len(written) == 3
    assert written[-1] == "model.bin: 12.0 of 12.0 MB (100%)"
    with Lines("model.bin") as lines:
        lines.begin(2_500_000, None)
    assert capsys.readouterr().err == "model.bin: 2.5 MB\n"


def test_a_bar_follows_what_it_is_told(capsys):
    with Bar("model.bin") as bar:
        bar.begin(500_000, None)
        bar.show()
        bar.begin(500_000, 1_000_000)
        bar.advance(500_000)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shell", "is_terminal", "shown", "expected"),
    [
        (SimpleNamespace(kernel=1), False, True, Bar),
        (SimpleNamespace(), True, True, Bar),
        (SimpleNamespace(), False, True, Lines),
        (None, True, True, Bar),
        (None, False, True, Lines),
        (None, True, False, Progress),
    ],
)
def test_the_display_suits_the_place(monkeypatch, shell, is_terminal, shown, expected):
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    assert type(suitable_progress("model.bin", shown)) is expected
