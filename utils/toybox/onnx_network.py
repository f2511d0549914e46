"""A network as its ONNX file tells it, to be built again in another framework."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Operation = Callable[..., Any]


@dataclass(frozen=True)
class Layer:
    """One operation, with the names of what goes in and what comes out.

    Parameters
    ----------
    operation : str
        As ONNX names it, such as ``"Conv"``.
    inputs : tuple of str
        Outputs of earlier layers, weights, or the input of the network.
    output : str
        Its only output.
    options : mapping
        What ONNX calls attributes, such as ``strides``.
    """

    operation: str
    inputs: tuple[str, ...]
    output: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Network:
    """Layers in the order they run, between one input and one output.

    Parameters
    ----------
    input, output : str
        Their names.
    weights : mapping
        Arrays by name, single numbers among them.
    layers : tuple of Layer
        In an order in which each finds its inputs.
    """

    input: str
    output: str
    weights: Mapping[str, Array]
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(array.size for array in self.weights.values() if array.ndim)


def read_network(path: Path) -> Network:
    """Read a network from an ONNX file.

    Parameters
    ----------
    path : Path
        The file.
    """
    import onnx

    graph = onnx.load(path).graph
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer
    }
    layers = []
    for node in graph.node:
        options = {
            attribute.name: onnx.helper.get_attribute_value(attribute)
            for attribute in node.attribute
        }
        if node.op_type == "Constant":
            weights[node.output[0]] = onnx.numpy_helper.to_array(options["value"])
        else:
            layer = Layer(node.op_type, tuple(node.input), node.output[0], options)
            layers.append(layer)
    return Network(graph.input[0].name, graph.output[0].name, weights, tuple(layers))


def rebuild(network: Network, image: Any, operations: Mapping[str, Operation]) -> Any:
    """Build a network from the operations of another framework.

    Parameters
    ----------
    network : Network
        What to build.
    image : tensor of that framework
        The input.
    operations : mapping
        For each operation of ONNX, a function of its inputs and, by name, its options.
        Weights reach it as arrays, in the layout of ONNX.

    Returns
    -------
    tensor of that framework
        The output.

    Raises
    ------
    ValueError
        If an operation of the network is not in the mapping.

    Examples
    --------
    >>> layers = (Layer("Sub", ("image", "mean"), "centred", {}),)
    >>> network = Network("image", "centred", {"mean": np.float32(2)}, layers)
    >>> float(rebuild(network, 5.0, {"Sub": lambda value, mean: value - mean}))
    3.0
    """
    missing = sorted({layer.operation for layer in network.layers} - set(operations))
    if missing:
        raise ValueError(
            f"The network needs {', '.join(missing)}: expected only "
            f"{', '.join(operations)}. Add what is missing to the operations."
        )
    values: dict[str, Any] = {**network.weights, network.input: image}
    for layer in network.layers:
        operation = operations[layer.operation]
        inputs = [values[name] for name in layer.inputs]
        values[layer.output] = operation(*inputs, **layer.options)
    return values[network.output]
