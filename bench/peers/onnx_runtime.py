"""onnxruntime: inference on a model written in ONNX's own operators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench import threads
from bench.networks import Network


def dense(network: Network) -> bytes:
    """Gemm and Relu, again and again, and a Softmax."""
    rng = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    shapes = list(zip(network.widths, network.widths[1:], strict=False))
    for i, (k, n) in enumerate(shapes):
        w = rng.standard_normal((k, n), dtype=np.float32) * np.float32(np.sqrt(2 / k))
        weights += [
            numpy_helper.from_array(w, f"w{i}"),
            numpy_helper.from_array(np.zeros(n, np.float32), f"b{i}"),
        ]
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"z{i}"]))
        value = "y" if i == len(shapes) - 1 else f"a{i}"
        nodes.append(helper.make_node("Softmax" if value == "y" else "Relu", [f"z{i}"], [value]))
    graph = helper.make_graph(
        nodes, "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", network.widths[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", network.widths[-1]])],
        weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


BUILD = {"dense": dense}


def predictors(network: Network) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads.number()
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(BUILD[network.kind](network), options, providers=["CPUExecutionProvider"])
    return {"": lambda x: session.run(None, {"x": x})[0]}
