"""The classifier as TensorFlow has it: a frozen graph, and TensorFlow Lite in INT8.

ONNX keeps images as NCHW and convolution weights as (outputs, inputs, height,
width); TensorFlow keeps NHWC and (height, width, inputs, outputs).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from numpy.typing import NDArray

from .onnx_network import Array, Graph, rebuild

Tensor = Any
SHAPE = (1, 224, 224, 3)


def frozen_graph(graph: Graph) -> bytes:
    """Return a graph of ONNX as a ``.pb`` file, its weights constants."""
    frozen = tf.Graph()
    with frozen.as_default():
        name = graph.input[0].name
        image = tf.compat.v1.placeholder(tf.float32, SHAPE, name=name)
        tf.identity(rebuild(graph, image, OPERATIONS), name=graph.output[0].name)
    # In a fixed order, so that the same network gives the same bytes.
    content: bytes = frozen.as_graph_def().SerializeToString(deterministic=True)
    return content


def quantized_lite(graph: Graph, views: NDArray[np.uint8]) -> bytes:
    """Return a graph of ONNX as a ``.tflite`` file in INT8, uint8 in and out.

    The views (n, 224, 224, 3) set the range of every tensor.
    """
    name = graph.input[0].name

    @tf.function(input_signature=[tf.TensorSpec(SHAPE, tf.float32, name)])  # type: ignore[untyped-decorator]
    def classify(image: Tensor) -> Mapping[str, Tensor]:
        return {graph.output[0].name: rebuild(graph, image, OPERATIONS)}

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [classify.get_concrete_function()]
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [view[None].astype(np.float32)] for view in views
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def _convolve(
    image: Tensor,
    weight: Array,
    bias: Array,
    *,
    group: int,
    pads: Sequence[int],
    strides: Sequence[int],
    **_: object,
) -> Tensor:
    top, left, bottom, right = pads
    if any(pads):
        image = tf.pad(image, [[0, 0], [top, bottom], [left, right], [0, 0]])
    steps = [1, *strides, 1]
    if group == 1:
        kernel = weight.transpose(2, 3, 1, 0)
        result = tf.nn.conv2d(image, kernel, steps, "VALID")
    else:
        kernel = weight.transpose(2, 3, 0, 1)
        result = tf.nn.depthwise_conv2d(image, kernel, steps, "VALID")
    return tf.nn.bias_add(result, bias)


# For NHWC, by their names in ONNX.
OPERATIONS = {
    "Conv": _convolve,
    "Relu": tf.nn.relu,
    "Add": tf.add,
    "Sub": tf.subtract,
    # Integer arithmetic has no division.
    "Div": lambda value, divisor: value * (1 / divisor),
    "ReduceMean": lambda image, **_: tf.reduce_mean(image, [1, 2]),
    "Gemm": lambda rows, weight, bias, **_: rows @ weight.T + bias,
    "Softmax": lambda scores, **_: tf.nn.softmax(scores),
}
