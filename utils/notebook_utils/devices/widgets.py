"""Choices that a notebook offers, with a value at once."""

import os
from collections.abc import Iterable
from typing import Any

from ipywidgets import Checkbox, Dropdown

from ..arguments import as_string
from .listing import available_devices, reasons_for_absence

ENVIRONMENT_VARIABLE = "NOTEBOOK_DEVICE"


def device_widget(
    default: str = "AUTO",
    exclude: str | Iterable[str] | None = None,
    added: str | Iterable[str] | None = None,
    description: str = "Device:",
) -> Dropdown:
    """Offer the devices of this machine in a drop-down list, one of them chosen.

    Its ``value`` is the name to compile a model for. To offer none is a ``ValueError``.

    Unlike openvino_notebooks: a default that this machine lacks is replaced, with the
    reason, where the widget library raised a ``TraitError``; and ``NOTEBOOK_DEVICE``
    chooses for a whole class without an edit.

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
    """
    as_string(default, "default")
    as_string(description, "description")
    excluded, further = _names(exclude, "exclude"), _names(added, "added")
    devices = available_devices()
    options = _options(devices, excluded, further)
    override = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    wanted = override or default
    value = _choose(options, (wanted, default, "AUTO", "CPU"))
    if not _is_kind_of(value, wanted):
        source = f"{ENVIRONMENT_VARIABLE}={wanted}" if override else wanted
        kind = wanted.upper().split(".")[0]
        reason = reasons_for_absence(devices).get(kind, "")
        notice = f"{source} is not offered here ({', '.join(options)}): using {value}."
        print(f"{notice} {reason}".strip())
    return Dropdown(
        options=options,
        value=value,
        description=description,
        style={"description_width": "initial"},  # the default cuts long texts off
    )


def quantization_widget(default: bool = True) -> Checkbox:
    """Offer to quantize the model, in a check box.

    Its ``value`` is True or False, at first the `default`.

    Unlike openvino_notebooks: a default of another type is an error that says so.
    """
    if not isinstance(default, bool):
        raise TypeError(
            f"default: expected True or False, found {type(default).__name__}."
        )
    return Checkbox(value=default, description="Quantization")


def _names(names: Any, argument: str) -> tuple[str, ...]:
    listed = (names,) if isinstance(names, str) else names or ()
    if not isinstance(listed, Iterable):
        raise TypeError(
            f"{argument}: expected a device name or several, found "
            f"{type(names).__name__}."
        )
    return tuple(as_string(name, argument) for name in listed)


def _options(
    devices: Iterable[str], exclude: tuple[str, ...], added: tuple[str, ...]
) -> tuple[str, ...]:
    offered = dict.fromkeys((*devices, "AUTO"))
    for kind in exclude:
        offered = {name: None for name in offered if not _is_kind_of(name, kind)}
    options = tuple(offered | dict.fromkeys(added))
    if not options:
        raise ValueError(
            f"No device is left to offer: all are excluded by {', '.join(exclude)}. "
            "Exclude fewer, or name others with added=."
        )
    return options


def _choose(options: tuple[str, ...], wishes: Iterable[str]) -> str:
    """Return the first wish that is on offer, in the spelling of the offer."""
    granted = (name for w in wishes for name in options if _is_kind_of(name, w))
    return next(granted, options[0])


def _is_kind_of(name: str, kind: str) -> bool:
    """Tell whether a device is of a kind; ``GPU.0`` is a ``GPU``."""
    return f"{name.upper()}.".startswith(f"{kind.upper()}.")
