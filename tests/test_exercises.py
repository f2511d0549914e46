import math
from fractions import Fraction

import numpy as np
import openvino as ov
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from notebook_utils import check_answer
from notebook_utils.exercises import assess


class Broken:
    """Fails whichever way it is touched."""

    def _fail(self, *arguments):
        raise RuntimeError("broken")

    __eq__ = __len__ = __iter__ = __repr__ = __str__ = __bool__ = __array__ = _fail
    __hash__ = None

    def __getattr__(self, name):
        raise RuntimeError("broken")


def empty(image): ...


def described(image):
    """Return the name of the toy."""
    ...


class Toys(torch.utils.data.Dataset):
    """Hold toys."""


class Begun:
    def name(self):
        return "duck"


@pytest.mark.parametrize(
    "nothing",
    [None, ..., [..., ...], (..., [...]), {"a": ...}, empty, described, Toys],
)
def test_a_stub_is_not_an_error(capsys, nothing):
    assert assess(nothing, 3, hint="Count them.").right is None
    assert check_answer(nothing, 3, hint="Count them.") is None  # a cell ends with it
    assert capsys.readouterr().out == "Your answer: not attempted yet.\n"


@pytest.mark.parametrize(
    ("answer", "expected", "tolerance"),
    [
        (3, 3, None),
        (3.0, 3, None),
        (np.int64(3), 3, None),
        (np.array(3), 3, None),
        (3, np.uint8(3), None),
        (1 + 5e-7, 1.0, None),
        (1e-10, 0.0, None),
        (np.array([1 + 5e-6]), np.array([1.0]), None),
        (np.float32(0.1), 0.1, None),
        (math.nan, math.nan, None),
        (math.inf, math.inf, None),
        (10.5, 10, 0.5),
        (Fraction(1, 3), 1 / 3, None),
        (np.uint8(3), np.uint8(5), 2),
        (True, np.bool_(True), None),
        (np.bool_(False), False, None),
        ("  cpu\n", "CPU", None),
        ([1, 3, 224], (1, 3, 224), None),
        (["Cat ", "dog"], ("cat", "DOG"), None),
        ([[1.0, 2], [3]], [[1, 2.0], [3]], None),
        ({"a": {1, 2}}, {"a": {2, 1}}, None),
        (np.float32([0.1, 0.2]), np.array([0.1, 0.2]), None),
        ([[1, 2]], np.array([[1, 2]]), None),
        (np.array([1.0, 2.5]), np.array([1, 2]), 0.5),
        (np.array(["a", "b"]), np.array(["a", "b"]), None),
        (int, int, None),
        (b"x", b"x", None),
        (torch.ones(2, 3, requires_grad=True), np.ones((2, 3)), None),
        (np.ones((2, 3)), torch.ones(2, 3), None),
        (torch.ones(2, 3).sum(), 6.0, None),
        (ov.Shape([1, 3]), (1, 3), None),
        (ov.Type.f32, ov.Type.f32, None),
    ],
)
def test_right_answers(answer, expected, tolerance):
    assert assess(answer, expected, tolerance=tolerance) == (True, "correct.")


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (2, 3, "The value is too small"),
        (np.uint8(250), np.uint8(5), "The value is too large"),
        (3.0000001, 3, "too large"),
        (1 + 2e-6, 1.0, "too large"),
        (np.array([1 + 2e-5]), np.array([1.0]), "1 of 1 values are off"),
        (math.nan, 3.0, "not a number (nan)"),
        ("3", 3, "of type str; expected a number"),
        (True, 1, "of type bool; expected a number"),
        (1, True, "of type int; expected True or False"),
        (False, True, "It is the opposite"),
        ("GPU", "CPU", "The text differs"),
        ([1, 2], [1, 2, 3], "Its length is 2, which is too few"),
        ([1], [], "Its length is 1, which is too many"),
        ([1, 2, 3], [1, 5, 3], "Item 2: the value is too small"),
        ("abc", ["a", "b", "c"], "of type str; expected a list or tuple"),
        ({1, 2}, [1, 2], "of type set; expected a list or tuple"),
        ({"a": 1}, {"a": 2}, "The value differs"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "Its shape (2, 3) is not"),
        (np.zeros(3), np.ones(3), "3 of 3 values are off"),
        (np.array([1, 2, 4]), np.array([1, 2, 3]), "1 of 3 values are off"),
        (np.array([1]), np.array([True]), "of type int64; expected another type"),
        ("text", np.zeros(3), "of type str; expected an array"),
        (ov.Type.f16, ov.Type.f32, "The value differs"),
        (3, int, "of type int; expected something else"),
    ],
)
def test_wrong_answers_say_in_what_way(answer, expected, words):
    right, remark = assess(answer, expected)
    assert right is False
    assert remark.startswith("not yet. ") and words in remark


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ([1, ...], [1, 2], False),
        ([None], [2], False),
        ([], [2], False),
        ([None], [None], True),
        (lambda: 3, lambda function: function() == 3, True),
        (Begun, lambda toy: toy().name() == "duck", True),
    ],
)
def test_what_is_begun_is_looked_at(answer, expected, right):
    assert assess(answer, expected).right is right


@pytest.mark.parametrize(
    ("expected", "options", "error", "words"),
    [
        (None, {}, TypeError, "expected: an answer is expected, found None"),
        (..., {}, TypeError, "found Ellipsis"),
        (1, {"hint": 3}, TypeError, "hint: expected a string, found int"),
        (1, {"tolerance": "small"}, TypeError, "tolerance: .* found str"),
        (1, {"tolerance": True}, TypeError, "tolerance: .* found bool"),
        (1, {"tolerance": -1}, ValueError, "tolerance: expected 0 or more, found -1"),
        (1, {"tolerance": math.nan}, ValueError, "found nan"),
        (1, {"name": None}, TypeError, "name: expected a string, found NoneType"),
    ],
)
def test_mistakes_of_the_author_are_errors(expected, options, error, words):
    for answer in (..., 1):
        with pytest.raises(error, match=words):
            check_answer(answer, expected, **options)


def test_the_expected_value_is_not_given_away():
    secret = 867530.9
    for expected in (secret, [secret], {"a": secret}, np.array([secret]), {secret}):
        for answer in (1, "a", [1], {"a": 1}, np.array([2.0]), {2}):
            assert "8675" not in assess(answer, expected).remark


def test_a_function_judges_open_answers(capsys):
    assert assess(4, lambda n: n % 2 == 0).right is True
    check_answer(3, lambda n: n % 2 == 0, hint="Even.", name="The number")
    assert capsys.readouterr().out == (
        "The number: not yet. It is not what was asked for. Hint: Even.\n"
    )
    failing = assess("three", lambda n: n % 2 == 0).remark
    assert failing.startswith("not yet. It raises TypeError: not all")
    said = assess(3, lambda n: "It is odd." if n % 2 else True)
    assert said == (False, "not yet. It is odd.")


@pytest.mark.parametrize(
    "expected",
    [1, True, "a", [1], {1}, {"a": 1}, np.ones(2), b"x", lambda answer: answer > 1],
)
def test_an_object_that_fails_when_touched_is_a_wrong_answer(expected):
    endless = []
    endless.append(endless)
    for answer in (Broken(), endless):
        assert assess(answer, expected).right is False


@given(
    expected=st.integers(-(10**6), 10**6),
    off=st.integers(1, 10**6),
    tolerance=st.integers(0, 10**6),
)
def test_the_tolerance_is_a_bound(expected, off, tolerance):
    right = off <= tolerance
    for answer in (expected - off, expected + off):
        array = np.array([expected])
        assert assess(answer, expected, tolerance=tolerance).right is right
        assert assess([answer], array, tolerance=tolerance).right is right
