"""How well a detector counts toys, by the number of toys in a scene.

The figures of a card average over all scenes. A detector that counts four toys exactly
may fail on twenty, which are smaller and closer together.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

import numpy as np

from notebook_utils.detection import Detections, match_detections
from notebook_utils.scenes import Scene, draw_scene

from .detection import Image

TOYS_PER_SCENE = (1, 2, 4, 6, 8, 10, 12, 16, 20, 24)
MIN_CONFIDENCE = 0.5  # as in lesson 00
MIN_IOU = 0.5


class Counted(NamedTuple):
    """Results for `scenes` scenes with the same number of toys."""

    toys: int  # in each scene
    scenes: int
    exact: int  # scenes with the right number of toys of each class
    recall: float  # fraction of the toys that are found
    extra: int  # detections that match no toy


def count_toys(
    detect: Callable[[Image], Detections],
    scenes: int = 10,
    numbers: Iterable[int] = TOYS_PER_SCENE,
) -> Iterator[Counted]:
    """Yield the results of a detector on held-out scenes, for each number of toys."""
    for toys in numbers:
        exact = matched = extra = 0
        for scene in islice(_held_out(toys), scenes):
            truth = Detections.of_scene(scene)
            found = detect(scene.image).above(MIN_CONFIDENCE)
            pairs = len(match_detections(found, truth, MIN_IOU))
            exact += np.array_equal(np.sort(found.classes), np.sort(truth.classes))
            matched += pairs
            extra += len(found) - pairs
        yield Counted(toys, scenes, exact, matched / (toys * scenes), extra)


def _held_out(toys: int) -> Iterator[Scene]:
    """Yield held-out scenes with that many toys, by seed, where there is room."""
    for seed in count():
        try:
            yield draw_scene(seed, toys=toys, held_out=True)
        except ValueError:  # the toys of this seed found no room
            continue
