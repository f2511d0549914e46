"""What a test needs of the machine: it is skipped without, and fails in CI."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test at hand; fail it in CI, which installs every tool."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI should have installed it", pytrace=False)
    pytest.skip(reason)


def program(*names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing(f"{names[0]} is not installed")
    return found
