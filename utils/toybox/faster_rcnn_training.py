"""The training of `toy_faster_rcnn`: both stages at once, on drawn scenes.

An anchor or a proposal that overlaps with a toy stands for it and learns its
correction; one that overlaps with none stands for the ground. Most stand for the
ground, so a sample of them counts.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras  # type: ignore[import-untyped]
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tqdm import tqdm

from .detection_scenes import MOST_TOYS, training_scenes
from .toy_faster_rcnn import HEIGHT, WIDTH, ToyFasterRcnn, corrections_for

Tensor = Any
BUILD = Path(__file__).resolve().parents[2] / "build" / "toybox"
NAME = "toy-faster-rcnn"
# From which intersection over union on an anchor stands for a toy, up to which it
# stands for the ground, and how much the best anchor of a toy must have.
ANCHOR_IS_TOY, ANCHOR_IS_GROUND, BEST_ANCHOR = 0.55, 0.35, 0.15
PROPOSAL_IS_TOY = 0.5
COUNTED_TOYS, COUNTED_GROUND = 32, 64  # of the anchors of a picture
# Of: anchor or not, its correction, which toy, its correction.
LOSS_WEIGHTS = (1.0, 1.0, 2.0, 1.0)
WARM_UP_STEPS = 200
LONGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class Settings:
    """What a training run depends on; a checkpoint is good only for the same.

    Parameters
    ----------
    revision : int
        Raise it whenever the network, its scenes or its loss change.
    scenes, epochs, batch : int
        How many scenes there are, how often each is seen, how many at once.
    rate : float
        Highest learning rate.
    decay_epochs : int
        In how many epochs the rate falls to nothing; training may stop before that.
    weight_decay : float
        Of AdamW.
    seed : int
        Of the first weights and of the order of the scenes.
    """

    revision: int
    scenes: int
    epochs: int
    batch: int
    rate: float
    decay_epochs: int
    weight_decay: float = 0.01
    seed: int = 0

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.scenes // self.batch


# Three epochs are enough, and take a quarter of an hour on two cores.
SETTINGS = Settings(
    revision=1, scenes=4000, epochs=3, batch=16, rate=2e-3, decay_epochs=10
)


class Scenes(NamedTuple):
    """Training scenes as the network has them.

    Parameters
    ----------
    images : uint8 array (n, HEIGHT, WIDTH, 3)
        RGB.
    boxes : float32 array (n, MOST_TOYS, 4)
        y1, x1, y2, x2 in shares of the picture; zeros where there is no toy.
    classes : int32 array (n, MOST_TOYS)
        1 + index into TOYS; 0 where there is no toy.
    """

    images: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int32]


def trained_detector(
    settings: Settings = SETTINGS, folder: Path = BUILD
) -> ToyFasterRcnn:
    """Train the detector, or go on where a run with the same settings stopped.

    Parameters
    ----------
    settings : Settings
        Length and pace of the training.
    folder : Path
        Where checkpoints live; not in git.
    """
    keras.utils.set_random_seed(settings.seed)
    detector = ToyFasterRcnn()
    optimizer = _optimizer(settings)
    optimizer.build(_variables(detector))
    seen = tf.Variable(0, dtype=tf.int64)
    parts = tf.train.Checkpoint(detector=detector, optimizer=optimizer, epochs=seen)
    manager = tf.train.CheckpointManager(parts, _checkpoints(settings, folder), 1)
    manager.restore_or_initialize()
    if int(seen) < settings.epochs:
        scenes = draw_scenes(settings.scenes)
        step = tf.function(partial(_step, detector, optimizer), autograph=False)
        for epoch in range(int(seen), settings.epochs):
            _train_epoch(step, _batches(scenes, settings, epoch), epoch, settings.steps)
            seen.assign_add(1)
            manager.save()
    return detector


def draw_scenes(count: int) -> Scenes:
    """Return the first training scenes."""
    scenes = Scenes(
        np.empty((count, HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((count, MOST_TOYS, 4), np.float32),
        np.zeros((count, MOST_TOYS), np.int32),
    )
    examples = training_scenes(count, WIDTH, HEIGHT)
    for i, example in enumerate(tqdm(examples, "drawing scenes", count)):
        toys = len(example.classes)
        scenes.images[i] = example.image_rgb
        shares = example.boxes_xyxy[:, [1, 0, 3, 2]] / (HEIGHT, WIDTH, HEIGHT, WIDTH)
        scenes.boxes[i, :toys] = shares
        scenes.classes[i, :toys] = example.classes + 1
    return scenes


def _checkpoints(settings: Settings, folder: Path) -> Path:
    """Return the folder of the checkpoints of a run with these very settings."""
    digest = hashlib.sha256(repr(settings).encode()).hexdigest()
    return folder / f"{NAME}-{digest[:8]}"


def _optimizer(settings: Settings) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.rate / 20,
        max(settings.decay_epochs * settings.steps - WARM_UP_STEPS, 1),
        alpha=0.01,
        warmup_target=settings.rate,
        warmup_steps=WARM_UP_STEPS,
    )
    return keras.optimizers.AdamW(
        schedule, weight_decay=settings.weight_decay, clipnorm=LONGEST_GRADIENT
    )


def _variables(detector: ToyFasterRcnn) -> list[Tensor]:
    return [
        *detector.proposer.trainable_variables,
        *detector.head.trainable_variables,
    ]


def _batches(scenes: Scenes, settings: Settings, epoch: int) -> Iterator[Scenes]:
    """Yield the batches of one epoch, in the same order whenever it is asked for."""
    order = np.random.default_rng([settings.seed, epoch]).permutation(settings.scenes)
    for step in range(settings.steps):
        chosen = np.sort(order[step * settings.batch : (step + 1) * settings.batch])
        yield Scenes(
            scenes.images[chosen], scenes.boxes[chosen], scenes.classes[chosen]
        )


def _train_epoch(step: Any, batches: Iterator[Scenes], epoch: int, steps: int) -> None:
    progress = tqdm(batches, f"{NAME} {epoch + 1}", steps, mininterval=5)
    average = np.zeros(len(LOSS_WEIGHTS))
    for number, batch in enumerate(progress):
        losses = step(*map(tf.constant, batch)).numpy()
        average += (losses - average) / (number + 1)
        progress.set_postfix_str(f"losses {average.round(3)}", refresh=False)


def _step(
    detector: ToyFasterRcnn,
    optimizer: keras.optimizers.Optimizer,
    images: Tensor,
    boxes: Tensor,
    classes: Tensor,
) -> Tensor:
    """Learn from one batch; return its four losses."""
    variables = _variables(detector)
    with tf.GradientTape() as tape:
        pictures, boxes = _varied(images, boxes, classes)
        losses = _losses(detector, pictures, boxes, classes)
        total = tf.reduce_sum(losses * LOSS_WEIGHTS)
    gradients = tape.gradient(total, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return losses


def _varied(images: Tensor, boxes: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures, 0 to 1, in another light and half of them mirrored; boxes."""
    count = images.shape[0]
    light = tf.random.uniform([count, 1, 1, 1], 0.8, 1.2)
    tint = tf.random.uniform([count, 1, 1, 3], 0.9, 1.1)
    haze = tf.random.uniform([count, 1, 1, 1], -0.06, 0.06)
    pictures = tf.cast(images, tf.float32) / 255 * light * tint + haze
    mirrored = tf.random.uniform([count, 1, 1]) < 0.5
    pictures = tf.where(mirrored[..., None], pictures[:, :, ::-1], pictures)
    y1, x1, y2, x2 = tf.split(boxes, 4, axis=-1)
    boxes = tf.where(mirrored, tf.concat((y1, 1 - x2, y2, 1 - x1), -1), boxes)
    there = tf.cast(classes > 0, tf.float32)[..., None]
    return tf.clip_by_value(pictures, 0.0, 1.0), boxes * there


def _losses(
    detector: ToyFasterRcnn, pictures: Tensor, boxes: Tensor, classes: Tensor
) -> Tensor:
    features, scores, corrections = detector.proposer(pictures, training=True)
    of_anchors = _anchor_losses(detector.anchors, scores, corrections, boxes)
    proposals = tf.stack(
        [detector.propose(scores[i], corrections[i]) for i in range(pictures.shape[0])]
    )
    # The true boxes as well: at first there is no other good proposal.
    proposals = tf.concat((tf.stop_gradient(proposals), boxes), axis=1)
    of_toys = _toy_losses(detector, features, proposals, boxes, classes)
    return tf.stack((*of_anchors, *of_toys))


def _anchor_losses(
    anchors: Tensor, scores: Tensor, corrections: Tensor, boxes: Tensor
) -> tuple[Tensor, Tensor]:
    """Return how wrong the first stage is: about anchors being toys, about boxes."""
    overlap = overlaps(anchors[None], boxes)
    best, nearest = tf.reduce_max(overlap, -1), tf.argmax(overlap, -1)
    best_of_toy = tf.reduce_max(overlap, 1, keepdims=True)
    is_best = (overlap > best_of_toy - 1e-5) & (overlap > BEST_ANCHOR)
    is_toy = (best >= ANCHOR_IS_TOY) | tf.reduce_any(is_best, -1)
    is_ground = (best < ANCHOR_IS_GROUND) & ~is_toy
    toys, ground = _sample(is_toy, COUNTED_TOYS), _sample(is_ground, COUNTED_GROUND)
    doubt = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(is_toy, tf.float32), scores)
    targets = tf.gather(boxes, nearest, batch_dims=1)
    error = _huber(corrections - corrections_for(anchors[None], targets))
    return _mean(doubt, toys + ground), _mean(error, toys)


def _toy_losses(
    detector: ToyFasterRcnn,
    features: Tensor,
    proposals: Tensor,
    boxes: Tensor,
    classes: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return how wrong the second stage is: about which toy, and about its box."""
    overlap = overlaps(proposals, boxes)
    nearest = tf.argmax(overlap, -1)
    is_toy = tf.reduce_max(overlap, -1) >= PROPOSAL_IS_TOY
    labels = tf.where(is_toy, tf.gather(classes, nearest, batch_dims=1), 0)
    labels = tf.reshape(labels, [-1])
    targets = tf.reshape(tf.gather(boxes, nearest, batch_dims=1), [-1, 4])
    flat = tf.reshape(proposals, [-1, 4])
    pictures = tf.repeat(tf.range(proposals.shape[0]), proposals.shape[1])
    scores, corrections = detector.classify(features, flat, pictures, training=True)
    doubt = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
    own = tf.gather(corrections, tf.maximum(labels - 1, 0), batch_dims=1)
    error = _huber(own - corrections_for(flat, targets))
    there = tf.cast(flat[:, 2] > flat[:, 0], tf.float32)
    return _mean(doubt, there), _mean(error, tf.cast(labels > 0, tf.float32))


def overlaps(boxes_a: Tensor, boxes_b: Tensor) -> Tensor:
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
    lots = tf.where(chosen, tf.random.uniform(tf.shape(chosen)), -1.0)
    last = tf.math.top_k(lots, count).values[:, -1:]
    return tf.cast(chosen & (lots >= last), tf.float32)


def _huber(difference: Tensor) -> Tensor:
    """Return the summed error of four coordinates; far off ones count linearly."""
    far = tf.abs(difference)
    return tf.reduce_sum(tf.where(far < 1, far**2 / 2, far - 0.5), -1)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return tf.reduce_sum(values * weights) / (tf.reduce_sum(weights) + 1.0)
