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
    if not nodes and machine.in_wsl:
        return (
            "Windows passes no GPU on to this Linux (no /dev/dxg): install Intel's "
            "graphics driver in Windows, then run: wsl --update"
        )
    if not nodes:
        return _no_node(machine, "GPU", "/dev/dri", "update the Linux kernel")
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
    if not nodes and machine.in_wsl:
        return "Windows Subsystem for Linux passes no NPU on: use OpenVINO in Windows."
    if not nodes:
        remedy = "use Linux 6.6 or later (Intel Core Ultra processors have an NPU)"
        return _no_node(machine, "NPU", "/dev/accel", remedy)
    if machine.denied_nodes.issuperset(nodes):
        return _denied(nodes[0], machine.in_container)
    problem = "a driver, but OpenVINO cannot use them: update it"
    if not machine.npu_driver:
        problem = "no driver for programs: install it"
    return f"There is an NPU and {problem} from github.com/intel/linux-npu-driver."


def _no_plugin(machine: Machine, device: str) -> str:
    note = " for macOS" if machine.system == "Darwin" else " installed here"
    return f"The OpenVINO package{note} has no {device} plugin: use the CPU."


def _no_node(machine: Machine, device: str, folder: str, remedy: str) -> str:
    if machine.in_container:
        return (
            f"No {device} is visible in this container: if the host has an Intel one, "
            f"start the container with --device {folder}"
        )
    return (
        f"No Intel {device} is visible (nothing in {folder}): use the CPU, or, if the "
        f"computer has one, enable it in the firmware and {remedy}."
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
