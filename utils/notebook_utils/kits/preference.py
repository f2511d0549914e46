"""Famous models or the included ones: what this user chose, remembered.

Lesson 00 offers the choice. It holds for every lesson after it, in every kernel; the
variable ``NOTEBOOK_KITS`` and ``load_kit(..., origin=...)`` come before it.
"""

import html
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ..errors import WorkshopError
from ..files import write_whole
from ..workspace import APPLICATION

ORIGINS = ("auto", "published", "included")


def preferred_origin() -> str:
    """Return the origin that kits come from unless a lesson asks for another.

    Returns
    -------
    str
        The value of ``NOTEBOOK_KITS``, else what :func:`prefer_origin` remembered,
        else ``"auto"``.

    Raises
    ------
    ValueError
        ``NOTEBOOK_KITS`` holds another word.
    """
    told = os.environ.get("NOTEBOOK_KITS")
    return checked_origin(told) if told else _remembered()


def prefer_origin(origin: str) -> None:
    """Remember for this user where kits come from.

    Parameters
    ----------
    origin
        ``"auto"``, ``"published"`` or ``"included"``; see ``load_kit``.

    Raises
    ------
    ValueError
        `origin` is none of the three.
    WorkshopError
        It cannot be written down.
    """
    try:
        with write_whole(preference_file()) as file:
            file.write(f"{checked_origin(origin)}\n".encode())
    except OSError as error:
        raise WorkshopError(
            f"Could not remember the choice in {preference_file()}: {error}. Set the "
            f"environment variable NOTEBOOK_KITS to {origin!r} instead."
        ) from error


def checked_origin(origin: str) -> str:
    """Return `origin` if it is one of the three; raise ValueError if not."""
    if origin not in ORIGINS:
        raise ValueError(
            "Expected the origin 'auto', 'published' or 'included', found "
            f"{origin!r}. Look at origin= and at the variable NOTEBOOK_KITS."
        )
    return origin


def preference_file() -> Path:
    """Return the path of the file that holds the choice, whether it exists or not."""
    return user_config_path(APPLICATION, appauthor=False) / "kits-origin.txt"


def kits_widget() -> Any:
    """Make a row of buttons that shows this user's choice and remembers a new one.

    Returns
    -------
    ipywidgets.VBox
        The buttons, and below them what was chosen and when it takes effect. A variable
        ``NOTEBOOK_KITS`` still wins: the buttons are switched off where it is set.
    """
    import ipywidgets

    buttons = _buttons()
    said = ipywidgets.HTML(
        "Switched off: the variable NOTEBOOK_KITS decides." if buttons.disabled else ""
    )

    def remember(change: object) -> None:
        try:
            prefer_origin(buttons.value)
        except WorkshopError as error:
            said.value = html.escape(str(error))
        else:
            said.value = f"Remembered: {buttons.label}, from the next load_kit on."

    buttons.observe(remember, names="value")
    return ipywidgets.VBox([buttons, said])


def _buttons() -> Any:
    import ipywidgets

    return ipywidgets.ToggleButtons(
        options=[
            ("included", "included"),
            ("famous where tried", "auto"),
            ("famous, or an error", "published"),
        ],
        value=preferred_origin(),
        description="Models:",
        tooltips=[
            "our own small models, no network needed",
            "famous models that were tried with the lessons, else the included ones",
            "famous models; a lesson stops where it cannot have them",
        ],
        disabled=bool(os.environ.get("NOTEBOOK_KITS")),
        style={"button_width": "auto"},  # the usual width cuts the words off
    )


def _remembered() -> str:
    with suppress(OSError, UnicodeDecodeError):
        word = preference_file().read_text(encoding="utf-8").strip()
        if word in ORIGINS:
            return word
    return "auto"
