"""torchvision beside a CPU build of PyTorch, and weights that were never trained.

Imports and operators cannot be undone, so some tests have a process of their own.
"""

import importlib.util
import io
import subprocess
import sys

import pytest
import torch

from notebook_utils import WorkshopError, ensure_torchvision, models
from toybox.cards import read_card
from toybox.recipes import KITS


def output(code):
    """Return the words that a program of its own prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_only_operators_that_are_missing_are_declared():
    """A failed import before does no harm, and one that works needs no help."""
    works, network, *declared = output(
        "import torch\nworks = True\ntry:\n    import torchvision\n"
        "except RuntimeError as error:\n"
        "    assert 'torchvision::nms' in str(error)\n    works = False\n"
        "from notebook_utils import ensure_torchvision\nnames = []\n"
        "torch.library.define = lambda name, schema, f=torch.library.define: ("
        "names.append(name), f(name, schema))\n"
        "torchvision = ensure_torchvision()\n"
        "assert ensure_torchvision() is torchvision\n"
        "print(works, torchvision.models.resnet18.__name__, *names)"
    )
    assert network == "resnet18"
    operators = ["torchvision::nms", "torchvision::qnms"]
    assert declared == ([] if works == "True" else operators)


@pytest.fixture
def not_imported(monkeypatch):
    """What the import of torchvision meets can be changed."""
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    return monkeypatch


@pytest.mark.parametrize("package", ["torch", "torchvision"])
def test_a_missing_package_is_named_with_the_remedy(package, not_imported):
    def find(name, found=importlib.util.find_spec):
        return None if name == package else found(name)

    not_imported.setattr(importlib.util, "find_spec", find)
    reason = f"^{package} is not installed.*https://download.pytorch.org/whl/cpu"
    with pytest.raises(WorkshopError, match=reason):
        ensure_torchvision()


def test_packages_that_do_not_fit_are_named_with_the_remedy(not_imported):
    def fail(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    not_imported.setattr(torch.version, "cuda", "13.0")  # nothing is declared then
    not_imported.setattr(importlib, "import_module", fail)
    reason = r"beside torch 2\..*pip install torch torchvision"
    with pytest.raises(WorkshopError, match=reason):
        ensure_torchvision()


def test_importing_the_module_does_not_import_torch():
    code = "import sys, notebook_utils.models; print('torch' in sys.modules)"
    assert output(code) == ["False"]


@pytest.mark.parametrize(
    ("name", "kit"),
    [("resnet18", "classification-torch"), ("googlenet", "classification-googlenet")],
)
def test_untrained_weights(name, kit):
    """They fit the network, are the same each time and of the size the card states."""
    save, options = getattr(models, f"save_untrained_{name}"), {"weights": None}
    if name == "googlenet":
        options["init_weights"] = False
    random_state = torch.get_rng_state()
    first, second = io.BytesIO(), io.BytesIO()
    save(first)
    save(second)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert first.getvalue() == second.getvalue()
    first.seek(0)
    network = getattr(ensure_torchvision().models, name)(**options).eval()
    network.load_state_dict(torch.load(first, weights_only=True))
    parameters = sum(weights.numel() for weights in network.parameters())
    assert parameters == read_card(KITS / kit)["parameters"]
    with torch.inference_mode():
        scores = network(torch.rand(1, 3, 64, 64))
    assert scores.shape == (1, 1000)
    assert scores.isfinite().all() and scores.std() > 0
