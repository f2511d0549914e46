"""Toys in words: "three ducks and a star"."""

import re
from collections import Counter

from .toys import TOYS

_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {word: count for count, word in enumerate(_NUMBERS.split(), start=1)}
_COUNTS |= {"a": 1, "an": 1}
_SEPARATORS = re.compile(r"\s*(?:,|;|\+|&|\band\b)\s*", re.IGNORECASE)


def toys_in(words: str) -> tuple[str, ...]:
    """Return the toys that a person asks for, ready for ``draw_scene``.

    Parameters
    ----------
    words
        Numbers and names of toys, such as ``"three ducks, one star"``, ``"2 balls and
        a cone"`` or ``"duck"``. Commas, "and" and "+" separate them.

    Returns
    -------
    tuple of str
        One name for each toy, in the order asked for.

    Raises
    ------
    ValueError
        A word is neither a number nor a toy, or nothing is asked for.

    Examples
    --------
    >>> toys_in("two ducks and a star")
    ('duck', 'duck', 'star')
    """
    parts = [part for part in _SEPARATORS.split(words.strip()) if part]
    if not parts:
        raise ValueError(
            "Expected toys such as 'three ducks, one star', found nothing."
        )
    return tuple(toy for part in parts for toy in _toys_in_part(part))


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


def _toys_in_part(part: str) -> list[str]:
    number, _, name = part.lower().rpartition(" ")
    number, toy = number.strip(), name.removesuffix("s")
    if toy not in TOYS:
        raise ValueError(
            f"Expected a number and a toy in {part!r}. The toys are: {', '.join(TOYS)}."
        )
    if not number:
        return [toy]
    count = int(number) if number.isdecimal() else _COUNTS.get(number)
    if not count:
        raise ValueError(
            f"Expected a number before {name!r} in {part!r}, such as 3 or three."
        )
    return [toy] * count


def _counted(count: int, toy: str) -> str:
    word = dict(enumerate(_NUMBERS.split(), start=1)).get(count, str(count))
    return f"{word} {toy}{'s' if count > 1 else ''}"
