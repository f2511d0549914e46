"""Alerts in a notebook, checks of device and version, and what a notebook fetches."""

import html
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..arguments import as_string
from ..devices import available_devices, missing_devices
from ..download import download_file
from ..errors import WorkshopError

ALERT_CLASSES = ("info", "warning", "success", "danger")
_VIRTUAL = ("AUTO", "MULTI", "HETERO", "BATCH")


class NotebookAlert(Exception):  # noqa: N818 - the name is given
    """A message in HTML in a box with the colour of an alert, shown when it is made.

    Unlike openvino_notebooks: a terminal shows text, and the element is closed.
    """

    def __init__(self, message: str, alert_class: str) -> None:
        if alert_class not in ALERT_CLASSES:
            raise ValueError(
                f"alert_class: expected one of {', '.join(ALERT_CLASSES)}, found "
                f"{alert_class!r}."
            )
        super().__init__(as_string(message, "message"))
        self.message = message
        self.alert_class = alert_class
        self.show_message()

    def show_message(self) -> None:
        """Show the box, again."""
        from IPython.display import display

        text = html.unescape(re.sub(r"<[^>]*>", "", self.message))
        bundle = {
            "text/html": f'<div class="alert alert-{self.alert_class}">'
            f"{self.message}</div>",
            "text/plain": f"{self.alert_class.capitalize()}: {text}",
        }
        display(bundle, raw=True)


class DeviceNotFoundAlert(NotebookAlert):
    """A warning that a device, such as ``"GPU"``, is not available.

    Unlike openvino_notebooks: gives the likely reason and the remedy.
    """

    def __init__(self, device: str) -> None:
        as_string(device, "device")
        names = ", ".join(available_devices()) or "none"
        reason = missing_devices().get(device.split(".")[0].upper(), "")
        message = (
            f"This needs the device {device}, which is not available here. "
            f"Available: {names}. {reason}"
        )
        super().__init__(html.escape(message.strip()), "warning")


def check_device(device: str) -> bool:
    """Tell whether OpenVINO can use a device here, and warn if it cannot.

    Unlike openvino_notebooks: ``"GPU"`` stands for ``"GPU.0"`` too, and for
    ``"HETERO:GPU,CPU"`` all that are listed must be available.
    """
    needed = _devices_in(as_string(device, "device").upper())
    available = {name.upper() for name in available_devices()}
    available |= {name.split(".")[0] for name in available}
    if available.issuperset(needed):
        return True
    DeviceNotFoundAlert(device)
    return False


def check_openvino_version(version: str) -> bool:
    """Tell whether the installed OpenVINO is of a version, and warn if not.

    ``"2026.4"`` stands for all releases of that number; conditions, such as
    ``">=2025.4,<2027"``, are understood too.

    Unlike openvino_notebooks: ``"6.4"`` is not found in ``"2026.4.1"``.
    """
    import openvino as ov

    text = as_string(version, "version").strip()
    try:
        wanted = SpecifierSet(f"=={text}.*" if text[:1].isdigit() else text or "=")
    except InvalidSpecifier:
        raise ValueError(
            f'version: expected a number such as "2026.4" or a condition such as '
            f'">=2025.4", found {version!r}.'
        ) from None
    installed = ov.get_version().partition("-")[0]
    if wanted.contains(installed, prereleases=True):
        return True
    message = (
        f"This needs OpenVINO {text}; version {installed} is installed. "
        f'Install it: pip install "openvino{wanted}" (then restart the kernel).'
    )
    NotebookAlert(html.escape(message), "danger")
    return False


def pip_install(*args: str | os.PathLike[str]) -> None:
    """Install packages into the environment that the kernel runs in.

    Unlike openvino_notebooks: no shell is involved, so that ``"openvino>=2025.4"``
    writes no file; and what was installed can be imported at once.

    Parameters
    ----------
    *args
        What would follow ``pip install``: requirements, options and paths. A string
        that is not one requirement is split at its spaces; a ``Path`` stays whole.

    Raises
    ------
    WorkshopError
        pip failed; its output was printed.
    """
    words = [word for argument in args for word in _words(argument)]
    if not words:
        raise ValueError(
            'Expected something to install, such as pip_install("openvino>=2025.4").'
        )
    command = [sys.executable, "-m", "pip", "install", *words]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        for line in pip.stdout or ():
            print(line, end="")
    importlib.invalidate_caches()  # or Python does not see what is new
    if pip.returncode != 0:
        raise WorkshopError(
            f"pip install {' '.join(words)} failed with status {pip.returncode}; the "
            "lines above say why."
        )


def download_ir_model(
    model_xml_url: str, destination_folder: str | os.PathLike[str] | None = None
) -> Path:
    """Fetch a model in OpenVINO's format and return the path of its ``.xml`` file.

    Unlike openvino_notebooks: the query of an address is kept, and a file that cannot
    be fetched is a ``DownloadError``.

    Parameters
    ----------
    model_xml_url
        The address of the ``.xml`` file; the weights have ``.bin`` in its place.
    destination_folder
        The folder for both, made if needed; the current one if not given.
    """
    parts = urlsplit(str(model_xml_url))
    stem, dot, ending = parts.path.rpartition(".")
    if not dot or ending.lower() != "xml":
        raise ValueError(
            f"model_xml_url: expected the address of an .xml file, found "
            f"{model_xml_url!r}."
        )
    if not isinstance(destination_folder, str | os.PathLike | None):
        raise TypeError(
            "destination_folder: expected a path, found "
            f"{type(destination_folder).__name__}."
        )
    # The description last: where it is, the weights are too.
    weights_url = urlunsplit(parts._replace(path=f"{stem}.bin"))
    name = PurePosixPath(unquote(stem)).name
    folder = Path(destination_folder or ".")
    download_file(weights_url, f"{name}.bin", folder)
    return download_file(str(model_xml_url), f"{name}.xml", folder, False)


def collect_telemetry(filename: str = "") -> None:
    """Do nothing. Unlike openvino_notebooks: no report of any run is sent."""


def _devices_in(device: str) -> list[str]:
    """Return the devices that a name such as ``HETERO:GPU,CPU`` needs."""
    kind, _, names = device.partition(":")
    if kind not in _VIRTUAL:
        return [device]
    parts = (name.strip() for name in names.split(","))
    # "BATCH:GPU(4)" is about the GPU, and "AUTO:-GPU" about everything else.
    return [name.partition("(")[0] for name in parts if name and name[0] != "-"]


def _words(argument: Any) -> list[str]:
    """Split a string that is not one requirement at its spaces."""
    if isinstance(argument, os.PathLike):
        return [str(os.fspath(argument))]
    text = as_string(argument, "args").strip()
    try:
        return [str(Requirement(text))]
    except InvalidRequirement:
        return text.split()
