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


def refusal(*words, **options):
    """Return what the script says, given on standard input, when it ends with 2."""
    script = SCRIPT.read_text("utf-8")
    command = ["bash", "-s", "--", *words]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, **options
    )
    assert done.returncode == 2
    return done.stderr


def test_it_refuses_words_that_it_does_not_know(tmp_path):
    assert "not understood: --fast" in refusal("--to", str(tmp_path / "hub"), "--fast")
    assert not list(tmp_path.iterdir())


def test_it_says_that_it_needs_the_superuser():
    # As nobody where this is the superuser.
    user = {"user": 65534, "cwd": "/"} if os.geteuid() == 0 else {}
    assert "needs sudo" in refusal(**user)


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
