"""YOLOv5n, a small object detector, written from its published description.

Depth 0.33 and width 0.25 of YOLOv5: a backbone of stride 32, a neck that carries
features from stride 32 up to 16 and 8 and down again, and a head for each of the three
strides. Modules have the order and the names of the published network, so that its
weights fit name for name.

References
----------
G. Jocher and others, "YOLOv5", release 7.0, 2022, https://doi.org/10.5281/zenodo.3908559
(the shape of the network; its code is not used here).

C.-Y. Wang and others, "CSPNet: A New Backbone that can Enhance Learning Capability of
CNN", 2019, https://arxiv.org/abs/1911.11929
"""

import copy
import os
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..checkpoints import load_tensors
from ..errors import KitError

STRIDES = (8, 16, 32)
# Width and height in pixels of the three anchors of each stride.
ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
BOX_AND_OBJECTNESS = 5

_ANCHORS = torch.tensor(ANCHORS)


class Convolution(nn.Module):
    """Convolution, batch normalisation and SiLU; padding is half the kernel if None."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        super().__init__()
        margin = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, margin, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU()

    def forward(self, features: Tensor) -> Tensor:
        """Return features of `outputs` channels."""
        return cast(Tensor, self.act(self.bn(self.conv(features))))

    def fuse(self) -> None:
        """Make the normalisation part of the convolution; for evaluation only."""
        if isinstance(self.bn, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.bn)
            self.bn = nn.Identity()


class Bottleneck(nn.Module):
    """Two convolutions, with a residual connection if `shortcut` is true."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = Convolution(channels, channels)
        self.cv2 = Convolution(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        result: Tensor = self.cv2(self.cv1(features))
        return features + result if self.shortcut else result


class C3(nn.Module):
    """Half the channels go through bottlenecks, half bypass them (CSPNet)."""

    def __init__(
        self, inputs: int, outputs: int, depth: int = 1, shortcut: bool = True
    ) -> None:
        super().__init__()
        half = outputs // 2
        self.cv1 = Convolution(inputs, half)
        self.cv2 = Convolution(inputs, half)
        self.cv3 = Convolution(2 * half, outputs)
        self.m = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(depth)))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of `outputs` channels."""
        both = torch.cat((self.m(self.cv1(features)), self.cv2(features)), 1)
        return cast(Tensor, self.cv3(both))


class SPPF(nn.Module):
    """Spatial pyramid pooling: three poolings in a row, their results concatenated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.cv1 = Convolution(channels, half)
        self.cv2 = Convolution(4 * half, channels)
        self.m = nn.MaxPool2d(5, stride=1, padding=2)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        pyramid = [self.cv1(features)]
        for _ in range(3):
            pyramid.append(self.m(pyramid[-1]))
        return cast(Tensor, self.cv2(torch.cat(pyramid, 1)))


class Concatenation(nn.Module):
    """The features of several layers, concatenated along the channels."""

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return as many channels as the features have together."""
        return torch.cat(features, 1)


class Heads(nn.Module):
    """One convolution for each stride, from features to three boxes a cell."""

    anchors: Tensor

    def __init__(self, classes: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.values = BOX_AND_OBJECTNESS + classes
        self.m = nn.ModuleList(
            nn.Conv2d(inputs, len(ANCHORS[0]) * self.values, 1) for inputs in channels
        )
        strides = torch.tensor(STRIDES).view(-1, 1, 1)
        self.register_buffer("anchors", _ANCHORS / strides)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return boxes (n, boxes, 5 + classes); in training, before the sigmoid."""
        maps = [head(layer) for head, layer in zip(self.m, features, strict=True)]
        raw = torch.cat([self._rows(values) for values in maps], 1)
        if self.training:
            return raw
        grids = [
            anchor_grid(layer.shape[2], layer.shape[3], level).to(raw)
            for level, layer in enumerate(maps)
        ]
        return decode_boxes(raw, torch.cat(grids))

    def _rows(self, values: Tensor) -> Tensor:
        """Turn channels into rows: by anchor, then row by row from the top left."""
        n, _, height, width = values.shape
        split = values.view(n, len(ANCHORS[0]), self.values, height, width)
        return split.permute(0, 1, 3, 4, 2).reshape(n, -1, self.values)


def anchor_grid(height: int, width: int, level: int) -> Tensor:
    """Return cell, stride and anchor of each box of a head, (3 * height * width, 5).

    Column and row of the cell, its stride, width and height of the anchor in pixels, in
    the order of the network's output. `level` is an index into STRIDES and ANCHORS.
    """
    rows, columns = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing="ij"
    )
    grid = torch.stack((columns, rows, torch.full_like(rows, STRIDES[level])), -1)
    anchors = _ANCHORS[level].view(-1, 1, 1, 2)
    parts = (
        grid.expand(len(ANCHORS[level]), -1, -1, -1),
        anchors.expand(-1, height, width, -1),
    )
    return torch.cat(parts, -1).reshape(-1, 5).float()


def decode_boxes(raw: Tensor, grid: Tensor) -> Tensor:
    """Turn raw predictions (n, boxes, 5 + classes) into boxes and probabilities.

    A row becomes centre x, centre y, width and height in pixels, the objectness
    (probability that there is an object), and the probability of each class if there is
    one. `grid` (boxes, 5) comes from :func:`anchor_grid`. A centre can lie half a cell
    outside its own, and a side can be up to four times the anchor's.
    """
    activated = raw.sigmoid()
    cell, stride, anchor = grid[:, :2], grid[:, 2:3], grid[:, 3:]
    centre = (activated[..., :2] * 2 - 0.5 + cell) * stride
    size = (activated[..., 2:4] * 2) ** 2 * anchor
    return torch.cat((centre, size, activated[..., 4:]), -1)


class YOLOv5n(nn.Module):
    """From images (n, 3, height, width), RGB of 0 to 1, to boxes and probabilities.

    Parameters
    ----------
    classes : int
        Number of classes; 80 for those of COCO.

    Notes
    -----
    Height and width are multiples of 32. In evaluation mode the result is
    (n, boxes, 5 + classes), see :func:`decode_boxes`; 640 x 480 pixels give 18,900
    boxes. In training mode it is the same before the sigmoid.

    Examples
    --------
    >>> network = YOLOv5n(classes=8).eval()
    >>> sum(weights.numel() for weights in network.parameters())
    1774741
    >>> with torch.inference_mode():
    ...     network(torch.zeros(1, 3, 64, 96)).shape
    torch.Size([1, 378, 13])
    """

    # Inputs of the layers that read other outputs than that of the layer before.
    _SOURCES = {  # noqa: RUF012  (read only)
        12: (11, 6),
        16: (15, 4),
        19: (18, 14),
        22: (21, 10),
        24: (17, 20, 23),
    }

    def __init__(self, classes: int = 80) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"Expected at least one class, found {classes}.")
        self.classes = classes
        layers = [*_backbone(), *_neck(), Heads(classes, (64, 128, 256))]
        self.model = nn.ModuleList(layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return boxes and probabilities (n, boxes, 5 + classes)."""
        outputs: list[Tensor] = []
        features: Tensor = images
        for index, layer in enumerate(self.model):
            sources = self._SOURCES.get(index)
            features = layer([outputs[i] for i in sources] if sources else features)
            outputs.append(features)
        return features

    def fused(self) -> "YOLOv5n":
        """Return a copy, for evaluation, without batch normalisation.

        In evaluation it only scales and shifts each channel, which the convolution
        before it can do as well: fewer operations, the same result.

        Returns
        -------
        YOLOv5n
            In evaluation mode, with 4,752 fewer parameters.
        """
        network = copy.deepcopy(self).eval()
        for module in network.modules():
            if isinstance(module, Convolution):
                module.fuse()
        return network


def _backbone() -> list[nn.Module]:
    return [
        Convolution(3, 16, 6, 2, 2),
        Convolution(16, 32, 3, 2),
        C3(32, 32),
        Convolution(32, 64, 3, 2),
        C3(64, 64, 2),
        Convolution(64, 128, 3, 2),
        C3(128, 128, 3),
        Convolution(128, 256, 3, 2),
        C3(256, 256),
        SPPF(256),
    ]


def _neck() -> list[nn.Module]:
    return [
        Convolution(256, 128),
        nn.Upsample(scale_factor=2),
        Concatenation(),
        C3(256, 128, shortcut=False),
        Convolution(128, 64),
        nn.Upsample(scale_factor=2),
        Concatenation(),
        C3(128, 64, shortcut=False),
        Convolution(64, 64, 3, 2),
        Concatenation(),
        C3(128, 128, shortcut=False),
        Convolution(128, 128, 3, 2),
        Concatenation(),
        C3(256, 256, shortcut=False),
    ]


def load_yolov5n(path: str | os.PathLike[str]) -> YOLOv5n:
    """Load a YOLOv5n from a checkpoint, without running any code in it.

    The published checkpoint holds a whole module of a package that is not installed
    here. Only its tensors are read, by
    :func:`notebook_utils.checkpoints.load_tensors`.

    Parameters
    ----------
    path
        A file written by ``torch.save``: the published ``yolov5n.pt``, or the state
        dictionary of a :class:`YOLOv5n`. The number of classes is read from it.

    Returns
    -------
    YOLOv5n
        In evaluation mode, in float32.

    Raises
    ------
    KitError
        The tensors in it are not those of a YOLOv5n.
    UnsafeFileError
        It is not a checkpoint, or asks for something that no model needs.
    """
    tensors = load_tensors(path)
    name = Path(path).name
    biases = tensors.get("model.24.m.0.bias")
    if biases is None:
        raise KitError(
            f"'{name}' does not hold a YOLOv5: it has {len(tensors)} tensors and none "
            "is named 'model.24.m.0.bias'. Expected a checkpoint of YOLOv5n."
        )
    network = YOLOv5n(len(biases) // len(ANCHORS[0]) - BOX_AND_OBJECTNESS)
    expected, found = (
        {key: tuple(tensor.shape) for key, tensor in state.items()}
        for state in (network.state_dict(), tensors)
    )
    if expected != found:  # another size of YOLOv5, such as yolov5s
        key = min(dict(expected.items() ^ found.items()))
        raise KitError(
            f"'{name}' is not YOLOv5n, the smallest YOLOv5: expected shape "
            f"{expected.get(key)} for '{key}', found {found.get(key)}."
        )
    network.load_state_dict(tensors)
    return network.eval()
