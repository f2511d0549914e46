"""CPU time and memory of a process with all its children.

A kernel starts helpers (a subprocess of a lesson, the workers of a data loader), and a
small machine has to hold them all. So the budget of a lesson is checked on the whole
tree of processes, while it runs.
"""

import contextlib
import threading
import time

import psutil

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


class UsageSampler:
    """Samples a process tree in a thread, as a context manager.

    Parameters
    ----------
    pid
        The root of the tree.
    interval_s
        Seconds between two samples. One sample takes about a millisecond.

    Attributes
    ----------
    cpu_s
        CPU-seconds, user and system, of all processes, also of those that ended.
    peak_memory_mb
        The most resident memory that the tree held at once, in megabytes (10**6 bytes).
    wall_s
        Seconds from the beginning to the last sample.

    Notes
    -----
    Pages that two processes share count for both, as in the sum that ``ps`` shows. A
    peak shorter than the interval can be missed. The memory of a child counts from its
    second sample: between fork and exec it shows all pages of its parent as its own.

    A child that ended is counted in one of two ways. Where its parent waited for it,
    the operating system adds its time to the parent's (Linux and macOS). Where it did
    not, or on Windows, the last sample of the child is what is known. The larger of the
    two sums is taken: neither counts a second twice.
    """

    def __init__(self, pid: int, interval_s: float = 0.1) -> None:
        self.cpu_s = self.peak_memory_mb = self.wall_s = 0.0
        self._pid = pid
        self._interval_s = interval_s
        self._started = time.monotonic()
        self._own_cpu_s: dict[psutil.Process, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "UsageSampler":
        """Begin to sample."""
        self.sample()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop sampling; what was measured stays readable."""
        self._stop.set()
        self._thread.join()

    def sample(self) -> None:
        """Bring the attributes up to date, as far as there still is a process."""
        with self._lock:
            self.wall_s = time.monotonic() - self._started
            with_reaped_s = resident_bytes = 0.0
            for process in self._tree():
                with contextlib.suppress(*_GONE), process.oneshot():
                    times = process.cpu_times()
                    if process.pid == self._pid or process in self._own_cpu_s:
                        resident_bytes += process.memory_info().rss
                    own_s = self._own_cpu_s[process] = times.user + times.system
                    with_reaped_s += own_s + times.children_user + times.children_system
            seen_s = sum(self._own_cpu_s.values())
            self.cpu_s = max(self.cpu_s, with_reaped_s, seen_s)
            self.peak_memory_mb = max(self.peak_memory_mb, resident_bytes / 1e6)

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.sample()

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._pid)
            return [root, *root.children(recursive=True)]
        except _GONE:
            return []
