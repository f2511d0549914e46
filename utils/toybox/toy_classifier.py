"""The network that tells the eight toys apart, and its training.

A small MobileNetV2: inverted residuals between a stem of stride 4 and global average
pooling. All padding is symmetric and explicit, every operation exists in other
frameworks, and normalisation of the image is part of the network, so the same weights
can be carried into TensorFlow or Paddle.

References
----------
M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018,
https://arxiv.org/abs/1801.04381
"""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from notebook_utils.scenes import TOYS

from .onnx_network import export_onnx
from .toy_views import SIZE, VIEW_SIZE, Images, Labels, training_views
from .training import Batch, Settings, fit_torch

NAME = "toy-classifier"
SETTINGS = Settings(revision=2, epochs=8, steps=140, batch=64, rate=4e-3)
CROWDED_SCENES, SINGLE_SCENES = 800, 1800
# Mean and standard deviation of training scenes, roughly, of 0 to 255.
MEAN, SPREAD = 128.0, 64.0
STEM = 16
# Output channels, stride and expansion factor of each inverted residual.
BLOCKS = (
    (24, 2, 3),
    (24, 1, 4),
    (48, 2, 4),
    (48, 1, 4),
    (48, 1, 4),
    (80, 2, 4),
    (80, 1, 4),
    (80, 1, 4),
)
FEATURES = 256


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation and, if wanted, ReLU."""

    def __init__(
        self,
        channels: tuple[int, int],
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        # Symmetric, and no border is left over where the stride divides the image.
        padding = (kernel - stride + 1) // 2 if kernel > stride else 0
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["conv"] = nn.Conv2d(
            *channels, kernel, stride, padding, groups=groups, bias=False
        )
        layers["norm"] = nn.BatchNorm2d(channels[1])
        if activation:
            layers["activation"] = nn.ReLU(inplace=True)
        super().__init__(layers)


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project; add the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.widen = ConvNorm((inputs, wide), 1)
        self.filter = ConvNorm((wide, wide), 3, stride, groups=wide)
        self.narrow = ConvNorm((wide, outputs), 1, activation=False)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        result: Tensor = self.narrow(self.filter(self.widen(features)))
        return features + result if self.adds else result


class ToyClassifier(nn.Module):
    """From images (n, 3, 224, 224), RGB of 0 to 255, to scores (n, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm((3, STEM), 6, stride=4)
        channels = STEM
        blocks = []
        for outputs, stride, expansion in BLOCKS:
            blocks.append(InvertedResidual(channels, outputs, stride, expansion))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = ConvNorm((channels, FEATURES), 1)
        self.scores = nn.Linear(FEATURES, len(TOYS))

    def forward(self, image: Tensor) -> Tensor:
        """Return one score per toy, before the softmax."""
        features = self.blocks(self.stem((image - MEAN) / SPREAD))
        scores: Tensor = self.scores(self.head(features).mean((2, 3)))
        return scores


def trained_classifier() -> ToyClassifier:
    """Return the trained network, from its checkpoint where that is up to date."""
    torch.manual_seed(SETTINGS.seed)
    network = ToyClassifier()
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    fit_torch(NAME, SETTINGS, network, batches, loss)
    return network


@lru_cache(maxsize=1)
def training_set() -> tuple[Images, Labels]:
    """Return views to train on, (n, VIEW_SIZE, VIEW_SIZE, 3), and labels."""
    return training_views(CROWDED_SCENES, SINGLE_SCENES)


def batches(
    epoch: int, examples: Callable[[], tuple[Images, Labels]] = training_set
) -> Iterator[Batch]:
    """Yield the batches of one epoch; the same whenever it is called."""
    views, labels = examples()
    rng = np.random.default_rng([SETTINGS.seed, epoch])
    order = rng.permutation(len(views))
    for step in range(SETTINGS.steps):
        first = step * SETTINGS.batch
        chosen = np.take(order, range(first, first + SETTINGS.batch), mode="wrap")
        yield _augmented(rng, views[chosen]), torch.from_numpy(labels[chosen])


def _augmented(rng: np.random.Generator, views: Images) -> Tensor:
    """Return views cropped, mirrored and recoloured at random, (n, 3, SIZE, SIZE)."""
    cut = np.empty((len(views), SIZE, SIZE, 3), np.float32)
    for crop, view in zip(cut, views, strict=True):
        top, left = rng.integers(VIEW_SIZE - SIZE + 1, size=2)
        part = view[top : top + SIZE, left : left + SIZE]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        if rng.random() < 0.3:
            # Shape tells the toys apart, colour must not.
            part = part[..., rng.permutation(3)]
        crop[:] = part
    shape = (len(views), 1, 1, 1)
    tint = rng.uniform(0.85, 1.15, (len(views), 1, 1, 3))
    cut *= (rng.uniform(0.5, 1.4, shape) * tint).astype(np.float32)
    contrast = rng.uniform(0.7, 1.2, shape).astype(np.float32)
    cut = (cut - MEAN) * contrast + MEAN
    noise = rng.standard_normal((*cut.shape[:3], 1), np.float32)
    cut += noise * rng.uniform(0, 8, shape).astype(np.float32)
    return torch.from_numpy(np.clip(cut, 0, 255)).permute(0, 3, 1, 2)


def folded(network: ToyClassifier) -> ToyClassifier:
    """Return a copy whose batch normalisation is part of the convolutions."""
    result = copy.deepcopy(network).eval()
    for module in result.modules():
        if isinstance(module, ConvNorm):
            conv, norm = module.get_submodule("conv"), module.get_submodule("norm")
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module.conv = fuse_conv_bn_eval(conv, norm)
                module.norm = nn.Identity()
    return result


def export(network: ToyClassifier, path: Path) -> int:
    """Write the network, folded and with a softmax, as ONNX; return its parameters."""
    layers = OrderedDict(network=folded(network), softmax=nn.Softmax(1))
    return export_onnx(nn.Sequential(layers), path, SIZE, "probabilities")
