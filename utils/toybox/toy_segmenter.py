"""The network that segments toys from the background, and its training.

A small U-Net: five levels down, each at half the size, then up again with skip
connections. Upsampling has a fixed factor, so the exported graph contains no image
size: a learner can reshape it to any multiple of 32.

References
----------
O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional Networks for Biomedical
Image Segmentation", 2015, https://arxiv.org/abs/1505.04597

W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
Sub-Pixel Convolutional Neural Network", 2016, https://arxiv.org/abs/1609.05158
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from notebook_utils.scenes import draw_scene

from .detection_scenes import PATTERNED, Floats, add_pattern
from .onnx_network import export_onnx
from .toy_classifier import MEAN, SPREAD, ConvNorm
from .training import Batch, Settings, fit_torch

NAME = "toy-segmenter"
SETTINGS = Settings(revision=2, epochs=8, steps=100, batch=16, rate=4e-3)
SIZE = 512
SCENES = 600
# The network is trained on parts of this size, each zoomed a little in or out.
PART = 256
ZOOM = 1.35
# Channels on each level, the first at half the size of the image.
LEVELS = (16, 24, 48, 96, 128)

Images = NDArray[np.uint8]
Masks = NDArray[np.bool_]


class ToySegmenter(nn.Module):
    """From images (n, 3, h, w), RGB of 0 to 255, to scores (n, 1, h, w).

    Height and width are multiples of 32; a score above 0 stands for a toy.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Sequential(
                ConvNorm((inputs, outputs), 3, stride=2),
                ConvNorm((outputs, outputs), 3),
            )
            for inputs, outputs in zip((3, *LEVELS), LEVELS, strict=False)
        )
        self.up = nn.ModuleList(
            ConvNorm((below + beside, beside), 3)
            for below, beside in zip(LEVELS[:0:-1], LEVELS[-2::-1], strict=True)
        )
        # The four scores of a cell at half size become its four pixels.
        self.scores = nn.Conv2d(LEVELS[0], 4, 3, padding=1)
        self.spread = nn.PixelShuffle(2)

    def forward(self, image: Tensor) -> Tensor:
        """Return one score per pixel, before the sigmoid."""
        features = (image - MEAN) / SPREAD
        skipped = []
        for level in self.down:
            features = level(features)
            skipped.append(features)
        for level, beside in zip(self.up, skipped[-2::-1], strict=True):
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = level(torch.cat((larger, beside), 1))
        scores: Tensor = self.spread(self.scores(features))
        return scores


def trained_segmenter() -> ToySegmenter:
    """Return the trained network, from its checkpoint where that is up to date."""
    torch.manual_seed(SETTINGS.seed)
    network = ToySegmenter()
    fit_torch(NAME, SETTINGS, network, batches, mask_loss)
    return network


def mask_loss(scores: Tensor, masks: Tensor) -> Tensor:
    """Return cross entropy plus the Dice loss of the masks."""
    found = scores.sigmoid()
    both = (found * masks).sum((1, 2, 3))
    total = found.sum((1, 2, 3)) + masks.sum((1, 2, 3))
    overlap = ((2 * both + 1) / (total + 1)).mean()
    return functional.binary_cross_entropy_with_logits(scores, masks) + 1 - overlap


@lru_cache(maxsize=1)
def training_set() -> tuple[Images, Masks]:
    """Return images (n, SIZE, SIZE, 3) and masks (n, SIZE, SIZE) to train on."""
    images = np.empty((SCENES, SIZE, SIZE, 3), np.uint8)
    masks = np.empty((SCENES, SIZE, SIZE), np.bool_)
    for seed in tqdm(range(SCENES), "drawing scenes"):
        scene = draw_scene(seed, SIZE, SIZE)
        images[seed], masks[seed] = scene.image, scene.foreground
    return images, masks


def batches(
    epoch: int, scenes: Callable[[], tuple[Images, Masks]] = training_set
) -> Iterator[Batch]:
    """Yield the batches of one epoch; the same whenever it is called."""
    images, masks = scenes()
    rng = np.random.default_rng([SETTINGS.seed, epoch])
    for _ in range(SETTINGS.steps):
        parts = np.empty((SETTINGS.batch, PART, PART, 3), np.float32)
        truth = np.empty((SETTINGS.batch, PART, PART), np.float32)
        for k, scene in enumerate(rng.integers(len(images), size=SETTINGS.batch)):
            parts[k], truth[k] = _part(rng, images[scene], masks[scene])
        inputs = torch.from_numpy(_recoloured(rng, parts)).permute(0, 3, 1, 2)
        yield inputs, torch.from_numpy(truth)[:, None]


def _part(
    rng: np.random.Generator, image: Images, mask: Masks
) -> tuple[Floats, Floats]:
    """Return a part of a scene, rotated, stretched and patterned, and its mask."""
    mapping = _random_mapping(rng)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part, share = (
        cv2.warpAffine(
            pixels.astype(np.float32),
            mapping,
            (PART, PART),
            flags=flags,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        for pixels in (image, mask)
    )
    if rng.random() < PATTERNED:
        add_pattern(rng, part, share)
    return part, (share > 0.5).astype(np.float32)


def _random_mapping(rng: np.random.Generator) -> Floats:
    """Return where in a scene the pixels of a part come from, as matrix (2, 3)."""
    angle = rng.uniform(-0.8, 0.8) if rng.random() < 0.5 else 0.0
    zoom, stretch = ZOOM ** rng.uniform(-1, 1), 1.2 ** rng.uniform(-1, 1)
    mirror = rng.choice([-1, 1])
    c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
    turn = np.array([[c, -s], [s, c]]) @ np.diag([mirror * stretch, 1 / stretch])
    middle = rng.uniform(PART / 2, SIZE - PART / 2, 2)
    shift = middle - turn @ np.full(2, PART / 2)
    return np.column_stack((turn, shift)).astype(np.float32)


def _recoloured(rng: np.random.Generator, parts: Floats) -> Floats:
    """Return parts in other colours, contrast and noise, of 0 to 255.

    Held-out scenes have backgrounds of their own, so colour must not be relied on.
    """
    shape = (len(parts), 1, 1, 1)
    for part in parts:
        if rng.random() < 0.4:
            part[:] = part[..., rng.permutation(3)]
    parts = parts * rng.uniform(0.65, 1.3, (len(parts), 1, 1, 3)).astype(np.float32)
    contrast = rng.uniform(0.7, 1.25, shape).astype(np.float32)
    parts = (parts - np.float32(MEAN)) * contrast + np.float32(MEAN)
    noise = rng.standard_normal((*parts.shape[:3], 1), np.float32)
    parts += noise * rng.uniform(0, 5, shape).astype(np.float32)
    return np.asarray(np.clip(parts, 0, 255), np.float32)


def export(network: ToySegmenter, path: Path) -> int:
    """Write the network as an ONNX file; return its number of parameters.

    The exporter makes batch normalisation part of the convolutions; the file ends in a
    sigmoid.
    """
    return export_onnx(nn.Sequential(network, nn.Sigmoid()), path, SIZE, "foreground")
