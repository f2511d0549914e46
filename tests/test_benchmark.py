"""The arithmetic of the measuring, on calls that take as long as the tests say."""

import getpass
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
    assert found["a"].rounds_ms.shape == (6, 3)
    assert len(clock.calls) == 1 + 2 + 6 * 4


def test_candidates_take_turns_in_shuffled_order(clock):
    compare({name: clock.candidate(name, 10) for name in "abc"}, warm_up=0)
    calls = "".join(clock.calls[3:])
    turns = re.findall("aaaa|bbbb|cccc", calls)
    assert "".join(turns) == calls
    orders = [tuple(turns[i : i + 3]) for i in range(0, len(turns), 3)]
    assert all(len(set(order)) == 3 for order in orders)
    assert len(set(orders)) > 2
    assert [order[::-1] for order in orders[::2]] == orders[1::2], "no favoured place"


@pytest.mark.parametrize(("seconds", "within"), [(40, 40), (20, 20)])
def test_it_stops_when_the_time_is_up_and_says_so(clock, capsys, seconds, within):
    noisy = np.random.default_rng(0).uniform(10, 1000, 4000)
    found = compare({"a": clock.candidate("a", *noisy)}, seconds=seconds)
    assert within - 5 < clock.now <= within + 2
    assert not found.reached and "time was up" in found.summary()
    assert capsys.readouterr().out == ""
    assert compare({"a": clock.candidate("a", 10)}).reached


@pytest.mark.parametrize(
    ("seconds", "calls", "warning"),
    [(100, 3, ""), (12, 1, ""), (1, 1, "The fewest rounds, 6, take about 8.4 s here")],
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
        ({"a": print}, {"precision": -1}, ValueError, "precision: expected more"),
        ({"a": print}, {"warm_up": -1}, ValueError, "warm_up: expected more than -1"),
    ],
)
def test_what_cannot_be_measured_is_refused(candidates, options, error, message):
    with pytest.raises(error, match=message):
        compare(candidates, **options)


def test_the_precision_is_that_of_order_statistics():
    timing = Timing("a", 0, np.arange(1.0, 101).reshape(10, 10))
    # 1.96 * sqrt(100) / 2 = 9.8 to either side of 50: values 41 and 61.
    assert timing.precision == pytest.approx((61 - 41) / 2 / 50.5)
    assert Timing("a", 0, np.ones((1, 4))).precision == np.inf


def test_the_interval_of_the_median_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    timings = [Timing("a", 0, rng.lognormal(0, 0.3, (25, 3))) for _ in range(500)]
    covered = [abs(t.median_ms - 1) <= 2 * t.precision * t.median_ms for t in timings]
    assert np.mean(covered) > 0.95


def test_a_drift_of_the_machine_leaves_the_speed_up_alone():
    drift = np.linspace(1, 3, 20)[:, None]
    slow, fast = Timing("slow", 0, 20 * drift), Timing("fast", 0, 10 * drift)
    assert paired_speedup(slow, fast) == pytest.approx((2, 2, 2))
    assert paired_speedup(fast, slow).estimate == pytest.approx(0.5)


def test_the_interval_of_a_speed_up_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        slow = Timing("slow", 0, 2 * rng.lognormal(0, 0.2, (15, 1)))
        fast = Timing("fast", 0, rng.lognormal(0, 0.2, (15, 1)))
        speedup = paired_speedup(slow, fast)
        covered += speedup.low <= 2 <= speedup.high
    assert 0.9 <= covered / 200 < 1


def numbers_in(speedup):
    return [float(number) for number in re.findall(r"\d+\.\d+", str(speedup))]


def test_an_estimate_lies_inside_its_interval_even_as_it_is_written():
    rng = np.random.default_rng(2)
    for spread in (0.5, 0.05, 0.005, 0.0):
        slow = Timing("slow", 0, 2 * rng.lognormal(0, spread, (6, 3)))
        fast = Timing("fast", 0, rng.lognormal(0, spread, (6, 3)))
        speedup = paired_speedup(slow, fast)
        estimate, low, high = numbers_in(speedup)
        assert low < estimate < high
        assert low <= speedup.low <= speedup.high <= high
    assert str(SpeedUp(1.0214, 1.0209, 1.027)) == "1.021 (1.020 to 1.027)"
    assert str(SpeedUp(0.768, 0.53, 0.77)) == "0.77 (0.53 to 0.78)"


def test_speed_ups_of_different_rounds_are_refused():
    with pytest.raises(ValueError, match="5 rounds of 'a' and 6 of 'b'"):
        paired_speedup(Timing("a", 0, np.ones((5, 3))), Timing("b", 0, np.ones((6, 3))))


def comparison(clock):
    return compare(
        {
            "slow <one>": clock.candidate("slow", 20),
            "fast": clock.candidate("fast", 10),
            "on GPU": "there is no GPU",
        }
    )


def test_the_table_shows_speed_ups_and_what_is_absent(clock):
    found = comparison(clock)
    assert found.baseline == "slow <one>" and found.fastest == "fast"
    text = repr(found)
    assert "speed-up (95 % CI)" in text and "2.000 (1.999 to 2.001)" in text
    assert "absent: there is no GPU" in text
    table = found._repr_html_()
    assert "slow &lt;one&gt;" in table and "absent: there is no GPU" in table


def two_timings(factor, background_load=0.0, spread=0.0):
    """A comparison of two, the second of which has such a speed-up."""
    drift = np.linspace(10, 12, 20)[:, None]
    noise = np.random.default_rng(0).lognormal(0, spread, (20, 1))
    return benchmark.Comparison(
        names=("old", "new", "gone"),
        timings={
            "old": Timing("old", 0, drift),
            "new": Timing("new", 0, drift / factor * noise),
        },
        absent={"gone": "sold"},
        precision=0.02,
        background_load=background_load,
        environment=benchmark.describe_environment(),
    )


@pytest.mark.parametrize(
    ("factor", "spread", "verdict"),
    [
        (1.5, 0.1, "faster"),
        (1.03, 0, "faster"),
        (1.01, 0, "faster, by less than 2 %"),
        (1.0, 0.01, "no difference seen"),
        (1.2, 1.0, "no difference seen"),
        (1.0, 0, "no difference seen"),
        (0.99, 0, "slower, by less than 2 %"),
        (0.9, 0.01, "slower"),
    ],
)
def test_the_verdict_is_that_of_the_interval(factor, spread, verdict):
    found = two_timings(factor, spread=spread)
    assert found.verdict("new") == found.verdict("new", "old") == verdict


def test_there_is_no_verdict_on_figures_that_cannot_be_trusted():
    assert two_timings(3, background_load=0.1).verdict("new") == "faster"
    assert two_timings(3, background_load=0.2).verdict("new") == (
        "cannot be trusted: other programs used 20% of the machine"
    )
    assert two_timings(3).verdict("gone") == "absent"
    assert two_timings(3).verdict("new", "gone") == "absent"


def test_the_chart_has_a_text_with_its_figures(clock, capsys):
    comparison(clock).show_chart("Two of them")
    assert capsys.readouterr().out.strip() == (
        "Bar chart, Two of them: slow <one> 20.0 ms; fast 10.0 ms; on GPU absent."
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
    assert environment.versions["openvino"].startswith("20")
    text = str(environment)
    assert platform.python_version() in text and "numpy" in text
    assert platform.node() not in text
    if len(getpass.getuser()) > 3:
        assert getpass.getuser() not in text
