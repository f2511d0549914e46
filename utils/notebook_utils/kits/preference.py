"""Where kits come from: the four choices, and what this user chose, remembered.

Lesson 00 offers the choice. It holds for every lesson after it, in every kernel; the
variable ``NOTEBOOK_KITS`` and ``load_kit(..., origin=...)`` come before it.
"""

import html
import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ..errors import WorkshopError
from ..files import write_whole
from ..workspace import APPLICATION


class Choice(StrEnum):
    """Which of a kit's files are wanted; :func:`load_kit` says what each means."""

    INCLUDED = "included"
    AUTO = "auto"
    PREFER_PUBLISHED = "prefer-published"
    PUBLISHED = "published"

    @classmethod
    def of(cls, word: str) -> "Choice":
        """Read a choice in upper or lower case, or raise ValueError."""
        with suppress(ValueError):
            return cls(word.strip().lower())
        known = ", ".join(repr(str(choice)) for choice in cls)
        raise ValueError(
            f"Expected one of the origins {known}, found {word!r}. Check origin= and "
            "the variable NOTEBOOK_KITS."
        )


def preferred_origin() -> Choice:
    """Return the value of ``NOTEBOOK_KITS``, else what was remembered, else ``auto``.

    Raises ValueError where ``NOTEBOOK_KITS`` holds another word.
    """
    if told := os.environ.get("NOTEBOOK_KITS"):
        return Choice.of(told)
    with suppress(OSError, ValueError):
        return Choice(preference_file().read_text(encoding="utf-8").strip())
    return Choice.AUTO


def prefer_origin(origin: str) -> None:
    """Remember one of the four choices for this user.

    Raises ValueError for any other word, and WorkshopError if it cannot be written.
    """
    choice = Choice.of(origin)
    try:
        with write_whole(preference_file()) as file:
            file.write(f"{choice}\n".encode())
    except OSError as error:
        raise WorkshopError(
            f"Could not remember the choice in {preference_file()}: {error}. Set the "
            f"environment variable NOTEBOOK_KITS to {str(choice)!r} instead."
        ) from error


def preference_file() -> Path:
    """Return the path of the file that holds the choice, whether it exists or not."""
    return user_config_path(APPLICATION, appauthor=False) / "kits-origin.txt"


def kits_widget() -> Any:
    """Make a row of buttons that shows this user's choice and remembers a new one.

    Returns
    -------
    ipywidgets.VBox
        The buttons, and below them what was chosen and when it takes effect. ``auto``
        is offered where it differs from ``included``: with a mirror, or once a
        permissively licensed kit is verified. A variable ``NOTEBOOK_KITS`` still wins:
        the buttons are switched off where it is set.
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


# What the buttons say, and what is shown when the mouse is over one.
_OPTIONS = {
    Choice.INCLUDED: ("included", "our own small models, no network needed"),
    Choice.AUTO: (
        "published where verified",
        "published or packaged files that lessons were run on, else the included ones",
    ),
    Choice.PREFER_PUBLISHED: (
        "published where possible",
        "published files; the included ones where they cannot be had",
    ),
    Choice.PUBLISHED: (
        "published, or an error",
        "published files; a lesson stops where they cannot be had",
    ),
}


def _buttons() -> Any:
    import ipywidgets

    return ipywidgets.ToggleButtons(
        options=[(label, str(choice)) for choice, (label, _) in _OPTIONS.items()],
        value=str(preferred_origin()),
        description="Models:",
        tooltips=[tooltip for _, tooltip in _OPTIONS.values()],
        disabled=bool(os.environ.get("NOTEBOOK_KITS")),
        style={"button_width": "auto"},  # the usual width cuts the words off
    )
