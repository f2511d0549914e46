from datetime import UTC, datetime

import pytest

from notebook_utils.download.retry import LONGEST_WAIT_S, Pace, retry_after_s

NOON = datetime(2026, 1, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 03 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 03 Jan 2026 12:00:30 -0000", 30.0),
        ("Sat, 03 Jan 2026 11:00:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("9" * 5000, None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(header, expected):
    assert retry_after_s(header, NOON) == expected


def test_waits_grow_and_are_bounded():
    longest = [Pace(jitter=lambda: 1.0).wait_s(n) for n in range(1, 20)]
    shortest = [Pace(jitter=lambda: 0.0).wait_s(n) for n in range(1, 20)]
    assert longest == sorted(longest)
    assert longest[-1] == LONGEST_WAIT_S
    assert [2 * wait for wait in shortest] == longest
