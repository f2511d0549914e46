import json

import pytest

from curator.__main__ import main
from curator.collection import read_collection
from curator.status import status_tables
from fixtures.curator_lessons import make_checkout


def report(day, python, status="passed", system="Linux-6.1-x86_64"):
    result = {
        "name": "00-a",
        "status": status,
        "compared": 3,
        "wall_s": 12.4,
        "peak_memory_mb": 812.0,
        "reason": "not kept",
    }
    versions = {"python": python, "platform": system, "numpy": "2.4.1"}
    made = f"2026-11-{day:02}T04:20:00+00:00"
    return {"title": "A run", "made": made, "versions": versions, "lessons": [result]}


@pytest.fixture
def tables(tmp_path):
    """Enter reports through the command line; return the tables of the page."""
    root = make_checkout(tmp_path, {"00-a": ["x = 1"], "01-b": ["y = 1"]})

    def enter(*reports):
        for content in reports:
            path = tmp_path / "report.json"
            path.write_text(json.dumps(content))
            assert main(["--root", str(root), "status", str(path)]) == 0
        lessons = read_collection(root / "notebooks").lessons
        return status_tables(root / "site" / "status", lessons)

    return enter


def test_page_is_whole_before_the_first_run(tables):
    heads, _, *rows = tables()["results"].splitlines()
    assert heads == (
        "| lesson | Linux, 3.11 | Linux, 3.13 | Windows, 3.11 | Windows, 3.13 "
        "| macOS, 3.11 | macOS, 3.13 |"
    )
    assert rows == ["| 00 " + "| not run " * 6 + "|", "| 01 " + "| not run " * 6 + "|"]


def test_cell_shows_the_last_run_and_says_if_nothing_was_compared(tables):
    uncompared = report(2, "3.13.1")
    uncompared["lessons"][0]["compared"] = None
    found = tables(report(3, "3.11.7", "failed"), report(1, "3.11.7"), uncompared)
    first = found["results"].splitlines()[2]
    assert first.startswith(
        "| 00 | failed<br>3 outputs compared<br>12 s, 0.8 GB "
        "| passed<br>no outputs compared<br>12 s, 0.8 GB | not run "
    )
    assert "| numpy | 2.4.1 | 2.4.1 |  |" in found["versions"]


def test_other_systems_get_a_column(tables):
    found = tables(report(1, "3.12.0", system="FreeBSD-14-amd64"))
    assert found["results"].startswith("| lesson | FreeBSD, 3.12 | Linux, 3.11 |")


def test_last_ten_runs_are_listed_the_latest_first(tables):
    found = tables(*[report(day, "3.11.7") for day in range(1, 13)])
    rows = found["runs"].splitlines()[2:]
    assert len(rows) == 10
    assert rows[0] == "| 2026-11-12 04:20 | Linux | 3.11 | 1 of 1 lessons passed |"
    assert rows[-1].startswith("| 2026-11-03 ")
