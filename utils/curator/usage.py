"""CPU time and memory of a process with all its children.

A kernel starts helpers (a subprocess of a lesson, the workers of a data loader), and a
small machine has to hold them all. So the budget of a lesson is checked on the whole
tree of processes, while it runs.
"""

import dataclasses
import threading
import time

import psutil


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process tree has used so far.

    Attributes
    ----------
    cpu_s
        CPU-seconds, user and system, of the process and its children, also of those
        that ended.
    peak_memory_mb
        The most resident memory that the tree held at once, in megabytes (10**6 bytes).
    wall_s
        Seconds since the sampling began.
    """

    cpu_s: float = 0.0
    peak_memory_mb: float = 0.0
    wall_s: float = 0.0


class UsageSampler:
    """Samples a process tree in a thread until it is stopped.

    Parameters
    ----------
    pid
        The root of the tree.
    interval_s
        Seconds between two samples. One sample takes about a millisecond.

    Notes
    -----
    Pages that two processes share count for both, as in the sum that ``ps`` shows. A
    peak shorter than the interval can be missed. A child counts from its second sample:
    between fork and exec it shows all of its parent's pages as its own for a moment,
    though it will never touch them.

    A child that ended is counted in one of two ways. Where its parent waited for it,
    the operating system adds its time to the parent's (Linux and macOS). Where it did
    not, or on Windows, the last sample of the child is what is known. The larger of the
    two sums is taken: neither counts a second twice.
    """

    def __init__(self, pid: int, interval_s: float = 0.1) -> None:
        self._interval_s = interval_s
        self._started = time.monotonic()
        self._own_cpu_s: dict[tuple[int, float], float] = {}
        self._cpu_s = 0.0
        self._peak_bytes = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        try:
            self._root: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._root = None

    def __enter__(self) -> "UsageSampler":
        """Begin to sample."""
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop sampling; what was measured stays readable."""
        self._stop.set()
        self._thread.join()

    def read(self) -> Usage:
        """Take a sample now and return what was used up to it.

        Returns
        -------
        Usage
            Of the last moment at which the process was there, if it has ended.
        """
        self._sample()
        wall_s = time.monotonic() - self._started
        return Usage(self._cpu_s, self._peak_bytes / 1e6, wall_s)

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._sample()

    def _sample(self) -> None:
        with self._lock:
            with_reaped_s = 0.0
            resident_bytes = 0
            for process in self._tree():
                try:
                    with process.oneshot():
                        times = process.cpu_times()
                        key = (process.pid, process.create_time())
                        if process == self._root or key in self._own_cpu_s:
                            resident_bytes += process.memory_info().rss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                own_s = times.user + times.system
                self._own_cpu_s[key] = own_s
                with_reaped_s += own_s + times.children_user + times.children_system
            seen_s = sum(self._own_cpu_s.values())
            self._cpu_s = max(self._cpu_s, with_reaped_s, seen_s)
            self._peak_bytes = max(self._peak_bytes, resident_bytes)

    def _tree(self) -> list[psutil.Process]:
        if self._root is None:
            return []
        try:
            return [self._root, *self._root.children(recursive=True)]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return []
