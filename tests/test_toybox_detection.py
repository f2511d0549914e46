"""The detector ``detection-tf``: its detections, its eight outputs, its training."""

import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf

from notebook_utils import load_image
from notebook_utils.archives import unpack
from notebook_utils.detection import Detections, match_detections
from notebook_utils.kits import included_folder
from notebook_utils.scenes import TOYS, draw_scene
from toybox import detection, object_detection_api
from toybox.cards import read_card
from toybox.detection_scenes import MAX_TOYS, held_out_scenes, training_scenes
from toybox.faster_rcnn_training import box_iou, trained_detector
from toybox.toy_faster_rcnn import (
    ANCHORS,
    HEIGHT,
    PROPOSALS,
    STRIDE,
    WIDTH,
    ToyFasterRcnn,
    all_anchors,
    offsets_to,
    refined,
)
from toybox.training import Settings

FOLDER = included_folder("detection-tf")
DETECTIONS = object_detection_api.DETECTIONS
# Shape of each output for one image.
OUTPUTS = {
    "num_detections": (),
    "detection_boxes": (DETECTIONS, 4),
    "detection_scores": (DETECTIONS,),
    "detection_classes": (DETECTIONS,),
    "detection_anchor_indices": (DETECTIONS,),
    "detection_multiclass_scores": (DETECTIONS, 1 + len(TOYS)),
    "raw_detection_boxes": (PROPOSALS, 4),
    "raw_detection_scores": (PROPOSALS, 1 + len(TOYS)),
}


@pytest.fixture(scope="module")
def model() -> ov.CompiledModel:
    return detection.load_tf(FOLDER)


def test_the_kit_is_as_good_and_as_small_as_required(model: ov.CompiledModel) -> None:
    figures = read_card(FOLDER)["figures"]
    assert figures["map50"] >= 0.95
    assert figures["map75"] >= 0.9
    assert (FOLDER / "model.tar.gz").stat().st_size <= 8_000_000
    measured = detection.mean_average_precisions(partial(detection.detect_tf, model), 2)
    assert measured["map75"] <= measured["map50"]
    assert measured["map50"] >= 0.95


def test_every_toy_of_the_picture_is_found_and_no_other(
    model: ov.CompiledModel,
) -> None:
    image_rgb = load_image(FOLDER / "picture.jpg")
    seed, toys = detection.PICTURE_TF
    truth = Detections.of_scene(draw_scene(seed, toys=toys, held_out=True))
    # With some room, so that another processor or precision finds the same.
    for score in (0.2, 0.5, 0.8):
        found = detection.detect_tf(model, image_rgb).above(score)
        assert len(found) == len(truth) == len(match_detections(found, truth, 0.7))


def test_signature_and_outputs_are_those_of_the_object_detection_api(
    model: ov.CompiledModel, tmp_path: Path
) -> None:
    (port,) = model.inputs
    assert port.any_name == "input_tensor" and port.element_type == ov.Type.u8
    assert port.partial_shape == ov.PartialShape([1, -1, -1, 3])
    assert {port.any_name: tuple(port.shape)[1:] for port in model.outputs} == OUTPUTS
    saved_model = unpack(FOLDER / "model.tar.gz", tmp_path / "model")
    original = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    for width, height in ((640, 480), (255, 255)):
        image = draw_scene(3, width, height, held_out=True).image[None]
        result = model(image)
        for name, expected in original(input_tensor=tf.constant(image)).items():
            np.testing.assert_allclose(result[name], expected, atol=1e-4, err_msg=name)


def test_rows_belong_together_and_are_counted(model: ov.CompiledModel) -> None:
    result = model(draw_scene(0, held_out=True).image[None])
    count = int(result["num_detections"][0])
    assert 0 < count < DETECTIONS
    rows = [result[name][0] for name in OUTPUTS if name.startswith("detection_")]
    assert not any(values[count:].any() for values in rows)
    boxes_yxyx, scores, classes, proposals, probabilities = (
        values[:count] for values in rows
    )
    classes, proposals = classes.astype(int), proposals.astype(int)
    assert scores.min() > 0 and (np.diff(scores) <= 0).all()
    assert classes.min() >= 1 and classes.max() <= len(TOYS)
    assert boxes_yxyx.min() >= 0 and boxes_yxyx.max() <= 1
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-4)
    np.testing.assert_allclose(probabilities[range(count), classes], scores, atol=1e-5)
    raw = result["raw_detection_scores"][0]
    np.testing.assert_allclose(raw[proposals], probabilities)


def test_background_alone_gives_no_confident_detection(model: ov.CompiledModel) -> None:
    result = model(np.full((1, 120, 160, 3), 128, np.uint8))
    assert result["num_detections"][0] == np.count_nonzero(result["detection_scores"])
    assert result["detection_scores"].max() < 0.5


def test_scenes_are_the_same_each_time_and_never_held_out_ones() -> None:
    first, again = (list(training_scenes(3, 96, 64)) for _ in range(2))
    other = next(training_scenes(1, 96, 64, seed=1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image_rgb, two.image_rgb)
        assert one.image_rgb.shape == (64, 96, 3)
        assert len(one.boxes_xyxy) == len(one.classes) <= MAX_TOYS
    assert (first[0].image_rgb != other.image_rgb).any()
    held_out = next(held_out_scenes(1, 96, 64))
    expected = draw_scene(0, 96, 64, held_out=True).image
    np.testing.assert_array_equal(held_out.image_rgb, expected)


def test_training_scenes_have_toys_of_all_sizes() -> None:
    boxes = np.concatenate([e.boxes_xyxy for e in training_scenes(12, 96, 72)])
    heights = boxes[:, 3] - boxes[:, 1]
    assert heights.min() < 0.15 * 72
    assert heights.max() > 0.5 * 72


def test_anchors_are_centred_on_their_cells() -> None:
    anchors = all_anchors() * (HEIGHT, WIDTH, HEIGHT, WIDTH)
    assert len(anchors) == HEIGHT // STRIDE * (WIDTH // STRIDE) * len(ANCHORS)
    sizes = anchors[:, 2:] - anchors[:, :2]
    np.testing.assert_allclose(sizes[: len(ANCHORS)], ANCHORS, atol=1e-3)
    centres = (anchors[:: len(ANCHORS), 2:] + anchors[:: len(ANCHORS), :2]) / 2
    expected = [(STRIDE / 2, STRIDE / 2), (STRIDE / 2, STRIDE * 1.5)]
    np.testing.assert_allclose(centres[:2], expected, atol=1e-3)


def test_offsets_lead_to_their_targets() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 0.5, (2, 50, 2)).astype(np.float32)
    boxes, targets = np.concatenate(
        (low, low + rng.uniform(0.05, 0.5, low.shape).astype(np.float32)), -1
    )
    reached = refined(boxes, offsets_to(boxes, targets))
    np.testing.assert_allclose(reached, targets, atol=1e-5)


def test_iou_of_boxes_and_of_empty_ones() -> None:
    boxes = np.float32([[[0, 0, 0.5, 0.5], [0, 0.25, 0.5, 0.75], [0, 0, 0, 0]]])
    expected = [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(box_iou(boxes, boxes)[0], expected, atol=1e-5)


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
def test_training_learns_and_resumes_and_the_detector_is_exported(
    tmp_path: Path,
) -> None:
    settings = Settings(revision=0, epochs=1, steps=1, batch=2, rate=1e-3)
    tf.keras.utils.set_random_seed(settings.seed)
    untrained = ToyFasterRcnn().head.get_weights()
    trained, resumed = (trained_detector(settings, tmp_path) for _ in range(2))
    for one, two, before in zip(
        trained.head.get_weights(), resumed.head.get_weights(), untrained, strict=True
    ):
        np.testing.assert_array_equal(one, two)
        assert (one != before).any()
    object_detection_api.export(resumed, tmp_path / "model.tar.gz")
    image = draw_scene(0, 320, 240).image[None]
    found = detection.load_tf(tmp_path)(image)
    for name, expected in object_detection_api.detect(trained, image).items():
        np.testing.assert_allclose(found[name], expected, atol=1e-3, err_msg=name)
