"""Executes a notebook from its first cell to its last, in a kernel of its own."""

import logging
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from rich.console import Console
from rich.text import Text

from .collection import Lesson
from .files import code_cells
from .observer import observed, read_events
from .results import KERNEL_DIED, SIGNS, FailingCell, LessonResult
from .usage import UsageSampler

# Output that is on its way when a cell has ended: nbclient gives it 4 s and then loses
# it in silence, which is short for a picture on a busy machine.
OUTPUT_TIMEOUT_S = 60

# Characters of what a kernel's process printed before it died.
LAST_WORDS = 4000

# What nbclient logs is in the result; on the terminal it would break the spinner.
_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())

_STYLES = {"passed": "green", "skipped": "yellow", "not_run": "dim"}


def execute(
    lesson: Lesson,
    notebook: NotebookNode,
    console: Console,
    environment: Mapping[str, str] | None = None,
) -> LessonResult:
    """Run a lesson's notebook in a clean kernel and store the outputs in it.

    Parameters
    ----------
    lesson
        Where to run it, and its budgets.
    notebook
        Changed in place: the outputs and counts of all cells are replaced. Cells that
        were not reached have neither.
    console
        Shows the cell that is running where it is a terminal.
    environment
        Variables for the kernel, added to those of this process.

    Returns
    -------
    LessonResult
        A cell that raises, a dead kernel and a time-out are results, not errors.

    Raises
    ------
    KeyboardInterrupt
        Somebody ended the run. The kernel is gone then, too.
    """
    result = LessonResult.of(lesson)
    for _, cell in code_cells(notebook):
        result.cells += 1
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="curator-") as folder:
        log, printed = Path(folder) / "kits.jsonl", Path(folder) / "kernel.log"
        given = {"NOTEBOOK_KITS": "included", **os.environ, **observed(log)}
        variables = {**given, **(environment or {})}
        try:
            with _kernel(lesson, notebook, variables, printed) as client:
                _run_cells(client, result, console)
        except RuntimeError as error:  # how nbclient and jupyter_client report it
            result.fail("error", f"No kernel: {error}")
        if result.status == "error" and result.failing_cell:
            words = printed.read_text(encoding="utf-8", errors="replace")
            result.failing_cell.traceback = words[-LAST_WORDS:]
        result.kits = kits_loaded(log)
    result.enforce_budget()
    return result


def show(result: LessonResult, console: Console) -> None:
    """Print a line about what came of a lesson."""
    style = _STYLES.get(result.status, "bold red")
    line = Text(f"{result.name}: cell {result.cells_run} of {result.cells}, ")
    line.append(f"{result.wall_s:.1f} s, ")
    line.append(f"{SIGNS[result.status]} {result.status.replace('_', ' ')}", style)
    console.print(line, result.reason, soft_wrap=True, markup=False, highlight=False)


def kits_loaded(log: Path) -> list[dict[str, str]]:
    """Read which kits an observed kernel loaded: each kit and origin once."""
    loaded: dict[tuple[str, str], dict[str, str]] = {}
    for event in read_events(log):
        if "what" not in event:
            entry = {key: str(value) for key, value in event.items()}
            loaded[entry.get("kit", ""), entry.get("origin", "")] = entry
    return list(loaded.values())


def how_it_ended(manager: KernelManager) -> str:
    """Say in a sentence how the process of a dead kernel ended."""
    status = manager.provisioner.process.returncode
    if status is None or status >= 0:
        return f"Its process ended with status {status}."
    name = signal.Signals(-status).name
    if name == "SIGKILL":
        return "It was killed (SIGKILL), as happens where memory runs out."
    return f"A signal ended its process: {name}."


def plain(text: str) -> str:
    """Return `text` without the colour codes of a terminal."""
    return "\n".join(Text.from_ansi(line).plain for line in text.splitlines())


class _OnlyThisPython(KernelSpecManager):  # type: ignore[misc]
    """Knows the interpreter that runs this, whatever kernels the user registered."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


@contextmanager
def _kernel(
    lesson: Lesson, notebook: NotebookNode, environment: dict[str, str], printed: Path
) -> Iterator[NotebookClient]:
    """Start a kernel beside the notebook; its process prints to a file."""
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(
            kernel_name=NATIVE_KERNEL_NAME, kernel_spec_manager=_OnlyThisPython()
        ),
        log=_LOG,
        extra_arguments=["--log-level=ERROR"],  # of the kernel; it warns about TCP
        iopub_timeout=OUTPUT_TIMEOUT_S,
        raise_on_iopub_timeout=True,
        coalesce_streams=True,
    )
    with printed.open("wb") as stream:
        options = {"env": environment, "stdout": stream, "stderr": stream}
        folder = str(lesson.path.parent)
        with client.setup_kernel(cwd=folder, cleanup_kc=True, **options):
            yield client


def _run_cells(client: NotebookClient, result: LessonResult, console: Console) -> None:
    end = time.monotonic() + result.budget["wall_s"]
    client.timeout_func = lambda cell: max(1, round(end - time.monotonic()))
    client.shutdown_kernel = "immediate"  # unless all goes well: it may be busy
    spinner = console.status(result.name)
    with spinner, UsageSampler(client.km.provisioner.pid) as sampler:
        try:
            for number, (index, cell) in enumerate(code_cells(client.nb), start=1):
                result.cells_run = number
                spinner.update(f"{result.name}: cell {number} of {result.cells}")
                started = time.monotonic()
                try:
                    client.execute_cell(cell, index, execution_count=number)
                finally:
                    seconds = time.monotonic() - started
                    result.record_time(number, seconds, cell.source)
            client.shutdown_kernel = "graceful"
            result.status = "passed"
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            _record_failure(result, cell, error, client.km)
        finally:
            result.record_usage(sampler)


def _record_failure(
    result: LessonResult,
    cell: NotebookNode,
    error: CellExecutionError | CellTimeoutError | DeadKernelError,
    manager: KernelManager,
) -> None:
    number = result.cells_run
    failing = FailingCell(number, cell.source, type(error).__name__, "")
    result.failing_cell = failing
    if isinstance(error, CellExecutionError):
        failing.error, failing.message = error.ename, plain(error.evalue)
        failing.traceback = plain("\n".join(cell.outputs[-1].traceback))
        result.fail("failed", f"Cell {number} raised {error.ename}.")
    elif isinstance(error, CellTimeoutError):
        failing.message = f"It was not done after {result.budget['wall_s']:g} s."
        reason = f"The lesson's time was up in cell {number}: {failing.message}"
        result.fail("timeout", reason)
    else:
        failing.error, failing.message = KERNEL_DIED, how_it_ended(manager)
        result.fail("error", f"The kernel died in cell {number}. {failing.message}")
