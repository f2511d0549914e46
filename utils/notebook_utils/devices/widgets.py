"""Choices that a notebook offers, with a value at once and also without widgets."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .listing import available_devices, reasons_for_absence

if TYPE_CHECKING:
    from ipywidgets import Checkbox, Dropdown

ENVIRONMENT_VARIABLE = "NOTEBOOK_DEVICE"


def device_widget(
    default: str = "AUTO",
    exclude: str | Iterable[str] | None = None,
    added: str | Iterable[str] | None = None,
    description: str = "Device:",
) -> "Dropdown | DeviceChoice":
    """Offer the devices of this machine in a drop-down list.

    The widget has a value at once, so that a notebook runs to its end without anybody
    touching it.

    Parameters
    ----------
    default
        The device chosen at first. Where it is not offered, ``AUTO``, ``CPU`` or the
        first one is chosen, in this order, and one line says so. The environment
        variable ``NOTEBOOK_DEVICE`` takes its place.
    exclude
        Devices that are not offered. ``"GPU"`` stands for ``"GPU.0"``, ``"GPU.1"`` too.
    added
        Further names to offer, such as ``"HETERO:GPU,CPU"``.
    description
        The text in front of the list.

    Returns
    -------
    ipywidgets.Dropdown or DeviceChoice
        Its ``value`` is the name to compile a model for. Without ipywidgets, an object
        with a ``value`` all the same.

    Raises
    ------
    TypeError
        An argument is not what is described above.
    ValueError
        Nothing is left to offer.
    WorkshopError
        OpenVINO is not installed.

    Notes
    -----
    Unlike openvino_notebooks: a default that this machine lacks is replaced, with the
    reason, where the widget library raised a ``TraitError``; ``NOTEBOOK_DEVICE``
    chooses for a whole class without an edit; and ipywidgets may be absent.

    Examples
    --------
    >>> device_widget("CPU", description="Run on:").value
    'CPU'
    """
    default, description = _text(default, "default"), _text(description, "description")
    out, more = _names(exclude, "exclude"), _names(added, "added")
    devices = available_devices()
    options = _options(devices, out, more)
    override = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    asked = override or default
    value = _choose(options, (asked, default, "AUTO", "CPU"))
    if not _is_kind_of(value, asked):
        source = f"{ENVIRONMENT_VARIABLE}={asked}" if override else asked
        print(_notice(source, options, value, _reason(asked, devices)))
    try:
        import ipywidgets
    except ImportError:
        return DeviceChoice(value, options, description)
    return ipywidgets.Dropdown(
        options=options,
        value=value,
        description=description,
        style={"description_width": "initial"},  # the default cuts long texts off
    )


def quantization_widget(default: bool = True) -> "Checkbox | QuantizationChoice":
    """Offer to quantize the model, in a check box.

    Parameters
    ----------
    default
        Whether the box is checked at first.

    Returns
    -------
    ipywidgets.Checkbox or QuantizationChoice
        Its ``value`` is True or False. Without ipywidgets, an object with a ``value``
        all the same.

    Raises
    ------
    TypeError
        `default` is neither True nor False.

    Notes
    -----
    Unlike openvino_notebooks: ipywidgets may be absent, and a default of another type
    is an error that says so.

    Examples
    --------
    >>> quantization_widget(False).value
    False
    """
    if not isinstance(default, bool):
        raise TypeError(
            f"default: expected True or False, found {type(default).__name__}."
        )
    try:
        import ipywidgets
    except ImportError:
        return QuantizationChoice(default)
    return ipywidgets.Checkbox(value=default, description="Quantization")


@dataclass
class DeviceChoice:
    """Stand in for the drop-down list where ipywidgets is not installed.

    Parameters
    ----------
    value
        The chosen device; assign another of the `options` to change it.
    options
        The devices on offer.
    description
        The text that the drop-down list would show.

    Examples
    --------
    >>> DeviceChoice("AUTO", ("CPU", "AUTO"))
    Device: AUTO (options: CPU, AUTO)
    """

    value: str
    options: tuple[str, ...]
    description: str = "Device:"

    def __repr__(self) -> str:
        return f"{self.description} {self.value} (options: {', '.join(self.options)})"


@dataclass
class QuantizationChoice:
    """Stand in for the check box where ipywidgets is not installed.

    Parameters
    ----------
    value
        Whether to quantize; assign another to change it.
    description
        The text that the check box would show.

    Examples
    --------
    >>> QuantizationChoice(True)
    Quantization: True
    """

    value: bool
    description: str = "Quantization"

    def __repr__(self) -> str:
        return f"{self.description}: {self.value}"


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a text, found {type(value).__name__}.")
    return value


def _names(names: Any, what: str) -> tuple[str, ...]:
    if names is None:
        return ()
    listed = (names,) if isinstance(names, str) else names
    if not isinstance(listed, Iterable):
        raise TypeError(
            f"{what}: expected a device name or several, found {type(names).__name__}."
        )
    return tuple(_text(name, what) for name in listed)


def _options(
    devices: Iterable[str], exclude: tuple[str, ...], added: tuple[str, ...]
) -> tuple[str, ...]:
    offered = [
        name
        for name in (*devices, "AUTO")
        if not any(_is_kind_of(name, out) for out in exclude)
    ]
    options = tuple(dict.fromkeys((*offered, *added)))
    if not options:
        raise ValueError(
            f"No device is left to offer: all are excluded by {', '.join(exclude)}. "
            "Exclude fewer, or name others with added=."
        )
    return options


def _choose(options: tuple[str, ...], wishes: Iterable[str]) -> str:
    """Return the first wish that is on offer, in the spelling of the offer."""
    for wish in wishes:
        fitting = [name for name in options if _is_kind_of(name, wish)]
        if fitting:
            return fitting[0]
    return options[0]


def _is_kind_of(name: str, asked: str) -> bool:
    """Tell whether a device is the one asked for; ``GPU.0`` is a ``GPU``."""
    return f"{name.upper()}.".startswith(f"{asked.upper()}.")


def _notice(source: str, options: tuple[str, ...], value: str, reason: str) -> str:
    offered = ", ".join(options)
    return f"{source} is not offered here ({offered}): using {value}. {reason}".strip()


def _reason(asked: str, devices: Iterable[str]) -> str:
    """Explain the absence of a GPU or NPU; empty for whatever else was asked for."""
    kind = asked.upper().split(".")[0]
    return reasons_for_absence(devices).get(kind, "") if kind in ("GPU", "NPU") else ""
