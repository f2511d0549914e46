"""Limits on memory that the kernel of the operating system keeps.

Every process of a student is put into a control group. Where the group would exceed its
limit, the largest of its processes is ended, which is the kernel of a notebook; the
student's server, the hub and the rest of the class go on. A limit on the address space
(``ulimit -v``) would not do: it counts memory that is reserved and never used, of which
the lessons have several times what they use.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")

# Version 2 of control groups, then version 1: limit, limit with swap.
_LIMIT = ("memory.max", "memory.limit_in_bytes")
_SWAP = ("memory.swap.max", "memory.memsw.limit_in_bytes")
_HUB = "hub"


class MemoryGroup:
    """The control group of one student.

    Parameters
    ----------
    folder
        Its folder in the tree of control groups; made by :meth:`make`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, limit_bytes: int) -> None:
        """Make the group where it is missing, and set its limit.

        Parameters
        ----------
        limit_bytes
            What all its processes may hold together. Swap is not added to it.

        Raises
        ------
        OSError
            This process may not make control groups.
        """
        self.folder.mkdir(exist_ok=True)
        limit = self._file(_LIMIT)
        if limit is None:
            raise OSError(f"The group {self.folder} has no limit on memory.")
        limit.write_text(str(limit_bytes))
        swap = self._file(_SWAP)
        if swap is not None:  # version 1 counts memory and swap together
            swap.write_text("0" if swap.name == _SWAP[0] else str(limit_bytes))

    def join(self) -> None:
        """Put this process, and so all its children, into the group."""
        (self.folder / "cgroup.procs").write_text("0")

    def end(self, seconds: float = 5) -> None:
        """End what still runs in the group, and remove it.

        Parameters
        ----------
        seconds
            How long to wait at most for processes that were killed to be gone.
        """
        if not self.folder.exists():
            return
        end = time.monotonic() + seconds
        while (pids := _pids(self.folder)) and time.monotonic() < end:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.05)
        with suppress(OSError):  # one that hangs in the operating system keeps it
            self.folder.rmdir()

    def _file(self, names: tuple[str, ...]) -> Path | None:
        paths = (self.folder / name for name in names)
        return next((path for path in paths if path.is_file()), None)


def group_folder(cgroups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> Path:
    """Return the folder in which this process may make groups, ready for it.

    Parameters
    ----------
    cgroups
        Where the operating system shows the control groups.
    own_groups
        The file that names those of this process.

    Returns
    -------
    Path
        A control group that limits the memory of the groups in it.

    Raises
    ------
    OSError
        There are no control groups for memory here, or they cannot be changed.

    Notes
    -----
    In version 2 only groups without processes may divide their memory. So the processes
    of this group, the hub's own, are moved into a group of theirs beside the students'.
    The service of systemd says ``Delegate=yes``, which allows just that.
    """
    own = dict(_own_groups(own_groups))
    if "memory" in own:
        return cgroups / "memory" / own["memory"].lstrip("/")
    folder = cgroups / own.get("", "").lstrip("/")
    available = folder / "cgroup.controllers"
    if not available.is_file() or "memory" not in available.read_text().split():
        raise OSError(
            f"No memory can be shared out among control groups in {folder}, so nothing "
            "would keep a student from taking all of it. On Debian and Ubuntu, let "
            "classroom/install.sh make the hub a service of systemd."
        )
    if folder.name == _HUB:
        return folder.parent
    if (folder / "cgroup.type").is_file():  # which the root of the tree does not have
        hub = folder / _HUB
        hub.mkdir(exist_ok=True)
        while pids := _pids(folder):
            for pid in pids:
                with suppress(ProcessLookupError):
                    (hub / "cgroup.procs").write_text(pid)
    (folder / "cgroup.subtree_control").write_text("+memory")
    return folder


def _pids(folder: Path) -> list[str]:
    """Return the processes in a group."""
    return (folder / "cgroup.procs").read_text().split()


def _own_groups(path: Path) -> Iterator[tuple[str, str]]:
    """Yield controllers and the group of this process; version 2 has no name."""
    for line in path.read_text(encoding="utf-8").splitlines():
        _, controllers, group = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, group
