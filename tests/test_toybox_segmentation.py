"""The segmenter finds the toys, at other sizes and in batches as well."""

import sys
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest
import torch

from notebook_utils.kits import included_folder
from notebook_utils.scenes import draw_scene
from toybox import toy_segmenter
from toybox.cards import read_card
from toybox.inference import compiled, model_file
from toybox.segmentation import PICTURE_TOYS, foreground, mean_iou

KITS = {"segmentation-onnx": 4_000_000, "segmentation-ir": 2_000_000}
either_kit = pytest.mark.parametrize("kit", KITS)


def reshaped(kit: str, shape: list[int]) -> ov.CompiledModel:
    model = ov.Core().read_model(model_file(included_folder(kit)))
    model.reshape(shape)
    return compiled(model)


def picture(kit: str, size: int) -> np.ndarray:
    image_bgr = cv2.imread(str(included_folder(kit) / "picture.jpg"))
    return cv2.resize(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), (size, size))


def scenes_nchw(size: int) -> np.ndarray:
    images = [draw_scene(seed, size, size, held_out=True).image for seed in (900, 901)]
    return np.stack(images).transpose(0, 3, 1, 2).astype(np.float32)


def toys_in(probability: np.ndarray, threshold: float) -> int:
    mask = (probability > threshold).astype(np.uint8)
    return cv2.connectedComponents(mask)[0] - 1


@either_kit
def test_toys_are_found_on_textures_never_seen(kit: str) -> None:
    folder = included_folder(kit)
    assert read_card(folder)["figures"]["mean_iou"] >= 0.9
    assert mean_iou(compiled(model_file(folder)), 512, scenes=10) >= 0.88


@either_kit
@pytest.mark.parametrize("size", [512, 544])
def test_toys_of_the_picture_can_be_counted(kit: str, size: int) -> None:
    found = foreground(reshaped(kit, [1, 3, size, size]), picture(kit, size))
    # With some room, so that another processor or precision counts the same.
    counts = [toys_in(found, threshold) for threshold in (0.3, 0.5, 0.7)]
    assert counts == [len(PICTURE_TOYS)] * 3


@either_kit
@pytest.mark.parametrize("batch", [2, -1])
@pytest.mark.parametrize("size", [512, 544])
def test_batch_gives_what_single_pictures_give(kit: str, batch: int, size: int) -> None:
    images = scenes_nchw(size)
    together = reshaped(kit, [batch, 3, size, size])(images)["foreground"]
    single = reshaped(kit, [1, 3, size, size])
    alone = np.concatenate([single(image[None])["foreground"] for image in images])
    assert together.shape == (2, 1, size, size)
    assert np.abs(alone[0] - alone[1]).max() > 0.5
    np.testing.assert_allclose(together, alone, atol=1e-4)


@either_kit
def test_input_and_output_are_as_described(kit: str) -> None:
    model = compiled(model_file(included_folder(kit)))
    assert model.input("image").shape == [1, 3, 512, 512]
    assert model.output("foreground").shape == [1, 1, 512, 512]
    assert model.input(0).element_type == model.output(0).element_type == ov.Type.f32


def test_both_kits_hold_the_same_network() -> None:
    image = picture("segmentation-ir", 512)
    onnx, ir = (
        foreground(compiled(model_file(included_folder(kit))), image) for kit in KITS
    )
    # FP16 weights move what is next to an edge.
    assert np.abs(onnx - ir).mean() < 1e-3


@either_kit
def test_files_are_small_and_do_not_tell_where_they_were_built(kit: str) -> None:
    here = [str(Path.home()), sys.prefix, str(Path(__file__).resolve().parents[1])]
    models = list(included_folder(kit).glob("model.*"))
    assert sum(path.stat().st_size for path in models) <= KITS[kit]
    for path in models:
        content = path.read_bytes()
        assert not [name for name in here if name.encode() in content], path.name


def test_network_keeps_height_and_width() -> None:
    with torch.inference_mode():
        scores = toy_segmenter.ToySegmenter().eval()(torch.zeros(2, 3, 64, 96))
    assert scores.shape == (2, 1, 64, 96)


def test_export_gives_the_numbers_of_the_network(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = toy_segmenter.ToySegmenter().eval()
    parameters = toy_segmenter.export_onnx(network, tmp_path / "model.onnx")
    assert 500_000 < parameters < 800_000
    image = np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)
    found = foreground(compiled(tmp_path / "model.onnx"), image)
    with torch.inference_mode():
        chw = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        expected = network(chw).sigmoid()[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_batches_pair_pictures_with_their_masks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    blots = rng.random((3, 16, 16)) > 0.5
    masks = blots.repeat(32, axis=1).repeat(32, axis=2)
    images = np.where(masks[..., None], 255, 0).repeat(3, axis=3).astype(np.uint8)
    monkeypatch.setattr(toy_segmenter, "SCENES", 3)
    monkeypatch.setattr(toy_segmenter, "_training_set", lambda: (images, masks))
    inputs, truth = next(iter(toy_segmenter._batches(0)))
    assert inputs.shape == (16, 3, 256, 256)
    assert 0 <= inputs.min() < inputs.max() <= 255
    brightness = inputs.mean(1, keepdim=True)
    bright = brightness > brightness.mean((1, 2, 3), keepdim=True)
    assert (bright == (truth > 0.5)).float().mean() > 0.98
    again, _ = next(iter(toy_segmenter._batches(0)))
    assert torch.equal(again, inputs)


def test_better_masks_lose_less() -> None:
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 2:6, 2:6] = 1
    shifted = masks.roll(1, dims=3)
    losses = [
        float(toy_segmenter._loss(20 * guess - 10, masks))
        for guess in (masks, shifted, 1 - masks)
    ]
    assert losses == sorted(losses)
    assert losses[0] < 0.01 < losses[1]
