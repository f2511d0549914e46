"""A pytest plugin that closes the gaps of nbval; used by the notebooks lane alone.

nbval compares the stored outputs of a lesson with those of a fresh run. By itself it
passes a cell that was never run, waits half an hour for a dead kernel, and stops a
kernel whose output takes longer than 5 s. With ``-p curator.nbval_plugin`` it does
none of these, and what came of the lesson is written to a file as it goes along.

One notebook in one pytest process: the kernel and its usage belong to one lesson.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import nbval.plugin as nbval
import pytest
from nbval.kernel import RunningKernel

from .comparison import PICTURE, PICTURE_IN_HTML, compared
from .execution import (
    OUTPUT_TIMEOUT_S,
    KernelDiedError,
    first_line,
    how_it_ended,
    plain,
)
from .results import DIFFERS, CellTime, FailingCell, LessonResult, Status
from .usage import UsageSampler


class WatchedKernel(RunningKernel):  # type: ignore[misc]
    """A kernel that is looked at every second while a message is awaited."""

    def get_message(self, stream: str, timeout: float | None = None) -> Any:
        """Return the next message of a channel.

        Parameters
        ----------
        stream
            ``"iopub"`` or ``"shell"``.
        timeout
            Seconds to wait; for ever if not given.

        Raises
        ------
        queue.Empty
            No message came in time.
        KernelDiedError
            There will be no more messages.
        """
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            try:
                left_s = max(0.0, end - time.monotonic())
                return super().get_message(stream, timeout=min(1.0, left_s))
            except Empty:
                if not self.is_alive():
                    raise self._death() from None
                if time.monotonic() >= end:
                    raise

    def _death(self) -> KernelDiedError:
        return KernelDiedError(f"The kernel died. {how_it_ended(self.km)}")


class LessonRecorder:
    """Follows the cells of one lesson and keeps its result file up to date.

    Parameters
    ----------
    path
        The result file.
    result
        A result that was not run yet, with the name and the budgets; its other fields
        are filled in.
    """

    def __init__(self, path: Path, result: LessonResult) -> None:
        self._path = path
        self.result = result
        self._times: list[CellTime] = []
        self._sampler: UsageSampler | None = None
        self._end = float("inf")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Raise nbval's output time-out, 5 s, which stops a kernel when missed.

        And leave pictures inside HTML out of the comparison, as nbval does with others.
        """
        self.result.cells = len(items)
        for item in items:
            item.output_timeout = OUTPUT_TIMEOUT_S
            item.parent.sanitize_patterns[PICTURE_IN_HTML] = PICTURE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        """Run one cell within what is left of the lesson's time."""
        if self._sampler is None:
            self._sampler = UsageSampler(item.parent.kernel.km.provisioner.pid)
            self._sampler.__enter__()
            self._end = time.monotonic() + self.result.budget["wall_s"]
        self.result.cells_run = item.cell_num + 1
        self._save()
        left_s = max(1.0, self._end - time.monotonic())
        item.config.option.nbval_cell_timeout = left_s
        started = time.monotonic()
        try:
            yield
            _refuse_what_is_never_compared(item)
            if item.options["check"]:
                self.result.compared = (self.result.compared or 0) + 1
        except Exception as error:
            self._record_failure(item, error)
            raise
        finally:
            self._record_time(item, time.monotonic() - started)
            self.result.record_usage(self._sampler.read())
            self._save()

    def pytest_sessionfinish(self) -> None:
        """Judge the lesson as a whole."""
        if self._sampler is not None:
            self._sampler.__exit__(None, None, None)
        result = self.result
        if result.status == "not_run" and result.cells_run == result.cells:
            result.status = "passed"
            result.compared = result.compared or 0
        result.enforce_comparison()
        result.enforce_budget()
        self._save()

    def _record_time(self, item: Any, seconds: float) -> None:
        index, number = _index(item), item.cell_num + 1
        line = first_line(item.cell.source)
        self._times.append(CellTime(index, number, round(seconds, 3), line))
        self.result.record_times(self._times)

    def _record_failure(self, item: Any, error: Exception) -> None:
        status, name, message = _explain(item, error)
        if name != DIFFERS:  # what follows would only be a consequence
            item.session.shouldfail = message
        number = item.cell_num + 1
        if self.result.failing_cell is not None:
            self.result.reason += f" Cell {number}: {message}"
            return
        self.result.status = status
        self.result.reason = f"Cell {number}: {message}"
        traceback = plain(getattr(error, "inner_traceback", None) or "")
        self.result.failing_cell = FailingCell(
            _index(item), number, item.cell.source, name, message, traceback
        )

    def _save(self) -> None:
        self.result.write(self._path)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the lesson's result file."""
    parser.addoption("--curator-result", type=Path, help="the lesson's result file")


def pytest_configure(config: pytest.Config) -> None:
    """Watch nbval's kernels and follow the lesson."""
    path = config.getoption("--curator-result")
    result = LessonResult.read(path)
    nbval.RunningKernel = WatchedKernel
    config.pluginmanager.register(LessonRecorder(path, result), "curator-recorder")


def _index(item: Any) -> int:
    cells = item.parent.nb.cells
    return next(index for index, cell in enumerate(cells) if cell is item.cell)


def _refuse_what_is_never_compared(item: Any) -> None:
    """Fail a cell that is tagged for comparison but would pass whatever it shows."""
    if not item.options["check"]:
        return
    if item.cell.execution_count is None:
        item.raise_cell_error(
            "The cell is tagged nbval-check-output but was stored without having been "
            "run: its execution count is null."
        )
    if not compared(item.cell.outputs):
        item.raise_cell_error(
            "The cell is tagged nbval-check-output but stores no output that nbval "
            "compares: text, or data other than png, jpeg and widgets."
        )


def _explain(item: Any, error: Exception) -> tuple[Status, str, str]:
    """Return what a failure means: the status, the error's name and a sentence."""
    words = str(error)
    if isinstance(error, KernelDiedError):
        return "error", "KernelDied", words
    if item.parent.timed_out:
        return "timeout", "Timeout", "The lesson's time was up."
    if words == "Cell outputs differ":
        return "failed", DIFFERS, "The output differs from the stored one."
    if words == "Cell execution caused an exception":
        name = item.test_outputs[-1].ename
        return (
            "failed",
            name,
            plain(f"It raised {name}: {item.test_outputs[-1].evalue}"),
        )
    if isinstance(error, nbval.NbCellError):
        return "failed", "NotCompared", words
    return "error", type(error).__name__, words
