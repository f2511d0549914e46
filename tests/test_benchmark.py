"""The arithmetic of the measuring, on calls that take as long as the tests say."""

import getpass
import platform

import numpy as np
import pytest

from notebook_utils import benchmark
from notebook_utils.benchmark import Timing, compare, paired_ratio, rounds


class Clock:
    """A clock that only the candidates move."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.calls = []
        monkeypatch.setattr(rounds.time, "perf_counter", lambda: self.now)

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
    assert found["a"].rounds_ms.shape == (3, 3)


def test_candidates_take_turns_in_changing_order(clock):
    names = "abc"
    compare({name: clock.candidate(name, 10) for name in names}, warm_up=0)
    turns = clock.calls[3:]
    assert [turns[i : i + 4] for i in range(0, len(turns), 4)] == [
        [name] * 4 for name in "abc bca cab".replace(" ", "")
    ]


def test_it_stops_when_the_medians_are_known(clock):
    compare({"a": clock.candidate("a", 10)}, seconds=1e6)
    assert len(clock.calls) == 1 + 2 + 3 * 4


def test_it_stops_when_the_time_is_up_and_says_so(clock):
    noisy = np.random.default_rng(0).uniform(10, 1000, 4000)
    found = compare({"a": clock.candidate("a", *noisy)}, seconds=40)
    assert clock.now == pytest.approx(40, abs=5)
    assert not found.reached and "time was up" in found.summary()
    assert compare({"a": clock.candidate("a", 10)}).reached


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


def test_the_interval_of_the_median_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        timing = Timing("a", 0, rng.lognormal(0, 0.3, (25, 3)))
        held += abs(timing.median_ms - 1) <= 2 * timing.precision * timing.median_ms
    assert held / 500 > 0.95


def test_a_drift_of_the_machine_leaves_the_ratio_alone():
    drift = np.linspace(1, 3, 20)[:, None]
    slow, fast = Timing("slow", 0, 20 * drift), Timing("fast", 0, 10 * drift)
    assert paired_ratio(slow, fast) == pytest.approx((2, 2, 2))
    assert paired_ratio(fast, slow).median == pytest.approx(0.5)


def test_the_interval_of_a_ratio_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        slow = Timing("slow", 0, 2 * rng.lognormal(0, 0.2, (15, 1)))
        fast = Timing("fast", 0, rng.lognormal(0, 0.2, (15, 1)))
        ratio = paired_ratio(slow, fast)
        held += ratio.low <= 2 <= ratio.high
    assert 0.9 <= held / 200 < 1


def test_ratios_of_different_rounds_are_refused():
    with pytest.raises(ValueError, match="5 rounds of 'a' and 6 of 'b'"):
        paired_ratio(Timing("a", 0, np.ones((5, 3))), Timing("b", 0, np.ones((6, 3))))


def comparison(clock):
    return compare(
        {
            "slow <one>": clock.candidate("slow", 20),
            "fast": clock.candidate("fast", 10),
            "on GPU": "there is no GPU",
        }
    )


def test_the_table_shows_ratios_and_what_is_absent(clock):
    found = comparison(clock)
    assert found.baseline == "slow <one>" and found.fastest == "fast"
    text = repr(found)
    assert "2.00 (2.00 to 2.00)" in text
    assert "absent: there is no GPU" in text
    table = found._repr_html_()
    assert "slow &lt;one&gt;" in table and "absent: there is no GPU" in table


def two_timings(factor, rounds=20, others=0.0):
    """A comparison of two, the second of which is so many times as fast."""
    drift = np.linspace(10, 12, rounds)[:, None]
    return benchmark.Comparison(
        names=("old", "new", "gone"),
        timings={
            "old": Timing("old", 0, drift),
            "new": Timing("new", 0, drift / factor),
        },
        absent={"gone": "sold"},
        precision=0.02,
        others=others,
        environment=benchmark.describe_environment(),
    )


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.5, "faster"),
        (1.03, "faster"),
        (1.01, "no clear difference"),
        (1.0, "no clear difference"),
        (0.99, "no clear difference"),
        (0.9, "slower"),
    ],
)
def test_the_verdict_is_that_of_the_interval(factor, verdict):
    assert two_timings(factor).verdict("new") == verdict
    assert two_timings(factor).verdict("new", "old") == verdict


def test_there_is_no_verdict_on_figures_that_cannot_be_trusted():
    assert (
        two_timings(3, others=0.2).verdict("new") == "no verdict: the machine was busy"
    )
    assert two_timings(3, rounds=5).verdict("new") == "no verdict: too few rounds"
    assert two_timings(3).verdict("gone") == "absent"
    assert two_timings(3).verdict("new", "gone") == "absent"


def test_the_chart_has_a_text_with_its_figures(clock, capsys):
    comparison(clock).show_chart("Two of them")
    assert capsys.readouterr().out.strip() == (
        "Bar chart, Two of them: slow <one> 20.0 ms; fast 10.0 ms; on GPU absent."
    )


def test_other_programs_are_noticed(clock, monkeypatch):
    read = iter([(0.0, 0.0, 0.0), (100.0, 60.0, 20.0)])
    monkeypatch.setattr(rounds._Others, "_read", lambda self: next(read))
    found = compare({"a": clock.candidate("a", 10)})
    assert found.others == pytest.approx(0.4)
    assert "used 40% of the machine meanwhile: too much to trust" in found.summary()


def test_the_environment_is_told_without_names_of_people_or_hosts():
    text = str(benchmark.describe_environment())
    assert platform.python_version() in text and "numpy" in text
    assert platform.node() not in text
    if len(getpass.getuser()) > 3:
        assert getpass.getuser() not in text


def test_the_environment_knows_what_openvino_says():
    import openvino as ov

    environment = benchmark.describe_environment()
    name = ov.Core().get_property("CPU", "FULL_DEVICE_NAME")
    assert environment.processor == name.strip()
    assert "FP32" in environment.precisions
    assert environment.versions["openvino"].startswith("20")
