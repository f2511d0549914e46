"""Handwritten-like digits, drawn from a seed, and what it takes to read one's own."""

from .canvas import digit_canvas
from .drawing import draw_digits
from .reading import centre_digit

__all__ = ["centre_digit", "digit_canvas", "draw_digits"]
