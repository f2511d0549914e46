"""Notebooks written the way people know from openvino_notebooks run with this package.

They lie in fixtures/compat_idiom; their files come from a server on loopback.
"""

import shutil
from pathlib import Path

import cv2
import nbformat
import pytest
from nbclient import NotebookClient

from misbehaving_server import Answer
from notebook_utils import load_kit, scenes

FIXTURES = Path(__file__).parent / "fixtures" / "compat_idiom"
HOST = "https://storage.example"


@pytest.fixture
def execute(server, tmp_path, monkeypatch):
    """Run a notebook in an empty folder; each cell's texts, and the addresses asked."""
    # A kernel inherits the environment; the pictures it keeps are those of this test.
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NOTEBOOK_DEVICE", raising=False)
    folder = tmp_path / "lesson"
    folder.mkdir()

    def run(name):
        text = (FIXTURES / f"{name}.ipynb").read_text(encoding="utf-8")
        notebook = nbformat.reads(text.replace(HOST, server.url("")), as_version=4)
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=120, resources=resources).execute()
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return [[said(output) for output in cell.outputs] for cell in cells]

    run.folder = folder
    return run


def said(output):
    return output.get("text") or output.data["text/plain"]


def serve(server, kit, *addresses):
    for address in addresses:
        path = kit.folder / Path(address).name.partition("?")[0]
        server.answers[address] = Answer(path.read_bytes())


def test_device_widget_and_download_file(execute, server):
    kit = load_kit("classification-ir", origin="included")
    serve(server, kit, "/images/picture.jpg", "/labels.txt")
    for query in ("", "?download=true"):
        serve(server, kit, f"/models/model.xml{query}", f"/models/model.bin{query}")
    outputs = execute("device-and-download")
    assert outputs[0] == [], "importing says nothing"
    choice = "".join(outputs[3])
    assert "Dropdown(description='Device:'" in choice
    assert "'CPU'" in choice and "'AUTO'" in choice and "'NPU'" not in choice
    assert "Checkbox(value=True, description='Quantization')" in outputs[4][0]
    assert outputs[-1][-1] == "('duck', True)"
    asked = len(server.requests)
    again = execute("device-and-download")
    assert again[1] == ["model already downloaded to artifacts\n"]
    assert again[-1][-1] == outputs[-1][-1]
    files = [path for path in server.requests[asked:] if "model.bin" in path]
    assert len(files) <= 1, "no weights twice; their size may be asked for"


def test_load_image_show_array_and_a_segmentation_overlay(execute, server):
    kit = load_kit("segmentation-onnx", origin="included")
    serve(server, kit, "/images/picture.jpg")
    shutil.copy(kit.folder / "model.onnx", execute.folder)
    outputs = execute("picture-and-segmentation")
    assert outputs[1][0].startswith("Danger: This needs OpenVINO 2021.4; version ")
    assert "Info: This is information." in outputs[1]
    assert outputs[3] == ["Frame of 640 x 480 pixels."], "one frame, updated"
    assert outputs[4] == ["(1, 1, 512, 512)"]
    assert outputs[5] == ["(480, 640, 3)"]
    assert outputs[6] == ["Source: Photo. Result: Toys. Legend: ground, toy."]
    assert outputs[7][0].endswith("1.0), [128, 64, 128])")
    assert server.requests == ["/images/picture.jpg"] * 2, "by address and by name"


def test_video_player_on_a_video(execute):
    path = execute.folder / "toys.avi"
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), fourcc, 30, (320, 240))
    for seed in range(8):
        scene = scenes.draw_scene(seed, width=320, height=240)
        writer.write(scene.image[..., ::-1].copy())
    writer.release()
    outputs = execute("video-player")
    assert outputs[2][0] == "Frame of 320 x 240 pixels."
    assert "".join(outputs[2]).endswith("Source ended\n")
    assert any(line.startswith("Cannot open camera 97.") for line in outputs[3])
