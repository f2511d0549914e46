"""Scenes are the same everywhere, and their boxes and masks are right."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from notebook_utils.scenes import TOYS, Scene, crop_toys, draw_scene
from notebook_utils.scenes.sprites import pose_yaw, trace_shadow, trace_sprite
from notebook_utils.scenes.textures import HELD_OUT, TRAINING, texture
from notebook_utils.scenes.toys import SHAPES

SMALL = {"width": 320, "height": 240}


def digest(scene: Scene) -> str:
    arrays = (scene.image, scene.boxes, scene.labels, scene.instances)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@pytest.fixture(scope="module")
def crowd() -> list[Scene]:
    return [draw_scene(seed, **SMALL) for seed in range(20)]


def test_a_seed_gives_the_same_scene_in_another_process():
    program = (
        "from test_scenes import *; "
        "print(digest(draw_scene(np.int64(7), **SMALL, held_out=True)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    # Drawn before, other scenes must not leave a trace in this one.
    draw_scene(3, **SMALL)
    assert run.stdout.strip() == digest(draw_scene(7, **SMALL, held_out=True))


def test_different_seeds_and_families_give_different_scenes(crowd):
    other_family = draw_scene(0, **SMALL, held_out=True)
    assert len({digest(scene) for scene in (*crowd, other_family)}) == 21


def test_types_and_shapes(crowd):
    expected = ["ball", "cube", "star", "ring", "cone", "cylinder", "heart", "duck"]
    assert list(TOYS) == expected
    for scene in crowd:
        n = len(scene.boxes)
        for array, shape, dtype in (
            (scene.image, (240, 320, 3), np.uint8),
            (scene.instances, (240, 320), np.uint8),
            (scene.foreground, (240, 320), bool),
            (scene.boxes, (n, 4), np.float32),
            (scene.labels, (n,), np.int64),
            (scene.instance_ids, (n,), np.uint8),
        ):
            assert array.shape == shape and array.dtype == dtype
        assert scene.names == tuple(TOYS[label] for label in scene.labels)
        assert np.array_equal(scene.foreground, scene.instances > 0)


def test_boxes_are_tight_and_hidden_toys_have_none(crowd):
    for scene in crowd:
        for box, instance in zip(scene.boxes, scene.instance_ids, strict=True):
            rows, columns = np.nonzero(scene.instances == instance)
            tight = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert box.tolist() == list(tight)
    drawn = sum(len(np.unique(scene.instances)) - 1 for scene in crowd)
    assert sum(len(scene.boxes) for scene in crowd) < drawn


def test_masks_lie_where_the_toys_are():
    scene = draw_scene(5, toys=["cube"])
    x1, y1, x2, y2 = scene.boxes[0].astype(int)
    far = np.ones(scene.instances.shape, bool)
    margin = (x2 - x1) // 2
    far[max(y1 - margin, 0) : y2 + margin, max(x1 - margin, 0) : x2 + margin] = False
    outside, inside = scene.image[far], scene.image[scene.foreground]
    difference = np.abs(np.median(outside, axis=0) - np.median(inside, axis=0))
    assert difference.max() > 20
    assert not scene.foreground[far].any()


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize(
    "names",
    [["duck"], ["duck", "duck", "star"], list(TOYS), ["ring"] * 24],
    ids=["one", "three", "all", "most"],
)
def test_requested_toys_are_all_there_and_whole(names, held_out):
    for seed in range(2):
        scene = draw_scene(seed, **SMALL, toys=names, held_out=held_out)
        assert sorted(scene.names) == sorted(names)
        assert scene.instances.max() == len(names)


def test_one_toy_is_large_enough_to_recognise():
    boxes = np.stack([draw_scene(n, **SMALL, toys=1).boxes[0] for n in range(10)])
    heights = (boxes[:, 3] - boxes[:, 1]) / 240
    assert heights.min() > 0.2 and heights.max() < 0.95


@pytest.mark.parametrize("toys", [None, 2])
@pytest.mark.parametrize("size", [(64, 64), (100, 300), (1280, 720)])
def test_any_size(size, toys):
    scene = draw_scene(0, *size, toys=toys)
    assert scene.image.shape[1::-1] == scene.instances.shape[::-1] == size
    assert toys is None or len(scene.boxes) == toys


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed: expected an integer"),
        ({"seed": 1.5}, "found 1.5"),
        ({"seed": True}, "seed"),
        ({"seed": 1, "width": 63}, "width: expected an integer 64 to 2048, found 63"),
        ({"seed": 1, "height": 5000}, "height"),
        ({"seed": 1, "toys": 0}, "toys: expected an integer 1 to 24, found 0"),
        ({"seed": 1, "toys": []}, "number of toys"),
        ({"seed": 1, "toys": ["duck", "cat"]}, "'cat' is not one of the toys: ball"),
        ({"seed": 1, "toys": "duck"}, r"expected a list such as \['duck'\]"),
        ({"seed": 1, "toys": 2.5}, "toys"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_scene(**arguments)


def test_held_out_textures_share_nothing_with_training_textures():
    for field in ("woods", "papers", "inks", "felts", "mats", "prints", "weaves"):
        assert not set(getattr(TRAINING, field)) & set(getattr(HELD_OUT, field))
    assert TRAINING.seed != HELD_OUT.seed
    training = [texture(False, i).mean(axis=(0, 1)) for i in range(8)]
    held_out = [texture(True, i).mean(axis=(0, 1)) for i in range(8)]
    gaps = [np.abs(a - b).max() for a in training for b in held_out]
    assert min(gaps) > 1


def test_held_out_yaws_lie_between_training_yaws():
    for name, shape in SHAPES.items():
        known = np.array([pose_yaw(name, i, False) for i in range(shape.poses)])
        new = np.array([pose_yaw(name, i, True) for i in range(shape.poses)])
        turn = np.abs(new[:, None] - known[None])
        turn = np.minimum(turn, shape.period - turn)
        np.testing.assert_allclose(turn.min(axis=1), shape.period / shape.poses / 2)


@pytest.mark.parametrize("name", TOYS)
def test_no_toy_or_shadow_is_cut_off_by_its_canvas(name):
    paint = trace_sprite(name, 0.4, 128).paint
    assert paint.max() == 255
    coverage = paint.sum(axis=2)
    smooth_edge = (coverage > 20) & (coverage < 235)
    assert np.count_nonzero(smooth_edge) > 100
    shadow = trace_shadow(name, 0.4)
    assert shadow.max() > 100
    for image in (paint, shadow):
        edges = [image[0], image[-1], image[:, 0], image[:, -1]]
        assert max(edge.max() for edge in edges) == 0


def test_crops_show_each_toy_in_a_square(crowd):
    scene = crowd[0]
    crops, labels = crop_toys(scene, size=96)
    assert crops.shape == (len(scene.boxes), 96, 96, 3)
    assert np.array_equal(labels, scene.labels)
    assert crops.std(axis=(1, 2, 3)).min() > 3
    nothing = replace(scene, boxes=scene.boxes[:0], labels=scene.labels[:0])
    crops, labels = crop_toys(nothing, size=32)
    assert crops.shape == (0, 32, 32, 3) and labels.shape == (0,)
    assert repr(nothing) == "Scene(320x240, boxes: none)"
