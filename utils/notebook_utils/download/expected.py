"""What a file must be: its size, its checksum, or at least whole."""

import hashlib
from pathlib import Path


class ExpectedFile:
    """The size and checksum that a file must have, either of them possibly unknown.

    Parameters
    ----------
    sha256
        64 hexadecimal digits; None if not known.
    size_bytes
        None if not known. An empty file is accepted only where 0 is given here, or the
        checksum of nothing as `sha256`.
    """

    def __init__(
        self, sha256: str | None = None, size_bytes: int | None = None
    ) -> None:
        if sha256 is not None:
            sha256 = sha256.lower()
            if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
                raise ValueError(
                    f"Expected 64 hexadecimal digits for sha256, found {sha256!r}."
                )
        if size_bytes is not None and size_bytes < 0:
            raise ValueError(f"Expected size_bytes of 0 or more, found {size_bytes}.")
        self.sha256 = sha256
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        """Say what is expected, for an error message."""
        known = []
        if self.size_bytes is not None:
            known.append(f"{self.size_bytes} bytes")
        if self.sha256 is not None:
            known.append(f"sha256 {self.sha256}")
        return ", ".join(known) or "a whole file, its size and checksum not being given"

    @property
    def is_known(self) -> bool:
        """Whether anything tells this file from another one."""
        return self.sha256 is not None or self.size_bytes is not None

    def is_exceeded_by(self, size_bytes: int) -> bool:
        """Whether so many bytes are more than expected."""
        return self.size_bytes is not None and size_bytes > self.size_bytes

    def mismatch_of(self, size_bytes: int, sha256: str = "") -> str | None:
        """Say in what way a file is not the expected one; None if it is."""
        if self.size_bytes is not None and size_bytes != self.size_bytes:
            found = "more" if self.is_exceeded_by(size_bytes) else size_bytes
            return f"expected {self.size_bytes} bytes, found {found}"
        if self.sha256 is not None and sha256 != self.sha256:
            return f"expected sha256 {self.sha256}, found {sha256}"
        if size_bytes == 0 and not self.is_known:
            return "expected a file with something in it, found 0 bytes"
        return None

    def mismatch(self, path: Path) -> str | None:
        """Say the same of a file on the disk, hashed only where that can decide."""
        size_bytes = path.stat().st_size
        if self.sha256 is None or self.size_bytes not in (None, size_bytes):
            return self.mismatch_of(size_bytes)
        return self.mismatch_of(size_bytes, file_sha256(path))


def file_sha256(path: Path) -> str:
    """Return the checksum of a file of any size, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
