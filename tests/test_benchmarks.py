import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.skipif(sys.platform == "win32", reason="resource is not on Windows")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_download_benchmark_runs():
    """That it works; no figure of such a short run means anything."""
    command = [sys.executable, BENCHMARKS / "download.py", "--quick"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "| curl | no |" in printed
    assert "| download_file | sha256 |" in printed
    assert "import notebook_utils:" in printed


@pytest.mark.slow
def test_the_latency_benchmark_runs():
    command = [sys.executable, BENCHMARKS / "latency.py", "--quick"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "| OpenVINO f32 |" in printed
    assert "| frame to boxes, INT8 |" in printed
    assert "| weights, on 1 scenes |" in printed and "| INT8 | " in printed
    assert "Own request" in printed and "benchmark_app" in printed
