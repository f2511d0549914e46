"""Toys in words: "three ducks and a star"."""

import re
from collections import Counter
from difflib import get_close_matches

from .placement import MAX_TOYS
from .toys import TOYS

_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {word: count for count, word in enumerate(_NUMBERS.split(), start=1)}
_COUNTS |= {"a": 1, "an": 1, "no": 0, "zero": 0}
_SEPARATORS = re.compile(r"\s*(?:,|;|\+|&|\band\b)\s*", re.IGNORECASE)
# What cannot be parsed but is often written, for a helpful error.
_LARGER_NUMBERS = (
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty "
    "fifty sixty seventy eighty ninety dozen hundred thousand million"
)
_COLOURS = (
    "black blue brown gold golden gray green grey orange pink purple red silver violet "
    "white yellow coloured colored"
)


def toys_in(words: str) -> tuple[str, ...]:
    """Return the toys that a person asks for, ready for ``draw_scene``.

    Parameters
    ----------
    words
        Numbers and names of toys, such as ``"three ducks, one star"``, ``"2 balls and
        a cone"`` or ``"duck"``. Commas, "and" and "+" separate them. Numbers above
        twelve are written in digits, and there are 24 toys at most.

    Returns
    -------
    tuple of str
        One name for each toy, in the order asked for.

    Raises
    ------
    ValueError
        A word is neither a number nor a toy, or too few or too many are asked for.

    Examples
    --------
    >>> toys_in("two ducks and a star")
    ('duck', 'duck', 'star')
    >>> toys_in("three duks")
    Traceback (most recent call last):
    ValueError: There is no toy 'duks'. Did you mean 'ducks'?
    """
    parts = [part for part in _SEPARATORS.split(words.strip()) if part]
    if not parts:
        raise ValueError(
            "Expected toys such as 'three ducks, one star', found nothing."
        )
    counted = [_read(part.lower().split()) for part in parts]
    total = sum(count for count, _ in counted)
    if total > MAX_TOYS:
        raise ValueError(f"Ask for at most {MAX_TOYS} toys, found {total} in all.")
    return tuple(toy for count, toy in counted for _ in range(count))


def words_for(toys: tuple[str, ...]) -> str:
    """Say which toys there are, the opposite of :func:`toys_in`.

    Parameters
    ----------
    toys
        Names of toys, any order.

    Returns
    -------
    str
        Such as ``"two ducks and one star"``, each toy once, ``"no toys"`` for none.

    Examples
    --------
    >>> words_for(("duck", "star", "duck"))
    'two ducks and one star'
    """
    counted = [_counted(count, toy) for toy, count in Counter(toys).items()]
    if not counted:
        return "no toys"
    return " and ".join(filter(None, [", ".join(counted[:-1]), counted[-1]]))


def _read(words: list[str]) -> tuple[int, str]:
    """Return how many of which toy; none or one number, and the name."""
    *before, name = words
    toy = name.removesuffix("s")
    if toy not in TOYS:
        raise ValueError(_why_no_toy(name))
    return (_count(" ".join(before), name) if before else 1), toy


def _count(number: str, name: str) -> int:
    digits = re.fullmatch(r"-?\d+", number)
    count = int(number) if digits else _COUNTS.get(number)
    if count is None:
        raise ValueError(_why_no_number(number, name))
    if count < 1:
        raise ValueError(f"Ask for at least one, found {f'{number} {name}'!r}.")
    return count


def _why_no_toy(name: str) -> str:
    toys = f"The toys are: {', '.join(f'{toy}s' for toy in TOYS)}."
    if name.isdecimal() or name in _COUNTS:
        return f"Expected a toy after {name!r}. {toys}"
    plural = "s" if name.endswith("s") else ""
    close = get_close_matches(name, [toy + plural for toy in TOYS], n=1, cutoff=0.7)
    meant = f"Did you mean {close[0]!r}?" if close else toys
    return f"There is no toy {name!r}. {meant}"


def _why_no_number(number: str, name: str) -> str:
    words = set(re.split(r"[\s-]+", number))
    if words & set(_COLOURS.split()):
        return (
            f"Colours cannot be asked for, they come from the seed: found {number!r} "
            f"before {name!r}. Write a number there, or nothing."
        )
    if words & set(_LARGER_NUMBERS.split()):
        return (
            f"Write larger numbers in digits, {MAX_TOYS} toys at most: found "
            f"{number!r} before {name!r}."
        )
    return (
        f"Expected a number before {name!r}, such as 3 or three, and commas between "
        f"toys: found {number!r}."
    )


def _counted(count: int, toy: str) -> str:
    words = _NUMBERS.split()
    word = words[count - 1] if count <= len(words) else str(count)
    return f"{word} {toy}{'s' if count > 1 else ''}"
