import os

import pytest
from student_homes import student_home

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only the superuser gives a folder to another user",
)
FIRST = 80_000


@needs_root
def test_each_home_has_a_user_id_that_it_keeps_and_is_closed(tmp_path):
    for number, name in enumerate(("anna", "ben", "chris")):
        home, uid = student_home(tmp_path, name, FIRST)
        assert (home, uid) == (tmp_path / name, FIRST + number)
        facts = home.stat()
        assert (facts.st_uid, facts.st_gid) == (uid, uid)
        assert facts.st_mode & 0o777 == 0o700
    (tmp_path / "anna").rmdir()  # the ids of others do not move
    assert student_home(tmp_path, "ben", FIRST)[1] == FIRST + 1
    assert student_home(tmp_path, "dora", FIRST)[1] == FIRST + 3


@needs_root
def test_nobody_becomes_the_superuser_by_a_copied_home(tmp_path):
    (tmp_path / "anna").mkdir()
    with pytest.raises(PermissionError, match=f"chown -R {FIRST}:{FIRST}"):
        student_home(tmp_path, "anna", FIRST)


@pytest.mark.parametrize("name", ["", ".", "..", "../anna", "a/b", ".hidden"])
def test_a_name_is_no_way_out(tmp_path, name):
    with pytest.raises(ValueError, match="student's name"):
        student_home(tmp_path, name, FIRST)
    assert not list(tmp_path.iterdir())
