"""torchvision beside a CPU build of PyTorch, and weights that were never trained.

Imports and operators cannot be undone, so most tests have a process of their own.
"""

import io
import subprocess
import sys

import pytest
import torch

from notebook_utils import ensure_torchvision, models
from toybox.cards import read_card
from toybox.recipes import KITS


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def output(code):
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_failed_import_before_does_no_harm():
    code = (
        "try:\n    import torchvision\n"
        "except RuntimeError as error:\n    assert 'torchvision::nms' in str(error)\n"
        "from notebook_utils import ensure_torchvision\n"
        "torchvision = ensure_torchvision()\n"
        "assert ensure_torchvision() is torchvision\n"
        "print(torchvision.models.resnet18.__name__)"
    )
    assert output(code) == ["resnet18"]


def test_nothing_is_declared_where_the_import_works_by_itself():
    """What ensure_torchvision decides agrees with what the import does without it."""
    works = python("import torchvision").returncode == 0
    declared = output(
        "import torch\nfrom notebook_utils import ensure_torchvision\nnames = []\n"
        "torch.library.define = lambda name, schema, f=torch.library.define: ("
        "names.append(name), f(name, schema))\n"
        "ensure_torchvision()\nprint(*names)"
    )
    assert declared == ([] if works else ["torchvision::nms", "torchvision::qnms"])


@pytest.mark.parametrize("package", ["torch", "torchvision"])
def test_a_missing_package_is_named_with_the_remedy(package):
    done = python(
        "import importlib.util\nfind = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda n: None if n == '{package}' else find(n)\n"
        "from notebook_utils import WorkshopError, ensure_torchvision\n"
        "try:\n    ensure_torchvision()\nexcept WorkshopError as error:\n"
        "    print(error)"
    )
    assert done.stdout.startswith(f"{package} is not installed"), done.stderr
    assert "https://download.pytorch.org/whl/cpu" in done.stdout


def test_packages_that_do_not_fit_are_named_with_the_remedy():
    done = python(
        "import torch\ntorch.version.cuda = '13.0'\n"  # nothing is declared then
        "import importlib\nreal = importlib.import_module\n"
        "def fail(name):\n"
        "    if name != 'torchvision':\n        return real(name)\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n"
        "from notebook_utils import WorkshopError, models\n"
        "importlib.import_module = fail\n"
        "try:\n    models.ensure_torchvision()\nexcept WorkshopError as error:\n"
        "    print(error)"
    )
    assert "cannot be imported beside torch 2." in done.stdout, done.stderr
    assert "pip install torch torchvision" in done.stdout


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
