"""Checks what a learner typed, in one line, and never in the way of Run All.

An exercise has a stub (``answer = ...``, or a function or class with the body ``...``)
and a check. Whatever the learner wrote, the check neither raises nor gives the expected
value away: it says in what way the answer differs. It raises where the author of the
exercise made a mistake.
"""

import math
from collections.abc import Mapping, Set
from numbers import Real
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from .arguments import as_string


class Assessment(NamedTuple):
    """The judgement of an answer."""

    right: bool | None  # None: not attempted yet
    remark: str  # the same in words, with what is wrong and the hint


def check_answer(
    answer: object,
    expected: object,
    *,
    hint: str | None = None,
    tolerance: float | None = None,
    name: str = "Your answer",
) -> None:
    """Check an answer and print the result in one line.

    Parameters
    ----------
    answer
        What the learner typed, of any kind. Not attempted yet are None, ``...``, a
        collection of nothing but ``...``, and a function or class with no other body.
    expected
        What it should be; or, for questions with more than one right answer, a function
        that is called with the answer and returns whether it is right, or a sentence
        that says in what way it is not. Strings are compared without regard to case and
        to spaces around them, lists and tuples alike, arrays by shape and value.
    hint
        What to tell the learner whose answer is not right yet.
    tolerance
        How far a number may be off, in its own unit. If not given, integers must be
        equal, and other numbers to six digits (arrays: five).
    name
        What the answer is called in the line.

    Examples
    --------
    >>> check_answer(..., 3)
    Your answer: not attempted yet.
    >>> check_answer((1, 3, 224), [1, 3, 224, 224], hint="Look at model.inputs.")
    Your answer: not yet. Its length is 3, which is too few. Hint: Look at model.inputs.
    >>> check_answer(" cpu", "CPU", name="The device")
    The device: correct.
    """
    as_string(name, "name")
    print(f"{name}: {assess(answer, expected, hint=hint, tolerance=tolerance).remark}")


def assess(
    answer: object,
    expected: object,
    *,
    hint: str | None = None,
    tolerance: float | None = None,
) -> Assessment:
    """Judge an answer without printing; otherwise as :func:`check_answer`."""
    _check_question(expected, hint, tolerance)
    judged = callable(expected) and not isinstance(expected, type)
    try:
        if _is_stub(answer):
            return Assessment(None, "not attempted yet.")
        fault = (_judge if judged else _fault)(answer, expected, tolerance)
    except Exception as error:
        kind = type(error).__name__
        fault = f"It could not be compared ({kind})"
        if judged:  # the message of the learner's own function says where to look
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            fault = ": ".join([f"It raises {kind}", *lines[-1:]])
    if fault is None:
        return Assessment(True, "correct.")
    hinted = f" Hint: {hint}" if hint else ""
    return Assessment(False, f"not yet. {fault.rstrip('.')}.{hinted}")


def _check_question(expected: Any, hint: Any, tolerance: Any) -> None:
    """Tell the author of an exercise what is wrong with it."""
    if expected is None or expected is ...:
        raise TypeError(f"expected: an answer is expected, found {expected}.")
    if hint is not None:
        as_string(hint, "hint")
    if tolerance is not None and not _is_number(tolerance):
        kind = type(tolerance).__name__
        raise TypeError(f"tolerance: expected a number, found {kind}.")
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"tolerance: expected 0 or more, found {tolerance}.")


def _is_stub(answer: Any) -> bool:
    """Tell whether there is no answer yet."""
    if isinstance(answer, FunctionType):
        code = answer.__code__
        return code.co_code in _EMPTY_BODIES and code.co_consts[-1] is None
    if isinstance(answer, type):
        return not any(map(callable, vars(answer).values()))
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list | tuple) and answer:
        return all(item is not None and _is_stub(item) for item in answer)
    return answer is None or answer is ...


def _empty() -> None: ...


def _empty_with_docstring() -> None:
    """Stand for a function with nothing but a docstring."""


# A function that only returns None, without and with a docstring.
_EMPTY_BODIES = {f.__code__.co_code for f in (_empty, _empty_with_docstring)}


def _judge(answer: Any, judge: Any, tolerance: float | None) -> str | None:
    verdict = judge(answer)
    if isinstance(verdict, str):
        return verdict
    return None if bool(verdict) else "It is not what was asked for"


def _fault(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    """Say in what way an answer differs; None if it is right."""
    # Python's numbers, because numpy's small integers wrap around when subtracted.
    answer, expected = _scalar(answer), _scalar(expected)
    if isinstance(expected, bool):
        if not isinstance(answer, bool):
            return _wrong_kind(answer, "True or False")
        return None if answer == expected else "It is the opposite"
    if _is_number(expected):
        return _number_fault(answer, expected, tolerance)
    if isinstance(expected, str):
        if not isinstance(answer, str):
            return _wrong_kind(answer, "text (str)")
        return None if _plain(answer) == _plain(expected) else "The text differs"
    if _is_array(expected):
        return _array_fault(answer, expected, tolerance)
    if _is_series(expected):
        return _series_fault(answer, expected, tolerance)
    if type(answer) is not type(expected):
        return _wrong_kind(answer, "something else")
    return None if bool(answer == expected) else "The value differs"


def _wrong_kind(answer: Any, wanted: str) -> str:
    return f"It is of type {type(answer).__name__}; expected {wanted}"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _is_series(value: Any) -> bool:
    """Tell whether a value is a list, a torch.Size or the like."""
    unordered = isinstance(value, str | bytes | Mapping | Set)
    return hasattr(value, "__iter__") and hasattr(value, "__len__") and not unordered


def _scalar(value: Any) -> Any:
    """Take the one value out of an array or tensor without dimensions."""
    return value.item() if _is_array(value) and tuple(value.shape) == () else value


def _plain(text: Any) -> Any:
    return text.strip().casefold() if isinstance(text, str) else text


def _number_fault(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not _is_number(answer):
        return _wrong_kind(answer, "a number")
    if answer == expected or (math.isnan(answer) and math.isnan(expected)):
        return None
    if math.isnan(answer):
        return "It is not a number (nan)"
    if tolerance is not None:
        near = abs(answer - expected) <= tolerance
    else:
        near = not isinstance(expected, int) and math.isclose(
            answer, expected, rel_tol=1e-6, abs_tol=1e-9
        )
    much = "small" if answer < expected else "large"
    return None if near else f"The value is too {much}"


def _array_fault(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not (_is_array(answer) or _is_series(answer)):
        return _wrong_kind(answer, "an array")
    # What a tensor needs on the way to numpy.
    found, wanted = (
        np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        for values in (answer, expected)
    )
    if found.shape != wanted.shape:
        return f"Its shape {found.shape} is not the expected one"
    kinds = {found.dtype.kind, wanted.dtype.kind}
    if len(kinds) > 1 and "b" in kinds:
        return f"Its values are of type {found.dtype}; expected another type"
    if kinds <= set("iufc") and (tolerance or not kinds <= set("iu")):
        near, far = (1e-8, 1e-5) if tolerance is None else (tolerance, 0)
        equal = np.isclose(found, wanted, rtol=far, atol=near, equal_nan=True)
    else:
        equal = np.asarray(found == wanted)
    off = int(np.count_nonzero(~equal))
    return f"{off} of {found.size} values are off" if off else None


def _series_fault(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not _is_series(answer):
        return _wrong_kind(answer, "a list or tuple")
    if len(answer) != len(expected):
        much = "few" if len(answer) < len(expected) else "many"
        return f"Its length is {len(answer)}, which is too {much}"
    for number, (found, wanted) in enumerate(zip(answer, expected, strict=True), 1):
        if fault := _fault(found, wanted, tolerance):
            return f"Item {number}: {fault[0].lower()}{fault[1:]}"
    return None
