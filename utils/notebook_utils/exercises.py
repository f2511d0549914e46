"""Check what a learner typed, in a sentence, and never in the way of Run All.

An exercise has a stub (``answer = ...``, or a function with the body ``...``) and a
check. Whatever the learner wrote, the check neither raises nor gives the expected value
away: it says in what way the answer differs. It raises where the author of the exercise
made a mistake.
"""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np


class Assessment(NamedTuple):
    """What there is to say about an answer.

    Parameters
    ----------
    right
        Whether it is right; None if there is none yet.
    remark
        The same in words, with what is wrong and the hint.
    """

    right: bool | None
    remark: str


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
        What the learner typed, of any kind. Nothing yet are None, ``...``, a
        collection of nothing but ``...``, and a function with no body but that.
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

    Raises
    ------
    TypeError, ValueError
        `expected` is None or ``...``, `tolerance` is not a number of 0 or more, or
        `hint` or `name` is not a text.

    Examples
    --------
    >>> check_answer(..., 3)
    Your answer: not attempted yet.
    >>> check_answer((1, 3, 224), [1, 3, 224, 224], hint="Look at model.inputs.")
    Your answer: not yet. It has 3 items, which is too few. Hint: Look at model.inputs.
    >>> check_answer(" cpu", "CPU", name="The device")
    The device: correct.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a text, found {type(name).__name__}.")
    print(f"{name}: {assess(answer, expected, hint=hint, tolerance=tolerance).remark}")


def assess(
    answer: object,
    expected: object,
    *,
    hint: str | None = None,
    tolerance: float | None = None,
) -> Assessment:
    """Judge an answer without printing; see :func:`check_answer`.

    Returns
    -------
    Assessment
        Whatever the learner's object does when it is touched.

    Raises
    ------
    TypeError, ValueError
        An argument other than `answer` is not what is described there.

    Examples
    --------
    >>> assess(4, 3).right
    False
    """
    _check_question(expected, hint, tolerance)
    try:
        if _is_stub(answer):
            return Assessment(None, "not attempted yet.")
        difference = _examine(answer, expected, tolerance)
    except Exception as error:
        difference = _failure(error, callable(expected))
    if difference is None:
        return Assessment(True, "correct.")
    hinted = f" Hint: {hint}" if hint else ""
    return Assessment(False, f"not yet. {difference.rstrip('.')}.{hinted}")


def _check_question(expected: Any, hint: Any, tolerance: Any) -> None:
    """Tell the author of an exercise what is wrong with it."""
    if expected is None or expected is ...:
        raise TypeError(f"expected: an answer is expected, found {expected}.")
    if not isinstance(hint, str | None):
        raise TypeError(f"hint: expected a text, found {type(hint).__name__}.")
    if tolerance is None:
        return
    if not _is_number(tolerance):
        raise TypeError(
            f"tolerance: expected a number, found {type(tolerance).__name__}."
        )
    if not tolerance >= 0:
        raise ValueError(f"tolerance: expected 0 or more, found {tolerance}.")


def _is_stub(answer: Any) -> bool:
    """Tell whether there is no answer yet."""
    if isinstance(answer, FunctionType):
        code = answer.__code__
        return code.co_code in _EMPTY_BODIES and code.co_consts[-1] is None
    return answer is None or _is_blank(answer)


def _is_blank(answer: Any) -> bool:
    """Tell ``...`` and a collection of nothing else."""
    items = list(answer.values()) if isinstance(answer, dict) else answer
    if not isinstance(items, list | tuple) or not items:
        return answer is ...
    return all(map(_is_blank, items))


def _empty() -> None: ...


def _empty_with_docstring() -> None:
    """Stand for a function with nothing but a docstring."""


# A function that only returns None, without and with a docstring.
_EMPTY_BODIES = {f.__code__.co_code for f in (_empty, _empty_with_docstring)}


def _failure(error: Exception, called: bool) -> str:
    kind = type(error).__name__
    if not called:
        return f"It could not be compared ({kind})"
    # The learner's own function has failed, and its message says where to look.
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (
        f"It stops with {kind}: {lines[-1].strip()}"
        if lines
        else f"It stops with {kind}"
    )


class _Task(NamedTuple):
    """How to compare: a kind of expected value, and what to do with it."""

    applies: Callable[[Any], bool]
    compare: Callable[[Any, Any, float | None], str | None]


def _examine(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    """Say in what way an answer differs; None if it is right."""
    if callable(expected) and not isinstance(expected, type):
        verdict = expected(answer)
        if isinstance(verdict, str):
            return verdict
        return None if bool(verdict) else "It is not what was asked for"
    return _difference(answer, expected, tolerance)


def _difference(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    for task in _TASKS:
        if task.applies(expected):
            return task.compare(answer, expected, tolerance)
    if type(answer) is not type(expected):
        return _wrong_kind(answer, "something else")
    return None if bool(answer == expected) else "It is another value"


def _wrong_kind(answer: Any, wanted: str) -> str:
    return f"It is of type {type(answer).__name__}; expected {wanted}"


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not _is_bool(value)


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _is_items(value: Any) -> bool:
    """Tell an ordered series of known length, such as a list or a torch.Size."""
    unordered = isinstance(value, str | bytes | Mapping | Set)
    return hasattr(value, "__iter__") and hasattr(value, "__len__") and not unordered


def _scalar(value: Any) -> Any:
    """Take the one value out of an array or tensor without dimensions."""
    return value.item() if _is_array(value) and tuple(value.shape) == () else value


def _compare_bool(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    answer = _scalar(answer)
    if not _is_bool(answer):
        return _wrong_kind(answer, "True or False")
    return None if bool(answer) == bool(expected) else "It is the other one"


def _compare_number(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    # Python's numbers, because numpy's small integers wrap around when subtracted.
    answer, expected = _scalar(answer), _scalar(expected)
    if not _is_number(answer):
        return _wrong_kind(answer, "a number")
    if answer == expected or (math.isnan(answer) and math.isnan(expected)):
        return None
    if tolerance is not None:
        near = abs(answer - expected) <= tolerance
    elif isinstance(expected, int):
        near = False
    else:
        near = math.isclose(answer, expected, rel_tol=1e-6, abs_tol=1e-9)
    if near:
        return None
    if math.isnan(answer):
        return "It is not a number (nan)"
    return f"The value is too {'small' if answer < expected else 'large'}"


def _compare_text(answer: Any, expected: str, tolerance: float | None) -> str | None:
    if not isinstance(answer, str):
        return _wrong_kind(answer, "text (str)")
    if _plain(answer) == _plain(expected):
        return None
    return "It is another text" if answer.strip() else "The text is empty"


def _plain(text: Any) -> Any:
    return text.strip().casefold() if isinstance(text, str) else text


def _compare_array(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not (_is_array(answer) or _is_items(answer)):
        return _wrong_kind(answer, "an array")
    found, wanted = _as_array(answer), _as_array(expected)
    if found.shape != wanted.shape:
        return f"Its shape {found.shape} is not the expected one"
    if (found.dtype.kind == "b") != (wanted.dtype.kind == "b"):
        return f"Its values are of type {found.dtype}; expected another one"
    off = int(np.count_nonzero(~_equal(found, wanted, tolerance)))
    return f"{off} of {found.size} values are off" if off else None


def _as_array(values: Any) -> np.ndarray[Any, Any]:
    for step in ("detach", "cpu"):  # what a tensor needs on the way to numpy
        if hasattr(values, step):
            values = getattr(values, step)()
    return np.asarray(values)


def _equal(found: Any, wanted: Any, tolerance: float | None) -> Any:
    kinds = {found.dtype.kind, wanted.dtype.kind}
    whole = kinds <= set("biu") and tolerance is None
    if whole or "b" in kinds or not kinds <= set("iufc"):
        return np.asarray(found == wanted)
    near = 1e-8 if tolerance is None else tolerance
    far = 1e-5 if tolerance is None else 0
    return np.isclose(found, wanted, rtol=far, atol=near, equal_nan=True)


def _compare_set(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not (isinstance(answer, Set) or _is_items(answer)):
        return _wrong_kind(answer, "a set")
    found = {_plain(item) for item in answer}
    wanted = {_plain(item) for item in expected}
    faults = []
    if missing := len(wanted - found):
        faults.append(f"{_count(missing, 'item')} missing")
    if surplus := len(found - wanted):
        faults.append(f"{_count(surplus, 'item')} too many")
    return " and ".join(faults) or None


def _compare_mapping(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not isinstance(answer, Mapping):
        return _wrong_kind(answer, "a dictionary")
    keys = _compare_set(set(answer), set(expected), None)
    if keys:
        return f"Keys: {keys}"
    values = {_plain(key): value for key, value in answer.items()}
    for key, wanted in expected.items():
        difference = _difference(values[_plain(key)], wanted, tolerance)
        if difference:
            return f"The value of {key!r}: {_within(difference)}"
    return None


def _compare_items(answer: Any, expected: Any, tolerance: float | None) -> str | None:
    if not _is_items(answer):
        return _wrong_kind(answer, "a list or tuple")
    if len(answer) != len(expected):
        much = "few" if len(answer) < len(expected) else "many"
        return f"It has {_count(len(answer), 'item')}, which is too {much}"
    for number, (found, wanted) in enumerate(zip(answer, expected, strict=True), 1):
        difference = _difference(found, wanted, tolerance)
        if difference:
            return f"Item {number}: {_within(difference)}"
    return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _within(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


# The first that applies is used, so True is not taken for a number.
_TASKS: Sequence[_Task] = (
    _Task(_is_bool, _compare_bool),
    _Task(_is_number, _compare_number),
    _Task(lambda value: isinstance(value, str), _compare_text),
    _Task(_is_array, _compare_array),
    _Task(lambda value: isinstance(value, Mapping), _compare_mapping),
    _Task(lambda value: isinstance(value, Set), _compare_set),
    _Task(_is_items, _compare_items),
)
