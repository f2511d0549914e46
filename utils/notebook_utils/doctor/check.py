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

    @property
    def mark(self) -> str:
        """``"ok"``, ``"FAIL"``, or ``"note"``: it will do, and could be better."""
        return "FAIL" if not self.ok else "note" if self.remedy else "ok"

    def __str__(self) -> str:
        line = f"{self.mark:<5}{self.name}: {self.found}"
        return f"{line} -> {self.remedy}" if self.remedy else line
