import json

import pytest

from curator.collection import read_collection
from curator.status import status_tables
from fixtures.curator_lessons import make_checkout


def report(day, python, status="passed", compared=3, system="Linux-6.1-x86_64"):
    result = {"name": "00-a", "status": status, "compared": compared}
    result |= {"wall_s": 12.4, "peak_memory_mb": 812.0}
    versions = {"python": python, "platform": system, "numpy": "2.4.1"}
    made = f"2026-11-{day:02}T04:20:00+00:00"
    return {"made": made, "versions": versions, "lessons": [result]}


@pytest.fixture
def tables(tmp_path):
    """Return the tables of the status page, as lists of lines, for some reports."""

    def of(*reports):
        root = make_checkout(tmp_path, {"00-a": ["x = 1"], "01-b": ["y = 1"]})
        for number, content in enumerate(reports):
            (tmp_path / f"{number}.json").write_text(json.dumps(content))
        lessons = read_collection(root / "notebooks").lessons
        found = status_tables(tmp_path, lessons)
        return {name: table.splitlines() for name, table in found.items()}

    return of


def test_page_is_whole_before_the_first_run(tables):
    assert tables()["results"] == [
        "| lesson | Linux, 3.11 | Linux, 3.13 | Windows, 3.11 | Windows, 3.13 "
        "| macOS, 3.11 | macOS, 3.13 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| 00 | not run | not run | not run | not run | not run | not run |",
        "| 01 | not run | not run | not run | not run | not run | not run |",
    ]


def test_cell_shows_the_last_run_and_says_if_nothing_was_compared(tables):
    found = tables(
        report(3, "3.11.7", "failed"),
        report(1, "3.11.7"),
        report(2, "3.13.1", compared=0),
    )
    assert found["results"][2].startswith(
        "| 00 | failed<br>3 outputs compared<br>12 s, 0.8 GB "
        "| passed<br>no outputs compared<br>12 s, 0.8 GB | not run "
    )
    assert found["results"][3].startswith("| 01 | not run | not run ")
    assert found["versions"][2] == "| Linux, 3.11 | 2.4.1 | 3.11.7 |"


@pytest.mark.parametrize("status", ["skipped", "not_run"])
def test_lesson_that_did_not_run_has_no_figures(tables, status):
    row = tables(report(1, "3.11.7", status))["results"][2]
    assert row.startswith(f"| 00 | {status.replace('_', ' ')} | not run |")


def test_other_systems_get_a_column(tables):
    found = tables(report(1, "3.12.0", system="FreeBSD-14-amd64"))
    assert found["results"][0].startswith("| lesson | FreeBSD, 3.12 | Linux, 3.11 |")


def test_last_ten_runs_are_listed_the_latest_first(tables):
    rows = tables(*[report(day, "3.11.7") for day in range(1, 13)])["runs"][2:]
    assert len(rows) == 10
    assert rows[0] == "| 2026-11-12 | Linux, 3.11 | 1 of 1 lessons passed |"
    assert rows[-1].startswith("| 2026-11-03 ")
