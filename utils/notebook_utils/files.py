"""Write a file so that it is either there and whole, or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def write_whole(target: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the target's name only if all went well.

    A killed kernel then never leaves half a file that looks like a whole one, and two
    processes that write the same file do not get into each other's way.

    Parameters
    ----------
    target
        The path at which the file will lie. Its folder is made if it is not there.

    Yields
    ------
    BinaryIO
        The temporary file, in the same folder and open for writing.

    Raises
    ------
    OSError
        The file cannot be written; what lay at `target` before still does.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_whole(Path(folder) / "new" / "file.txt") as file:
    ...         _ = file.write(b"whole")
    ...     (Path(folder) / "new" / "file.txt").read_text()
    'whole'
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
