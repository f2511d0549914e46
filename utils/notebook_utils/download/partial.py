"""What has arrived of a file so far, kept between attempts, calls and processes.

It lies beside its target under another name, with a note of its origin. The note makes
it safe to resume: the server is asked to continue only the very file that it describes.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ..files import beside


@dataclass(frozen=True)
class Origin:
    """Where the bytes come from, as far as that is known."""

    url: str  # that gave the first byte
    validator: str | None  # the strong ETag or Last-Modified of the file there
    total_bytes: int | None  # the whole file's size as the server announced it
    sha256: str | None  # the expected checksum of the whole file


class Partial:
    """The first bytes of a file that will lie at `target`.

    If `shared`, what another call has left is resumed, and left in turn. Where nothing
    keeps two processes apart, the name is this one's alone.
    """

    def __init__(self, target: Path, shared: bool) -> None:
        own = "" if shared else f".{secrets.token_hex(4)}"
        self.target = target
        self._shared = shared
        self.path = beside(target, f"{own}.part")
        self._origin_path = beside(target, f"{own}.part.json")

    @property
    def size_bytes(self) -> int:
        """How much has arrived."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    def origin(self) -> Origin | None:
        """Read where the bytes come from; None if that is not known."""
        try:
            origin = Origin(**json.loads(self._origin_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # none, torn, or not ours
            return None
        return origin if isinstance(origin.url, str) else None

    @contextmanager
    def open_at(self, start: int, origin: Origin) -> Iterator[BinaryIO]:
        """Open for writing behind the first `start` bytes, dropping all others."""
        # Never through a link that somebody put there.
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        flags |= getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self.path, flags, 0o666), "wb") as file:
            if start == 0:
                # In this order: no kill may leave old bytes under a new note.
                file.truncate(0)
                self._write(origin)
            file.seek(start)
            file.truncate()
            yield file

    def keep(self) -> None:
        """Give the file its final name, its bytes being on the disk."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(self.target)
        self._origin_path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what has arrived."""
        self.path.unlink(missing_ok=True)
        self._origin_path.unlink(missing_ok=True)

    def discard_if_useless(self) -> None:
        """Remove what no later call could resume."""
        if not self._shared or self.origin() is None:
            self.discard()

    def _write(self, origin: Origin) -> None:
        if origin.validator is None and origin.sha256 is None:
            self._origin_path.unlink(missing_ok=True)  # nothing could tell it apart
        else:
            self._origin_path.write_text(json.dumps(asdict(origin)), encoding="utf-8")
