"""Scenes: toys on a background, with ground truth for every pixel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import index

import cv2
import numpy as np
from numpy.typing import NDArray

from .placement import MAX_TOYS, Placement, line_up, scatter
from .shapes import Floats
from .sprites import (
    CENTRE_HEIGHT,
    ELEVATION,
    HALF_EXTENT,
    SHADOW_HALF_EXTENT,
    covered,
    shown,
    sprite_size,
    trace_shadow,
    trace_sprite,
)
from .textures import background
from .toys import TOYS

MIN_SIDE, MAX_SIDE = 64, 2048
# Least visible fraction of a toy that gets a box, and of a requested toy.
VISIBLE_FOR_A_BOX, VISIBLE_WHEN_REQUESTED = 0.3, 0.75
TRIES = 60
TRAINING_STREAM, HELD_OUT_STREAM = 1234, 4321


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """An image of toys and its ground truth.

    Parameters
    ----------
    image : uint8 array (height, width, 3)
        RGB.
    boxes : float32 array (n, 4)
        x1, y1, x2, y2 in pixels around the visible part of each toy; x2 and y2 are one
        past the last pixel. Toys less than 30 % visible have no box.
    labels : int64 array (n,)
        Index into TOYS for each box.
    instances : uint8 array (height, width)
        0 for the background, i + 1 for toy i, the farthest away first. Toys without a
        box are included.
    instance_ids : uint8 array (n,)
        The value in `instances` that belongs to each box.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    instances: NDArray[np.uint8]
    instance_ids: NDArray[np.uint8]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the toy in each box."""
        return tuple(TOYS[label] for label in self.labels)

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """Where there is any toy, (height, width)."""
        return self.instances > 0

    def __repr__(self) -> str:
        height, width = self.instances.shape
        return f"Scene({width}x{height}, boxes: {', '.join(self.names) or 'none'})"


@dataclass(frozen=True, eq=False)
class _Layer:
    """A toy and its shadow at their size in the image, and their top left corners."""

    placement: Placement
    light: Floats
    paint: Floats
    corner: tuple[int, int]
    shadow: Floats
    shadow_corner: tuple[int, int]

    @cached_property
    def coverage(self) -> Floats:
        """How much of each pixel the toy covers, 0 to 1."""
        return covered(self.paint)

    def coloured(self, ambient: float, direct: float) -> Floats:
        """Return the RGB of each pixel under light of the given strengths."""
        paint = self.paint / np.maximum(self.coverage, 1 / 255)[..., None]
        diffuse, highlight, sky = np.moveaxis(self.light, 2, 0)[..., None]
        lit = paint @ self.placement.colours * (ambient * sky + direct * diffuse)
        bright = lit + self.placement.gloss * highlight
        return np.asarray(np.minimum(bright, 255), np.float32)


def draw_scene(
    seed: int,
    width: int = 640,
    height: int = 480,
    toys: int | Sequence[str] | None = None,
    held_out: bool = False,
) -> Scene:
    """Draw toys on a background, with exact boxes, labels and masks.

    There is no end of scenes, and nobody had to label them: use them to train, to
    measure, and to see what a model does with images it has never met.

    Parameters
    ----------
    seed : int
        From 0 on. The same seed gives the same scene, in every process.
    width, height : int
        Size of the image in pixels, 64 to 2048 each.
    toys : int, sequence of str or None
        None draws two to nine toys that may hide one another. A number draws that
        many, and names draw exactly those (see TOYS), 1 to 24 of them, all inside the
        image and at least three quarters visible.
    held_out : bool
        Draw with textures and yaws that no training scene has, for honest tests.

    Returns
    -------
    Scene
        The image and its ground truth.

    Raises
    ------
    ValueError
        If the seed, a size, a name or the number of toys is invalid.

    Notes
    -----
    Toys are seen from 48 degrees above, by a camera without perspective. Cone, ring
    and cylinder look the same from all sides, so held-out yaws do not change them.

    Examples
    --------
    >>> scene = draw_scene(1, width=160, height=120, toys=["duck", "star"])
    >>> sorted(scene.names)
    ['duck', 'star']
    >>> scene.image.shape, scene.boxes.shape, int(scene.instances.max())
    ((120, 160, 3), (2, 4), 2)
    """
    seed = _checked(seed, "seed", 0, 2**63 - 1)
    width = _checked(width, "width", MIN_SIDE, MAX_SIDE)
    height = _checked(height, "height", MIN_SIDE, MAX_SIDE)
    stream = HELD_OUT_STREAM if held_out else TRAINING_STREAM
    rng = np.random.default_rng([stream, seed])
    names = None if toys is None else _names(rng, toys)
    layers = _arrange(rng, names, width, height, held_out)
    image = background(rng, width, height, held_out)
    instances = _stack(layers, width, height)
    _paint(rng, image, layers)
    if rng.random() < 0.5:
        # Mirrored as a whole, so that light comes from the right as often.
        image, instances = image[:, ::-1], np.ascontiguousarray(instances[:, ::-1])
    boxes, labels, ids = _boxes(layers, instances)
    return Scene(_photograph(rng, image), boxes, labels, instances, ids)


def _checked(value: int, what: str, low: int, high: int) -> int:
    """Return `value` as an int, or say what was expected."""
    try:
        number = index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise ValueError(
            f"{what}: expected an integer {low} to {high}, found {value!r}"
        )
    return number


def _names(rng: np.random.Generator, toys: int | Sequence[str]) -> list[str]:
    """Return the requested names, or as many random ones as were requested."""
    if not isinstance(toys, Sequence):
        count = _checked(toys, "toys", 1, MAX_TOYS)
        return [TOYS[i] for i in rng.integers(len(TOYS), size=count)]
    if isinstance(toys, str):
        raise ValueError(f"toys: expected a list such as [{toys!r}], found {toys!r}")
    if unknown := [name for name in toys if name not in TOYS]:
        raise ValueError(
            f"toys: {unknown[0]!r} is not one of the toys: {', '.join(TOYS)}"
        )
    _checked(len(toys), "number of toys", 1, MAX_TOYS)
    return list(toys)


def _arrange(
    rng: np.random.Generator,
    names: list[str] | None,
    width: int,
    height: int,
    held_out: bool,
) -> list[_Layer]:
    """Return the toys of a scene, the farthest away first."""
    if names is None:
        return [_layer(toy) for toy in scatter(rng, width, height, held_out)]
    for attempt in range(TRIES):
        shrink = 0.97**attempt
        placements = line_up(rng, names, width, height, shrink, held_out)
        layers = [_layer(toy) for toy in placements]
        instances = _stack(layers, width, height)
        visible = _visible(layers, instances)
        if np.all(visible >= VISIBLE_WHEN_REQUESTED) and _inside(layers, instances):
            return layers
    raise ValueError(
        f"{len(names)} toys do not fit into {width}x{height} pixels: "
        "ask for fewer toys, a larger image or another seed"
    )


def _layer(toy: Placement) -> _Layer:
    """Return the maps of a toy and its shadow at their size in the image."""
    centre_y = toy.y - CENTRE_HEIGHT * np.cos(ELEVATION) * toy.scale

    def corner(pixels: int) -> tuple[int, int]:
        return round(toy.x - pixels / 2), round(centre_y - pixels / 2)

    pixels, shadow_pixels = (
        max(round(2 * extent * toy.scale), 4)
        for extent in (HALF_EXTENT, SHADOW_HALF_EXTENT)
    )
    sprite = trace_sprite(toy.toy, toy.yaw, sprite_size(pixels))
    light, paint = shown(sprite, pixels)
    shadow = cv2.resize(trace_shadow(toy.toy, toy.yaw), (shadow_pixels, shadow_pixels))
    shade = shadow.astype(np.float32) / 255
    return _Layer(toy, light, paint, corner(pixels), shade, corner(shadow_pixels))


def _window(
    corner: tuple[int, int], layer: Floats, image: NDArray[np.generic]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a layer lies in the image, and which part of it that is."""
    inside, part = [], []
    for start, size, limit in zip(corner[::-1], layer.shape, image.shape, strict=False):
        first, last = max(start, 0), max(min(start + size, limit), 0)
        first = min(first, last)
        inside.append(slice(first, last))
        part.append(slice(first - start, last - start))
    return (inside[0], inside[1]), (part[0], part[1])


def _stack(layers: list[_Layer], width: int, height: int) -> NDArray[np.uint8]:
    """Return which toy is in front at each pixel, i + 1 for toy i, 0 for none."""
    instances = np.zeros((height, width), np.uint8)
    for i, layer in enumerate(layers):
        inside, part = _window(layer.corner, layer.coverage, instances)
        instances[inside][layer.coverage[part] > 0.5] = i + 1
    return instances


def _visible(layers: list[_Layer], instances: NDArray[np.uint8]) -> Floats:
    """Return the visible fraction of each toy; what is outside counts as hidden."""
    seen = np.bincount(instances.ravel(), minlength=len(layers) + 1)[1:]
    whole = [max(int((layer.coverage > 0.5).sum()), 1) for layer in layers]
    return (seen / whole).astype(np.float32)


def _inside(layers: list[_Layer], instances: NDArray[np.uint8]) -> bool:
    """Return whether no pixel of any toy lies outside the image."""
    for layer in layers:
        _, part = _window(layer.corner, layer.coverage, instances)
        if np.count_nonzero(layer.coverage[part]) < np.count_nonzero(layer.coverage):
            return False
    return True


def _paint(rng: np.random.Generator, image: Floats, layers: list[_Layer]) -> None:
    """Draw shadows and toys into the image."""
    ambient, direct = rng.uniform(0.46, 0.62), rng.uniform(0.62, 0.80)
    depth = np.float32(rng.uniform(0.75, 1.0))
    _darken(image, layers, depth)
    toys = np.zeros(image.shape[:2], np.float32)
    for layer in layers:
        inside, part = _window(layer.shadow_corner, layer.shadow, toys)
        # Toys farther back get less of the shadow than the background does.
        shade = 0.55 * depth * layer.shadow[part] * toys[inside]
        image[inside] *= 1 - shade[..., None]
        inside, part = _window(layer.corner, layer.coverage, toys)
        coverage = layer.coverage[part]
        colour = layer.coloured(ambient, direct)[part]
        image[inside] += coverage[..., None] * (colour - image[inside])
        toys[inside] = np.maximum(toys[inside], coverage)


def _darken(image: Floats, layers: list[_Layer], depth: np.float32) -> None:
    """Draw shadows on the background: where two meet, the darker one counts."""
    darkest = np.zeros(image.shape[:2], np.float32)
    for layer in layers:
        inside, part = _window(layer.shadow_corner, layer.shadow, darkest)
        darkest[inside] = np.maximum(darkest[inside], layer.shadow[part])
    # Shadows are a little blue, as only the sky lights them.
    tint = np.array([0.96, 0.94, 0.90], np.float32)
    image *= 1 - depth * darkest[..., None] * tint


def _photograph(rng: np.random.Generator, image: Floats) -> NDArray[np.uint8]:
    """Return the image of a camera: uneven light, white balance, noise."""
    height, width = image.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    angle = rng.uniform(0, 2 * math.pi)
    slope = rng.uniform(0.03, 0.14) * (math.cos(angle) * x + math.sin(angle) * y)
    vignette = rng.uniform(0.02, 0.07) * (x**2 + y**2)
    balance = (rng.uniform(0.95, 1.05, 3) * rng.uniform(0.92, 1.10)).astype(np.float32)
    noise = rng.standard_normal((height, width), np.float32) * rng.uniform(0.5, 3.0)
    lit = image * (1 + slope - vignette)[..., None] * balance + noise[..., None]
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)


def _boxes(
    layers: list[_Layer], instances: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.uint8]]:
    """Return boxes, labels and instance ids of the toys that are visible enough."""
    visible = _visible(layers, instances)
    ids = 1 + np.flatnonzero(visible >= VISIBLE_FOR_A_BOX)
    boxes = np.zeros((len(ids), 4), np.float32)
    for box, instance in zip(boxes, ids, strict=True):
        x, y, width, height = cv2.boundingRect((instances == instance).astype(np.uint8))
        box[:] = x, y, x + width, y + height
    labels = np.array([TOYS.index(layers[i - 1].placement.toy) for i in ids], np.int64)
    return boxes, labels, ids.astype(np.uint8)


def crop_toys(
    scene: Scene, size: int = 224, margin: float = 0.12
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Crop a square image of each toy with a box, for a classifier.

    Parameters
    ----------
    scene : Scene
        Where to crop.
    size : int
        Width and height of the crops in pixels.
    margin : float
        Margin on each side, as a fraction of the longer side of the box. Beyond the
        border of the scene, its last pixels are repeated.

    Returns
    -------
    crops : uint8 array (n, size, size, 3)
        RGB.
    labels : int64 array (n,)
        Index into TOYS.

    Examples
    --------
    >>> crops, labels = crop_toys(draw_scene(1, 160, 120, toys=["duck"]), size=64)
    >>> crops.shape, [TOYS[label] for label in labels]
    ((1, 64, 64, 3), ['duck'])
    """
    size = _checked(size, "size", 1, MAX_SIDE)
    crops = np.zeros((len(scene.boxes), size, size, 3), np.uint8)
    for crop, (x1, y1, x2, y2) in zip(crops, scene.boxes, strict=True):
        side = round(max(x2 - x1, y2 - y1) * (1 + 2 * margin))
        middle = float(x1 + x2 - 1) / 2, float(y1 + y2 - 1) / 2
        square = cv2.getRectSubPix(scene.image, (side, side), middle)
        method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
        crop[:] = cv2.resize(square, (size, size), interpolation=method)
    return crops, scene.labels.copy()
