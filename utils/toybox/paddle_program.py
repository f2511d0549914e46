"""The classifier as PaddlePaddle has it: a program and its parameters."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from .frameworks import framework
from .onnx_network import Array, Graph, Operation, rebuild

Variable = Any
PADDLE = ("paddle", "paddlepaddle==3.3.1")
SHAPE = (1, 3, 224, 224)


def write_program(graph: Graph, folder: Path) -> None:
    """Write a graph of ONNX as ``model.pdmodel`` and ``model.pdiparams``.

    Parameters
    ----------
    graph : onnx.GraphProto
        The network. The input keeps its name.
    folder : Path
        Where to write.
    """
    paddle = framework(*PADDLE)
    paddle.enable_static()
    # OpenVINO reads the format that was Paddle's only one before version 3.
    with paddle.pir_utils.OldIrGuard():
        _write(paddle, graph, folder)
    paddle.disable_static()


def _write(paddle: ModuleType, graph: Graph, folder: Path) -> None:
    static = paddle.static
    program, initial = static.Program(), static.Program()
    with static.program_guard(program, initial):
        image = static.data(graph.input[0].name, SHAPE, "float32")
        output = rebuild(graph, image, _operations(paddle))
    executor = static.Executor(paddle.CPUPlace())
    executor.run(initial)
    program = static.normalize_program(program, [image], [output])
    _forget_origins(program)
    parameters = static.serialize_persistables(
        [image], [output], executor, program=program
    )
    (folder / "model.pdmodel").write_bytes(program.desc.serialize_to_string())
    (folder / "model.pdiparams").write_bytes(parameters)


def _forget_origins(program: Any) -> None:
    """Remove the call stack that each operation records."""
    for block in program.blocks:
        for operation in block.ops:
            operation._remove_attr("op_callstack")


def _operations(paddle: ModuleType) -> dict[str, Operation]:
    """Return the operations of Paddle by their names in ONNX."""
    functional = paddle.nn.functional

    def constant(array: Array) -> Variable:
        return paddle.create_parameter(
            array.shape,
            "float32",
            default_initializer=paddle.nn.initializer.Assign(array),
        )

    def convolve(
        image: Variable,
        weight: Array,
        bias: Array,
        *,
        group: int,
        pads: Sequence[int],
        strides: Sequence[int],
        **_: object,
    ) -> Variable:
        top, left, bottom, right = pads
        return functional.conv2d(
            image,
            constant(weight),
            constant(bias),
            stride=list(strides),
            padding=[top, bottom, left, right],
            groups=group,
        )

    return {
        "Conv": convolve,
        "Relu": functional.relu,
        "Add": paddle.add,
        "Sub": lambda value, other: value - float(other),
        "Div": lambda value, divisor: value / float(divisor),
        "ReduceMean": lambda image, axes, **_: paddle.mean(image, axes),
        "Gemm": lambda rows, weight, bias, **_: functional.linear(
            rows, constant(weight.T), constant(bias)
        ),
        "Softmax": lambda scores, **_: functional.softmax(scores),
    }
