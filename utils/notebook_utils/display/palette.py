"""The colours that everything here is drawn in, the same in every run.

They are those of M. Okabe and K. Ito, "Color Universal Design", 2002
(https://jfly.uni-koeln.de/color/), which people with any kind of colour blindness can
tell apart, ordered so that the first few differ the most. A ninth class has the colour
of the first, and the label tells them apart.
"""

from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

PALETTE: tuple[Colour, ...] = (
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermilion
    (240, 228, 66),  # yellow
    (86, 180, 233),  # sky blue
    (204, 121, 167),  # reddish purple
    (230, 159, 0),  # orange
    (0, 158, 115),  # bluish green
    (0, 0, 0),  # black
)

FIRST_COLOUR = "#0072B2"
OTHER_COLOUR = "#56B4E9"


def class_colour(index: int) -> Colour:
    """Return the RGB colour of a class or row; colours repeat after eight.

    Examples
    --------
    >>> class_colour(0), class_colour(8) == class_colour(0)
    ((0, 114, 178), True)
    """
    return PALETTE[index % len(PALETTE)]


def contrasting(colour: Colour) -> Colour:
    """Return black or white, whichever can be read better on a colour of the palette.

    With this limit the contrast ratio of WCAG 2 is at least 4.5 on each of them.
    """
    red, green, blue = colour
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    return (0, 0, 0) if grey > 100 else (255, 255, 255)
