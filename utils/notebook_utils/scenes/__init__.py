"""Toy scenes drawn from a seed: images whose boxes, masks and classes are known.

Modules, from the bottom up: `shapes` (distance functions), `toys` (the eight toys),
`sprites` (one toy in one pose), `textures` (the background), `placement` (what stands
where) and `composition` (the scene); beside them `wording` (toys in words). Nothing is
drawn before it is needed.
"""

from .composition import Scene, crop_toys, draw_scene
from .toys import TOYS
from .wording import toys_in, words_for

__all__ = ["TOYS", "Scene", "crop_toys", "draw_scene", "toys_in", "words_for"]
