"""Each test has a process of its own: imports and operators cannot be undone."""

import subprocess
import sys

import pytest

from toybox import untrained

RESNET = """
import torch
network = torchvision.models.resnet18(weights=None).eval()
with torch.inference_mode():
    print(*network(torch.zeros(1, 3, 32, 32)).shape)
"""


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def output(code):
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_network_of_torchvision_runs():
    code = (
        "from notebook_utils import ensure_torchvision\n"
        "torchvision = ensure_torchvision()\n"
        "assert ensure_torchvision() is torchvision\n" + RESNET
    )
    assert output(code) == ["1", "1000"]


def test_a_failed_import_before_does_no_harm():
    code = (
        "try:\n    import torchvision\n"
        "except RuntimeError as error:\n    assert 'torchvision::nms' in str(error)\n"
        "from notebook_utils import ensure_torchvision\n"
        "torchvision = ensure_torchvision()\n" + RESNET
    )
    assert output(code) == ["1", "1000"]


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
    ("network", "options"),
    [("resnet18", ""), ("googlenet", ", init_weights=False")],
)
def test_untrained_weights_fit_the_network_and_leave_random_numbers_alone(
    network, options
):
    code = (
        "import io, torch\n"
        "from notebook_utils import ensure_torchvision\n"
        f"from notebook_utils.models import save_untrained_{network} as save\n"
        "torch.manual_seed(7)\nwithout = torch.rand(1)\n"
        "torch.manual_seed(7)\nfiles = io.BytesIO(), io.BytesIO()\n"
        "for file in files:\n    save(file)\n    file.seek(0)\n"
        "print(torch.equal(torch.rand(1), without))\n"
        "first, second = (torch.load(file, weights_only=True) for file in files)\n"
        "print(all(torch.equal(first[name], second[name]) for name in first))\n"
        f"make = ensure_torchvision().models.{network}\n"
        f"network = make(weights=None{options})\n"
        "print(network.load_state_dict(first).missing_keys)"
    )
    assert output(code) == ["True", "True", "[]"]


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        ("resnet18", untrained.RESNET18_PARAMETERS),
        ("googlenet", untrained.GOOGLENET_PARAMETERS),
    ],
)
def test_untrained_weights_are_as_many_as_the_card_says(network, parameters):
    """Buffers, such as running means, are in the file and are no parameters."""
    code = (
        "import io, torch\nfrom notebook_utils import models\n"
        f"file = io.BytesIO()\nmodels.save_untrained_{network}(file)\nfile.seek(0)\n"
        "weights = torch.load(file, weights_only=True)\n"
        "buffers = 'running_mean', 'running_var', 'num_batches_tracked'\n"
        "print(sum(w.numel() for n, w in weights.items() if not n.endswith(buffers)))"
    )
    assert output(code) == [str(parameters)]


def test_an_untrained_googlenet_gives_finite_scores():
    code = (
        "import io, torch\nfrom notebook_utils import models\n"
        "file = io.BytesIO()\nmodels.save_untrained_googlenet(file)\nfile.seek(0)\n"
        "make = models.ensure_torchvision().models.googlenet\n"
        "network = make(weights=None, init_weights=False).eval()\n"
        "network.load_state_dict(torch.load(file, weights_only=True))\n"
        "scores = network(torch.rand(1, 3, 224, 224))\n"
        "print(*scores.shape, bool(scores.isfinite().all() and scores.std() > 0))"
    )
    assert output(code) == ["1", "1000", "True"]
