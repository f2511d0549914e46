"""Detections: intersection over union, matching, and mean average precision.

Everywhere here a bounding box is x1, y1, x2, y2 in pixels, x to the right and y down,
and classes are counted from 0. A model may use another convention (normalised, y first,
classes from 1); bring its output into this form first.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .scenes import Scene

Boxes = npt.NDArray[np.float32]
RECALL_STEPS = 101  # as COCO has it: 0, 0.01 ... 1


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects in one image, found by a detector or known to be true.

    One row of each array belongs to one object. Arrays of other element types are
    converted; shapes that do not belong together are a ``ValueError``.

    Examples
    --------
    >>> found = Detections([[10, 20, 50, 60], [0, 0, 9, 9]], [0.9, 0.3], [7, 2])
    >>> len(found), found.above(0.5).classes.tolist()
    (2, [7])
    """

    boxes_xyxy: Boxes  # (n, 4): x1, y1, x2, y2 in pixels
    scores: npt.NDArray[np.float32]  # (n,): confidence, 0 to 1
    classes: npt.NDArray[np.int64]  # (n,): from 0

    def __post_init__(self) -> None:
        boxes = _boxes(self.boxes_xyxy, "boxes_xyxy")
        object.__setattr__(self, "boxes_xyxy", boxes)
        for name, kind in (("scores", np.float32), ("classes", np.int64)):
            values = np.asarray(getattr(self, name), kind)
            if values.shape != (len(boxes),):
                raise ValueError(
                    f"{name}: expected one for each of the {len(boxes)} boxes, shape "
                    f"({len(boxes)},), found {values.shape}."
                )
            object.__setattr__(self, name, values)

    @classmethod
    def of_scene(cls, scene: "Scene") -> Self:
        """Return the truth about a drawn scene, with scores of 1."""
        return cls(scene.boxes, np.ones(len(scene.boxes), np.float32), scene.labels)

    def above(self, score: float) -> "Detections":
        """Return those whose score is at least `score`."""
        chosen = self.scores >= score
        return Detections(
            self.boxes_xyxy[chosen], self.scores[chosen], self.classes[chosen]
        )

    def __len__(self) -> int:
        return len(self.boxes_xyxy)


def box_iou(boxes_a: npt.ArrayLike, boxes_b: npt.ArrayLike) -> Boxes:
    """Return how much each box of one set overlaps with each of another.

    The measure is *intersection over union*: the area that two boxes share, divided by
    the area that either covers. It is 1 for the same box and 0 for boxes apart.

    Parameters
    ----------
    boxes_a, boxes_b : array (n, 4) and (m, 4)
        x1, y1, x2, y2, in any unit.

    Returns
    -------
    float32 array (n, m)
        0 to 1. A box without area overlaps with nothing, itself included.

    Examples
    --------
    >>> box_iou([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]]).round(2)
    array([[1.  , 0.33, 0.  ]], dtype=float32)
    """
    a = _boxes(boxes_a, "boxes_a").astype(np.float64)[:, np.newaxis]
    b = _boxes(boxes_b, "boxes_b").astype(np.float64)[np.newaxis]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    either = _area(a) + _area(b) - shared
    overlap = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return np.asarray(overlap, np.float32)


def match_detections(
    detections_a: Detections, detections_b: Detections, min_iou: float = 0.5
) -> npt.NDArray[np.int64]:
    """Pair the objects of two results for the same image.

    Two programs that find the same objects may list them in another order, since scores
    that differ in the last digit change places.

    Parameters
    ----------
    detections_a, detections_b : Detections
        For one image.
    min_iou : float
        Smallest intersection over union of a pair, 0 to 1.

    Returns
    -------
    int64 array (k, 2)
        Row in `detections_a` and row in `detections_b` of each pair, by the first. Both
        are of the same class, and no row is in two pairs; the boxes that overlap most
        are paired first. The two results agree if k is the length of both.
    """
    overlap = box_iou(detections_a.boxes_xyxy, detections_b.boxes_xyxy)
    overlap[detections_a.classes[:, np.newaxis] != detections_b.classes] = -1
    pairs = []
    while overlap.size and overlap.max() >= min_iou:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(row), int(column)))
        overlap[row], overlap[:, column] = -1, -1
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def mean_average_precision(
    predictions: Sequence[Detections], truths: Sequence[Detections], iou: float = 0.5
) -> float:
    """Return how good a detector is, as one number: its mean average precision (mAP).

    Of the detections above some score, *precision* is the fraction that is right;
    *recall* is the fraction of all objects that is found. *Average precision* averages
    the precision of a class over all recalls, and the mAP is the mean over the classes.

    Parameters
    ----------
    predictions, truths : sequence of Detections
        Everything found in each image, whatever its score; and the objects in it.
    iou : float
        From which intersection over union on a box counts as right, above 0, to 1.

    Returns
    -------
    float
        0 to 1. Classes of which there is no true object do not count, but there must
        be one.

    Notes
    -----
    The figure is COCO's: precision is read at 101 recalls. It departs from COCO in that
    all detections of an image count, not the first hundred.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", 2014,
    https://arxiv.org/abs/1405.0312; https://cocodataset.org/#detection-eval

    Examples
    --------
    >>> truth = Detections([[0, 0, 9, 9], [20, 0, 29, 9]], [1, 1], [3, 5])
    >>> first_alone = Detections([[0, 0, 9, 9]], [0.8], [3])
    >>> round(mean_average_precision([first_alone], [truth]), 3)
    0.5
    """
    if len(predictions) != len(truths):
        raise ValueError(
            "Expected predictions and truths for the same images, found "
            f"{len(predictions)} and {len(truths)} of them."
        )
    if not any(map(len, truths)):
        raise ValueError("Expected at least one true object, found none.")
    if not 0 < iou <= 1:
        raise ValueError(f"iou: expected a number above 0 and at most 1, found {iou}.")
    precision = _precision_at_recalls(predictions, truths, iou)
    return float(precision[precision > -1].mean())


def _precision_at_recalls(
    predictions: Sequence[Detections], truths: Sequence[Detections], iou: float
) -> npt.NDArray[np.float64]:
    """Return the precision at each recall, (recalls, classes); -1 for no such class."""
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it reports every step
        evaluation = COCOeval(_coco(truths), _coco(predictions), "bbox")
        settings = evaluation.params
        settings.iouThrs = np.array([iou])
        settings.recThrs = np.linspace(0, 1, RECALL_STEPS)
        settings.areaRng, settings.areaRngLbl = [[0, np.inf]], ["all"]
        settings.maxDets = [max(1, *map(len, predictions))]
        evaluation.evaluate()
        evaluation.accumulate()
    precision: npt.NDArray[np.float64] = evaluation.eval["precision"][0, :, :, 0, 0]
    return precision


def _coco(results: Sequence[Detections]) -> Any:
    """Return detections in the form of pycocotools."""
    from pycocotools.coco import COCO

    coco: Any = COCO()
    annotations: list[dict[str, Any]] = [
        {
            "id": number,  # from 1: pycocotools takes 0 for "matched with nothing"
            "image_id": image,
            "category_id": int(class_number),
            "bbox": [*box[:2], *(box[2:] - box[:2])],
            "area": float(_area(box)),
            "score": float(score),
            "iscrowd": 0,
        }
        for number, (image, box, score, class_number) in enumerate(_rows(results), 1)
    ]
    classes = {annotation["category_id"] for annotation in annotations}
    coco.dataset = {
        "images": [{"id": image} for image in range(len(results))],
        "categories": [{"id": number} for number in sorted(classes)],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def _rows(results: Sequence[Detections]) -> Iterator[tuple[int, Any, float, int]]:
    """Yield each object with the number of its image."""
    for image, found in enumerate(results):
        boxes = found.boxes_xyxy.astype(np.float64)
        for row in zip(boxes, found.scores, found.classes, strict=True):
            yield image, *row


def _area(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the areas of boxes (..., 4); 0 where a box ends before it begins."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(np.prod(sides, axis=-1), np.float64)


def _boxes(values: npt.ArrayLike, name: str) -> Boxes:
    boxes = np.asarray(values, np.float32)
    if boxes.size == 0:
        return np.zeros((0, 4), np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name}: expected boxes of shape (n, 4), found {boxes.shape}. Put a "
            "single box in a list; of a batch of one, take the first item."
        )
    return boxes
