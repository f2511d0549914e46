"""The rules for lessons, ruff and mypy, and the pages that are generated."""

from pathlib import Path

import pytest

from curator.collection import read_collection
from curator.lint import lint_lessons, run_tools
from curator.lock import check_lock
from curator.sync import sync

pytestmark = pytest.mark.style
ROOT = Path(__file__).resolve().parents[1]


def test_lessons_keep_every_rule() -> None:
    findings = lint_lessons(read_collection(ROOT / "notebooks").lessons, ROOT)
    assert not findings, "\n".join(findings)


def test_code_passes_ruff_and_mypy() -> None:
    findings = run_tools(ROOT)
    assert not findings, "\n".join(findings)


def test_generated_pages_have_not_drifted() -> None:
    assert sync(ROOT, check=True) == []


def test_lock_fits_the_ranges() -> None:
    assert check_lock(ROOT) == []
