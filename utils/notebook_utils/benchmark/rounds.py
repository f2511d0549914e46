"""The measuring: rounds in which every candidate has its turn."""

import math
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import psutil

from .comparison import Comparison
from .environment import describe_environment
from .timing import Timing

Candidate: TypeAlias = Callable[[], object]
CALLS_IN_A_TURN = 3
MIN_ROUNDS = 6  # or the bootstrap has too little to draw from


def compare(
    candidates: Mapping[str, Candidate | str],
    *,
    precision: float = 0.02,
    seconds: float = 30.0,
    warm_up: int = 2,
) -> Comparison:
    """Measure candidates side by side until their medians are known, or time is up.

    The result, shown as the last line of a cell, is a table.

    First every candidate is called once, which is noted apart, and a few more times to
    warm up. Then come at least six rounds. In a round each candidate has one turn, in
    shuffled order: one call that is not measured, because the candidate before has left
    the caches full of something else, and three that are.

    Parameters
    ----------
    candidates : mapping of str to callable or str
        What to measure, by name, the baseline first: functions without arguments. A
        string says why a candidate is absent here; it is listed, not measured.
    precision : float
        Stop when the 95 % confidence interval of each median reaches so far to either
        side, as a fraction of the median.
    seconds : float
        What all of this may take. Where it is short, one call of a turn is measured;
        where six rounds take longer even then, a line says so before they start.
    warm_up : int
        Calls before the first round, beyond the very first call.

    Examples
    --------
    >>> found = compare({"sum": lambda: sum(range(99)), "abacus": "sold"}, seconds=0.1)
    >>> found["sum"].runs >= 6, found.absent
    (True, {'abacus': 'sold'})
    """
    _check(candidates, precision, seconds, warm_up)
    end = time.perf_counter() + seconds
    present = {name: call for name, call in candidates.items() if callable(call)}
    first_ms = {name: _milliseconds(call) for name, call in present.items()}
    last_ms = dict(first_ms)
    for name, call in present.items():
        for _ in range(warm_up):
            last_ms[name] = _milliseconds(call)
    before = cpu_seconds()
    rounds_ms = _measure(present, precision, end, sum(last_ms.values()) / 1000)
    total, busy, own = np.subtract(cpu_seconds(), before)
    load = float(np.clip((busy - own) / total, 0, 1)) if total > 0 else 0.0
    return Comparison(
        names=tuple(candidates),
        timings={
            name: Timing(name, first_ms[name], np.array(rounds_ms[name]))
            for name in present
        },
        absent={name: why for name, why in candidates.items() if isinstance(why, str)},
        precision=precision,
        background_load=load,
        environment=describe_environment(),
    )


def _check(
    candidates: Mapping[str, Candidate | str],
    precision: float,
    seconds: float,
    warm_up: int,
) -> None:
    for name, candidate in candidates.items():
        if not (callable(candidate) or isinstance(candidate, str)):
            raise TypeError(
                f"candidates[{name!r}]: expected a function without arguments, or a "
                f"string that says why it is absent; found {type(candidate).__name__}."
            )
    if not any(map(callable, candidates.values())):
        raise ValueError("candidates: expected at least one function, found none.")
    for name, value, low in (
        ("precision", precision, 0),
        ("seconds", seconds, 0),
        ("warm_up", warm_up, -1),
    ):
        if not low < value < math.inf:
            raise ValueError(f"{name}: expected more than {low}, found {value!r}.")


def _measure(
    present: Mapping[str, Candidate], precision: float, end: float, call_s: float
) -> dict[str, list[list[float]]]:
    """Make rounds; return the milliseconds of each candidate's calls in each."""
    left = end - time.perf_counter()
    calls = CALLS_IN_A_TURN if MIN_ROUNDS * (1 + CALLS_IN_A_TURN) * call_s < left else 1
    least = MIN_ROUNDS * (1 + calls) * call_s
    if least > left:
        print(
            f"The fewest rounds, {MIN_ROUNDS}, take about {least:.1f} s here, longer "
            f"than the {max(left, 0):.1f} s that are left of seconds=.",
            flush=True,
        )
    rng = np.random.default_rng(0)
    order = list(present)
    rounds_ms: dict[str, list[list[float]]] = {name: [] for name in present}
    number, round_s = 0, 0.0
    while number < MIN_ROUNDS or (
        time.perf_counter() + round_s < end and not _is_known(rounds_ms, precision)
    ):
        start = time.perf_counter()
        if number % 2:  # the one before in reverse, so that no place is favoured
            order.reverse()
        else:
            rng.shuffle(order)
        for name in order:
            present[name]()
            rounds_ms[name].append([_milliseconds(present[name]) for _ in range(calls)])
        number, round_s = number + 1, time.perf_counter() - start
    return rounds_ms


def _is_known(rounds_ms: Mapping[str, list[list[float]]], precision: float) -> bool:
    timings = (Timing(name, 0.0, np.array(ms)) for name, ms in rounds_ms.items())
    return all(timing.precision <= precision for timing in timings)


def _milliseconds(call: Candidate) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def cpu_seconds() -> tuple[float, float, float]:
    """Return seconds of all cores: passed, busy, and busy for this process."""
    cores, own = psutil.cpu_times(), psutil.Process().cpu_times()
    total = sum(cores)
    waiting = cores.idle + getattr(cores, "iowait", 0.0)
    return total, total - waiting, own.user + own.system
