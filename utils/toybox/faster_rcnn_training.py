"""The training of `toy_faster_rcnn`: both stages at once, on drawn scenes.

An anchor or a proposal that overlaps with a toy is positive and learns its offsets; one
that overlaps with none is background. Most are background, so a sample of them counts.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from .detection_scenes import MAX_TOYS, training_scenes
from .toy_faster_rcnn import HEIGHT, WIDTH, ToyFasterRcnn, offsets_to
from .training import BUILD, Batch, Settings, fit

Tensor = Any
NAME = "toy-faster-rcnn"
# 4,000 scenes. Three epochs are enough, and take a quarter of an hour on two cores.
SETTINGS = Settings(
    revision=1, epochs=3, steps=250, batch=16, rate=2e-3, weight_decay=0.01
)
# Epochs in which the learning rate falls to nothing; training stops before that.
DECAY_EPOCHS, WARM_UP_STEPS = 10, 200
MAX_GRADIENT_NORM = 5.0
# Least intersection over union of a positive anchor, most of a background anchor, and
# least of the best anchor of a toy.
POSITIVE_ANCHOR, BACKGROUND_ANCHOR, BEST_ANCHOR = 0.55, 0.35, 0.15
POSITIVE_PROPOSAL = 0.5
SAMPLED_POSITIVES, SAMPLED_BACKGROUND = 32, 64  # of the anchors of an image
# Of: anchor or background, its offsets, class, its offsets.
LOSS_WEIGHTS = (1.0, 1.0, 2.0, 1.0)


class _Trainer:
    """AdamW with warm-up and cosine decay, for both stages of the detector."""

    def __init__(self, detector: ToyFasterRcnn, settings: Settings) -> None:
        schedule = keras.optimizers.schedules.CosineDecay(
            settings.rate / 20,
            max(DECAY_EPOCHS * settings.steps - WARM_UP_STEPS, 1),
            alpha=0.01,
            warmup_target=settings.rate,
            warmup_steps=WARM_UP_STEPS,
        )
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=settings.weight_decay, clipnorm=MAX_GRADIENT_NORM
        )
        optimizer.build(_trainable(detector))
        self._parts = (detector.proposer, detector.head, optimizer)
        self._step = tf.function(partial(_step, detector, optimizer), autograph=False)

    def step(self, *batch: NDArray[Any]) -> NDArray[np.float32]:
        losses: NDArray[np.float32] = self._step(*map(tf.constant, batch)).numpy()
        return losses

    def state_dict(self) -> dict[str, Any]:
        values = [np.asarray(variable) for variable in self._variables()]
        return {"variables": [torch.from_numpy(value.copy()) for value in values]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        values = state["variables"]
        for variable, value in zip(self._variables(), values, strict=True):
            variable.assign(value.numpy())

    def _variables(self) -> list[Any]:
        return [variable for part in self._parts for variable in part.variables]


def trained_detector(
    settings: Settings = SETTINGS, folder: Path = BUILD
) -> ToyFasterRcnn:
    """Return the trained detector, from its checkpoint where that is up to date."""
    keras.utils.set_random_seed(settings.seed)
    detector = ToyFasterRcnn()
    trainer = _Trainer(detector, settings)
    fit(NAME, settings, trainer, partial(_batches, settings), folder)
    return detector


@lru_cache(maxsize=1)
def draw_scenes(count: int) -> tuple[NDArray[Any], ...]:
    """Return RGB (n, HEIGHT, WIDTH, 3), boxes (n, MAX_TOYS, 4), classes (n, MAX_TOYS).

    A box is normalised y1, x1, y2, x2, a class 1 + index into TOYS; both are zeros
    where there is no toy.
    """
    images = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    boxes = np.zeros((count, MAX_TOYS, 4), np.float32)
    classes = np.zeros((count, MAX_TOYS), np.int32)
    examples = training_scenes(count, WIDTH, HEIGHT)
    for i, example in enumerate(tqdm(examples, "drawing scenes", count)):
        toys = len(example.classes)
        boxes_yxyx = example.boxes_xyxy[:, [1, 0, 3, 2]]
        images[i] = example.image_rgb
        boxes[i, :toys] = boxes_yxyx / (HEIGHT, WIDTH, HEIGHT, WIDTH)
        classes[i, :toys] = example.classes + 1
    return images, boxes, classes


def _batches(settings: Settings, epoch: int) -> Iterator[Batch]:
    """Yield the batches of one epoch; the same whenever it is called."""
    count = settings.steps * settings.batch
    scenes = draw_scenes(count)
    order = np.random.default_rng([settings.seed, epoch]).permutation(count)
    for chosen in np.split(order, settings.steps):
        yield tuple(values[np.sort(chosen)] for values in scenes)


def _trainable(detector: ToyFasterRcnn) -> list[Tensor]:
    return [
        *detector.proposer.trainable_variables,
        *detector.head.trainable_variables,
    ]


def _step(
    detector: ToyFasterRcnn,
    optimizer: keras.optimizers.Optimizer,
    images: Tensor,
    boxes: Tensor,
    classes: Tensor,
) -> Tensor:
    """Learn from one batch; return its four losses."""
    variables = _trainable(detector)
    with tf.GradientTape() as tape:
        pixels, boxes = _augmented(images, boxes, classes)
        losses = _losses(detector, pixels, boxes, classes)
        total = tf.reduce_sum(losses * LOSS_WEIGHTS)
    gradients = tape.gradient(total, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return losses


def _augmented(images: Tensor, boxes: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return images, 0 to 1, in another light and half of them mirrored; boxes."""
    count = images.shape[0]
    light = tf.random.uniform([count, 1, 1, 1], 0.8, 1.2)
    tint = tf.random.uniform([count, 1, 1, 3], 0.9, 1.1)
    haze = tf.random.uniform([count, 1, 1, 1], -0.06, 0.06)
    pixels = tf.cast(images, tf.float32) / 255 * light * tint + haze
    mirrored = tf.random.uniform([count, 1, 1]) < 0.5
    pixels = tf.where(mirrored[..., None], pixels[:, :, ::-1], pixels)
    y1, x1, y2, x2 = tf.split(boxes, 4, axis=-1)
    boxes = tf.where(mirrored, tf.concat((y1, 1 - x2, y2, 1 - x1), -1), boxes)
    there = tf.cast(classes > 0, tf.float32)[..., None]
    return tf.clip_by_value(pixels, 0.0, 1.0), boxes * there


def _losses(
    detector: ToyFasterRcnn, pixels: Tensor, boxes: Tensor, classes: Tensor
) -> Tensor:
    features, scores, offsets = detector.proposer(pixels, training=True)
    of_anchors = _anchor_losses(detector.anchors, scores, offsets, boxes)
    proposals = tf.stack(
        [detector.propose(scores[i], offsets[i]) for i in range(pixels.shape[0])]
    )
    # The true boxes as well: at first there is no other good proposal.
    proposals = tf.concat((tf.stop_gradient(proposals), boxes), axis=1)
    of_toys = _toy_losses(detector, features, proposals, boxes, classes)
    return tf.stack((*of_anchors, *of_toys))


def _anchor_losses(
    anchors: Tensor, scores: Tensor, offsets: Tensor, boxes: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the losses of the first stage: cross entropy of anchors, and offsets."""
    overlap = box_iou(anchors[None], boxes)
    best, nearest = tf.reduce_max(overlap, -1), tf.argmax(overlap, -1)
    best_of_toy = tf.reduce_max(overlap, 1, keepdims=True)
    is_best = (overlap > best_of_toy - 1e-5) & (overlap > BEST_ANCHOR)
    positive = (best >= POSITIVE_ANCHOR) | tf.reduce_any(is_best, -1)
    background = (best < BACKGROUND_ANCHOR) & ~positive
    toys = _sample(positive, SAMPLED_POSITIVES)
    others = _sample(background, SAMPLED_BACKGROUND)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.cast(positive, tf.float32), scores
    )
    targets = tf.gather(boxes, nearest, batch_dims=1)
    error = 4 * keras.losses.huber(offsets_to(anchors[None], targets), offsets)
    return _mean(entropy, toys + others), _mean(error, toys)


def _toy_losses(
    detector: ToyFasterRcnn,
    features: Tensor,
    proposals: Tensor,
    boxes: Tensor,
    classes: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the losses of the second stage: cross entropy of classes, and offsets."""
    overlap = box_iou(proposals, boxes)
    nearest = tf.argmax(overlap, -1)
    positive = tf.reduce_max(overlap, -1) >= POSITIVE_PROPOSAL
    labels = tf.where(positive, tf.gather(classes, nearest, batch_dims=1), 0)
    labels = tf.reshape(labels, [-1])
    targets = tf.reshape(tf.gather(boxes, nearest, batch_dims=1), [-1, 4])
    flat = tf.reshape(proposals, [-1, 4])
    image_index = tf.repeat(tf.range(proposals.shape[0]), proposals.shape[1])
    scores, offsets = detector.classify(features, flat, image_index, training=True)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
    own = tf.gather(offsets, tf.maximum(labels - 1, 0), batch_dims=1)
    error = 4 * keras.losses.huber(offsets_to(flat, targets), own)
    there = tf.cast(flat[:, 2] > flat[:, 0], tf.float32)
    return _mean(entropy, there), _mean(error, tf.cast(labels > 0, tf.float32))


def box_iou(boxes_a: Tensor, boxes_b: Tensor) -> Tensor:
    """Return the intersection over union of boxes (n, a, 4) and (n, b, 4), (n, a, b).

    A box without area overlaps with nothing.
    """
    a, b = boxes_a[:, :, None], boxes_b[:, None]
    low = tf.maximum(a[..., :2], b[..., :2])
    high = tf.minimum(a[..., 2:], b[..., 2:])
    shared = tf.reduce_prod(tf.maximum(high - low, 0), -1)
    area_a = tf.reduce_prod(a[..., 2:] - a[..., :2], -1)
    area_b = tf.reduce_prod(b[..., 2:] - b[..., :2], -1)
    return shared / (area_a + area_b - shared + 1e-7)


def _sample(chosen: Tensor, count: int) -> Tensor:
    """Return 1 for up to `count` random ones of the chosen in each row, else 0."""
    draws = tf.where(chosen, tf.random.uniform(tf.shape(chosen)), -1.0)
    last = tf.math.top_k(draws, count).values[:, -1:]
    return tf.cast(chosen & (draws >= last), tf.float32)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return tf.reduce_sum(values * weights) / (tf.reduce_sum(weights) + 1.0)
