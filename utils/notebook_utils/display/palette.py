"""The colours that everything here is drawn in, the same in every run.

They are Okabe and Ito's [1]_, ordered so that the first few differ the most. Seen with
normal vision, or with a simulation [2]_ of one kind of cones missing, any two of them
are at least 16 apart in CIELAB, where 2.3 is a just noticeable difference. More than
eight colours would not be; the ninth class has the colour of the first, and the label
tells them apart.

References
----------
.. [1] M. Okabe and K. Ito, "Color Universal Design", 2002, https://jfly.uni-koeln.de/color/
.. [2] G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A physiologically-based
   model for simulation of color vision deficiency", 2009,
   https://doi.org/10.1109/TVCG.2009.113
"""

from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

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
    """Return the colour of a class.

    Parameters
    ----------
    index
        The number of the class, or of a row. Colours repeat after eight.

    Returns
    -------
    tuple of int
        RGB from 0 to 255.

    Examples
    --------
    >>> class_colour(0)
    (0, 114, 178)
    >>> class_colour(8) == class_colour(0)
    True
    """
    return PALETTE[index % len(PALETTE)]


def contrasting(colour: Colour) -> Colour:
    """Return black or white, whichever can be read better on a colour.

    Parameters
    ----------
    colour
        RGB from 0 to 255.

    Returns
    -------
    tuple of int
        ``(0, 0, 0)`` or ``(255, 255, 255)``. The contrast ratio of WCAG 2 is at least
        4.5 with either of them, whatever the colour.

    Examples
    --------
    >>> contrasting((240, 228, 66))
    (0, 0, 0)
    """
    luminance = sum(
        share * _linear(value)
        for share, value in zip((0.2126, 0.7152, 0.0722), colour, strict=True)
    )
    # Where (luminance + 0.05) / 0.05 and 1.05 / (luminance + 0.05) are equal.
    return BLACK if luminance > 0.179 else WHITE


def _linear(value: int) -> float:
    """Return the light that a value of sRGB from 0 to 255 stands for, from 0 to 1."""
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
