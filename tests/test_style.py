"""The rules for lessons, ruff and mypy, and the pages that are generated."""

from pathlib import Path

import pytest

from curator.checks import Check
from curator.collection import read_collection
from curator.lint import check_tools, lint_lessons
from curator.sync import sync

pytestmark = pytest.mark.style
ROOT = Path(__file__).resolve().parents[1]


def hold(checks: list[Check]) -> None:
    findings = [finding for check in checks for finding in check.findings]
    assert checks
    assert not findings, "\n" + "\n".join(findings)


def test_lessons_keep_every_rule() -> None:
    hold(lint_lessons(read_collection(ROOT / "notebooks").lessons, ROOT))


def test_code_passes_ruff_and_mypy() -> None:
    hold(check_tools(ROOT))


def test_generated_pages_have_not_drifted() -> None:
    hold(sync(ROOT, check=True))
