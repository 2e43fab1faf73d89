"""onnxruntime: inference on a model written in ONNX's own operators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench import layers as facts
from bench import threads
from bench.networks import Network


class Graph:
    """An ONNX graph that grows layer by layer, from the value `x` on.

    Attributes:
        nodes: so far.
        weights: so far, with the statistics of normalisation.
        parameters: how many of the weights' numbers would be trained.
    """

    def __init__(self, network: Network) -> None:
        self.nodes: list[object] = []
        self.weights: list[TensorProto] = []
        self.parameters = 0
        self._rng = np.random.default_rng(0)
        logits = self.add(network.layers, network.shape, "x")
        self.output = self.node("Softmax", logits) if network.loss == "classes" else logits

    def add(self, stack: tuple[facts.Layer, ...], shape: facts.Shape, value: str) -> str:
        """Layers one after the other; the name of what they return."""
        for fact in stack:
            value = self.add_layer(fact, shape, value)
            shape = fact.output(shape)
        return value

    def add_layer(self, fact: facts.Layer, shape: facts.Shape, value: str) -> str:
        match fact:
            case facts.Dense(units, activation):
                weights = [self.kernel(shape[0], (shape[0], units)), self.vector(units)]
                z = self.node("Gemm", value, *weights)
                return self.node("Relu", z) if activation == "relu" else z
            case facts.Conv(filters, size, stride, padding, activation, bias):
                kernel = self.kernel(size**2 * shape[2], (filters, shape[2], size, size))
                weights = [kernel, *([self.vector(filters)] if bias else [])]
                z = self.node("Conv", value, *weights, auto_pad=_padding(padding), strides=[stride, stride])
                return self.node("Relu", z) if activation == "relu" else z
            case facts.Depthwise(size, stride):
                kernel = self.kernel(size**2, (shape[2], 1, size, size))
                return self.node(
                    "Conv", value, kernel, auto_pad=_padding("same"), strides=[stride, stride], group=shape[2]
                )  # fmt: skip
            case facts.BatchNorm():
                scale, offset, mean = (self.vector(shape[2], trained) for trained in (True, True, False))
                variance = self.vector(shape[2], trained=False, value=1)
                return self.node("BatchNormalization", value, scale, offset, mean, variance, epsilon=fact.epsilon)
            case facts.ReLU():
                return self.node("Relu", value)
            case facts.MaxPool(size):
                return self.node("MaxPool", value, kernel_shape=[size, size], strides=[size, size])
            case facts.GlobalAverage():
                return self.node("Flatten", self.node("GlobalAveragePool", value))
            case facts.Flatten():
                return self.node("Flatten", value)
            case facts.Dropout():
                return value
            case facts.Residual(body, shortcut):
                return self.node("Add", self.add(body, shape, value), self.add(shortcut, shape, value))
        raise NotImplementedError(fact)

    def node(self, operator: str, *inputs: str, **attributes: object) -> str:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def kernel(self, fan_in: int, shape: facts.Shape) -> str:
        """He's normal weights."""
        array = self._rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / fan_in))
        self.parameters += array.size
        return self._constant(array)

    def vector(self, n: int, trained: bool = True, value: float = 0) -> str:
        self.parameters += n * trained
        return self._constant(np.full(n, value, np.float32))

    def _constant(self, array: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name


def _padding(word: str) -> str:
    return "SAME_UPPER" if word == "same" else "VALID"


def build(network: Network) -> tuple[bytes, int]:
    """A model, its images with channels first, and how many trainable numbers it holds."""
    graph = Graph(network)
    shape = [network.shape[-1], *network.shape[:-1]]
    proto = helper.make_graph(
        graph.nodes, "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(graph.output, TensorProto.FLOAT, ["n", network.outputs])],
        graph.weights,
    )  # fmt: skip
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString()), graph.parameters


def predictors(network: Network) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads.number()
    options.inter_op_num_threads = 1
    model, parameters = build(network)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def predict(x: np.ndarray) -> np.ndarray:
        if x.ndim == 4:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))  # copies nothing if there is one channel
        return session.run(None, {"x": x})[0]  # type: ignore[no-any-return]

    return {"": predict}, parameters
