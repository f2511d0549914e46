"""ONNX files: written from PyTorch, and built again in another framework."""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Array = NDArray[np.float32]
Graph = Any  # onnx.GraphProto
Operation = Callable[..., Any]
OPSET = 17


def export_onnx(network: Any, path: Path, size: int, output: str) -> int:
    """Write a network of PyTorch as an ONNX file; return its number of parameters.

    The input is named ``image`` and is (1, 3, size, size).
    """
    import torch

    with warnings.catch_warnings():
        # The newer exporter needs one more package and gives the weights other names.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, 3, size, size),),
            str(path),
            input_names=["image"],
            output_names=[output],
            opset_version=OPSET,
            dynamo=False,
        )
    return count_parameters(read_graph(path))


def read_graph(path: Path) -> Graph:
    """Return the graph of an ONNX file: operations in the order in which they run."""
    return onnx.load(path).graph


def count_parameters(graph: Graph) -> int:
    """Return how many numbers of a graph were learned."""
    return sum(math.prod(tensor.dims) for tensor in graph.initializer)


def rebuild(graph: Graph, image: Any, operations: Mapping[str, Operation]) -> Any:
    """Build a network with the operations of another framework; return its output.

    For each ONNX operation there is a function of its inputs and, by name, its
    attributes. Weights are passed as arrays, in the layout of ONNX.
    """
    needed = {node.op_type for node in graph.node} - {"Constant"}
    if missing := sorted(needed - set(operations)):
        raise ValueError(
            f"The network needs {', '.join(missing)}: expected only "
            f"{', '.join(operations)}. Add what is missing to the operations."
        )
    to_array = onnx.numpy_helper.to_array
    values = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    values[graph.input[0].name] = image
    for node in graph.node:
        attributes = {
            attribute.name: onnx.helper.get_attribute_value(attribute)
            for attribute in node.attribute
        }
        if node.op_type == "Constant":
            result = to_array(attributes["value"])
        else:
            inputs = [values[name] for name in node.input]
            result = operations[node.op_type](*inputs, **attributes)
        values[node.output[0]] = result
    return values[graph.output[0].name]
