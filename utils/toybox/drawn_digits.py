"""The kit of digits: nothing is built, since `notebook_utils` draws them on first use.

What is measured is the validation loss of two small networks: how hard the digits are.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn.functional import cross_entropy

from notebook_utils.digits import draw_digits
from notebook_utils.digits.dataset import SEED, TRAINING, VALIDATION

DRAWN = (
    "Nothing: this is a data set. Digits are drawn from tables of pen strokes and a "
    "fixed seed, on first use"
)
MEASURED_ON = (
    f"The {VALIDATION:,} digits for validation: loss of a linear and of a "
    "convolutional network after two epochs; ink is the mean grey value from 0 to 1"
)
TOLERANCE = 0.08  # the loss of the linear network oscillates
_EPOCHS, _BATCH = 2, 64


def make(folder: Path) -> int:
    """Write nothing; a data set has no parameters."""
    return 0


def measure(folder: Path) -> dict[str, float]:
    """Train the two networks of lesson 04 and return their validation losses."""
    images, labels = draw_digits(TRAINING + VALIDATION, SEED)
    pixels = torch.from_numpy(images.astype(np.float32) / 256).unsqueeze(1)
    truth = torch.from_numpy(labels)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for such small networks threads cost more than they gain
    try:
        return {
            "linear_loss": _loss(_linear, 0.5, 0.0, pixels, truth),
            "cnn_loss": _loss(_convolutional, 0.1, 0.9, pixels, truth),
            "ink": round(float(pixels.mean()), 3),
        }
    finally:
        torch.set_num_threads(threads)


def _loss(
    make_network: Callable[[], nn.Module],
    rate: float,
    momentum: float,
    pixels: Tensor,
    truth: Tensor,
) -> float:
    """Train a network and return its validation loss."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make_network()
        optimizer = optim.SGD(network.parameters(), lr=rate, momentum=momentum)
        for _ in range(_EPOCHS):
            for chosen in torch.split(torch.randperm(TRAINING), _BATCH):
                loss = cross_entropy(network(pixels[chosen]), truth[chosen])
                torch.autograd.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
    with torch.no_grad():
        loss = cross_entropy(network(pixels[TRAINING:]), truth[TRAINING:])
    return round(float(loss), 3)


def _linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def _convolutional() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 16), (16, 10)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
