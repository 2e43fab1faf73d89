"""Rewrites: the same function as a graph of fewer, larger operations.

    dense, then an activation            -> dense_activation            one buffer, one pass
    conv, then an activation             -> conv_activation             the same
    either, then a maximum over windows  -> conv_pool                   what is between stays in the cache
    softmax, then cross-entropy          -> softmax_cross_entropy       no logarithm of a rounded number
    sigmoid, then binary cross-entropy   -> sigmoid_cross_entropy

A rewrite never changes what a graph means: the fused operations are primitives, with
formulas and derivatives of their own, and the interpreter runs both graphs in the tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chainrule.graph.order import nodes_of
from chainrule.graph.tensor import Constant, Node, Tensor
from chainrule.ops.conv_fused import conv_pool
from chainrule.ops.primitive import PRIMITIVES, Primitive

Inputs = tuple[Tensor, ...]
Rule = Callable[[Node, Inputs, "Readers"], "dict[Tensor, Tensor] | None"]


class Readers:
    """How often each tensor is read, by nodes and as an output."""

    def __init__(self, outputs: Sequence[Tensor]) -> None:
        self.nodes: Counter[Tensor] = Counter(x for node in nodes_of(outputs) for x in node.inputs)
        self.outputs = set(outputs)

    def only_one(self, x: Tensor) -> bool:
        """Whether a single node reads `x`, and nobody else."""
        return self.nodes[x] == 1 and x not in self.outputs

    def only_one_node(self, x: Tensor) -> bool:
        """Whether a single node reads `x`; it may be an output as well."""
        return self.nodes[x] == 1


def simplify(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The same outputs, of a graph with every rule applied."""
    for rule in RULES:
        outputs = _apply(rule, outputs)
    return list(outputs)


def _apply(rule: Rule, outputs: Sequence[Tensor]) -> list[Tensor]:
    readers = Readers(outputs)
    new: dict[Tensor, Tensor] = {}
    for node in nodes_of(outputs):
        inputs = tuple(new.get(x, x) for x in node.inputs)
        replaced = rule(node, inputs, readers)
        if replaced is not None:
            new.update(replaced)
        elif inputs != node.inputs:
            copy = _node(node.primitive, inputs, dict(node.attrs), node.layer)
            new.update(zip(node.outputs, copy.outputs, strict=True))
    return [new.get(x, x) for x in outputs]


def _node(primitive: Primitive, inputs: Inputs, attrs: dict[str, Any], layer: str) -> Node:
    """A node outside of any trace."""
    node = Node(primitive, inputs, attrs, layer)
    specs = primitive.infer(*(x.spec for x in inputs), **attrs)
    node.outputs = tuple(
        Tensor(spec, f"{node.label}.{name}", node) for name, spec in zip(primitive.outputs, specs, strict=True)
    )
    return node


def fold_constants(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """What depends on constants alone is computed now."""
    values = [x.value for x in inputs if isinstance(x, Constant)]
    if not inputs or len(values) < len(inputs):
        return None
    return dict(zip(node.outputs, map(Constant, node.primitive.forward(*values, **node.attrs)), strict=True))


def fuse_activation(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """activation(dense(x, w, b)) or of conv, where the derivative of the activation needs only its result."""
    if len(inputs) != 1 or not node.primitive.elementwise or node.primitive.saves != ("y",):
        return None
    before = inputs[0].node
    if before is None or before.primitive.name not in ("dense", "conv") or not readers.only_one(node.inputs[0]):
        return None
    attrs = {**before.attrs, "activation": (node.primitive.name, tuple(node.attrs.items()))}
    fused = _node(PRIMITIVES[f"{before.primitive.name}_activation"], before.inputs, attrs, before.layer)
    return {node.outputs[0]: fused.outputs[0]}


def fuse_conv_and_pool(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """The largest of each window of a convolution or of its activation."""
    before = inputs[0].node if node.primitive.name == "max_pool" else None
    if before is None or before.primitive.name not in ("conv", "conv_activation"):
        return None
    if not readers.only_one(node.inputs[0]):
        return None
    pool = {"pool": node.attrs["window"], "pool_strides": node.attrs["strides"], "pool_padding": node.attrs["padding"]}
    attrs = {"activation": None, **before.attrs, **pool}
    fused = _node(conv_pool, before.inputs, attrs, before.layer)
    return dict(zip(node.outputs, fused.outputs, strict=True))


FUSED_LOSSES = {  # (activation, loss on what it gives) -> loss on what it takes
    ("softmax", "categorical_cross_entropy"): "softmax_cross_entropy",
    ("softmax", "sparse_categorical_cross_entropy"): "sparse_softmax_cross_entropy",
    ("sigmoid", "binary_cross_entropy"): "sigmoid_cross_entropy",
}


def fuse_activation_and_loss(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """A cross-entropy of what softmax or sigmoid gave, taken from the logits."""
    probabilities = next((x for x in inputs if x.node and x.node.primitive.name in ("softmax", "sigmoid")), None)
    if probabilities is None or probabilities.node is None:
        return None
    before = probabilities.node
    name = FUSED_LOSSES.get((before.primitive.name, node.primitive.name))
    k = inputs.index(probabilities)
    if name is None or not readers.only_one_node(node.inputs[k]) or not _over_last_axis(before):
        return None
    operands = tuple(before.inputs[0] if x is probabilities else x for x in inputs)
    fused = _node(PRIMITIVES[name], operands, {}, node.layer)
    return {node.outputs[0]: fused.outputs[0], node.inputs[k]: fused.outputs[1]}


def _over_last_axis(node: Node) -> bool:
    axis = node.attrs.get("axis", -1)
    return axis in (-1, len(node.inputs[0].shape) - 1)


RULES: tuple[Rule, ...] = (fold_constants, fuse_activation_and_loss, fuse_activation, fuse_conv_and_pool)
