"""Kits are what their cards say, a kit that is not gets noticed, training resumes."""

import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch
from torch import nn

from notebook_utils import KitError
from notebook_utils.detection import Detections
from notebook_utils.kits import included_folder
from notebook_utils.scenes import draw_scene
from toybox import __main__ as command
from toybox import cards, classification, toy_classifier, training
from toybox.counting import Counted, count_toys
from toybox.inference import model_file
from toybox.kit_files import make_ir
from toybox.onnx_network import count_parameters, read_graph
from toybox.recipes import KITS, RECIPES, build, verify


def make_untrained(folder: Path) -> int:
    torch.manual_seed(1)
    classification.write_companions(folder)
    network = toy_classifier.ToyClassifier()
    for parameter in network.parameters():
        # Fresh biases are all zero, and the exporter stores equal tensors only once.
        nn.init.uniform_(parameter, -0.5, 0.5)
    return toy_classifier.export(network, folder / "model.onnx")


UNTRAINED = replace(
    RECIPES["classification-onnx"],
    kit="untrained",
    make=make_untrained,
    measure=partial(classification.measure, crops=8, whole_scenes=2),
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


def test_a_build_writes_files_and_a_card_that_describes_them(built):
    folder = built / "untrained"
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.onnx", "labels.txt", "picture.jpg", "card.json"}
    card = cards.read_card(folder)
    committed = cards.read_card(KITS / "classification-onnx")
    assert list(card) == list(committed)
    assert card["figures"].keys() == committed["figures"].keys()
    assert card["files"] == cards.describe_files(folder)
    assert card["parameters"] == committed["parameters"]
    assert verify(UNTRAINED, built) == []
    assert [path.name for path in built.iterdir()] == ["untrained"]


def test_a_build_that_fails_leaves_the_old_kit(kits):
    def fails(folder: Path) -> int:
        (folder / "model.onnx").write_bytes(b"half")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        build(replace(UNTRAINED, make=fails), kits)
    assert verify(UNTRAINED, kits) == []
    assert [path.name for path in kits.iterdir()] == ["untrained"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("picture.jpg", b"altered", "the card says {'bytes': .*, found {'bytes': 7,"),
        ("labels.txt", None, "the card says {.*, found no such file"),
        ("extra.txt", b"surprise", "the card says nothing about it, found {"),
    ],
)
def test_verify_notices_altered_missing_and_extra_files(kits, name, content, message):
    path = kits / "untrained" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    (fault,) = verify(UNTRAINED, kits)
    assert re.match(f"{name}: {message}", fault)


@pytest.mark.parametrize(
    ("card", "measured", "faults"),
    [
        ({"top1": 0.990}, {"top1": 0.987}, []),  # another processor
        ({"top1": 0.990}, {"top1": 0.984}, ["the card says 0.99, measured 0.984"]),
        ({"top1": 0.984}, {"top1": 0.990}, ["the card says 0.984, measured 0.99"]),
        ({}, {"top1": 0.9}, ["the card says None, measured 0.9"]),
        ({"top1": 0.9}, {}, ["the card says 0.9, measured None"]),
    ],
)
def test_figures_may_differ_by_the_tolerance(card, measured, faults):
    found = cards.figure_faults({"figures": card}, measured, tolerance=0.005)
    assert found == [f"top1: {fault}" for fault in faults]


def test_verify_measures_the_figures_again(kits):
    folder = kits / "untrained"
    card = cards.read_card(folder)
    cards.write_card(folder, card | {"figures": card["figures"] | {"top1": 0.999}})
    (fault,) = verify(UNTRAINED, kits)
    assert fault.startswith("top1: the card says 0.999, measured")


def test_verify_of_a_kit_that_was_never_built(tmp_path):
    (fault,) = verify(UNTRAINED, tmp_path)
    assert "python -m toybox build untrained" in fault


def test_the_command_ends_with_one_where_something_is_off(kits, monkeypatch, capsys):
    monkeypatch.setattr(command, "RECIPES", {"untrained": UNTRAINED})
    monkeypatch.setattr(command, "verify", partial(verify, root=kits))
    assert command.main(["verify", "untrained"]) == 0
    (kits / "untrained" / "labels.txt").write_text("cat\n")
    assert command.main(["verify"]) == 1
    assert "untrained: labels.txt: the card says" in capsys.readouterr().out


def test_the_command_knows_its_kits(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["verify", "classification-cats"])
    assert ended.value.code == 2
    assert "classification-ir" in capsys.readouterr().err


def test_the_command_counts_and_prints_a_table(monkeypatch, capsys):
    detectors = {"detection-tf": (lambda folder: folder.name, lambda model, _: model)}
    monkeypatch.setattr(command, "DETECTORS", detectors)
    monkeypatch.setattr(
        command, "count_toys", lambda detect, scenes: [Counted(4, scenes, 1, 0.5, 2)]
    )
    assert command.main(["count", "--scenes", "3"]) == 0
    assert "| 4 | 1 of 3 | 50% | 2 |" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["count", "--scenes", "0"])
    assert "expected 1 or more scenes, found '0'" in capsys.readouterr().err


def test_toys_are_counted_by_their_number():
    truths = {}
    for toys in (1, 3):
        for seed in range(2):
            scene = draw_scene(seed, toys=toys, held_out=True)
            truths[scene.image.tobytes()] = Detections.of_scene(scene)

    def count(change, confidence=1.0):
        def detect(image):
            boxes, classes = change(truths[image.tobytes()])
            return Detections(boxes, np.full(len(boxes), confidence), classes)

        return [tuple(row) for row in count_toys(detect, 2, (1, 3))]

    assert count(lambda t: (t.boxes_xyxy, t.classes)) == [
        (1, 2, 2, 1, 0),
        (3, 2, 2, 1, 0),
    ]
    missing = count(lambda t: (t.boxes_xyxy[1:], t.classes[1:]))
    assert missing == [(1, 2, 0, 0, 0), (3, 2, 0, pytest.approx(2 / 3), 0)]
    elsewhere = count(lambda t: (t.boxes_xyxy + 640, t.classes))
    assert elsewhere == [(1, 2, 2, 0, 2), (3, 2, 2, 0, 6)]
    confused = count(lambda t: (t.boxes_xyxy, (t.classes + 1) % 8))
    assert confused == [(1, 2, 0, 0, 2), (3, 2, 0, 0, 6)]
    hesitant = count(lambda t: (t.boxes_xyxy, t.classes), confidence=0.4)
    assert hesitant == [(1, 2, 0, 0, 0), (3, 2, 0, 0, 0)]


@pytest.mark.parametrize("kit", RECIPES)
def test_committed_kits_are_the_files_their_cards_describe(kit):
    card, recipe = cards.read_card(KITS / kit), RECIPES[kit]
    assert cards.file_faults(card, KITS / kit) == []
    assert card["kit"] == recipe.kit == kit
    for field in ("title", "licence", "trained_on", "measured_on"):
        assert card[field] == getattr(recipe, field)
    # Nothing tells where it was built.
    for path in (KITS / kit).iterdir():
        assert not re.search(
            rb"/(home|root|tmp|work|Users)/|\\Users\\|op_callstack|site-packages",
            path.read_bytes(),
        ), path


@pytest.mark.parametrize("kit", ["classification-torch", "classification-googlenet"])
def test_of_an_untrained_kit_only_the_picture_is_built(kit, tmp_path):
    recipe = RECIPES[kit]
    assert recipe.make(tmp_path) == cards.read_card(KITS / kit)["parameters"]
    assert cards.file_faults(cards.read_card(KITS / kit), tmp_path) == []
    assert recipe.measure(tmp_path) == {}


@pytest.mark.parametrize("kit", ["classification-onnx", "segmentation-onnx"])
def test_the_committed_ir_is_made_from_the_committed_onnx(kit, tmp_path):
    committed = included_folder(kit.replace("onnx", "ir"))
    parameters = make_ir(kit, tmp_path)
    assert parameters == cards.read_card(committed)["parameters"]
    assert parameters == count_parameters(read_graph(KITS / kit / "model.onnx"))
    for name in ("model.bin", "picture.jpg"):
        assert (tmp_path / name).read_bytes() == (committed / name).read_bytes()
    model = ov.Core().read_model(model_file(tmp_path))
    model.reshape([2, 3, 320, 448])
    assert model.output().shape[0] == 2


def test_missing_framework_tells_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "paddle", None)
    with pytest.raises(KitError, match=r"needs paddle, .*pip install paddlepaddle"):
        RECIPES["classification-paddle"].make(tmp_path)


def test_folder_without_a_network_is_refused(tmp_path):
    (tmp_path / "model.pdiparams").write_bytes(b"weights")
    with pytest.raises(FileNotFoundError, match="found none"):
        model_file(tmp_path)


class TestTraining:
    settings = training.Settings(revision=1, epochs=3, steps=4, batch=2, rate=0.1)

    def fit(self, folder, settings=None, fail_at=None):
        torch.manual_seed(0)
        network = nn.Linear(2, 1)
        epochs = []

        def batches(epoch):
            if epoch == fail_at:
                raise KeyboardInterrupt
            epochs.append(epoch)
            generator = torch.Generator().manual_seed(epoch)
            for _ in range(4):
                inputs = torch.rand(2, 2, generator=generator)
                yield inputs, inputs.sum(1, keepdim=True)

        chosen = settings or self.settings
        training.fit_torch("line", chosen, network, batches, nn.MSELoss(), folder)
        assert not network.training
        return network.weight.detach(), epochs

    def test_it_learns_and_an_up_to_date_checkpoint_is_reused(self, tmp_path):
        first, _ = self.fit(tmp_path)
        torch.manual_seed(0)
        untrained = nn.Linear(2, 1).weight.detach()
        # Both weights should become 1.
        assert (first - 1).abs().sum() < (untrained - 1).abs().sum() / 2
        again, epochs = self.fit(tmp_path)
        assert epochs == []
        assert torch.equal(again, first)

    def test_resumes_after_an_interruption_as_if_there_had_been_none(self, tmp_path):
        whole, _ = self.fit(tmp_path / "whole")
        with pytest.raises(KeyboardInterrupt):
            self.fit(tmp_path / "parts", fail_at=2)
        resumed, epochs = self.fit(tmp_path / "parts")
        assert epochs == [2]
        assert torch.equal(resumed, whole)

    def test_other_settings_start_anew(self, tmp_path):
        self.fit(tmp_path)
        _, epochs = self.fit(tmp_path, replace(self.settings, revision=2))
        assert epochs == [0, 1, 2]
