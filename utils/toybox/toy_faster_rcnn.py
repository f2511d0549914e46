"""The detector of the eight toys: a small two-stage Faster R-CNN in Keras.

The first stage proposes boxes that may hold a toy. The second classifies the features
inside each proposal and refines its box.

Boxes are normalised y1, x1, y2, x2, as TensorFlow's own operations expect them. Offsets
are the shift of the centre relative to the size of a box, and the logarithm of the
growth in size.

References
----------
S. Ren et al., "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal
Networks", 2015, https://arxiv.org/abs/1506.01497

T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", 2017,
https://arxiv.org/abs/1612.03144
"""

from typing import Any

import keras  # type: ignore[import-untyped]
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from keras import layers
from numpy.typing import NDArray

from notebook_utils.scenes import TOYS

Tensor = Any
HEIGHT, WIDTH = 240, 320
CLASSES = len(TOYS)
# Pixels between the cells of the grid of anchors, in each direction.
STRIDE = 16
# Height and width of the anchors of each cell, in pixels.
ANCHORS = ((28, 28), (44, 44), (70, 70), (104, 104), (60, 38), (38, 60))
BEST_ANCHORS, PROPOSALS = 200, 48
# Proposals whose intersection over union is above this are suppressed.
PROPOSAL_OVERLAP = 0.7
# Cells of the features inside a proposal, in each direction.
POOLED = 7
FEATURES = 64
# Offsets are learned as multiples of these: shifts are small, so is growth.
OFFSET_SCALE = (0.1, 0.1, 0.2, 0.2)
MAX_GROWTH = 4.0  # a logarithm


class ToyFasterRcnn(tf.Module):  # type: ignore[misc]
    """Both stages, and non-maximum suppression and pooling between them.

    Attributes
    ----------
    proposer : keras.Model
        From images (n, HEIGHT, WIDTH, 3), 0 to 1, to features (n, HEIGHT / 8,
        WIDTH / 8, FEATURES), a score for each anchor (n, a), before the sigmoid, and
        its offsets (n, a, 4).
    head : keras.Model
        From the features inside proposals (n, POOLED, POOLED, FEATURES) to a score for
        the background and each class (n, 1 + CLASSES), before the softmax, and offsets
        for each class (n, CLASSES, 4).
    anchors : tf.Tensor
        (a, 4)
    """

    def __init__(self) -> None:
        super().__init__()
        self.proposer = _proposer()
        self.head = _head()
        self.anchors = tf.constant(all_anchors())

    def propose(self, scores: Tensor, offsets: Tensor) -> Tensor:
        """Return the proposals of one image, (PROPOSALS, 4), the highest score first.

        Where there are fewer, the rest are boxes without area.
        """
        best_scores, best = tf.math.top_k(scores, BEST_ANCHORS)
        boxes = refined(tf.gather(self.anchors, best), tf.gather(offsets, best))
        boxes = tf.clip_by_value(boxes, 0.0, 1.0)
        kept = tf.image.non_max_suppression(
            boxes, best_scores, PROPOSALS, PROPOSAL_OVERLAP
        )
        missing = PROPOSALS - tf.shape(kept)[0]
        padded = tf.pad(tf.gather(boxes, kept), [[0, missing], [0, 0]])
        return tf.reshape(padded, (PROPOSALS, 4))

    def classify(
        self, features: Tensor, boxes: Tensor, image_index: Tensor, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Return scores (n, 1 + CLASSES) and offsets (n, CLASSES, 4) of boxes (n, 4).

        `image_index` (n,) is the image of the batch that each box belongs to.
        """
        size = (POOLED, POOLED)
        pooled = tf.image.crop_and_resize(features, boxes, image_index, size)
        scores, offsets = self.head(pooled, training=training)
        return scores, offsets

    def count_params(self) -> int:
        """Return the number of parameters."""
        return int(self.proposer.count_params() + self.head.count_params())


def all_anchors() -> NDArray[np.float32]:
    """Return the anchors of all cells, (cells * len(ANCHORS), 4), row by row."""
    y, x, sizes = np.meshgrid(
        (np.arange(HEIGHT // STRIDE) + 0.5) * STRIDE,
        (np.arange(WIDTH // STRIDE) + 0.5) * STRIDE,
        np.arange(len(ANCHORS)),
        indexing="ij",
    )
    centres = np.stack((y, x), axis=-1).reshape(-1, 2)
    halves = np.array(ANCHORS)[sizes.ravel()] / 2
    pixels = np.concatenate((centres - halves, centres + halves), axis=1)
    return (pixels / (HEIGHT, WIDTH, HEIGHT, WIDTH)).astype(np.float32)


def refined(boxes: Tensor, offsets: Tensor) -> Tensor:
    """Return boxes (..., 4) moved and resized by offsets (..., 4)."""
    shift, growth = tf.split(offsets * OFFSET_SCALE, 2, axis=-1)
    low, high = tf.split(boxes, 2, axis=-1)
    size = high - low
    centre = (low + high) / 2 + shift * size
    half = size * tf.exp(tf.minimum(growth, MAX_GROWTH)) / 2
    return tf.concat((centre - half, centre + half), axis=-1)


def offsets_to(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return the offsets (..., 4) that turn boxes (..., 4) into targets (..., 4)."""
    low, high = tf.split(boxes, 2, axis=-1)
    target_low, target_high = tf.split(targets, 2, axis=-1)
    size = tf.maximum(high - low, 1e-3)
    target_size = tf.maximum(target_high - target_low, 1e-3)
    shift = (target_low + target_high - low - high) / 2 / size
    growth = tf.math.log(target_size / size)
    return tf.concat((shift, growth), axis=-1) / OFFSET_SCALE


def _proposer() -> keras.Model:
    image = keras.Input((HEIGHT, WIDTH, 3))
    fine, coarse = _backbone(image)
    # A feature pyramid: the coarse features at the resolution of the fine ones.
    coarse_up = layers.UpSampling2D(2)(_convolution(coarse, FEATURES, 1))
    features = layers.Add()([coarse_up, _convolution(fine, FEATURES, 1)])
    features = _convolution(features, FEATURES)
    shared = _convolution(coarse, 128)
    # Nearly every anchor is background, which the first bias takes into account.
    scores = layers.Conv2D(len(ANCHORS), 1, **_initial_bias(-4.0))(shared)
    offsets = layers.Conv2D(4 * len(ANCHORS), 1, **_initial_bias(0.0))(shared)
    return keras.Model(
        image,
        [
            features,
            layers.Reshape((-1,))(scores),
            layers.Reshape((-1, 4))(offsets),
        ],
    )


def _backbone(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return features at an eighth and at a sixteenth of the image's size."""
    x = _convolution(_convolution(image, 16, 3, 2), 32, 3, 2)
    x = _residual(x, 32)
    x = _residual(_convolution(x, 64, 3, 2), 64)
    fine = _residual(x, 64)
    x = _residual(_convolution(fine, 128, 3, 2), 128)
    return fine, _residual(x, 128)


def _head() -> keras.Model:
    pooled = keras.Input((POOLED, POOLED, FEATURES))
    x = layers.Conv2D(128, 3, 2, use_bias=False)(pooled)
    x = layers.ReLU()(_normalised(x))
    x = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    offsets = layers.Dense(CLASSES * 4, **_initial_bias(0.0))(x)
    return keras.Model(
        pooled,
        [layers.Dense(1 + CLASSES)(x), layers.Reshape((CLASSES, 4))(offsets)],
    )


def _convolution(x: Tensor, channels: int, kernel: int = 3, stride: int = 1) -> Tensor:
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(_normalised(x))


def _residual(x: Tensor, channels: int) -> Tensor:
    y = _convolution(x, channels)
    y = _normalised(layers.Conv2D(channels, 3, padding="same", use_bias=False)(y))
    return layers.ReLU()(layers.Add()([x, y]))


def _normalised(x: Tensor) -> Tensor:
    # A low momentum, because the training is short.
    return layers.BatchNormalization(momentum=0.97)(x)


def _initial_bias(bias: float) -> dict[str, Any]:
    """Return initializers with which a layer gives about `bias` at first."""
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Constant(bias),
    }
