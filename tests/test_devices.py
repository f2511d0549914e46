import os
import platform
import stat
import sys
from types import SimpleNamespace

import pytest

from notebook_utils import WorkshopError
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

    def make(*names):
        core = SimpleNamespace(
            available_devices=list(names), get_property=lambda name, key: "a name"
        )
        monkeypatch.setattr("openvino.Core", lambda: core)
        monkeypatch.setattr(listing, "look_at_machine", Machine)

    return make


def test_devices_are_those_of_openvino_in_its_order():
    import openvino as ov

    core = ov.Core()
    found = available_devices()
    assert list(found) == core.available_devices
    assert found["CPU"] == core.get_property("CPU", "FULL_DEVICE_NAME").strip()


def test_a_device_that_cannot_be_described_is_listed_under_its_own_name(monkeypatch):
    def refuse(name, key):
        raise RuntimeError("Unsupported configuration key")

    core = SimpleNamespace(available_devices=["CPU", "ODD"], get_property=refuse)
    monkeypatch.setattr("openvino.Core", lambda: core)
    assert available_devices() == {"CPU": "CPU", "ODD": "ODD"}


def test_without_openvino_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(WorkshopError, match="pip install openvino"):
        available_devices()


def test_a_numbered_gpu_is_not_missing(machine):
    machine("CPU", "GPU.0", "GPU.1")
    assert set(missing_devices()) == {"NPU"}


def test_nothing_is_missing_where_everything_is_there(machine, monkeypatch):
    machine("CPU", "GPU", "NPU")
    monkeypatch.setattr(listing, "look_at_machine", lambda: pytest.fail("looked"))
    assert missing_devices() == {}


SEEN = {"gpu_nodes": (RENDER,), "npu_nodes": (ACCEL,)}
DENIED = {**SEEN, "denied_nodes": frozenset({RENDER, ACCEL})}


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
        ({}, "No Intel GPU is visible", "Linux 6.6"),
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
        (
            {**SEEN, "opencl_loader": True, "npu_driver": True},
            "no OpenCL driver",
            "update the driver",
        ),
        (
            {**SEEN, "opencl_loader": True, "opencl_driver": True},
            "update the driver",
            "no driver for programs",
        ),
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
    assert seen.gpu_nodes == (str(node),)
    assert seen.npu_nodes == (str(accel),)
    assert seen.gpu_vendors == INTEL
    assert seen.opencl_loader and seen.opencl_driver and seen.npu_driver
    assert seen.in_container and not seen.in_wsl
    assert seen.denied_nodes == frozenset()


def test_another_makers_opencl_driver_does_not_count(tmp_path):
    write(tmp_path / "etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1")
    assert not look_at_machine(tmp_path, loads=lambda library: True).opencl_driver


def test_wsl_is_told_by_its_kernel(tmp_path):
    write(tmp_path / "proc/version", "Linux version 6.6 (Microsoft@Microsoft.com) WSL2")
    dxg = write(tmp_path / "dev/dxg")
    seen = look_at_machine(tmp_path, loads=lambda library: False)
    assert seen.in_wsl and seen.gpu_nodes == (str(dxg),)


def test_a_node_that_may_not_be_opened_is_denied(tmp_path, monkeypatch):
    node = write(tmp_path / "dev/dri/renderD128")
    node.chmod(stat.S_IRUSR)

    def mode_only(path, mode):  # for the superuser os.access allows everything
        return path.stat().st_mode & stat.S_IWUSR == stat.S_IWUSR

    monkeypatch.setattr(os, "access", mode_only)
    seen = look_at_machine(tmp_path, loads=lambda library: False)
    assert seen.denied_nodes == {str(node)}


def test_this_machine_can_be_looked_at():
    assert look_at_machine().system == platform.system()
    for reason in missing_devices().values():
        assert len(reason) > 20 and "\n" not in reason


def test_the_widget_offers_the_devices_and_auto(machine):
    machine("CPU", "GPU")
    widget = device_widget()
    assert tuple(widget.options) == ("CPU", "GPU", "AUTO")
    assert widget.value == "AUTO"
    assert widget.description == "Device:"
    assert widget.style.description_width == "initial"


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({"exclude": ["AUTO"]}, ("CPU", "GPU.0", "GPU.1")),
        ({"exclude": "gpu"}, ("CPU", "AUTO")),
        ({"exclude": ["GPU.1", "NPU"]}, ("CPU", "GPU.0", "AUTO")),
        ({"added": ["HETERO:GPU,CPU", "CPU"]}, None),
        ({"added": "HETERO:GPU,CPU"}, None),
    ],
)
def test_options_can_be_excluded_and_added(machine, capsys, arguments, options):
    machine("CPU", "GPU.0", "GPU.1")
    everything = ("CPU", "GPU.0", "GPU.1", "AUTO", "HETERO:GPU,CPU")
    assert tuple(device_widget("CPU", **arguments).options) == (options or everything)
    assert capsys.readouterr().out == ""


def test_an_added_device_can_be_chosen_when_all_others_are_excluded(machine):
    machine("CPU")
    widget = device_widget("BATCH:CPU", exclude=["CPU", "AUTO"], added=["BATCH:CPU"])
    assert tuple(widget.options) == ("BATCH:CPU",)
    assert widget.value == "BATCH:CPU"


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


def test_an_unknown_device_in_the_environment_falls_back(machine, monkeypatch, capsys):
    machine("CPU")
    monkeypatch.setenv("NOTEBOOK_DEVICE", "TOASTER")
    assert device_widget("CPU").value == "CPU"
    assert capsys.readouterr().out == (
        "NOTEBOOK_DEVICE=TOASTER is not offered here (CPU, AUTO): using CPU.\n"
    )


def test_nothing_left_to_offer_is_an_error(machine):
    machine("CPU")
    with pytest.raises(ValueError, match="all are excluded by CPU, AUTO"):
        device_widget(exclude=["CPU", "AUTO"])


@pytest.mark.parametrize("asked", ["GPU", "gpu", "GPU.0"])
def test_a_gpu_is_the_first_of_several(machine, capsys, asked):
    machine("CPU", "GPU.0", "GPU.1")
    assert device_widget(asked).value == "GPU.0"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("default", [True, False])
def test_quantization_is_offered(default):
    box = quantization_widget(default)
    assert box.value is default
    assert box.description == "Quantization"
