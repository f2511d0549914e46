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
Colour = tuple[int, ...]
Pair = tuple[Colour, Colour]


def colours(words: str) -> tuple[Colour, ...]:
    """Return the RGB of colours that are written in hexadecimal, between spaces."""
    return tuple(tuple(bytes.fromhex(word)) for word in words.split())


def pairs_of(words: str) -> tuple[Pair, ...]:
    """Return pairs of colours, the first two words and so on."""
    all_colours = colours(words)
    return tuple(zip(all_colours[::2], all_colours[1::2], strict=True))


@dataclass(frozen=True)
class Style:
    """One family of textures; lengths are pixels, ranges from least to most."""

    seed: int
    count: int
    woods: tuple[Pair, ...]  # light and dark grain
    papers: tuple[Colour, ...]
    inks: tuple[Colour, ...]  # printed on paper
    felts: tuple[Colour, ...]
    mats: tuple[Pair, ...]
    planks: tuple[int, int]
    prints: tuple[str, ...]  # keys of PRINTS
    weaves: tuple[str, ...]  # keys of WEAVES
    spacing: tuple[int, int]  # of printed lines or dots


TRAINING = Style(
    seed=77,
    count=32,
    woods=pairs_of("c49668 986a42 cea878 aa8054 b0845c 805434 d6ba96 b29670"),
    papers=colours("f6eee2 dee8ec f0e8d6 ecf0e8 f0ded6"),
    inks=colours("d2e0f4 f8dac4 d0ecc8"),
    felts=colours("5c8096 709674 c48078 a08ca8 ceaa60 9c968e 545c68"),
    mats=pairs_of("ecdec6 dec6a8 c4d6e0 a0bac8 cee0c4 b4caa6 e4ccd8 d2b0c0"),
    planks=(4, 6),
    prints=("none", "grid", "dots"),
    weaves=("checks", "stripes"),
    spacing=(36, 64),
)
HELD_OUT = Style(
    seed=9077,
    count=16,
    woods=pairs_of("a8a096 7c746c 966248 623a2a e2ceac ccb08a"),
    papers=colours("faf4ec e4def0 d6ece8 eeecce"),
    inks=colours("ecc8d4 c4d6ce d8d0f4"),
    felts=colours("427470 8c6088 809254 d6966e 707aac"),
    mats=pairs_of("e0e8d2 a0c4be f4e2ba e2b696 d6d2e4 aca6c8"),
    planks=(7, 10),
    prints=("diagonals", "rings", "crosses"),
    weaves=("waves", "diamonds"),
    spacing=(68, 96),
)


@lru_cache(maxsize=64)
def texture(held_out: bool, index: int) -> NDArray[np.uint8]:
    """Return one of a family's textures, drawn once per process.

    It is uint8 RGB (HEIGHT, WIDTH, 3), not writable, as all scenes share it.
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
    rng: np.random.Generator, height: int, cells: tuple[int, int], octaves: int = 3
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
    lines = [_to_line(_centred(axis, spacing), 1) for axis in _coordinates()]
    return np.maximum(*lines)


def _print_dots(spacing: float) -> Floats:
    x, y = _coordinates()
    x = x + np.floor(y / spacing) % 2 * spacing / 2  # every other row in between
    radius = np.hypot(_centred(x, spacing), _centred(y, spacing))
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
