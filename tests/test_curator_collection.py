from datetime import date

import pytest

from curator.collection import CollectionError, read_collection
from fixtures.curator_lessons import make_checkout

LESSON = """
[[lesson]]
file = "00-first.ipynb"
title = "First"
summary = "The first one"
minutes = 5
cpu_seconds = 60
memory_mb = 1000
kits = ["a-kit"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "00-first.ipynb").touch()
    return tmp_path


def read(folder, text, today=None):
    (folder / "collection.toml").write_text(text, encoding="utf-8")
    return read_collection(folder, today)


def test_lesson_is_read_with_its_budgets(folder):
    (lesson,) = read(folder, LESSON).lessons
    assert lesson.path == folder / "00-first.ipynb"
    assert (lesson.name, lesson.number) == ("00-first", "00")
    assert (lesson.cpu_seconds, lesson.memory_mb) == (60, 1000)
    assert lesson.wall_timeout_s == 180
    assert lesson.kits == ("a-kit",)
    assert lesson.skip is None
    skip = 'skip = { reason = "broken", until = 2030-01-02 }'  # also on that day
    (lesson,) = read(folder, f"{LESSON}{skip}\n", today=date(2030, 1, 2)).lessons
    assert lesson.skip.reason == "broken"


def test_defaults_fill_in_and_lessons_override(folder):
    defaults = "[defaults]\nmemory_mb = 1700\ncpu_seconds = 5\n"
    (lesson,) = read(folder, defaults + LESSON.replace("cpu_seconds = 60", "")).lessons
    assert (lesson.cpu_seconds, lesson.memory_mb) == (5, 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("minutes", "minuets"), "unknown key 'minuets'"),
        (('title = "First"\n', ""), "'title' is missing"),
        (
            ("minutes = 5", 'minutes = "5"'),
            "must be of type int or float, found '5'",
        ),
        (("minutes = 5", "minutes = true"), "must be of type int or float, found True"),
        (("cpu_seconds = 60", "cpu_seconds = 0"), "cpu_seconds must be more than 0"),
        (("minutes = 5", 'minutes = 5\nlevel = "easy"'), "expected one of beginner"),
        (('kits = ["a-kit"]', "kits = [1]"), "kits must be a list of names"),
        (("00-first.ipynb", "01-second.ipynb"), "there is no such file"),
        (("00-first.ipynb", "../00-first.ipynb"), "a notebook beside the list"),
        (("[[lesson]]", "[lesson]]"), "not valid TOML"),
        (("[[lesson]]", "[[lessons]]"), "unknown key 'lessons'"),
        ((LESSON, ""), "lists no lesson"),
    ],
)
def test_wrong_list_is_refused(folder, change, message):
    with pytest.raises(CollectionError, match=message):
        read(folder, LESSON.replace(*change))


@pytest.mark.parametrize(
    ("other", "twice"), [("00-first", r"00-first\.ipynb"), ("00-other", "00")]
)
def test_file_or_number_listed_twice_is_refused(folder, other, twice):
    (folder / f"{other}.ipynb").touch()
    with pytest.raises(CollectionError, match=f"lists {twice} twice"):
        read(folder, LESSON + LESSON.replace("00-first", other))


@pytest.mark.parametrize(
    ("skip", "message"),
    [
        ("{ until = 2030-01-02 }", "'reason' is missing"),
        ('{ reason = "broken" }', "'until' is missing"),
        ('{ reason = " ", until = 2030-01-02 }', "empty reason"),
        ('{ reason = "broken", until = "2030-01-02" }', "until must be of type date"),
        ('{ reason = "broken", until = 2030-01-01 }', "ended on 2030-01-01"),
    ],
)
def test_skip_needs_a_reason_and_an_end_to_come(folder, skip, message):
    with pytest.raises(CollectionError, match=message):
        read(folder, f"{LESSON}skip = {skip}\n", today=date(2030, 1, 2))


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        ([], ["00", "01", "11"]),
        (["01"], ["01"]),
        (["1"], ["01"]),
        (["01-second"], ["01"]),
        (["01-second.ipynb"], ["01"]),
        (["notebooks/01-second.ipynb"], ["01"]),
        (["11", "0", "00-first"], ["00", "11"]),
    ],
)
def test_lessons_are_found_by_their_names_and_keep_their_order(
    tmp_path, names, numbers
):
    root = make_checkout(tmp_path, {"00-first": [], "01-second": [], "11-third": []})
    collection = read_collection(root / "notebooks")
    assert [lesson.number for lesson in collection.select(names)] == numbers
    with pytest.raises(ValueError, match=r"'2'\. There are: 00-first, 01-second"):
        collection.select([*names, "2"])
