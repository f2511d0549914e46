"""The detector of the kit: what it finds, its eight outputs, and how it was trained."""

import tarfile
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest
import tensorflow as tf

from notebook_utils.archives import unpack
from notebook_utils.detection import Detections, match_detections
from notebook_utils.kits import included_folder
from notebook_utils.scenes import TOYS, draw_scene
from toybox import detection_tf, faster_rcnn_training, object_detection_api
from toybox.cards import read_card
from toybox.detection_scenes import MOST_TOYS, held_out_scenes, training_scenes
from toybox.faster_rcnn_training import Settings, overlaps, trained_detector
from toybox.inference import compiled
from toybox.toy_faster_rcnn import (
    ANCHORS,
    HEIGHT,
    PROPOSALS,
    STRIDE,
    WIDTH,
    ToyFasterRcnn,
    all_anchors,
    corrected,
    corrections_for,
)

FOLDER = included_folder("detection-tf")
# Rows of each output for one picture, and what is in a row; 0 for a plain number.
OUTPUTS = {
    "num_detections": (),
    "detection_boxes": (object_detection_api.DETECTIONS, 4),
    "detection_scores": (object_detection_api.DETECTIONS,),
    "detection_classes": (object_detection_api.DETECTIONS,),
    "detection_anchor_indices": (object_detection_api.DETECTIONS,),
    "detection_multiclass_scores": (object_detection_api.DETECTIONS, 1 + len(TOYS)),
    "raw_detection_boxes": (PROPOSALS, 4),
    "raw_detection_scores": (PROPOSALS, 1 + len(TOYS)),
}


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(FOLDER / "model.tar.gz", tmp_path_factory.mktemp("tf") / "model")


@pytest.fixture(scope="module")
def model(saved_model: Path) -> ov.CompiledModel:
    return compiled(ov.convert_model(saved_model))


@pytest.fixture(scope="module")
def original(saved_model: Path) -> "tf.types.experimental.GenericFunction":
    return tf.saved_model.load(str(saved_model)).signatures["serving_default"]


def test_kit_is_small_and_its_card_as_good_as_asked_for() -> None:
    figures = read_card(FOLDER)["figures"]
    assert figures["map50"] >= 0.95
    assert figures["map75"] >= 0.9
    assert (FOLDER / "model.tar.gz").stat().st_size <= 8_000_000


def test_toys_are_found_on_grounds_never_seen() -> None:
    assert detection_tf.measure(FOLDER, scenes=10)["map50"] >= 0.95


def test_every_toy_of_the_picture_is_found_and_no_other(
    model: ov.CompiledModel,
) -> None:
    image_bgr = cv2.imread(str(FOLDER / "picture.jpg"))
    image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
    scene = draw_scene(
        detection_tf.PICTURE_SEED, toys=detection_tf.PICTURE_TOYS, held_out=True
    )
    truth = Detections.of_scene(scene)
    # With some room, so that another processor or precision finds the same.
    for score in (0.2, 0.5, 0.8):
        found = detection_tf.detections(model, image_rgb).above(score)
        assert len(found) == len(truth) == len(match_detections(found, truth, 0.7))


def test_signature_is_that_of_the_object_detection_api(model: ov.CompiledModel) -> None:
    assert len(model.inputs) == 1
    port = model.input("input_tensor")
    assert port.partial_shape == ov.PartialShape([1, -1, -1, 3])
    assert port.element_type == ov.Type.u8
    assert {port.any_name: tuple(port.shape)[1:] for port in model.outputs} == OUTPUTS


@pytest.mark.parametrize("size", [(480, 640), (255, 255), (600, 300)])
def test_openvino_says_what_tensorflow_says(
    model: ov.CompiledModel,
    original: "tf.types.experimental.GenericFunction",
    size: tuple[int, int],
) -> None:
    image = draw_scene(3, size[1], size[0], held_out=True).image[None]
    result = model(image)
    for name, expected in original(input_tensor=tf.constant(image)).items():
        np.testing.assert_allclose(result[name], expected, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("seed", range(6))
def test_detections_are_counted_right(model: ov.CompiledModel, seed: int) -> None:
    result = model(draw_scene(seed, held_out=True).image[None])
    scores = result["detection_scores"][0]
    count = int(result["num_detections"][0])
    assert 0 < count < len(scores)
    assert (scores[:count] > 0).all()
    for name in OUTPUTS:
        if name.startswith("detection_"):
            assert not result[name][0, count:].any()


def test_ground_alone_has_nothing_on_it(model: ov.CompiledModel) -> None:
    result = model(np.full((1, 120, 160, 3), 128, np.uint8))
    assert result["num_detections"][0] == np.count_nonzero(result["detection_scores"])
    assert result["detection_scores"].max() < 0.5


def test_rows_belong_together(model: ov.CompiledModel) -> None:
    scene = draw_scene(4, held_out=True)
    result = model(scene.image[None])
    count = int(result["num_detections"][0])
    scores = result["detection_scores"][0, :count]
    classes = result["detection_classes"][0, :count].astype(int)
    shares = result["detection_multiclass_scores"][0, :count]
    origins = result["detection_anchor_indices"][0, :count].astype(int)
    boxes_yxyx = result["detection_boxes"][0, :count]
    assert (np.diff(scores) <= 0).all()
    assert classes.min() >= 1
    assert classes.max() <= len(TOYS)
    assert (boxes_yxyx >= 0).all()
    assert (boxes_yxyx <= 1).all()
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-4)
    np.testing.assert_allclose(shares[range(count), classes], scores, atol=1e-5)
    np.testing.assert_allclose(result["raw_detection_scores"][0][origins], shares)


def test_scenes_are_the_same_each_time_and_never_held_out_ones() -> None:
    first, again = (list(training_scenes(3, 96, 64)) for _ in range(2))
    other = next(training_scenes(1, 96, 64, seed=1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image_rgb, two.image_rgb)
        assert one.image_rgb.shape == (64, 96, 3)
        assert len(one.boxes_xyxy) == len(one.classes) <= MOST_TOYS
    assert (first[0].image_rgb != other.image_rgb).any()
    held_out = next(held_out_scenes(1, 96, 64))
    np.testing.assert_array_equal(
        held_out.image_rgb, draw_scene(0, 96, 64, held_out=True).image
    )


def test_training_scenes_have_toys_of_all_sizes() -> None:
    heights = np.concatenate(
        [e.boxes_xyxy[:, 3] - e.boxes_xyxy[:, 1] for e in training_scenes(60, 160, 120)]
    )
    assert heights.min() < 0.15 * 120
    assert heights.max() > 0.5 * 120


def test_anchors_are_centred_on_their_cells() -> None:
    anchors = all_anchors() * (HEIGHT, WIDTH, HEIGHT, WIDTH)
    assert len(anchors) == HEIGHT // STRIDE * (WIDTH // STRIDE) * len(ANCHORS)
    sizes = anchors[:, 2:] - anchors[:, :2]
    np.testing.assert_allclose(sizes[: len(ANCHORS)], ANCHORS, atol=1e-3)
    middles = (anchors[:, 2:] + anchors[:, :2]) / 2
    np.testing.assert_allclose(middles[0], (STRIDE / 2, STRIDE / 2), atol=1e-3)
    np.testing.assert_allclose(
        middles[len(ANCHORS)], (STRIDE / 2, STRIDE * 1.5), atol=1e-3
    )


def test_corrections_lead_to_their_targets() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 0.5, (2, 50, 2)).astype(np.float32)
    boxes, targets = np.concatenate(
        (low, low + rng.uniform(0.05, 0.5, low.shape).astype(np.float32)), -1
    )
    reached = corrected(boxes, corrections_for(boxes, targets))
    np.testing.assert_allclose(reached, targets, atol=1e-5)


def test_empty_boxes_overlap_with_nothing() -> None:
    boxes = np.array([[[0, 0, 0.5, 0.5], [0, 0, 0, 0]]], np.float32)
    np.testing.assert_allclose(overlaps(boxes, boxes)[0], [[1, 0], [0, 0]], atol=1e-5)


def test_archive_has_the_same_bytes_whenever_it_is_packed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    for name in ("a.tar.gz", "b.tar.gz"):
        object_detection_api.pack(folder, tmp_path / name)
        (folder / "saved_model.pb").touch()
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        assert archive.getnames() == ["saved_model.pb", "variables"]
        assert {member.uname for member in archive} == {""}


@pytest.mark.slow
def test_training_learns_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        revision=0, scenes=8, epochs=1, batch=4, rate=1e-3, decay_epochs=1
    )
    untrained = ToyFasterRcnn().head.get_weights()
    trained = trained_detector(settings, tmp_path)
    assert any(
        (before != after).any()
        for before, after in zip(untrained, trained.head.get_weights(), strict=True)
    )
    # Nothing is left to do, so nothing is drawn.
    monkeypatch.setattr(faster_rcnn_training, "draw_scenes", None)
    resumed = trained_detector(settings, tmp_path)
    for one, two in zip(
        trained.head.get_weights(), resumed.head.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, two)
