"""The instructor's guide: its commands are understood, its time plan adds up."""

import re
import shlex
from pathlib import Path

import nbformat
import pytest

from curator import __main__ as curator
from curator.collection import read_collection
from notebook_utils import __main__ as notebook_utils

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "classroom" / "README.md").read_text("utf-8")
COMMANDS = sorted(
    set(
        re.findall(
            r"python (?:-m (?:curator|notebook_utils)|start\.py) [^\n`|]+", GUIDE
        )
    )
)
PLAN = GUIDE.partition("## The time plan")[2].partition("\n## ")[0]
# A lesson that the guide does not plan yet is no fault: whoever adds one need not know
# of the guide.
PLANNED = re.findall(
    r"^\*\*(\d\d) (.+)\*\*, (\d+) minutes\n\n((?:\|.+\n)+)", PLAN, re.MULTILINE
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    _, *words = shlex.split(command)
    if words[0] == "start.py":
        words = words[3:] if words[1] == "--wheels" else words[1:]
        program = curator if words[0] in ("run", "test") else notebook_utils
    else:
        program = {"curator": curator, "notebook_utils": notebook_utils}[words[1]]
        words = words[2:]
    _, rest = program._parser().parse_known_args(words)
    assert rest == []


def test_there_are_commands_and_plans():
    assert len(COMMANDS) > 8
    assert len(PLANNED) > 5


@pytest.mark.parametrize(("number", "title", "minutes", "table"), PLANNED)
def test_the_time_plan_adds_up(number, title, minutes, table):
    (lesson,) = read_collection(ROOT / "notebooks").select([number])
    assert (title, int(minutes)) == (lesson.title, lesson.minutes)
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    assert sum(int(minutes) for minutes, _ in rows) == lesson.minutes
    planned = [section for _, sections in rows for section in sections.split("; ")]
    assert planned == list(_sections(lesson.path))


def _sections(path: Path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            yield from re.findall(r"^## (.+)$", cell.source, re.MULTILINE)


@pytest.mark.parametrize(
    "name", re.findall(r"`((?:classroom|kubernetes|image|tests)/[^` ]+)`", GUIDE)
)
def test_files_that_are_named_exist(name):
    assert (ROOT / name).exists() or (ROOT / "classroom" / name).exists()
