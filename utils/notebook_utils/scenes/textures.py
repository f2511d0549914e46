"""Textures of the background: wood, paper, felt and play mats, drawn from a seed.

Training scenes and held-out scenes share these four materials but nothing else: seeds,
colours, patterns and proportions of held-out textures occur in no training scene.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .shapes import Floats

WIDTH, HEIGHT = 1000, 800
Colour = tuple[int, int, int]
Pair = tuple[Colour, Colour]


@dataclass(frozen=True)
class Style:
    """Parameters of one family of textures; colours are RGB, lengths are pixels.

    Parameters
    ----------
    seed, count : int
        Seed of the random numbers, and how many textures there are.
    woods, mats : pairs of colours
        Light and dark grain of the wood; the two colours of a mat.
    papers, felts, inks : colours
        Of the paper and the felt, and what is printed on the paper.
    planks : (int, int)
        Fewest and most planks in a texture.
    prints, weaves : names
        Patterns on paper (keys of `PRINTS`) and on mats (keys of `WEAVES`).
    spacing : (int, int)
        Smallest and largest distance of the printed lines or dots.
    """

    seed: int
    count: int
    woods: tuple[Pair, ...]
    papers: tuple[Colour, ...]
    inks: tuple[Colour, ...]
    felts: tuple[Colour, ...]
    mats: tuple[Pair, ...]
    planks: tuple[int, int]
    prints: tuple[str, ...]
    weaves: tuple[str, ...]
    spacing: tuple[int, int]


TRAINING = Style(
    seed=77,
    count=32,
    woods=(
        ((196, 150, 104), (152, 106, 66)),
        ((206, 168, 120), (170, 128, 84)),
        ((176, 132, 92), (128, 84, 52)),
        ((214, 186, 150), (178, 150, 112)),
    ),
    papers=(
        (246, 238, 226),
        (222, 232, 236),
        (240, 232, 214),
        (236, 240, 232),
        (240, 222, 214),
    ),
    inks=((210, 224, 244), (248, 218, 196), (208, 236, 200)),
    felts=(
        (92, 128, 150),
        (112, 150, 116),
        (196, 128, 120),
        (160, 140, 168),
        (206, 170, 96),
        (156, 150, 142),
        (84, 92, 104),
    ),
    mats=(
        ((236, 222, 198), (222, 198, 168)),
        ((196, 214, 224), (160, 186, 200)),
        ((206, 224, 196), (180, 202, 166)),
        ((228, 204, 216), (210, 176, 192)),
    ),
    planks=(4, 6),
    prints=("none", "grid", "dots"),
    weaves=("checks", "stripes"),
    spacing=(36, 64),
)

HELD_OUT = Style(
    seed=9077,
    count=16,
    woods=(
        ((168, 160, 150), (124, 116, 108)),
        ((150, 98, 72), (98, 58, 42)),
        ((226, 206, 172), (204, 176, 138)),
    ),
    papers=((250, 244, 236), (228, 222, 240), (214, 236, 232), (238, 236, 206)),
    inks=((236, 200, 212), (196, 214, 206), (216, 208, 244)),
    felts=(
        (66, 116, 112),
        (140, 96, 136),
        (128, 146, 84),
        (214, 150, 110),
        (112, 122, 172),
    ),
    mats=(
        ((224, 232, 210), (160, 196, 190)),
        ((244, 226, 186), (226, 182, 150)),
        ((214, 210, 228), (172, 166, 200)),
    ),
    planks=(7, 10),
    prints=("diagonals", "rings", "crosses"),
    weaves=("waves", "diamonds"),
    spacing=(68, 96),
)


@lru_cache(maxsize=64)
def texture(held_out: bool, index: int) -> NDArray[np.uint8]:
    """Return a texture, drawn once per process.

    Parameters
    ----------
    held_out : bool
        Of the held-out family or of the training family.
    index : int
        Which one, from 0 to the `count` of the family's style.

    Returns
    -------
    uint8 array (HEIGHT, WIDTH, 3)
        RGB, not writable, as it is shared by all scenes.
    """
    style = HELD_OUT if held_out else TRAINING
    rng = np.random.default_rng([style.seed, index])
    draw = (_wood, _paper, _felt, _mat)[index % 4]
    image = np.clip(draw(rng, style), 0, 255).astype(np.uint8)
    image.flags.writeable = False
    return image


def background(
    rng: np.random.Generator, width: int, height: int, held_out: bool
) -> Floats:
    """Return a random part of a random texture as float32 (height, width, 3)."""
    style = HELD_OUT if held_out else TRAINING
    image = texture(held_out, int(rng.integers(style.count)))
    # A scene of any size shows the same stretch of background: toys keep their scale.
    zoom = rng.uniform(0.8, 1.2) * max(width / 640, height / 480)
    part_width = min(round(width / zoom), WIDTH)
    part_height = min(round(height / zoom), HEIGHT)
    left = int(rng.integers(WIDTH - part_width + 1))
    top = int(rng.integers(HEIGHT - part_height + 1))
    part = image[top : top + part_height, left : left + part_width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(part.astype(np.float32), (width, height), interpolation=method)
    return np.asarray(resized, np.float32)


def _noise(
    rng: np.random.Generator,
    height: int,
    cells: tuple[int, int],
    octaves: int = 3,
) -> Floats:
    """Return smooth noise of 0 to 1: a sum of ever finer, ever fainter grids.

    `cells` is how many grid cells the coarsest grid has across and down.
    """
    total = np.zeros((height, WIDTH), np.float32)
    strength = 0.0
    for octave in range(octaves):
        across = min(cells[0] * 2**octave, WIDTH)
        down = min(cells[1] * 2**octave, height)
        grid = rng.random((max(down, 2), max(across, 2)), dtype=np.float32)
        smooth = cv2.resize(grid, (WIDTH, height), interpolation=cv2.INTER_CUBIC)
        total += np.float32(0.5**octave) * smooth
        strength += 0.5**octave
    return total / np.float32(strength)


def _choose(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Floats:
    return np.array(colours[rng.integers(len(colours))], np.float32)


def _blend(first: Floats, second: Floats, share: Floats) -> Floats:
    """Return `first` where share is 0 and `second` where it is 1."""
    return np.asarray(first + (second - first) * share[..., None], np.float32)


def _mottled(image: Floats, tone: Floats) -> Floats:
    """Return the image made lighter by the fraction `tone` of each pixel."""
    return np.asarray(image * (1 + tone[..., None]), np.float32)


def _coordinates() -> tuple[Floats, Floats]:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return x, y


def _wood(rng: np.random.Generator, style: Style) -> Floats:
    tones = np.array(style.woods[rng.integers(len(style.woods))], np.float32)
    count = int(rng.integers(style.planks[0], style.planks[1] + 1))
    borders = np.linspace(0, HEIGHT, count + 1).round().astype(int)
    planks = [_plank(rng, tones, int(h)) for h in np.diff(borders)]
    return np.concatenate(planks)


def _plank(rng: np.random.Generator, tones: Floats, height: int) -> Floats:
    slow = _noise(rng, height, (2, 5))
    across = np.linspace(0, 3, height, dtype=np.float32)[:, None]
    rings = np.sin((slow * 14 + across) * 2.2) * 0.5 + 0.5
    fine = _noise(rng, height, (5, 24))
    grain = np.clip(0.3 * rings + 0.7 * fine, 0, 1)
    plank = _blend(tones[0], tones[1], grain) * np.float32(rng.uniform(0.9, 1.08))
    to_edge = np.minimum(np.arange(height), np.arange(height)[::-1])
    plank *= np.clip(0.62 + to_edge / 6, 0, 1).astype(np.float32)[:, None, None]
    joint = int(rng.integers(2, WIDTH - 2))
    plank[:, joint - 1 : joint + 1] *= np.float32(0.7)
    return plank


def _paper(rng: np.random.Generator, style: Style) -> Floats:
    colour = _choose(rng, style.papers)
    spacing = float(rng.integers(style.spacing[0], style.spacing[1] + 1))
    pattern = PRINTS[style.prints[rng.integers(len(style.prints))]]
    image = _blend(colour, _choose(rng, style.inks), pattern(spacing))
    fibres = rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    fibres = cv2.GaussianBlur(fibres, (0, 0), 1.1)
    tone = 0.05 * (_noise(rng, HEIGHT, (6, 5)) - 0.5) + 0.035 * fibres
    return _mottled(image, tone)


def _felt(rng: np.random.Generator, style: Style) -> Floats:
    noise = rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    fluff = cv2.GaussianBlur(noise, (0, 0), 0.8)
    fluff = fluff + 2 * cv2.GaussianBlur(noise[:, ::-1], (0, 0), 2.5, sigmaY=0.6)
    tone = 0.07 * fluff + 0.18 * (_noise(rng, HEIGHT, (4, 3), 4) - 0.5)
    return _mottled(_choose(rng, style.felts), tone)


def _mat(rng: np.random.Generator, style: Style) -> Floats:
    pair = np.array(style.mats[rng.integers(len(style.mats))], np.float32)
    spacing = float(rng.integers(70, 131))
    angle = rng.uniform(-0.5, 0.5)
    x, y = _coordinates()
    c, s = math.cos(angle), math.sin(angle)
    u = np.asarray((c * x + s * y) / spacing, np.float32)
    v = np.asarray((c * y - s * x) / spacing, np.float32)
    weave = WEAVES[style.weaves[rng.integers(len(style.weaves))]]
    image = _blend(pair[0], pair[1], _sharp(weave(u, v), spacing))
    noise = rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    tone = 0.1 * (_noise(rng, HEIGHT, (5, 4), 4) - 0.5) + 0.02 * noise
    return _mottled(image, tone)


def _to_line(distance: Floats, half_width: float) -> Floats:
    """Return 1 on a line and 0 beside it, given the distance in pixels."""
    line = np.clip(half_width + 0.5 - np.abs(distance), 0, 1)
    return np.asarray(line, np.float32)


def _centred(values: Floats, spacing: float) -> Floats:
    """Return the distance to the middle of the cell, from -spacing/2 to spacing/2."""
    return np.asarray(values % spacing - spacing / 2, np.float32)


def _print_grid(spacing: float) -> Floats:
    x, y = _coordinates()
    return np.maximum(
        _to_line(_centred(x, spacing), 1), _to_line(_centred(y, spacing), 1)
    )


def _print_dots(spacing: float) -> Floats:
    x, y = _coordinates()
    odd_row = np.floor(y / spacing) % 2
    radius = np.hypot(
        _centred(x + odd_row * spacing / 2, spacing), _centred(y, spacing)
    )
    return _to_line(radius, 0.16 * spacing)


def _print_diagonals(spacing: float) -> Floats:
    x, y = _coordinates()
    return _to_line(_centred((x + y) / math.sqrt(2), spacing / 2), 2)


def _print_rings(spacing: float) -> Floats:
    x, y = _coordinates()
    radius = np.hypot(_centred(x, spacing), _centred(y, spacing))
    return _to_line(radius - np.float32(0.26 * spacing), 3)


def _print_crosses(spacing: float) -> Floats:
    x, y = _coordinates()
    dx, dy = np.abs(_centred(x, spacing)), np.abs(_centred(y, spacing))
    near = np.maximum(dx, dy) < 0.16 * spacing
    return np.asarray(_to_line(np.minimum(dx, dy), 2) * near, np.float32)


def _sharp(wave: Floats, spacing: float) -> Floats:
    """Return 0 in the troughs of a wave and 1 on its crests, with a soft border."""
    return np.asarray(np.clip(wave * spacing * 0.4 + 0.5, 0, 1), np.float32)


PRINTS: dict[str, Callable[[float], Floats]] = {
    "none": lambda spacing: np.zeros((HEIGHT, WIDTH), np.float32),
    "grid": _print_grid,
    "dots": _print_dots,
    "diagonals": _print_diagonals,
    "rings": _print_rings,
    "crosses": _print_crosses,
}
WEAVES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "checks": lambda u, v: np.sin(np.pi * u) * np.sin(np.pi * v),
    "stripes": lambda u, v: np.sin(np.pi * u),
    "waves": lambda u, v: np.sin(np.pi * (v + 0.35 * np.sin(np.pi * u))),
    "diamonds": lambda u, v: np.cos(np.pi * u) + np.cos(np.pi * v / 1.6),
}
