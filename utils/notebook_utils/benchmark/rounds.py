"""The measuring: rounds in which every candidate has its turn."""

import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import psutil

from .comparison import Comparison
from .environment import describe_environment
from .timing import Timing

Candidate = Callable[[], object]
CALLS_IN_A_TURN = 3
FEWEST_ROUNDS = 3


def compare(
    candidates: Mapping[str, Candidate | str],
    *,
    precision: float = 0.02,
    seconds: float = 30.0,
    warm_up: int = 2,
) -> Comparison:
    """Measure candidates side by side until their medians are known, or time is up.

    First every candidate is called once, which is noted apart, and a few more times to
    warm up. Then come rounds. In a round each candidate has one turn, in an order that
    changes from round to round: one call that is not measured, because whoever came
    before has left the caches full of something else, and three that are.

    Parameters
    ----------
    candidates : mapping of str to callable or str
        What to measure, by name, the baseline first: functions without arguments. A
        text says why this one is absent here; it is listed, not measured.
    precision : float
        Stop when the 95 % interval of each median reaches so far to either side, as a
        share of the median.
    seconds : float
        Stop after the round in which so much time is up. There are at least three.
    warm_up : int
        Calls before the first round, beyond the very first call.

    Returns
    -------
    Comparison
        Shown as the last line of a cell it is a table.

    Raises
    ------
    TypeError, ValueError
        A candidate is neither function nor text; there is none to measure; a number is
        out of range.

    Examples
    --------
    >>> found = compare({"sum": lambda: sum(range(99)), "abacus": "sold"}, seconds=0.01)
    >>> found["sum"].runs >= 9, found.absent
    (True, {'abacus': 'sold'})
    """
    _check(candidates, precision, seconds, warm_up)
    present = {name: call for name, call in candidates.items() if callable(call)}
    first_ms = {name: _milliseconds(call) for name, call in present.items()}
    for call in present.values():
        for _ in range(warm_up):
            call()
    with _Others() as others:
        rounds_ms = _measure(present, precision, seconds)
    return Comparison(
        names=tuple(candidates),
        timings={
            name: Timing(name, first_ms[name], np.array(rounds_ms[name]))
            for name in present
        },
        absent={name: why for name, why in candidates.items() if isinstance(why, str)},
        precision=precision,
        others=others.share,
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
                f"text that says why it is absent; found {type(candidate).__name__}."
            )
    if not any(map(callable, candidates.values())):
        raise ValueError("candidates: expected at least one function, found none.")
    for what, value, low in (
        ("precision", precision, 0),
        ("seconds", seconds, 0),
        ("warm_up", warm_up, -1),
    ):
        if not low < value < math.inf:
            raise ValueError(f"{what}: expected more than {low}, found {value!r}.")


def _measure(
    present: Mapping[str, Candidate], precision: float, seconds: float
) -> dict[str, list[list[float]]]:
    """Make rounds; return the milliseconds of each candidate's calls in each."""
    rounds_ms: dict[str, list[list[float]]] = {name: [] for name in present}
    names = list(present)
    end = time.perf_counter() + seconds
    number = 0
    while number < FEWEST_ROUNDS or (
        time.perf_counter() < end and not _is_known(rounds_ms, precision)
    ):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            present[name]()
            calls = [_milliseconds(present[name]) for _ in range(CALLS_IN_A_TURN)]
            rounds_ms[name].append(calls)
        number += 1
    return rounds_ms


def _is_known(rounds_ms: Mapping[str, list[list[float]]], precision: float) -> bool:
    timings = (Timing(name, 0.0, np.array(ms)) for name, ms in rounds_ms.items())
    return all(timing.precision <= precision for timing in timings)


def _milliseconds(call: Candidate) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


class _Others:
    """How much of the machine other programs used meanwhile."""

    def __enter__(self) -> "_Others":
        self._start = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        whole, busy, own = np.subtract(self._read(), self._start)
        self.share = float(np.clip((busy - own) / whole, 0, 1)) if whole > 0 else 0.0

    @staticmethod
    def _read() -> tuple[float, float, float]:
        """Return seconds of all cores: passed, busy, and busy for this process."""
        cores, own = psutil.cpu_times(), psutil.Process().cpu_times()
        whole = sum(cores)
        waiting = cores.idle + getattr(cores, "iowait", 0.0)
        return whole, whole - waiting, own.user + own.system
