"""Handwritten-like digits, drawn from a seed, and what it takes to read one's own.

Modules, from the bottom up: `strokes` (how each digit is written), `drawing` (an
unsteady hand), `dataset` (60,000 of them in a file), `reading` (from any picture to 28
by 28 pixels) and `canvas` (to draw on).
"""

from .canvas import digit_canvas
from .drawing import draw_digits
from .reading import centre_digit

__all__ = ["centre_digit", "digit_canvas", "draw_digits"]
