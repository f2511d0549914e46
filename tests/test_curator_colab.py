from packaging.requirements import Requirement

from curator.__main__ import main
from curator.colab import pinned, requirements_there

FREEZE = """\
# comment
numpy==2.1.3
torch==2.11.0+cu128
protobuf==5.29.5
ipywidgets==7.7.1
Pillow==11.3.0
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
-e .
"""


def test_freeze_is_read_without_build_labels_and_addresses():
    assert pinned(FREEZE) == {
        "numpy": "2.1.3",
        "torch": "2.11.0",
        "protobuf": "5.29.5",
        "ipywidgets": "7.7.1",
        "pillow": "11.3.0",
    }


def test_what_the_session_brings_stays_and_the_rest_is_ours():
    lines = requirements_there(OURS.splitlines(), FREEZE).splitlines()
    assert lines == [
        "openvino==2026.4.1",
        "numpy==2.1.3",
        "pillow==11.3.0",
        'tensorflow-cpu==2.21.0; sys_platform == "linux"',
        "torch==2.11.0",
        "protobuf==5.29.5",
    ]
    assert [Requirement(line).name for line in lines]


def test_command_prints_what_pip_reads(tmp_path, capsys):
    (tmp_path / "freeze.txt").write_text(FREEZE)
    (tmp_path / "requirements.txt").write_text(OURS)
    command = ["--root", str(tmp_path), "colab"]
    assert main([*command, "--freeze", str(tmp_path / "freeze.txt")]) == 0
    assert capsys.readouterr().out == requirements_there(OURS.splitlines(), FREEZE)
