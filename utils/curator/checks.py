"""What a check found, in one shape for every check."""

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes
    ----------
    name
        What a person calls the check, such as ``cell-length``.
    findings
        A line or more for each thing that is wrong; none if all is well.
    """

    name: str
    findings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True where nothing was found."""
        return not self.findings


def print_findings(checks: Iterable[Check]) -> bool:
    """Print what was found.

    Returns
    -------
    bool
        True if all checks passed.
    """
    checks = tuple(checks)
    for check in checks:
        for finding in check.findings:
            print(finding)
    failed = [check.name for check in checks if not check.passed]
    if failed:
        print(f"\nFailed: {', '.join(failed)}. Passed: {len(checks) - len(failed)}.")
    else:
        print(f"All {len(checks)} checks passed.")
    return not failed
