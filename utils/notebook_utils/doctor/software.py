"""What is installed: packages, OpenVINO, widgets, torchvision, and the kits."""

import importlib.util
import json
from importlib import metadata
from pathlib import Path

from ..workspace import APPLICATION, checkout
from .check import Check


def packages() -> Check:
    """Compare the packages installed with those required.

    Those that only kits read are left to :func:`kits`: a lesson does without them.
    """
    from packaging.requirements import Requirement

    unread = missing_packages()
    wanted = [line for line in requirements() if Requirement(line).name not in unread]
    faults = {line: fault for line in wanted if (fault := requirement_fault(line))}
    if not faults:
        return Check("packages", True, f"all {len(wanted)} as required")
    remedy = "Run in the folder of requirements.txt: pip install -r requirements.txt"
    if checkout() is None:
        quoted = (f'"{line.split(";")[0].strip()}"' for line in faults)
        remedy = f"pip install {' '.join(quoted)}"
    return Check("packages", False, "; ".join(faults.values()), remedy)


def requirements() -> list[str]:
    """Collect what the package needs and, in a checkout, what the notebooks need."""
    lines = [*(metadata.requires(APPLICATION) or ())]
    root = checkout()
    if root is not None:
        text = (root / "requirements.txt").read_text(encoding="utf-8")
        lines += (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def requirement_fault(line: str) -> str | None:
    """Say what is wrong with the installation of one requirement; None if nothing."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return None
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"{requirement.name} is {version}, expected {requirement.specifier}"


def openvino() -> Check:
    """Look for devices, and for why others are missing."""
    import openvino as ov

    from ..devices import available_devices, missing_devices

    devices = available_devices()
    parts = [ov.__version__.split("-")[0]]
    parts += [f"{name} = {full_name}" for name, full_name in devices.items()]
    parts += [f"no {name}: {reason}" for name, reason in missing_devices().items()]
    remedy = "Install it again: pip install --force-reinstall openvino"
    return Check("OpenVINO", bool(devices), "; ".join(parts), "" if devices else remedy)


def widgets() -> Check:
    """Look for both halves of the widgets: in Python and in the front end."""
    version = metadata.version("ipywidgets")
    found = f"ipywidgets {version}"
    # A hosted session has its own front end, and their half for JupyterLab is nobody's.
    parts = ("jupyterlab", "jupyterlab_widgets")
    if any(importlib.util.find_spec(part) is None for part in parts):
        return Check("widgets", True, f"{found}; the front end brings its own half")
    half = metadata.version("jupyterlab_widgets")
    # The two halves speak protocol 1 (ipywidgets 7) or 2 (ipywidgets 8).
    fits = int(half.split(".")[0]) == {7: 1, 8: 3}.get(int(version.split(".")[0]))
    remedy = "" if fits else "pip install --upgrade ipywidgets jupyterlab_widgets"
    return Check("widgets", fits, f"{found} with jupyterlab_widgets {half}", remedy)


def torchvision() -> Check:
    """Look whether torchvision can be imported beside this torch."""
    if importlib.util.find_spec("torch") is None:
        remedy = "The lessons with PyTorch need it: pip install torch torchvision"
        return Check("torchvision", True, "torch is not installed", remedy)
    import torch

    from ..errors import WorkshopError
    from ..models import ensure_torchvision

    try:
        torchvision = ensure_torchvision()
    except WorkshopError as error:
        return Check("torchvision", False, "it cannot be imported", str(error))
    found = f"{torchvision.__version__} beside torch {torch.__version__}"
    return Check("torchvision", True, found)


def kits() -> Check:
    """Look whether the included kits are whole."""
    from ..kits import list_kits

    names = list_kits()
    faults = [fault for name in names for fault in _kit_faults(name)]
    whole = f"all {len(names)} included kits are whole"
    if not faults and (missing := missing_packages()):
        kits = ", ".join(dict.fromkeys(missing.values()))
        found = f"{whole}; {kits}: {', '.join(missing)} not installed"
        return Check("kits", True, found, f"pip install {' '.join(missing)}")
    if not faults:
        return Check("kits", True, whole)
    remedy = "Install the package again, or run in the checkout: git checkout data/kits"
    return Check("kits", False, "; ".join(faults), remedy)


def missing_packages() -> dict[str, str]:
    """Return the packages of packaged kits that are not installed, and their kits."""
    from packaging.requirements import Requirement

    from ..kits.catalogue import catalogue

    missing = {}
    for kit, entry in catalogue().items():
        for file in entry.published.files if entry.published else ():
            name = Requirement(file.package[0]).name if file.package else None
            if name and not any(metadata.distributions(name=name)):
                missing[name] = kit
    return missing


def _kit_faults(name: str) -> list[str]:
    from ..download import file_sha256
    from ..errors import KitError
    from ..kits import included_folder

    try:
        folder = included_folder(name)
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    except (KitError, OSError):
        return [f"{name}: its folder or card.json is missing"]
    return [
        f"{name}: {file} is missing or not as its card says"
        for file, facts in card["files"].items()
        if not (folder / file).is_file()
        or file_sha256(folder / file) != facts["sha256"]
    ]


def imports(folder: Path | None = None) -> Check:
    """Look for a file, such as openvino_notebooks writes, that shadows this package."""
    root = checkout()
    folders = [folder or Path.cwd()]
    if root is not None:
        folders += [root / "notebooks", root / "work"]
    shadows = [
        str(path) for f in folders if (path := f / "notebook_utils.py").is_file()
    ]
    if not shadows:
        return Check("imports", True, "nothing shadows notebook_utils")
    found = f"{', '.join(shadows)} would be imported in place of this package"
    remedy = "Delete or rename it, then restart the kernel."
    return Check("imports", False, found, remedy)
