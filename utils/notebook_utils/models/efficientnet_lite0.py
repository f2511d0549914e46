"""EfficientNet-Lite0, a small image classifier, written from its description.

The EfficientNet-B0 without what small processors lack: no squeeze-and-excitation, and
ReLU6 in place of SiLU. Modules have the order of the published network, so that its
weights fit one after the other.

References
----------
M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", 2019, https://arxiv.org/abs/1905.11946
"""

import os
from typing import BinaryIO

import torch
from torch import Tensor, nn

from ..errors import KitError

# Repeats, kernel, stride of the first, expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class MobileBlock(nn.Module):
    """An inverted residual: widen, filter each channel by itself, narrow again."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        width = inputs * expansion
        widen = _convolution(inputs, width, 1) if expansion > 1 else []
        filter_each = _convolution(width, width, kernel, stride, groups=width)
        narrow = _convolution(width, outputs, 1)[:-1]  # nothing is cut off there
        self.layers = nn.Sequential(*widen, *filter_each, *narrow)
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Return features of `outputs` channels."""
        new: Tensor = self.layers(features)
        return features + new if self.has_shortcut else new


class EfficientNetLite0(nn.Sequential):
    """Scores of shape (N, 1000) for images of shape (N, 3, H, W), RGB, from -1 to 1.

    H and W are multiples of 32, in pixels; the published weights are for 224.
    """

    def __init__(self) -> None:
        layers, inputs = _convolution(3, 32, 3, 2), 32
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for number in range(repeats):
                step = 1 if number else stride
                layers.append(MobileBlock(inputs, outputs, kernel, step, expansion))
                inputs = outputs
        layers += _convolution(inputs, 1280, 1)
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(*layers, *pool, nn.Linear(1280, 1000))


def load_efficientnet_lite0(file: str | os.PathLike[str]) -> EfficientNetLite0:
    """Read an EfficientNet-Lite0 from its weights, without running what is in them.

    Parameters
    ----------
    file
        A state dictionary of 296 entries, in the order of the network and under any
        names, as `torch.save` writes it.

    Returns
    -------
    EfficientNetLite0
        In evaluation mode.

    Raises
    ------
    KitError
        The weights are those of another network.
    """
    weights = torch.load(file, map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    try:
        pairs = zip(network.state_dict(), weights.values(), strict=True)
        network.load_state_dict(dict(pairs))
    except (RuntimeError, ValueError) as error:
        raise KitError(
            f"{file} holds the weights of another network: {error}"
        ) from error
    return network.eval()


def save_untrained_efficientnet_lite0(file: BinaryIO) -> None:
    """Write weights of PyTorch's default initialisation, from a fixed seed.

    Parameters
    ----------
    file
        Open for writing. Receives a state dictionary of 4,652,008 parameters.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.save(EfficientNetLite0().state_dict(), file)


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Return a convolution with what is around it.

    A row more is added after the image than before it, where their number is odd.
    """
    before = (kernel - stride) // 2
    after = kernel - stride - before
    padding = [nn.ZeroPad2d((before, after, before, after))] if kernel > 1 else []
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
    return [*padding, convolution, nn.BatchNorm2d(outputs, eps=1e-3), nn.ReLU6()]
