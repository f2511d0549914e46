import sys
from pathlib import Path

import pytest

from notebook_utils.__main__ import main
from notebook_utils.kits.wheels import system_of, wheel_commands

REQUIREMENTS = """\
# a comment
openvino==2026.4.1
torch==2.13.0
torchvision==0.28.0
tensorflow-cpu==2.21.0 ; sys_platform == "linux" and platform_machine == "x86_64"
tensorflow==2.21.0 ; sys_platform != "linux" or platform_machine != "x86_64"
-e .
"""
PROJECT = '[project]\ndependencies = ["filelock", "requests"]\n'
LINUX = "manylinux_2_28_x86_64"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def commands(root, *platforms):
    return wheel_commands(root, Path("wheels"), "3.12", platforms)


def test_what_start_py_installs_is_fetched(root):
    (*_, command) = wheel_commands(root, Path("wheels"))
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"pip", "hatchling", "editables"} <= set(command)
    assert {"openvino==2026.4.1", "filelock", "requests"} <= set(command)
    assert "--only-binary=:all:" in command
    assert "--platform" not in command


def test_the_checkout_itself_is_no_wheel(root):
    for command in commands(root, LINUX):
        assert "-e" not in command
        assert "." not in command


def test_linux_gets_torch_from_the_index_of_cpu_builds_first(root):
    torch, rest = commands(root, LINUX)
    assert torch[-2:] == ["torch==2.13.0", "torchvision==0.28.0"]
    assert "https://download.pytorch.org/whl/cpu" in torch
    assert "--index-url" not in rest
    found = rest[rest.index("--find-links") + 1]
    assert found == "wheels", "so that the CPU build is taken again"


def test_each_system_gets_commands_of_its_own(root):
    torch, linux, windows, mac = commands(root, LINUX, "win_amd64", "macosx_14_0_arm64")
    assert "tensorflow-cpu==2.21.0" in linux
    assert "tensorflow==2.21.0" not in linux
    for other in (windows, mac):
        assert "tensorflow==2.21.0" in other
        assert "tensorflow-cpu==2.21.0" not in other
        assert "torch==2.13.0" in other
    assert "pywinpty" in windows
    assert "appnope" in mac
    assert "pywinpty" not in linux
    for command in (torch, linux, windows, mac):
        assert command[command.index("--python-version") + 1] == "3.12"


def test_wheels_for_older_systems_are_taken_too(root):
    torch, _ = commands(root, LINUX)
    tags = [torch[i + 1] for i, word in enumerate(torch) if word == "--platform"]
    assert tags[0] == LINUX
    assert {"manylinux_2_17_x86_64", "manylinux2014_x86_64"} <= set(tags)
    assert "manylinux_2_34_x86_64" not in tags


def test_a_linux_machine_without_intel_gets_the_other_tensorflow(root):
    _, rest = commands(root, "manylinux_2_28_aarch64")
    assert "tensorflow==2.21.0" in rest


@pytest.mark.parametrize("tag", ["amiga_68k", "", "manylinux_2_x86", "manylinux_2_28"])
def test_what_is_no_tag(root, tag):
    with pytest.raises(ValueError, match="Expected"):
        commands(root, tag or "?")


@pytest.mark.parametrize("python", ["2.7", "3", "three", "3.x"])
def test_what_is_no_python(root, python):
    with pytest.raises(ValueError, match=r"3\.12"):
        wheel_commands(root, Path("wheels"), python)


def test_this_machine_has_a_system():
    assert system_of(None) in ("Linux", "macOS", "Windows")


@pytest.fixture
def calls(root, monkeypatch):
    made = []
    monkeypatch.setattr("notebook_utils.workspace.checkout", lambda: root)
    monkeypatch.setattr(
        "subprocess.call", lambda command, **options: made.append(command) or 0
    )
    return made


def test_the_command_runs_pip(tmp_path, calls, capsys):
    folder = tmp_path / "my wheels"
    words = ["prefetch", "--wheels", "--to", str(folder), "--python", "3.12"]
    assert main([*words, "--platform", LINUX, "win_amd64"]) == 0
    assert len(calls) == 3
    assert folder.is_dir()
    assert f"--wheels '{folder}' lab" in capsys.readouterr().out


def test_the_command_refuses_what_it_cannot_do(tmp_path, calls, capsys, monkeypatch):
    words = ["prefetch", "--wheels", "--to", str(tmp_path)]
    assert main([*words, "--platform", "amiga"]) == 1
    assert "amiga" in capsys.readouterr().err
    assert main(["prefetch", "detector", *words[1:]]) == 1
    monkeypatch.setattr("notebook_utils.workspace.checkout", lambda: None)
    assert main(words) == 1
    assert "in a checkout" in capsys.readouterr().err
    assert calls == []


def test_pip_that_fails_ends_it(tmp_path, calls, monkeypatch, capsys):
    monkeypatch.setattr("subprocess.call", lambda command, **options: 1)
    assert main(["prefetch", "--wheels", "--to", str(tmp_path)]) == 1
    assert "pip failed" in capsys.readouterr().out
