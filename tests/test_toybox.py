"""Kits are what their cards say, a kit that is not gets noticed, training resumes."""

import re
import shutil
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
from toybox import cards, classification, counting, toy_classifier, training
from toybox.counting import Counted
from toybox.kit_files import make_ir, model_file
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
    return Path(shutil.copytree(built, tmp_path / "kits"))


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


def test_the_command_ends_with_one_where_something_is_off(kits, monkeypatch, capsys):
    monkeypatch.setattr(command, "RECIPES", {"untrained": UNTRAINED})
    monkeypatch.setattr(command, "verify", partial(verify, root=kits))
    assert command.main(["verify", "untrained"]) == 0
    (kits / "untrained" / "labels.txt").write_text("cat\n")
    assert command.main(["verify"]) == 1
    assert "untrained: labels.txt: the card says" in capsys.readouterr().out
    (kits / "untrained" / "card.json").unlink()
    assert command.main(["verify"]) == 1
    assert "python -m toybox build untrained" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["verify", "classification-cats"], "classification-ir"),
        (["count", "--scenes", "0"], "expected 1 or more scenes, found '0'"),
    ],
)
def test_the_command_refuses_wrong_words(words, reason, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(words)
    assert reason in capsys.readouterr().err


def test_the_command_counts_and_prints_a_table(monkeypatch, capsys):
    detectors = {"detection-tf": (lambda folder: folder.name, lambda model, _: model)}
    monkeypatch.setattr(command, "DETECTORS", detectors)
    monkeypatch.setattr(
        command, "count_toys", lambda detect, scenes: [Counted(4, scenes, 1, 0.5, 2)]
    )
    assert command.main(["count", "--scenes", "3"]) == 0
    assert "| 4 | 1 of 3 | 50% | 2 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "confidence", "exact", "recall", "extra"),
    [
        (lambda boxes, classes: (boxes, classes), 1, 2, 1, 0),
        (lambda boxes, classes: (boxes[1:], classes[1:]), 1, 0, 2 / 3, 0),
        (lambda boxes, classes: (boxes + 640, classes), 1, 2, 0, 6),
        (lambda boxes, classes: (boxes, (classes + 1) % 8), 1, 0, 0, 6),
        (lambda boxes, classes: (boxes, classes), 0.4, 0, 0, 0),
    ],
    ids=["right", "one-missed", "elsewhere", "confused", "hesitant"],
)
def test_toys_are_counted(change, confidence, exact, recall, extra, monkeypatch):
    scenes = {}

    def draw(seed, toys, held_out):
        assert held_out
        if seed == 1:
            raise ValueError("no room")
        scene = draw_scene(seed, 160, 120, toys, held_out)
        scenes[scene.image.tobytes()] = scene
        return scene

    def detect(image):
        scene = scenes[image.tobytes()]
        boxes, classes = change(scene.boxes, scene.labels)
        return Detections(boxes, np.full(len(boxes), confidence), classes)

    monkeypatch.setattr(counting, "draw_scene", draw)
    expected = (3, 2, exact, pytest.approx(recall), extra)
    assert list(counting.count_toys(detect, 2, [3])) == [expected]


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

    def fit(self, folder, settings=settings, fail_at=None):
        """Learn that both weights are 1; return them and the epochs that were run."""
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

        training.fit_torch("line", settings, network, batches, nn.MSELoss(), folder)
        assert not network.training
        return network.weight.detach().tolist(), epochs

    def test_it_learns_and_an_up_to_date_checkpoint_is_reused(self, tmp_path):
        torch.manual_seed(0)
        untrained = nn.Linear(2, 1).weight.tolist()
        first, epochs = self.fit(tmp_path)
        assert epochs == [0, 1, 2]
        error, before = (np.abs(np.subtract(w, 1)).sum() for w in (first, untrained))
        assert error < before / 2
        assert self.fit(tmp_path) == (first, [])
        _, epochs = self.fit(tmp_path, replace(self.settings, revision=2))
        assert epochs == [0, 1, 2]

    def test_resumes_after_an_interruption_as_if_there_had_been_none(self, tmp_path):
        whole, _ = self.fit(tmp_path / "whole")
        with pytest.raises(KeyboardInterrupt):
            self.fit(tmp_path / "parts", fail_at=2)
        assert self.fit(tmp_path / "parts") == (whole, [2])
