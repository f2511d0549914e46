"""The classifier as PaddlePaddle has it: a program and its parameters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import paddle  # type: ignore[import-not-found]

from .onnx_network import Array, Graph, rebuild

Variable = Any
static, functional = paddle.static, paddle.nn.functional
SHAPE = (1, 3, 224, 224)


def write_program(graph: Graph, folder: Path) -> None:
    """Write a graph of ONNX as ``model.pdmodel`` and ``model.pdiparams``."""
    paddle.enable_static()
    # OpenVINO reads the format that was Paddle's only one before version 3.
    with paddle.pir_utils.OldIrGuard():
        _write(graph, folder)
    paddle.disable_static()


def _write(graph: Graph, folder: Path) -> None:
    program, initial = static.Program(), static.Program()
    with static.program_guard(program, initial):
        image = static.data(graph.input[0].name, SHAPE, "float32")
        output = rebuild(graph, image, OPERATIONS)
    executor = static.Executor(paddle.CPUPlace())
    executor.run(initial)
    program = static.normalize_program(program, [image], [output])
    for block in program.blocks:
        for operation in block.ops:
            operation._remove_attr("op_callstack")  # it names files of this machine
    parameters = static.serialize_persistables(
        [image], [output], executor, program=program
    )
    (folder / "model.pdmodel").write_bytes(program.desc.serialize_to_string())
    (folder / "model.pdiparams").write_bytes(parameters)


def _constant(array: Array) -> Variable:
    initializer = paddle.nn.initializer.Assign(array)
    return paddle.create_parameter(
        array.shape, "float32", default_initializer=initializer
    )


def _convolve(
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
        _constant(weight),
        _constant(bias),
        stride=list(strides),
        padding=[top, bottom, left, right],
        groups=group,
    )


# By their names in ONNX.
OPERATIONS = {
    "Conv": _convolve,
    "Relu": functional.relu,
    "Add": paddle.add,
    "Sub": lambda value, other: value - float(other),
    "Div": lambda value, divisor: value / float(divisor),
    "ReduceMean": lambda image, axes, **_: paddle.mean(image, axes),
    "Gemm": lambda rows, weight, bias, **_: functional.linear(
        rows, _constant(weight.T), _constant(bias)
    ),
    "Softmax": lambda scores, **_: functional.softmax(scores),
}
