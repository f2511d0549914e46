"""The arithmetic of the measuring, on calls that take as long as the tests say."""

import getpass
import math
import platform
import re

import numpy as np
import pytest

from notebook_utils import benchmark
from notebook_utils.benchmark import SpeedUp, Timing, compare, paired_speedup, rounds


class Clock:
    """A clock that only the candidates move."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.calls = []
        monkeypatch.setattr(rounds.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(rounds, "cpu_seconds", lambda: (0.0, 0.0, 0.0))

    def candidate(self, name, *durations_ms):
        """A function that takes these times in turn, the last one from then on."""
        left = list(durations_ms)

        def call():
            self.calls.append(name)
            self.now += (left.pop(0) if len(left) > 1 else left[0]) / 1000

        return call


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_the_first_call_and_the_warm_up_are_apart(clock):
    found = compare({"a": clock.candidate("a", 90, 50, 40, 10)}, warm_up=2)
    assert found["a"].first_ms == pytest.approx(90)
    assert found["a"].median_ms == found["a"].p95_ms == pytest.approx(10)
    assert found["a"].rounds_ms.shape == (6, 3) and found.reached
    assert len(clock.calls) == 1 + 2 + 6 * 4


def test_candidates_take_turns_in_shuffled_order(clock):
    compare({name: clock.candidate(name, 10) for name in "abc"}, warm_up=0)
    turns = re.findall("aaaa|bbbb|cccc", "".join(clock.calls[3:]))
    assert len(turns) == 18 and len(clock.calls) == 3 + 18 * 4
    orders = [tuple(turns[i : i + 3]) for i in range(0, len(turns), 3)]
    assert all(len(set(order)) == 3 for order in orders)
    assert len(set(orders)) > 2
    assert [order[::-1] for order in orders[::2]] == orders[1::2], "no favoured place"


@pytest.mark.parametrize("seconds", [40, 20])
def test_it_stops_when_the_time_is_up_and_says_so(clock, capsys, seconds):
    noisy = np.random.default_rng(0).uniform(10, 1000, 4000)
    found = compare({"a": clock.candidate("a", *noisy)}, seconds=seconds)
    assert seconds - 5 < clock.now <= seconds + 2
    assert not found.reached and "less than asked for: time was up" in found.summary()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "calls", "warning"),
    [(19, 3, ""), (18.8, 1, ""), (1, 1, "The fewest rounds, 6, take about 8.4 s here")],
)
def test_a_slow_candidate_gets_fewer_calls_or_a_warning_before(
    clock, capsys, seconds, calls, warning
):
    seen = []

    def slow():
        seen.append(capsys.readouterr().out)
        clock.now += 0.7

    found = compare({"slow": slow}, seconds=seconds)
    assert found["slow"].rounds_ms.shape[1] == calls
    assert len(found["slow"].rounds_ms) >= 6
    assert "".join(seen[:3]) == "" and seen[3].startswith(warning)
    assert bool(seen[3]) is bool(warning)


@pytest.mark.parametrize(
    ("candidates", "options", "error", "message"),
    [
        ({"a": 3}, {}, TypeError, r"candidates\['a'\].*found int"),
        ({"a": "gone"}, {}, ValueError, "at least one function"),
        ({"a": print}, {"seconds": 0}, ValueError, "seconds: expected more than 0"),
        ({"a": print}, {"precision": 0}, ValueError, "precision: expected more than 0"),
        ({"a": print}, {"seconds": math.inf}, ValueError, "found inf"),
        ({"a": print}, {"warm_up": -1}, ValueError, "warm_up: expected more than -1"),
    ],
)
def test_what_cannot_be_measured_is_refused(candidates, options, error, message):
    with pytest.raises(error, match=message):
        compare(candidates, **options)


def test_a_timing_is_described_by_its_order_statistics():
    timing = Timing("a", 0, np.arange(1.0, 101).reshape(10, 10))
    assert (timing.runs, timing.median_ms) == (100, 50.5)
    assert timing.p95_ms == pytest.approx(95.05)
    assert timing.fps == pytest.approx(1000 / 50.5)
    # 1.96 * sqrt(100) / 2 = 9.8 to either side of 50: values 41 and 61.
    assert timing.precision == pytest.approx((61 - 41) / 2 / 50.5)
    assert Timing("a", 0, np.ones((1, 7))).precision == np.inf
    assert Timing("a", 0, np.ones((1, 8))).precision == 0


def test_the_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    timings = [Timing("a", 0, rng.lognormal(0, 0.3, (25, 3))) for _ in range(500)]
    covered = [abs(t.median_ms - 1) <= 2 * t.precision * t.median_ms for t in timings]
    assert np.mean(covered) > 0.95
    covered = []
    for _ in range(200):
        slow = Timing("slow", 0, 2 * rng.lognormal(0, 0.2, (15, 1)))
        fast = Timing("fast", 0, rng.lognormal(0, 0.2, (15, 1)))
        speedup = paired_speedup(slow, fast)
        covered.append(speedup.low <= 2 <= speedup.high)
    assert 0.9 <= np.mean(covered) < 1


def test_a_drift_of_the_machine_leaves_the_speed_up_alone():
    drift = np.linspace(1, 3, 20)[:, None]
    slow, fast = Timing("slow", 0, 20 * drift), Timing("fast", 0, 10 * drift)
    assert paired_speedup(slow, fast) == pytest.approx((2, 2, 2))
    assert paired_speedup(fast, slow).estimate == pytest.approx(0.5)
    with pytest.raises(ValueError, match="5 rounds of 'a' and 6 of 'b'"):
        paired_speedup(Timing("a", 0, np.ones((5, 3))), Timing("b", 0, np.ones((6, 3))))


@pytest.mark.parametrize(
    ("speedup", "text"),
    [
        ((0.768, 0.53, 0.77), "0.77 (0.53 to 0.78)"),
        ((1.53125, 1.5, 1.5625), "1.53 (1.50 to 1.57)"),
        ((1.0104, 1.0096, 1.0112), "1.010 (1.009 to 1.012)"),
    ],
)
def test_an_estimate_lies_inside_its_interval_even_as_it_is_written(speedup, text):
    assert str(SpeedUp(*speedup)) == text


def comparison(factor=2.0, background_load=0.0, spread=0.0, precision=0.2):
    """A comparison of two, the second of which has such a speed-up."""
    drift = np.linspace(10, 12, 20)[:, None]
    noise = np.random.default_rng(0).lognormal(0, spread, (20, 1))
    return benchmark.Comparison(
        names=("old <one>", "gone", "new"),
        timings={
            "old <one>": Timing("old <one>", 30, drift),
            "new": Timing("new", 15, drift / factor * noise),
        },
        absent={"gone": "sold"},
        precision=precision,
        background_load=background_load,
        environment=benchmark.describe_environment(),
    )


@pytest.mark.parametrize(
    ("factor", "spread", "verdict"),
    [
        (1.5, 0.1, "faster"),
        (1.0201, 0, "faster"),
        (1.0199, 0, "faster, by less than 2 %"),
        (1.2, 1.0, "no difference seen"),
        (1.0, 0, "no difference seen"),
        (0.99, 0, "slower, by less than 2 %"),
        (0.9, 0.01, "slower"),
    ],
)
def test_the_verdict_is_that_of_the_interval(factor, spread, verdict):
    found = comparison(factor, spread=spread)
    assert found.verdict("new") == found.verdict("new", "old <one>") == verdict


def test_there_is_no_verdict_on_figures_that_cannot_be_trusted():
    assert comparison(3, background_load=0.1).verdict("new") == "faster"
    assert comparison(3, background_load=0.11).verdict("new") == (
        "cannot be trusted: other programs used 11% of the machine"
    )
    assert comparison(3).verdict("gone") == comparison(3).verdict("new", "gone")
    assert comparison(3).verdict("gone") == "absent"


def test_the_table_and_the_chart_show_speed_ups_and_what_is_absent(capsys):
    found = comparison()
    assert found.baseline == "old <one>" and found.fastest == "new"
    head, old, gone, new, summary = repr(found).splitlines()
    assert old.split() == ["old", "<one>", "30.0", "11.00", "11.90", "90.9", "20", "1"]
    assert gone.split() == ["gone", "absent:", "sold"]
    assert new.startswith("new") and new.endswith("20  2.000 (1.999 to 2.001)")
    assert len(head) == len(old) == len(new), "columns"
    worst = max(timing.precision for timing in found.timings.values())
    assert summary.startswith(f"Every median is known to within {worst:.1%}. Other")
    assert found.reached and comparison(precision=worst).reached
    assert not comparison(precision=worst * 0.99).reached
    table = found._repr_html_()
    assert table.count("<tr>") == 4 and "old &lt;one&gt;" in table
    assert re.search('<td colspan="6"[^>]*>absent: sold</td>', table)
    found.show_chart("Two of them")
    assert capsys.readouterr().out.strip() == (
        "Bar chart, Two of them: old <one> 11.0 ms; gone absent; new 5.5 ms."
    )


def test_other_programs_are_noticed(clock, monkeypatch):
    read = iter([(0.0, 0.0, 0.0), (100.0, 60.0, 20.0)])
    monkeypatch.setattr(rounds, "cpu_seconds", lambda: next(read))
    found = compare({"a": clock.candidate("a", 10)})
    assert found.background_load == pytest.approx(0.4)
    assert "used 40% of the machine meanwhile: too much to trust" in found.summary()


def test_the_seconds_of_the_machine_grow():
    before = rounds.cpu_seconds()
    sum(range(3_000_000))
    total, busy, own = np.subtract(rounds.cpu_seconds(), before)
    assert total >= busy >= 0 and own > 0


def test_the_environment_is_told_without_names_of_people_or_hosts():
    import openvino as ov

    environment = benchmark.describe_environment()
    name = ov.Core().get_property("CPU", "FULL_DEVICE_NAME")
    assert environment.processor == name.strip()
    assert "FP32" in environment.precisions
    assert environment.versions["openvino"] == ov.__version__.split("-")[0]
    text = str(environment)
    assert platform.python_version() in text and f"numpy {np.__version__}" in text
    assert platform.node() not in text
    if len(getpass.getuser()) > 3:
        assert getpass.getuser() not in text
