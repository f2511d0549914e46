import os
import sys
from pathlib import Path

import pytest
import student_server

from notebook_utils import workspace


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Start the server of a student whose work folder is given; return its command."""
    commands = []
    monkeypatch.setattr(workspace, "work_dir", lambda: tmp_path)
    monkeypatch.setattr(os, "execv", lambda program, words: commands.append(words))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["student_server.py", "--port=1234"])

    def start():
        student_server.main()
        return commands.pop()

    return start


def test_the_lessons_are_there_and_the_server_shows_them(started, tmp_path):
    program, *options = started()
    assert Path(program).name == "jupyterhub-singleuser"
    assert f"--ServerApp.root_dir={tmp_path}" in options
    assert options[-1] == "--port=1234"  # what the hub says comes last, and wins
    assert (tmp_path / "00-start-here.ipynb").is_file()


def test_work_is_never_overwritten(started, tmp_path):
    started()
    mine = tmp_path / "01-runtime-api.ipynb"
    mine.write_text("my work")
    (tmp_path / "00-start-here.ipynb").unlink()
    started()
    assert mine.read_text() == "my work"
    assert (tmp_path / "00-start-here.ipynb").is_file()
