import os
import platform
import stat
from types import SimpleNamespace

import pytest

from notebook_utils.devices import (
    available_devices,
    device_widget,
    listing,
    missing_devices,
    quantization_widget,
)
from notebook_utils.devices.machine import Machine, look_at_machine
from notebook_utils.devices.reasons import gpu_reason, npu_reason

RENDER = "/dev/dri/renderD128"
ACCEL = "/dev/accel/accel0"
INTEL = frozenset({"0x8086"})


@pytest.fixture
def machine(monkeypatch):
    """A machine with the devices that the test names, and no drivers to look at."""
    monkeypatch.delenv("NOTEBOOK_DEVICE", raising=False)

    def describe(name, key):
        if name == "ODD":
            raise RuntimeError("Unsupported configuration key")
        return f" a {name} "

    def make(*names):
        core = SimpleNamespace(available_devices=list(names), get_property=describe)
        monkeypatch.setattr("openvino.Core", lambda: core)
        monkeypatch.setattr(listing, "look_at_machine", Machine)

    return make


def test_devices_are_those_of_openvino_in_its_order(machine):
    machine("GPU", "CPU", "ODD")
    assert list(available_devices().items()) == [
        ("GPU", "a GPU"),
        ("CPU", "a CPU"),
        ("ODD", "ODD"),  # it cannot be described
    ]


def test_what_is_missing_has_a_reason(machine, monkeypatch):
    for reason in missing_devices().values():  # of this machine
        assert len(reason) > 20 and "\n" not in reason
    machine("CPU", "GPU.0", "GPU.1")
    assert missing_devices() == {"NPU": npu_reason(Machine())}
    machine("CPU", "GPU", "NPU")
    monkeypatch.setattr(listing, "look_at_machine", lambda: pytest.fail("looked"))
    assert missing_devices() == {}


SEEN = {"gpu_nodes": (RENDER,), "npu_nodes": (ACCEL,)}
DENIED = {**SEEN, "denied_nodes": frozenset({RENDER, ACCEL})}
OPENCL = {"opencl_loader": True, "opencl_driver": True}


@pytest.mark.parametrize(
    ("seen", "gpu", "npu"),
    [
        (
            {"system": "Darwin", "plugins": frozenset()},
            "for macOS has no GPU plugin",
            "for macOS has no NPU plugin",
        ),
        ({"plugins": frozenset({"NPU"})}, "here has no GPU plugin", "Linux 6.6"),
        ({"system": "Windows"}, "current graphics driver", "Windows Update"),
        ({}, "No Intel GPU is visible", "No Intel NPU is visible"),
        ({"in_container": True}, "--device /dev/dri", "--device /dev/accel"),
        ({"in_wsl": True}, "wsl --update", "use OpenVINO in Windows"),
        (
            {**SEEN, "gpu_vendors": frozenset({"0x10de"})},
            "not from Intel",
            "linux-npu-driver",
        ),
        (DENIED, f"{RENDER}: run sudo usermod -aG render", f"{ACCEL}: run sudo"),
        ({**DENIED, "in_container": True}, "--group-add", f"stat -c %g {ACCEL}"),
        (
            {**SEEN, "gpu_vendors": INTEL},
            "no OpenCL loader (libOpenCL.so.1)",
            "no driver for programs",
        ),
        ({**SEEN, "opencl_loader": True}, "no OpenCL driver", "no driver for"),
        ({**SEEN, **OPENCL, "npu_driver": True}, "update the driver", "update it"),
    ],
)
def test_reasons_for_no_gpu_and_no_npu(seen, gpu, npu):
    assert gpu in gpu_reason(Machine(**seen))
    assert npu in npu_reason(Machine(**seen))


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_an_empty_machine_shows_nothing(tmp_path):
    seen = look_at_machine(tmp_path, loads=lambda library: False)
    assert seen == Machine(system=platform.system(), plugins=seen.plugins)


def test_a_full_machine_shows_everything(tmp_path):
    node = write(tmp_path / "dev/dri/renderD128")
    write(tmp_path / "dev/dri/card0")
    accel = write(tmp_path / "dev/accel/accel0")
    write(tmp_path / "sys/class/drm/renderD128/device/vendor", "0x8086\n")
    write(tmp_path / "etc/OpenCL/vendors/intel.icd", "libigdrcl.so")
    write(tmp_path / "proc/1/cgroup", "0::/docker/abc")
    seen = look_at_machine(tmp_path, loads=lambda library: True)
    assert seen == Machine(
        system=platform.system(),
        plugins=seen.plugins,
        in_container=True,
        gpu_nodes=(str(node),),
        gpu_vendors=INTEL,
        npu_nodes=(str(accel),),
        **OPENCL,
        npu_driver=True,
    )


def test_wsl_and_other_makers_are_told_apart(tmp_path):
    write(tmp_path / "proc/version", "Linux version 6.6 (Microsoft@Microsoft.com) WSL2")
    write(tmp_path / "etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1")
    dxg = write(tmp_path / "dev/dxg")
    seen = look_at_machine(
        tmp_path, loads=lambda library: library != "libze_loader.so.1"
    )
    assert seen.in_wsl and seen.gpu_nodes == (str(dxg),)
    assert seen.opencl_loader and not seen.opencl_driver
    assert not seen.npu_driver, "a driver without its loader"


def test_a_node_that_may_not_be_opened_is_denied(tmp_path, monkeypatch):
    node = write(tmp_path / "dev/dri/renderD128")
    node.chmod(stat.S_IRUSR)

    def mode_only(path, mode):  # for the superuser os.access allows everything
        return path.stat().st_mode & stat.S_IWUSR == stat.S_IWUSR

    monkeypatch.setattr(os, "access", mode_only)
    seen = look_at_machine(tmp_path, loads=lambda library: False)
    assert seen.denied_nodes == {str(node)}


@pytest.mark.parametrize(
    ("default", "arguments", "options", "value"),
    [
        ("AUTO", {}, "CPU GPU.0 GPU.1 AUTO", "AUTO"),
        ("CPU", {"exclude": ["AUTO"]}, "CPU GPU.0 GPU.1", "CPU"),
        ("CPU", {"exclude": "gpu"}, "CPU AUTO", "CPU"),
        ("CPU", {"exclude": ["GPU.1", "NPU"]}, "CPU GPU.0 AUTO", "CPU"),
        ("gpu", {"added": ["X:GPU", "CPU"]}, "CPU GPU.0 GPU.1 AUTO X:GPU", "GPU.0"),
        ("X:CPU", {"exclude": ["CPU", "GPU", "AUTO"], "added": "X:CPU"}, "X:CPU", None),
    ],
)
def test_devices_are_offered_and_one_is_chosen(
    machine, capsys, default, arguments, options, value
):
    machine("CPU", "GPU.0", "GPU.1")
    widget = device_widget(default, **arguments)
    assert list(widget.options) == options.split()
    assert widget.value == (value or default)
    assert widget.description == "Device:"
    assert widget.style.description_width == "initial"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("exclude", "value"),
    [((), "AUTO"), (("AUTO",), "CPU"), (("AUTO", "CPU"), "FPGA")],
)
def test_a_missing_default_falls_back_and_says_why(machine, capsys, exclude, value):
    machine("FPGA", "CPU")
    assert device_widget("GPU", exclude=exclude).value == value
    printed = capsys.readouterr().out
    assert printed.startswith("GPU is not offered here (")
    assert f"using {value}. No Intel GPU is visible" in printed
    assert printed.count("\n") == 1


def test_the_environment_overrides_the_default(machine, monkeypatch, capsys):
    machine("CPU", "GPU")
    monkeypatch.setenv("NOTEBOOK_DEVICE", " gpu ")
    assert device_widget("CPU").value == "GPU"
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("NOTEBOOK_DEVICE", "TOASTER")
    assert device_widget("CPU").value == "CPU"
    assert capsys.readouterr().out == (
        "NOTEBOOK_DEVICE=TOASTER is not offered here (CPU, GPU, AUTO): using CPU.\n"
    )


def test_nothing_left_to_offer_is_an_error(machine):
    machine("CPU")
    with pytest.raises(ValueError, match="all are excluded by CPU, AUTO"):
        device_widget(exclude=["CPU", "AUTO"])


def test_quantization_is_offered():
    box = quantization_widget(False)
    assert (box.value, box.description) == (False, "Quantization")
    assert quantization_widget().value is True
