"""The segmenter finds the toys, at other sizes and in batches as well."""

from functools import lru_cache

import cv2
import numpy as np
import openvino as ov
import pytest
import torch

from notebook_utils import load_image
from notebook_utils.kits import included_folder
from notebook_utils.scenes import draw_scene
from toybox import toy_segmenter
from toybox.cards import read_card
from toybox.kit_files import compiled, model_file
from toybox.segmentation import PICTURE_TOYS, foreground, measure

MAX_BYTES = {"segmentation-onnx": 4_000_000, "segmentation-ir": 2_000_000}
either_kit = pytest.mark.parametrize("kit", MAX_BYTES)


@lru_cache
def reshaped(kit: str, *shape: int) -> ov.CompiledModel:
    model = ov.Core().read_model(model_file(included_folder(kit)))
    model.reshape(list(shape))
    return compiled(model)


def picture(size: int) -> np.ndarray:
    image_rgb = load_image(included_folder("segmentation-ir") / "picture.jpg")
    return cv2.resize(image_rgb, (size, size))


def toys_in(probability: np.ndarray, threshold: float) -> int:
    mask = (probability > threshold).astype(np.uint8)
    return cv2.connectedComponents(mask)[0] - 1


@either_kit
def test_the_kit_is_as_good_and_as_small_as_required(kit: str) -> None:
    folder = included_folder(kit)
    assert read_card(folder)["figures"]["mean_iou"] >= 0.9
    assert measure(folder, scenes=2)["mean_iou"] >= 0.85
    models = folder.glob("model.*")
    assert sum(path.stat().st_size for path in models) <= MAX_BYTES[kit]


@either_kit
@pytest.mark.parametrize("size", [512, 544])
def test_toys_of_the_picture_can_be_counted(kit: str, size: int) -> None:
    found = foreground(reshaped(kit, 1, 3, size, size), picture(size))
    # With some room, so that another processor or precision counts the same.
    counts = [toys_in(found, threshold) for threshold in (0.3, 0.5, 0.7)]
    assert counts == [len(PICTURE_TOYS)] * 3


@either_kit
def test_a_batch_gives_what_single_images_give(kit: str) -> None:
    scenes = [draw_scene(seed, 320, 320, held_out=True) for seed in (900, 901)]
    together = reshaped(kit, -1, 3, 320, 320)(
        np.stack([scene.image.transpose(2, 0, 1) for scene in scenes], dtype=np.float32)
    )["foreground"]
    single = reshaped(kit, 1, 3, 320, 320)
    alone = np.stack([foreground(single, scene.image) for scene in scenes])
    assert together.shape == (2, 1, 320, 320)
    assert np.abs(alone[0] - alone[1]).max() > 0.5
    np.testing.assert_allclose(together[:, 0], alone, atol=1e-4)


def test_both_kits_have_the_same_interface_and_network() -> None:
    outputs = []
    for kit in MAX_BYTES:
        model = compiled(model_file(included_folder(kit)))
        assert model.input("image").shape == [1, 3, 512, 512]
        assert model.output("foreground").shape == [1, 1, 512, 512]
        for port in (model.input(0), model.output(0)):
            assert port.element_type == ov.Type.f32
        outputs.append(foreground(model, picture(512)))
    # FP16 weights move what is next to an edge.
    assert np.abs(outputs[0] - outputs[1]).mean() < 1e-3


def test_export_gives_the_numbers_of_the_network(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(toy_segmenter, "SIZE", 64)
    torch.manual_seed(1)
    network = toy_segmenter.ToySegmenter().eval()
    # Fresh biases are all zero, and the exporter stores equal tensors only once.
    assert 700_000 < toy_segmenter.export(network, tmp_path / "model.onnx") < 704_000
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    found = foreground(compiled(tmp_path / "model.onnx"), image)
    with torch.inference_mode():
        chw = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        expected = network(chw).sigmoid()[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_batches_pair_images_with_their_masks() -> None:
    blots = np.random.default_rng(0).random((3, 16, 16)) > 0.5
    masks = blots.repeat(32, axis=1).repeat(32, axis=2)
    images = np.where(masks[..., None], 255, 0).repeat(3, axis=3).astype(np.uint8)
    (inputs, truth), again = (
        next(toy_segmenter.batches(0, lambda: (images, masks))) for _ in range(2)
    )
    assert inputs.shape == (16, 3, 256, 256)
    assert 0 <= inputs.min() < inputs.max() <= 255
    brightness = inputs.mean(1, keepdim=True)
    bright = brightness > brightness.mean((1, 2, 3), keepdim=True)
    assert (bright == (truth > 0.5)).float().mean() > 0.98
    assert torch.equal(again[0], inputs)


def test_better_masks_have_a_lower_loss() -> None:
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 2:6, 2:6] = 1
    losses = [
        float(toy_segmenter.mask_loss(20 * guess - 10, masks))
        for guess in (masks, masks.roll(1, dims=3), 1 - masks)
    ]
    assert losses == sorted(losses)
    assert losses[0] < 0.01 < losses[1]
