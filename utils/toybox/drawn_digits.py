"""The kit of digits: no file of it is built, but what it is worth is measured.

`notebook_utils` draws the digits on the machine that uses them. Their card says how
hard two small networks find them, which is what they were adjusted to.
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
TOLERANCE = 0.08  # the linear network jumps to and fro, and ends by chance
_EPOCHS, _BATCH = 2, 64


def make(folder: Path) -> int:
    """Write nothing, and return that nothing has parameters."""
    return 0


def measure(folder: Path) -> dict[str, float]:
    """Train the two networks of lesson 04 and return their validation losses."""
    images, labels = draw_digits(TRAINING + VALIDATION, SEED)
    pictures = torch.from_numpy(images.astype(np.float32) / 256).unsqueeze(1)
    truth = torch.from_numpy(labels)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sharing such small networks costs more than it gains
    try:
        return {
            "linear_loss": _loss(_linear, 0.5, 0.0, pictures, truth),
            "cnn_loss": _loss(_convolutional, 0.1, 0.9, pictures, truth),
            "ink": round(float(pictures.mean()), 3),
        }
    finally:
        torch.set_num_threads(threads)


def _loss(
    make_network: Callable[[], nn.Module],
    rate: float,
    momentum: float,
    pictures: Tensor,
    truth: Tensor,
) -> float:
    """Train a network and return its validation loss."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make_network()
        optimizer = optim.SGD(network.parameters(), lr=rate, momentum=momentum)
        for _ in range(_EPOCHS):
            for chosen in torch.split(torch.randperm(TRAINING), _BATCH):
                loss = cross_entropy(network(pictures[chosen]), truth[chosen])
                torch.autograd.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
    with torch.no_grad():
        loss = cross_entropy(network(pictures[TRAINING:]), truth[TRAINING:])
    return round(float(loss), 3)


def _linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def _convolutional() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 16), (16, 10)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
