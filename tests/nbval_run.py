"""One lesson under nbval and `curator.nbval_plugin`, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from curator.execution import kits_loaded
from curator.observer import observed
from curator.results import LessonResult
from processes import kill_tree

OVERHEAD_S = 120  # for pytest, nbval and the start of a kernel besides the lesson


def run_under_nbval(
    notebook: Path, result: LessonResult, output: Path, **variables: str
) -> LessonResult:
    """Run a notebook within the budgets of `result`, and return what came of it.

    What pytest printed goes to ``<name>.log`` in the folder `output`, and what came of
    the lesson to ``<name>.json``.
    """
    path = output / f"{result.name}.json"
    result.write(path)
    command = [sys.executable, "-m", "pytest", *pytest_arguments(notebook, path)]
    kits = path.with_suffix(".kits.jsonl")
    kits.unlink(missing_ok=True)
    given = {"NOTEBOOK_KITS": "included", **os.environ, **observed(kits)}
    environment = {**given, **variables}
    with path.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            process.wait(result.budget["wall_s"] + OVERHEAD_S)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            kill_tree(process.pid)
            process.wait()
    result = LessonResult.read(path)
    result.kits = kits_loaded(kits)
    if late:
        result.status, result.reason = "timeout", "nbval itself did not end in time."
    elif result.status == "not_run":
        result.status = "error"
        result.reason = f"nbval ended early; see {path.with_suffix('.log').name}."
    return result


def pytest_arguments(notebook: Path, result: Path) -> list[str]:
    """Return the words for pytest: a notebook, and the file with its result so far."""
    return [
        *(str(notebook), "--nbval-lax", "--nbval-current-env"),
        *("-p", "curator.nbval_plugin", f"--curator-result={result}"),
        # The project's settings and plugins are for its unit tests.
        *("-o", "addopts=", "-o", "filterwarnings=", "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest", "-p", "no:xdist"),
        *(f"--rootdir={notebook.parent}", "--color=no", "-v"),
    ]
