"""Where something was measured: without this a figure says nothing."""

import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

# What a figure of this collection can depend on; shown where it is imported.
PACKAGES = ("openvino", "torch", "onnxruntime", "nncf", "cv2", "numpy")


@dataclass(frozen=True)
class Environment:
    """The machine and the versions of a measurement."""

    processor: str
    cores: int  # physical ones
    threads: int  # that they run at once
    precisions: tuple[str, ...]  # such as "BF16"; none if OpenVINO was not imported
    system: str  # operating system and Python
    versions: Mapping[str, str]  # of the packages that were imported
    date: str  # ISO 8601

    def __str__(self) -> str:
        offered = f" ({', '.join(self.precisions)})" if self.precisions else ""
        packages = ", ".join(f"{name} {v}" for name, v in self.versions.items())
        return (
            f"{self.processor}{offered}, {self.cores} cores, {self.threads} threads; "
            f"{self.system}; {packages or 'no packages'}; {self.date}"
        )


def describe_environment() -> Environment:
    """Describe this machine as far as it bears on how long things take.

    It names no host and no user.
    """
    processor, precisions = _processor()
    threads = os.cpu_count() or 1
    return Environment(
        processor=processor,
        cores=psutil.cpu_count(logical=False) or threads,
        threads=threads,
        precisions=precisions,
        system=f"{platform.system()}, Python {platform.python_version()}",
        versions={
            package: str(sys.modules[package].__version__).split("-")[0]
            for package in PACKAGES
            if package in sys.modules
        },
        date=time.strftime("%Y-%m-%d"),
    )


def _processor() -> tuple[str, tuple[str, ...]]:
    """Return the name of the processor and the precisions that it offers."""
    if "openvino" not in sys.modules:
        return platform.processor() or platform.machine(), ()
    import openvino as ov

    core = ov.Core()
    offered = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    precisions = ("FP32", "BF16", "FP16", "INT8")
    name = str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()
    return name, tuple(kind for kind in precisions if kind in offered)
