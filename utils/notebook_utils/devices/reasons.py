"""Why there is no GPU or NPU, in one sentence with the remedy."""

from .machine import Machine

INTEL_VENDOR = "0x8086"


def gpu_reason(machine: Machine) -> str:
    """Explain an absent GPU in one sentence, with the remedy."""
    nodes = machine.gpu_nodes
    if "GPU" not in machine.plugins:
        return _no_plugin(machine, "GPU")
    if machine.system == "Windows":
        return (
            "No Intel GPU, or no driver for it: install the current graphics driver "
            "from Intel and restart the computer."
        )
    if not nodes:
        return _no_gpu_node(machine)
    if machine.gpu_vendors and INTEL_VENDOR not in machine.gpu_vendors:
        return "The GPU here is not from Intel, and OpenVINO needs one: use the CPU."
    if machine.denied_nodes.issuperset(nodes):
        return _denied(nodes[0], machine.in_container)
    if not (machine.opencl_loader and machine.opencl_driver):
        absent = "driver" if machine.opencl_loader else "loader (libOpenCL.so.1)"
        return (
            f"There is a GPU but no OpenCL {absent}: sudo apt install "
            "ocl-icd-libopencl1 intel-opencl-icd (or your system's packages of these)."
        )
    return (
        "There is a GPU and an OpenCL driver, but OpenVINO cannot use them: update the "
        "driver (intel-opencl-icd), which may be older than the GPU."
    )


def npu_reason(machine: Machine) -> str:
    """Explain an absent NPU in one sentence, with the remedy."""
    nodes = machine.npu_nodes
    if "NPU" not in machine.plugins:
        return _no_plugin(machine, "NPU")
    if machine.system == "Windows":
        return (
            "No NPU, or no driver for it: Intel Core Ultra processors have one, and "
            "Windows Update or Intel has the driver."
        )
    if not nodes:
        return _no_npu_node(machine)
    if machine.denied_nodes.issuperset(nodes):
        return _denied(nodes[0], machine.in_container)
    if not machine.npu_driver:
        return (
            "There is an NPU but no driver for programs: install the packages of "
            "github.com/intel/linux-npu-driver."
        )
    return (
        "There is an NPU and a driver, but OpenVINO cannot use them: update the driver "
        "from github.com/intel/linux-npu-driver."
    )


def _no_plugin(machine: Machine, device: str) -> str:
    note = " for macOS" if machine.system == "Darwin" else " installed here"
    return f"The OpenVINO package{note} has no {device} plugin: use the CPU."


def _no_gpu_node(machine: Machine) -> str:
    if machine.in_wsl:
        return (
            "Windows passes no GPU on to this Linux (no /dev/dxg): install Intel's "
            "graphics driver in Windows, then run: wsl --update"
        )
    if machine.in_container:
        return (
            "No GPU is visible in this container: if the host has an Intel one, start "
            "the container with --device /dev/dri"
        )
    return (
        "No Intel GPU is visible (no /dev/dri/renderD*): use the CPU, or, if the "
        "computer has one, enable it in the firmware and update the Linux kernel."
    )


def _no_npu_node(machine: Machine) -> str:
    if machine.in_wsl:
        return "Windows Subsystem for Linux passes no NPU on: use OpenVINO in Windows."
    if machine.in_container:
        return (
            "No NPU is visible in this container: if the host has one, start the "
            "container with --device /dev/accel"
        )
    return (
        "No NPU is visible (no /dev/accel/accel*): use the CPU, or, with an Intel Core "
        "Ultra processor, use Linux 6.6 or later, which has the module intel_vpu."
    )


def _denied(node: str, in_container: bool) -> str:
    if in_container:
        return (
            f"This user may not open {node}: start the container with --group-add and "
            f"the number that this prints on the host: stat -c %g {node}"
        )
    return (
        f"This user may not open {node}: run sudo usermod -aG render $USER, then log "
        "out and in again."
    )
