"""One notebook run from its first cell to its last, in a kernel of its own."""

import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from rich.text import Text

from .collection import Lesson
from .observer import observed, read_events
from .results import KERNEL_DIED, FailingCell, LessonResult
from .usage import UsageSampler

# Output that is on its way when a cell has ended: nbclient gives it 4 s and then loses
# it in silence, which is short for a picture on a busy machine.
OUTPUT_TIMEOUT_S = 60

# Characters of what a kernel's process printed before it died.
LAST_WORDS = 4000

# What a cell's metadata may say under "jupyter": its source or outputs are folded away.
COLLAPSED = ("source_hidden", "outputs_hidden")

# What nbclient logs is in the result; on the terminal it would break the table.
_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())

OnCell = Callable[[int], None]


def code_cells(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """Return the code cells of a notebook with their indices among all cells."""
    return [
        (index, cell)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]


def execute(
    lesson: Lesson,
    notebook: NotebookNode,
    environment: Mapping[str, str] | None = None,
    on_cell: OnCell = lambda number: None,
) -> LessonResult:
    """Run a lesson's notebook in a clean kernel and store the outputs in it.

    Parameters
    ----------
    lesson
        Where to run it, and its budgets.
    notebook
        Changed in place: the outputs and counts of all cells are replaced. Cells that
        were not reached have neither.
    environment
        Variables for the kernel, added to those of this process.
    on_cell
        Called with the number of a code cell, from 1, when it is begun.

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
    cells = code_cells(notebook)
    result.cells = len(cells)
    for _, cell in cells:
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="curator-") as folder:
        log, printed = Path(folder) / "kits.jsonl", Path(folder) / "kernel.log"
        given = {"NOTEBOOK_KITS": "included", **os.environ, **observed(log)}
        variables = {**given, **(environment or {})}
        try:
            with _kernel(lesson, notebook, variables, printed) as client:
                _run_cells(client, cells, result, on_cell)
        except RuntimeError as error:  # how nbclient and jupyter_client report it
            result.fail("error", f"No kernel: {error}")
        if result.status == "error" and result.failing_cell:
            words = printed.read_text(encoding="utf-8", errors="replace")
            result.failing_cell.traceback = words[-LAST_WORDS:]
        result.kits = kits_loaded(log)
    result.enforce_budget()
    return result


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


def _run_cells(
    client: NotebookClient,
    cells: list[tuple[int, NotebookNode]],
    result: LessonResult,
    on_cell: OnCell,
) -> None:
    end = time.monotonic() + result.budget["wall_s"]
    client.timeout_func = lambda cell: max(1, round(end - time.monotonic()))
    client.shutdown_kernel = "immediate"  # unless all goes well: it may be busy
    with UsageSampler(client.km.provisioner.pid) as sampler:
        try:
            for number, (index, cell) in enumerate(cells, start=1):
                result.cells_run = number
                on_cell(number)
                started = time.monotonic()
                try:
                    client.execute_cell(cell, index, execution_count=number)
                finally:
                    seconds = time.monotonic() - started
                    result.record_time(number, seconds, cell.source)
            client.shutdown_kernel = "graceful"
            result.status = "passed"
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            _record_failure(result, number, cell, error, client.km)
        finally:
            result.record_usage(sampler.read())


def _record_failure(
    result: LessonResult,
    number: int,
    cell: NotebookNode,
    error: CellExecutionError | CellTimeoutError | DeadKernelError,
    manager: KernelManager,
) -> None:
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
