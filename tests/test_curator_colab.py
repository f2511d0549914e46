from pathlib import Path

from packaging.requirements import Requirement

from curator.__main__ import main
from curator.colab import constraints_there, pinned, requirements_there

ROOT = Path(__file__).resolve().parents[1]
FREEZE = """\
# comment
numpy==2.1.3
torch==2.11.0+cu128
protobuf==5.29.5
ipywidgets==7.7.1
Pillow==11.3.0
tensorflow==2.20.0
torchvision @ https://host/whl/cpu/torchvision-0.26.0%2Bcpu-cp313-cp313-linux_x86_64.whl
google-colab @ file:///colabtools/dist/google_colab-1.0.0.tar.gz
-e git+https://host/x#egg=x
"""
OURS = """\
# Inference
openvino==2026.4.1
numpy>=2.1,<2.5
pillow>=10

tensorflow-cpu==2.21.0 ; sys_platform == "linux"
torch==2.13.0
torchvision==0.28.0
-e .
"""


def test_freeze_is_read_without_build_labels_but_with_addresses_of_wheels():
    assert pinned(FREEZE) == {
        "numpy": "2.1.3",
        "torch": "2.11.0",
        "protobuf": "5.29.5",
        "ipywidgets": "7.7.1",
        "pillow": "11.3.0",
        "tensorflow": "2.20.0",
        "tensorflow-cpu": "2.20.0",
        "torchvision": "0.26.0",
    }


def test_what_the_session_brings_stays_and_the_rest_is_ours():
    lines = requirements_there(OURS.splitlines(), FREEZE).splitlines()
    assert lines == [
        "openvino==2026.4.1",
        "numpy==2.1.3",
        "pillow==11.3.0",
        'tensorflow-cpu==2.20.0 ; sys_platform == "linux"',
        "torch==2.11.0",
        "torchvision==0.26.0",
        "protobuf==5.29.5",
    ]
    assert [Requirement(line).name for line in lines]


def test_lessons_there_need_the_list_of_learners_and_nothing_of_maintainers():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    named = {Requirement(line).name for line in lines if line[:1].isalpha()}
    there = requirements_there(lines, FREEZE).splitlines()
    assert {Requirement(line).name for line in there} == named | {"protobuf"}


def test_all_versions_are_constraints_but_those_that_follow_the_machine():
    lines = constraints_there(FREEZE + "pip==24.1.2\nnvidia-nccl-cu13==2.1\n").split()
    assert "torch==2.11.0" in lines and "ipywidgets==7.7.1" in lines
    assert not any(line.startswith(("pip==", "nvidia")) for line in lines)


def test_command_prints_what_pip_reads(tmp_path, capsys):
    (tmp_path / "freeze.txt").write_text(FREEZE)
    (tmp_path / "requirements.txt").write_text(OURS)
    command = ["--root", str(tmp_path), "colab"]
    assert main([*command, "--freeze", str(tmp_path / "freeze.txt")]) == 0
    assert capsys.readouterr().out == requirements_there(OURS.splitlines(), FREEZE)
    assert (
        main([*command, "--freeze", str(tmp_path / "freeze.txt"), "--constraints"]) == 0
    )
    assert capsys.readouterr().out == constraints_there(FREEZE)
