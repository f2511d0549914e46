"""The lessons whose published kits can be completed from ``PUBLISHED_FILES``."""

from pathlib import Path

import pytest

from curator.collection import read_collection
from curator.published_lane import check_published, folder_at_hand

pytestmark = pytest.mark.published
ROOT = Path(__file__).resolve().parents[1]


def test_lessons_run_on_published_files() -> None:
    folder = folder_at_hand()
    if folder is None:
        pytest.skip("PUBLISHED_FILES names no folder")
    lessons = read_collection(ROOT / "notebooks").lessons
    output = ROOT / "build" / "test" / "published"
    checks, _ = check_published(lessons, ROOT, output, folder)
    assert not [finding for check in checks for finding in check.findings]
