"""Frameworks that only a build needs, imported when it comes to that."""

from importlib import import_module
from types import ModuleType

from notebook_utils import KitError


def framework(module: str, requirement: str) -> ModuleType:
    """Import a framework, or say how to get it.

    Parameters
    ----------
    module : str
        Its name in Python.
    requirement : str
        What pip is asked for.

    Raises
    ------
    KitError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise KitError(
            f"Building this kit needs {module}, which is not installed: "
            f"`pip install {requirement}`, then build the kit again."
        ) from error
