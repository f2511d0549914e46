"""Postprocessing of YOLOv5n: confidence threshold and non-maximum suppression."""

import cv2
import numpy as np
import numpy.typing as npt

from ..detection import Detections


def select_boxes(
    rows: npt.NDArray[np.float32],
    min_objectness: float = 0.25,
    max_overlap: float = 0.5,
) -> Detections:
    """Keep boxes with an object, and of several around one object only the best.

    All rows are handled at once, as arrays. A loop over the rows in Python gives the
    same boxes and takes longer the more of them there are; lesson 05 measures it.

    Parameters
    ----------
    rows : float32 array (boxes, 5 + classes)
        The output of :class:`YOLOv5n` for one image: centre x, centre y, width and
        height in pixels, the objectness and the probability of each class.
    min_objectness : float
        Boxes whose objectness is not above this are dropped.
    max_overlap : float
        Of two boxes whose intersection over union is above this, the one with the lower
        score is dropped, whatever the classes (non-maximum suppression).

    Returns
    -------
    Detections
        The highest score first. The scores are the objectness.

    Examples
    --------
    >>> rows = np.zeros((3, 7), np.float32)
    >>> rows[:2] = [50, 40, 20, 10, 0.9, 0.2, 0.8]  # twice the same box
    >>> found = select_boxes(rows)
    >>> found.boxes_xyxy.tolist(), found.classes.tolist()
    ([[40.0, 35.0, 60.0, 45.0]], [1])
    """
    chosen = rows[rows[:, 4] > min_objectness]
    corner, size = chosen[:, :2] - chosen[:, 2:4] / 2, chosen[:, 2:4]
    kept = np.asarray(
        cv2.dnn.NMSBoxes(
            np.hstack((corner, size)).tolist(),
            chosen[:, 4].tolist(),
            min_objectness,
            max_overlap,
        ),
        np.int64,
    ).reshape(-1)
    boxes = np.hstack((corner, corner + size))[kept].astype(np.float32)
    return Detections(boxes, chosen[kept, 4], chosen[kept, 5:].argmax(1))
