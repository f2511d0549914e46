"""Write a file so that it is either there and whole, or not there."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import BaseFileLock, FileLock, Timeout

LONGEST_NAME_BYTES = 255


@contextmanager
def write_whole(target: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the target's name only if all went well.

    A killed kernel then never leaves half a file that looks like a whole one, and two
    processes that write the same file do not get into each other's way. The target's
    folder is made if it is not there; an OSError leaves what lay at `target` before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{target.name}.", suffix=".part", dir=target.parent
    )
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)  # mkstemp makes it private; a shared cache is read by all
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def beside(target: Path, suffix: str) -> Path:
    """Return the path of a hidden file that belongs to another one in its folder.

    Its name holds the target's, or a hash of it where that would be too long.

    Examples
    --------
    >>> beside(Path("model.bin"), ".part").name
    '.model.bin.part'
    """
    name = f".{target.name}{suffix}"
    if len(os.fsencode(name)) > LONGEST_NAME_BYTES:
        name = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()}{suffix}"
    return target.with_name(name)


@contextmanager
def locked(target: Path, on_wait: Callable[[], None]) -> Iterator[bool]:
    """Keep all other processes of this machine from making the same file.

    The operating system lets go of the lock when its holder ends, however that happens.
    `on_wait` is called once if another process holds it. This yields False where the
    folder does not allow a lock, as some network drives do not; nothing keeps others
    away then.
    """
    path = beside(target, ".lock")
    lock: BaseFileLock | None = None
    with suppress(OSError, NotImplementedError):
        wanted = FileLock(path)
        try:
            wanted.acquire(timeout=0)
        except Timeout:
            on_wait()
            wanted.acquire(poll_interval=0.1)
        lock = wanted
    try:
        yield lock is not None
    finally:
        if lock is not None:
            # While it is held: whoever waits sees that its file is gone and starts
            # anew. Windows cannot remove an open file, and filelock does it there.
            with suppress(OSError):
                path.unlink()
            lock.release()
