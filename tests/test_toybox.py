"""Kits are what their cards say, and a kit that is not gets noticed."""

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest
import torch
from torch import nn

from notebook_utils.scenes import TOYS
from toybox import __main__ as command
from toybox import cards, classification, recipes, toy_classifier, toy_views, training
from toybox.inference import compiled, model_file
from toybox.onnx_network import read_network
from toybox.recipes import KITS, RECIPES, build, verify

CLASSIFIERS = ("classification-ir", "classification-onnx")
measure_a_little = partial(classification.measure, crops=16, pictures=4)


def make_untrained(folder: Path) -> int:
    torch.manual_seed(1)
    classification.write_companions(folder)
    network = toy_classifier.ToyClassifier()
    for parameter in network.parameters():
        # Fresh biases are all zero, and the exporter stores equal tensors only once.
        nn.init.uniform_(parameter, -0.5, 0.5)
    return toy_classifier.export_onnx(network, folder / "model.onnx")


UNTRAINED = replace(
    RECIPES["classification-onnx"],
    kit="untrained",
    make=make_untrained,
    measure=measure_a_little,
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("kits")
    build(UNTRAINED, root)
    return root


@pytest.fixture
def kits(built, tmp_path):
    """A fresh copy of the folder of kits, to spoil."""
    folder = tmp_path / "untrained"
    folder.mkdir()
    for path in (built / "untrained").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return tmp_path


def picture_of(folder: Path) -> np.ndarray:
    image = cv2.cvtColor(cv2.imread(str(folder / "picture.jpg")), cv2.COLOR_BGR2RGB)
    return cv2.resize(image, (toy_views.SIZE, toy_views.SIZE))


def test_a_build_writes_files_and_a_card_that_describes_them(built):
    folder = built / "untrained"
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.onnx", "labels.txt", "picture.jpg", "card.json"}
    card = cards.read_card(folder)
    assert list(card) == [
        "kit",
        "title",
        "licence",
        "trained_on",
        "measured_on",
        "parameters",
        "figures",
        "built_with",
        "files",
    ]
    assert card["files"] == cards.describe_files(folder)
    assert set(card["figures"]) == {"top1", "top1_whole_scene"}
    assert card["parameters"] == read_network(folder / "model.onnx").parameters


def test_a_build_leaves_nothing_else_behind(built):
    assert [path.name for path in built.iterdir()] == ["untrained"]


def test_a_build_that_fails_leaves_the_old_kit(kits):
    def fails(folder: Path) -> int:
        (folder / "model.onnx").write_bytes(b"half")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        build(replace(UNTRAINED, make=fails), kits)
    assert verify(UNTRAINED, kits) == []
    assert [path.name for path in kits.iterdir()] == ["untrained"]


def test_verify_finds_nothing_wrong_with_what_was_built(built):
    assert verify(UNTRAINED, built) == []


def test_verify_notices_an_altered_byte(kits):
    path = kits / "untrained" / "picture.jpg"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    (fault,) = verify(UNTRAINED, kits)
    assert fault.startswith("picture.jpg: expected")


@pytest.mark.parametrize("name", ["extra.txt", "labels.txt"])
def test_verify_notices_a_file_too_many_or_too_few(kits, name):
    path = kits / "untrained" / name
    if path.exists():
        path.unlink()
    else:
        path.write_text("surprise")
    (fault,) = verify(UNTRAINED, kits)
    assert fault.startswith(name) and "folder" in fault


@pytest.mark.parametrize("figures", [{"top1": 0.999}, {"top1": None}, {"new": 1.0}])
def test_verify_notices_a_false_figure(kits, figures):
    folder = kits / "untrained"
    card = cards.read_card(folder)
    card["figures"] |= figures
    card["figures"] = {k: v for k, v in card["figures"].items() if v is not None}
    cards.write_card(folder, card)
    (fault,) = verify(UNTRAINED, kits)
    assert next(iter(figures)) in fault and "measured" in fault


def test_verify_allows_for_other_processors():
    card = {"figures": {"top1": 0.990}}
    assert cards.figure_faults(card, {"top1": 0.987}, tolerance=0.005) == []
    assert len(cards.figure_faults(card, {"top1": 0.984}, tolerance=0.005)) == 1


def test_verify_of_a_kit_that_was_never_built(tmp_path):
    (fault,) = verify(UNTRAINED, tmp_path)
    assert "python -m toybox build untrained" in fault


def test_the_command_ends_with_one_where_something_is_off(kits, monkeypatch, capsys):
    monkeypatch.setattr(command, "RECIPES", {"untrained": UNTRAINED})
    monkeypatch.setattr(command, "verify", partial(verify, root=kits))
    assert command.main(["verify", "untrained"]) == 0
    (kits / "untrained" / "labels.txt").write_text("cat\n")
    assert command.main(["verify"]) == 1
    assert "labels.txt: expected" in capsys.readouterr().out


def test_the_command_knows_its_kits(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["verify", "classification-cats"])
    assert ended.value.code == 2
    assert "classification-ir" in capsys.readouterr().err


@pytest.mark.parametrize("kit", RECIPES)
def test_committed_kits_are_the_files_their_cards_describe(kit):
    card = cards.read_card(KITS / kit)
    assert cards.file_faults(card, KITS / kit) == []
    assert card["kit"] == kit and card["licence"] == "Apache-2.0"
    recipe = RECIPES[kit]
    stated = (card["title"], card["trained_on"], card["measured_on"])
    assert stated == (recipe.title, recipe.trained_on, recipe.measured_on)


@pytest.mark.parametrize("kit", RECIPES)
def test_no_path_of_a_machine_is_in_a_committed_kit(kit):
    for path in (KITS / kit).iterdir():
        found = re.search(rb"/(home|root|tmp|work|Users)/|\\Users\\", path.read_bytes())
        assert found is None, path


@pytest.mark.parametrize("kit", CLASSIFIERS)
def test_the_committed_classifiers_have_the_stated_interface(kit):
    model = ov.Core().read_model(model_file(KITS / kit))
    assert model.input().any_name == "image"
    assert model.output().any_name == "probabilities"
    assert model.input().shape == [1, 3, 224, 224]
    assert model.output().shape == [1, len(TOYS)]
    assert model.input().element_type == ov.Type.f32
    labels = (KITS / kit / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert labels == list(TOYS)


@pytest.mark.parametrize("kit", CLASSIFIERS)
def test_the_committed_classifiers_can_be_reshaped(kit):
    model = ov.Core().read_model(model_file(KITS / kit))
    model.reshape([2, 3, 320, 448])
    assert model.output().shape == [2, len(TOYS)]


def test_the_committed_classifiers_agree_and_say_duck():
    folders = [KITS / kit for kit in CLASSIFIERS]
    pictures = np.stack([picture_of(folder) for folder in folders])
    assert np.array_equal(*pictures)
    said = np.stack(
        [
            classification.probabilities(compiled(model_file(folder)), pictures[:1])[0]
            for folder in folders
        ]
    )
    assert [TOYS[i] for i in said.argmax(axis=1)] == ["duck", "duck"]
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    # FP16 weights against FP32 weights.
    np.testing.assert_allclose(said[0], said[1], atol=5e-3)


def test_a_sample_of_held_out_crops_is_named_right():
    figures = classification.measure(KITS / "classification-ir", 100, 40)
    assert min(figures.values()) >= 0.95


def test_folding_changes_nothing():
    torch.manual_seed(2)
    network = toy_classifier.ToyClassifier()
    inputs = torch.rand(4, 3, 64, 64) * 255
    network(inputs)
    network.eval()
    with torch.inference_mode():
        expected, found = network(inputs), toy_classifier.folded(network)(inputs)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


class TestTraining:
    settings = training.Settings(revision=1, epochs=3, steps=4, batch=2, rate=0.1)

    def fit(self, folder, settings=None, fail_at=None):
        torch.manual_seed(0)
        network = nn.Linear(2, 1)
        seen = []

        def batches(epoch):
            if epoch == fail_at:
                raise KeyboardInterrupt
            seen.append(epoch)
            generator = torch.Generator().manual_seed(epoch)
            for _ in range(4):
                inputs = torch.rand(2, 2, generator=generator)
                yield inputs, inputs.sum(1, keepdim=True)

        chosen = settings or self.settings
        training.fit("line", chosen, network, batches, nn.MSELoss(), folder)
        return network.state_dict(), seen

    def test_resumes_after_an_interruption_as_if_there_had_been_none(self, tmp_path):
        whole, _ = self.fit(tmp_path / "whole")
        with pytest.raises(KeyboardInterrupt):
            self.fit(tmp_path / "parts", fail_at=2)
        resumed, seen = self.fit(tmp_path / "parts")
        assert seen == [2]
        for name, value in whole.items():
            torch.testing.assert_close(resumed[name], value)

    def test_an_up_to_date_checkpoint_is_reused(self, tmp_path):
        first, _ = self.fit(tmp_path)
        again, seen = self.fit(tmp_path)
        assert seen == []
        torch.testing.assert_close(again["weight"], first["weight"])

    def test_other_settings_start_anew(self, tmp_path):
        self.fit(tmp_path)
        _, seen = self.fit(tmp_path, replace(self.settings, revision=2))
        assert seen == [0, 1, 2]


def test_training_views_show_single_toys_and_are_kept(tmp_path):
    cache = tmp_path / "views.npz"
    views, labels = toy_views.training_views(3, 2, cache)
    assert views.shape == (len(labels), toy_views.VIEW_SIZE, toy_views.VIEW_SIZE, 3)
    assert len(labels) >= 5 and labels.max() < len(TOYS)
    again, labels_again = toy_views.training_views(3, 2, cache)
    assert np.array_equal(views, again) and np.array_equal(labels, labels_again)


def test_every_recipe_is_described_by_its_own_name():
    for name, recipe in recipes.RECIPES.items():
        assert recipe.kit == name
        assert json.dumps([recipe.title, recipe.trained_on, recipe.measured_on])
