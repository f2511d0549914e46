import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CLASSROOM = Path(__file__).resolve().parents[1] / "classroom"
SCRIPT = CLASSROOM / "install.sh"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the hub on one machine is for Debian and Ubuntu"
)


def install(*words, **options):
    return subprocess.run(
        ["bash", SCRIPT, *words], capture_output=True, text=True, **options
    )


def test_it_refuses_words_that_it_does_not_know(tmp_path):
    done = install("--to", str(tmp_path / "hub"), "--fast")
    assert done.returncode == 2
    assert "not understood: --fast" in done.stderr
    assert not list(tmp_path.iterdir())


def test_it_says_that_it_needs_the_superuser(tmp_path):
    # As nobody where this is the superuser; nobody may not look into tmp_path.
    user = {"user": 65534, "cwd": "/"} if os.geteuid() == 0 else {}
    script = SCRIPT.read_text("utf-8")
    done = subprocess.run(
        ["bash", "-s"], input=script, capture_output=True, text=True, **user
    )
    assert done.returncode == 2
    assert "needs sudo" in done.stderr


def test_settings_have_no_password_until_they_are_installed():
    settings = tomllib.loads((CLASSROOM / "settings.toml").read_text("utf-8"))
    assert settings.pop("class_password") == settings.pop("teacher_password") == ""
    assert settings == {
        "port": 8000,
        "students": 30,
        "memory_mb": 2000,
        "idle_minutes": 60,
        "first_uid": 70_000,
    }
