import subprocess
import sys

import pytest

from curator.__main__ import main
from fixtures.curator_lessons import make_checkout


def test_run_writes_its_report(tmp_path, capsys):
    root = make_checkout(tmp_path, {"00-first": ["1 / 0"], "01-second": ["1"]})
    assert main(["--root", str(root), "run", "01"]) == 0
    assert main(["--root", str(root), "run", "--output", str(tmp_path / "there")]) == 1
    assert (root / "build" / "run" / "index.html").is_file()
    assert (tmp_path / "there" / "report.json").is_file()
    assert f"The report: {tmp_path / 'there'}" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["run", "lint", "refresh"])
def test_unknown_lesson_is_a_bad_request(tmp_path, capsys, command):
    root = make_checkout(tmp_path, {"00-first": ["1"]})
    assert main(["--root", str(root), command, "07"]) == 2
    assert "There are: 00-first." in capsys.readouterr().err


def test_what_cannot_be_done_is_a_bad_request(tmp_path, monkeypatch, capsys):
    assert main(["--root", str(tmp_path), "run"]) == 2
    assert "There is no list of lessons" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["--root", str(tmp_path), "sync", "--chekc"])
    assert stopped.value.code == 2
    assert "--chekc" in capsys.readouterr().err
    monkeypatch.setattr("curator.__main__.checkout", lambda: None)
    assert main(["run"]) == 2
    assert "--root FOLDER" in capsys.readouterr().err


def test_refresh_shows_the_traceback_of_a_lesson_that_failed(tmp_path, capsys):
    root = make_checkout(tmp_path, {"00-first": ["1 / 0"]})
    assert main(["--root", str(root), "refresh"]) == 1
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().out


def test_help_lists_the_commands():
    done = subprocess.run(
        [sys.executable, "-m", "curator", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    commands = "run test new lint refresh verify sync colab site publish"
    for command in commands.split():
        assert f"\n    {command} " in done.stdout
