"""Coloured boxes with a message, and what a notebook may ask of the machine."""

import html
import re
from typing import Any

from ..devices import available_devices, missing_devices
from ..errors import WorkshopError

ALERT_CLASSES = ("info", "warning", "success", "danger")
_VIRTUAL = ("AUTO", "MULTI", "HETERO", "BATCH")


class NotebookAlert(Exception):  # noqa: N818 - the name is given
    """A message in a coloured box, shown when the object is made.

    Parameters
    ----------
    message
        HTML. What comes from elsewhere has to be escaped: ``html.escape(text)``.
    alert_class
        ``"info"``, ``"warning"``, ``"success"`` or ``"danger"``: the colour.

    Raises
    ------
    TypeError, ValueError
        `message` is not a text, or there is no such class.

    Notes
    -----
    Unlike openvino_notebooks: the message is also that of the exception, a terminal
    prints it as text, and the element is closed, so that what follows stays outside.

    Examples
    --------
    >>> alert = NotebookAlert("The model is <b>large</b>.", "info")
    Info: The model is large.
    """

    def __init__(self, message: str, alert_class: str) -> None:
        if alert_class not in ALERT_CLASSES:
            raise ValueError(
                f"alert_class: expected one of {', '.join(ALERT_CLASSES)}, found "
                f"{alert_class!r}."
            )
        super().__init__(_text(message, "message"))
        self.message = message
        self.alert_class = alert_class
        self.show_message()

    def show_message(self) -> None:
        """Show the box, again."""
        from IPython.display import display

        display(_Box(self.message, self.alert_class))


class DeviceNotFoundAlert(NotebookAlert):
    """A warning that a device is not there, with those that are and the reason.

    Parameters
    ----------
    device
        Its name, such as ``"GPU"``. Whether it is there is not checked: that does
        :func:`check_device`.

    Notes
    -----
    Unlike openvino_notebooks: says the likely reason, and the remedy.

    Examples
    --------
    >>> alert = DeviceNotFoundAlert("TPU")  # doctest: +ELLIPSIS
    Warning: This needs the device TPU, which is not available here. Available: ...
    """

    def __init__(self, device: str) -> None:
        _text(device, "device")
        names = ", ".join(available_devices()) or "none"
        reason = missing_devices().get(device.split(".")[0].upper(), "")
        message = (
            f"This needs the device {device}, which is not available here. "
            f"Available: {names}. {reason}"
        )
        super().__init__(html.escape(message.strip()), "warning")


def check_device(device: str) -> bool:
    """Tell whether OpenVINO can use a device here, and warn if it cannot.

    Parameters
    ----------
    device
        A name such as ``"CPU"``; ``"GPU"`` stands for ``"GPU.0"`` too, and for
        ``"HETERO:GPU,CPU"`` all that are listed have to be there.

    Returns
    -------
    bool
        Whether it is there. If not, a :class:`DeviceNotFoundAlert` was shown.

    Raises
    ------
    TypeError
        `device` is not a text.

    Notes
    -----
    Unlike openvino_notebooks: ``"GPU"`` is found on a machine with two of them, where
    the names are ``GPU.0`` and ``GPU.1``; and ``AUTO`` and the like are known.

    Examples
    --------
    >>> check_device("AUTO:CPU")
    True
    """
    _text(device, "device")
    there = {name.upper() for name in available_devices()}
    there |= {name.split(".")[0] for name in there}
    if there.issuperset(_listed(device.upper())):
        return True
    DeviceNotFoundAlert(device)
    return False


def check_openvino_version(version: str) -> bool:
    """Tell whether the OpenVINO that is installed is of a version, and warn if not.

    Parameters
    ----------
    version
        ``"2026.4"`` for all releases of that number, or conditions, such as
        ``">=2025.4"`` or ``">=2025.4,<2027"``.

    Returns
    -------
    bool
        Whether it is. If not, a :class:`NotebookAlert` was shown.

    Raises
    ------
    TypeError, ValueError
        `version` is neither.
    WorkshopError
        OpenVINO is not installed.

    Notes
    -----
    Unlike openvino_notebooks: numbers are compared, where ``"6.4"`` was found in
    ``"2026.4.1"``; and conditions are understood.

    References
    ----------
    https://packaging.python.org/en/latest/specifications/version-specifiers/

    Examples
    --------
    >>> check_openvino_version(">=2024.1")
    True
    """
    from packaging.version import Version

    wanted = _specifiers(version)
    installed = _installed_version()
    if wanted.contains(Version(installed), prereleases=True):
        return True
    needed = version.strip()
    NotebookAlert(
        html.escape(
            f"This needs OpenVINO {needed}; version {installed} is installed. "
            f'Install it: pip install "openvino{wanted}" (then restart the kernel).'
        ),
        "danger",
    )
    return False


class _Box:
    """What a notebook shows as a box and a terminal as a line."""

    def __init__(self, message: str, alert_class: str) -> None:
        self._message, self._class = message, alert_class

    def _repr_html_(self) -> str:
        return f'<div class="alert alert-{self._class}">{self._message}</div>'

    def __repr__(self) -> str:
        text = html.unescape(re.sub(r"<[^>]*>", "", self._message))
        return f"{self._class.capitalize()}: {text}"


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a text, found {type(value).__name__}.")
    return value


def _listed(device: str) -> list[str]:
    """Return the devices that have to be there."""
    kind, _, names = device.partition(":")
    if kind not in _VIRTUAL:
        return [device]
    parts = (name.strip() for name in names.split(","))
    # "BATCH:GPU(4)" is about the GPU, and "AUTO:-GPU" about everything else.
    return [name.partition("(")[0] for name in parts if name and name[0] != "-"]


def _specifiers(version: str) -> Any:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = _text(version, "version").strip()
    try:
        if not text:
            raise InvalidSpecifier
        return SpecifierSet(f"=={text}.*" if text[0].isdigit() else text)
    except InvalidSpecifier:
        raise ValueError(
            f'version: expected a number such as "2026.4" or a condition such as '
            f'">=2025.4", found {version!r}.'
        ) from None


def _installed_version() -> str:
    try:
        import openvino as ov
    except ImportError as error:
        raise WorkshopError(
            "OpenVINO is not installed in this environment. Install it: "
            "pip install openvino"
        ) from error
    found = re.match(r"\d+(\.\d+)*", ov.get_version())
    return found[0] if found else "0"
