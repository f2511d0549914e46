"""Install packages into the environment of this notebook."""

import importlib
import os
import subprocess
import sys
from shlex import shlex
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ..errors import WorkshopError


def pip_install(*args: str | os.PathLike[str]) -> None:
    """Install packages into the environment that the kernel runs in.

    Parameters
    ----------
    *args
        What would follow ``pip install``: requirements, options and paths. A text with
        several words is split at its spaces, except within quotes and in a requirement
        with spaces of its own.

    Raises
    ------
    TypeError, ValueError
        An argument is neither a text nor a path, its quotes do not match, or there is
        none.
    WorkshopError
        pip failed; what it said was printed.

    Notes
    -----
    Unlike openvino_notebooks: no shell is involved, so that ``"openvino>=2025.4"`` does
    not write a file named ``=2025.4`` on Windows; paths with spaces and requirements
    with markers stay whole; pip's output appears in the notebook; and what was
    installed can be imported at once.

    Examples
    --------
    >>> pip_install()
    Traceback (most recent call last):
        ...
    ValueError: Expected something to install, such as pip_install("openvino>=2025.4").
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


def _words(argument: Any) -> list[str]:
    if isinstance(argument, os.PathLike):
        return [str(os.fspath(argument))]
    if not isinstance(argument, str):
        raise TypeError(
            f"Expected texts and paths to install, found {type(argument).__name__}."
        )
    try:
        Requirement(argument)
    except InvalidRequirement:
        return _split(argument)
    return [argument.strip()]


def _split(text: str) -> list[str]:
    """Split at spaces outside quotes; a backslash is a part of a path on Windows."""
    words = shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split = True
    words.escape = ""
    words.commenters = ""
    try:
        return list(words)
    except ValueError as error:
        raise ValueError(f"Cannot split {text!r} into words: {error}.") from None
