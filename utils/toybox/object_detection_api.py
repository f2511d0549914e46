"""The trained detector as the TensorFlow Object Detection API exports its models.

Such a model takes one image of any size, ``input_tensor`` uint8 [1, ?, ?, 3] in RGB,
and gives eight outputs. Boxes are normalised y1, x1, y2, x2, classes are counted from
1, and detections are sorted by confidence, the highest first.
"""

import gzip
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]
from tensorflow.python.framework.convert_to_constants import (  # type: ignore[import-untyped]
    convert_variables_to_constants_v2,
)

from .toy_faster_rcnn import (
    CLASSES,
    HEIGHT,
    PROPOSALS,
    WIDTH,
    ToyFasterRcnn,
    refined,
)

Tensor = Any
INPUT = tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")
DETECTIONS = 100
# Boxes of one class whose intersection over union is above this are suppressed.
DETECTION_OVERLAP = 0.5
LOWEST_SCORE = 0.02
SMALLEST_AREA = 1e-5  # a box without area is no proposal


def detect(detector: ToyFasterRcnn, input_tensor: Tensor) -> dict[str, Tensor]:
    """Return the eight outputs for one image, by their names in that API.

    Rows behind the last detection are zeros.
    """
    image = tf.image.resize(tf.cast(input_tensor, tf.float32), (HEIGHT, WIDTH)) / 255
    features, scores, offsets = detector.proposer(image, training=False)
    proposals = detector.propose(scores[0], offsets[0])
    image_index = tf.zeros([PROPOSALS], tf.int32)
    scores, offsets = detector.classify(features, proposals, image_index, False)
    probabilities = tf.nn.softmax(scores)
    boxes = tf.clip_by_value(refined(proposals[:, None], offsets), 0.0, 1.0)
    best = tf.argmax(probabilities[:, 1:], -1)
    return {
        **_detections(boxes, probabilities),
        "raw_detection_boxes": tf.gather(boxes, best, batch_dims=1)[None],
        "raw_detection_scores": probabilities[None],
    }


def _detections(boxes: Tensor, probabilities: Tensor) -> dict[str, Tensor]:
    """Return boxes (PROPOSALS, CLASSES, 4) after non-maximum suppression by class.

    `probabilities` (PROPOSALS, 1 + CLASSES) are those of the background and each class.
    """
    flat = tf.reshape(boxes, [-1, 4])
    rows = tf.range(PROPOSALS * CLASSES)
    proposals, classes = rows // CLASSES, rows % CLASSES
    area = tf.reduce_prod(flat[:, 2:] - flat[:, :2], -1)
    scores = tf.reshape(probabilities[:, 1:], [-1])
    scores = tf.where(area > SMALLEST_AREA, scores, 0.0)
    # Boxes of different classes are moved apart, so that none suppresses another.
    apart = flat + 2 * tf.cast(classes, tf.float32)[:, None]
    kept = tf.image.non_max_suppression(
        apart, scores, DETECTIONS, DETECTION_OVERLAP, LOWEST_SCORE
    )
    padded = _padded(tf.gather(scores, kept))
    return {
        # Counted, because the length of what is kept is lost in the conversion.
        "num_detections": tf.reduce_sum(tf.cast(padded > 0, tf.float32), -1),
        "detection_boxes": _padded(tf.gather(flat, kept)),
        "detection_scores": padded,
        "detection_classes": _padded(tf.gather(classes + 1, kept)),
        "detection_anchor_indices": _padded(tf.gather(proposals, kept)),
        "detection_multiclass_scores": _padded(
            tf.gather(probabilities, tf.gather(proposals, kept))
        ),
    }


def _padded(values: Tensor) -> Tensor:
    """Return rows as a batch of one, float32, with zeros behind the last."""
    missing = DETECTIONS - tf.shape(values)[0]
    paddings = [[0, missing]] + [[0, 0]] * (len(values.shape) - 1)
    padded = tf.pad(tf.cast(values, tf.float32), paddings)
    return tf.reshape(padded, (1, DETECTIONS, *values.shape[1:]))


def save_frozen(detector: ToyFasterRcnn, folder: Path) -> None:
    """Write the detector as a SavedModel whose weights are constants.

    OpenVINO loses some of the variables of a SavedModel that has very many of them;
    constants are part of the graph.
    """
    live = tf.function(lambda input_tensor: detect(detector, input_tensor))
    concrete = live.get_concrete_function(INPUT)
    names = sorted(concrete.structured_outputs)
    graph = convert_variables_to_constants_v2(concrete)
    module = tf.Module()
    module.frozen = tf.function(
        lambda input_tensor: dict(zip(names, graph(input_tensor), strict=True)),
        input_signature=[INPUT],
    )
    tf.saved_model.save(module, str(folder), signatures=module.frozen)


def pack(folder: Path, archive: Path) -> None:
    """Write a folder as ``.tar.gz``; the same content gives the same bytes."""
    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who packed it and when."""
    return member.replace(
        mtime=0,
        mode=0o755 if member.isdir() else 0o644,
        uid=0,
        gid=0,
        uname="",
        gname="",
        deep=False,
    )


def export(detector: ToyFasterRcnn, archive: Path) -> None:
    """Write the detector as a packed SavedModel."""
    with tempfile.TemporaryDirectory() as temporary:
        saved = Path(temporary) / "saved_model"
        save_frozen(detector, saved)
        pack(saved, archive)
