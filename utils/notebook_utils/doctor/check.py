"""What a check says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What it is.
    ok
        Whether the lessons can run with it as it is.
    found
        What was found, in one line.
    remedy
        What to do; with `ok`, what would be better.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "FAIL" if not self.ok else "note" if self.remedy else "ok"
        line = f"{mark:<5}{self.name}: {self.found}"
        return f"{line} -> {self.remedy}" if self.remedy else line
