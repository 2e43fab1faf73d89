"""What a graph means: slow, allocating, and the oracle of every plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.graph.order import leaves_of, nodes_of
from chainrule.graph.tensor import Constant, Tensor
from chainrule.graph.variable import Variable


def evaluate(outputs: Sequence[Tensor], given: Mapping[Tensor, np.ndarray]) -> dict[Tensor, np.ndarray]:
    """Run the formulas in order; return the value of every tensor on the way."""
    value: dict[Tensor, np.ndarray] = {}
    value.update({x: x.value for x in leaves_of(outputs) if isinstance(x, (Constant, Variable))})
    value.update(given)
    for node in nodes_of(outputs):
        results = node.primitive.forward(*(value[x] for x in node.inputs), **node.attrs)
        value.update(zip(node.outputs, results, strict=True))
    return value


def interpret(
    loss: Tensor, given: Mapping[Tensor, np.ndarray]
) -> tuple[dict[Tensor, np.ndarray], dict[Tensor, np.ndarray]]:
    """Run the formulas in order, then their VJPs in reverse; return all values and all gradients."""
    value = evaluate([loss], given)
    gradient = {loss: np.ones_like(value[loss])}
    for node in reversed(nodes_of([loss])):
        if node.outputs[0] not in gradient or node.primitive.vjp is None:
            continue
        saved = {name: value[x] for name, x in node.saved().items()}
        shapes = node.shapes(lambda x: value[x].shape)
        cotangents = node.primitive.vjp(gradient[node.outputs[0]], **saved, **shapes, **node.attrs)
        for x, dx in zip(node.inputs, cotangents, strict=True):
            if dx is not None and x.spec.dtype.kind == "f":
                gradient[x] = gradient[x] + dx if x in gradient else dx
    return value, gradient
