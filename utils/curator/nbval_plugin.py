"""A pytest plugin that closes the gaps of nbval.

nbval compares the stored outputs of a lesson with those of a fresh run. By itself it
passes a cell that was never run, waits half an hour for a dead kernel, and stops a
kernel whose output takes longer than 5 s. With ``-p curator.nbval_plugin`` it does
none of these, and what came of the lesson is written to a file as it goes along.

One notebook in one pytest process: the kernel and its usage belong to one lesson.
"""

import functools
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import nbval.plugin as nbval
import pytest
from nbclient.exceptions import DeadKernelError
from nbval.kernel import RunningKernel

from .comparison import difference, why_not_comparable
from .execution import OUTPUT_TIMEOUT_S, how_it_ended, plain
from .results import (
    DIFFERS,
    KERNEL_DIED,
    NOTHING_COMPARED,
    FailingCell,
    LessonResult,
    Status,
)
from .usage import UsageSampler


class WatchedKernel(RunningKernel):  # type: ignore[misc]
    """A kernel that is looked at every second while a message is awaited."""

    def get_message(self, stream: str, timeout: float | None = None) -> Any:
        """Return the next message; raise DeadKernelError if there can be none."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            try:
                left_s = max(0.0, end - time.monotonic())
                return super().get_message(stream, timeout=min(1.0, left_s))
            except Empty:
                if not self.is_alive():
                    ended = how_it_ended(self.km)
                    raise DeadKernelError(f"The kernel died. {ended}") from None
                if time.monotonic() >= end:
                    raise


class LessonRecorder:
    """Follows the cells of one lesson and keeps its result file up to date.

    Parameters
    ----------
    path
        The result file. It holds a result that was not run yet, with the name and the
        budgets; its other fields are filled in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._result = LessonResult.read(path)
        self._sampler: UsageSampler | None = None
        self._end = float("inf")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Have outputs compared as `refresh` does, and wait longer for them."""
        self._result.cells = len(items)
        for item in items:
            item.output_timeout = OUTPUT_TIMEOUT_S  # nbval stops the kernel after 5 s
            item.fault = None
            item.compare_outputs = functools.partial(_agree, item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        """Run one cell within what is left of the lesson's time."""
        result = self._result
        started = time.monotonic()
        if self._sampler is None:
            self._sampler = UsageSampler(item.parent.kernel.km.provisioner.pid)
            self._sampler.__enter__()
            self._end = started + result.budget["wall_s"]
        result.cells_run = item.cell_num + 1
        result.write(self._path)
        item.config.option.nbval_cell_timeout = max(1.0, self._end - started)
        checked = item.options["check"]
        try:
            if checked and (why_not := why_not_comparable(item.cell)):
                item.fault = ("NotCompared", why_not)
                item.raise_cell_error(why_not)
            yield
            if checked:
                result.compared = (result.compared or 0) + 1
        except Exception as error:
            status, name, message = _explain(item, error)
            traceback = plain(getattr(error, "inner_traceback", None) or "")
            number, source = result.cells_run, item.cell.source
            cell = FailingCell(number, source, name, message, traceback)
            result.fail(status, f"Cell {number}: {message}", cell)
            if name != DIFFERS:  # what follows would only be a consequence
                item.session.shouldfail = message
            raise
        finally:
            seconds = time.monotonic() - started
            result.record_time(result.cells_run, seconds, item.cell.source)
            result.record_usage(self._sampler)
            result.write(self._path)

    def pytest_sessionfinish(self) -> None:
        """Judge the lesson as a whole."""
        result = self._result
        if self._sampler is not None:
            self._sampler.__exit__()
        if result.status == "not_run" and result.cells_run == result.cells:
            result.status = "passed"
        if result.status == "passed" and not result.compared:
            result.fail("failed", NOTHING_COMPARED)
        result.enforce_budget()
        result.write(self._path)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the lesson's result file."""
    parser.addoption("--curator-result", type=Path, help="the lesson's result file")


def pytest_configure(config: pytest.Config) -> None:
    """Watch nbval's kernels and follow the lesson."""
    nbval.RunningKernel = WatchedKernel
    recorder = LessonRecorder(config.getoption("--curator-result"))
    config.pluginmanager.register(recorder, "curator-recorder")


def _agree(item: Any, fresh: Any, stored: Any) -> bool:
    found = difference(stored, fresh)
    if found is not None:
        item.fault = (DIFFERS, "The output differs from the stored one.")
        item.comparison_traceback = [found]  # nbval shows it
    return found is None


def _explain(item: Any, error: Exception) -> tuple[Status, str, str]:
    """Return what a failure means: the status, the error's name and a sentence."""
    if isinstance(error, DeadKernelError):
        return "error", KERNEL_DIED, str(error)
    if item.parent.timed_out:
        return "timeout", "Timeout", "The lesson's time was up."
    if item.fault is not None:
        return "failed", *item.fault
    last = item.test_outputs[-1] if item.test_outputs else None
    if last is not None and last.output_type == "error":
        return "failed", last.ename, plain(f"It raised {last.ename}: {last.evalue}")
    if isinstance(error, nbval.NbCellError):
        return "failed", "NotCompared", str(error)  # outputs of a cell without a count
    return "error", type(error).__name__, str(error)
