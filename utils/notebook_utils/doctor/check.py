"""The result of one check."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool  # whether the lessons can run with what was found
    found: str  # in one line
    remedy: str = ""  # what to do; with `ok`, what would be better

    @property
    def mark(self) -> str:
        """``"ok"``, ``"FAIL"``, or ``"note"``: it will do, and could be better."""
        return "FAIL" if not self.ok else "note" if self.remedy else "ok"

    def __str__(self) -> str:
        line = f"{self.mark:<5}{self.name}: {self.found}"
        return f"{line} -> {self.remedy}" if self.remedy else line
