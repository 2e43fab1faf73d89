"""Rewrites: the same function as a graph of fewer, larger operations.

    dense, then an activation            -> dense_activation            one buffer, one pass
    conv, then an activation             -> conv_activation             the same
    either, then a maximum over windows  -> conv_pool                   what is between stays in the cache
    batch normalization, then a relu     -> batch_norm_activation       two passes over memory instead of three
    softmax, then cross-entropy          -> softmax_cross_entropy       no logarithm of a rounded number
    sigmoid, then binary cross-entropy   -> sigmoid_cross_entropy
    a transposition undone by the next   -> nothing
    dense or conv, then given statistics -> dense or conv with other weights, where nothing is differentiated

A rewrite never changes what a graph means: the fused operations are primitives, with
formulas and derivatives of their own, and the interpreter runs both graphs in the tests.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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


def simplify(outputs: Sequence[Tensor], differentiated: bool = True) -> list[Tensor]:
    """The same outputs, of a graph with every rule applied.

    Args:
        outputs: what is wanted.
        differentiated: whether derivatives will be taken; without, weights may be made over into others.
    """
    for rule in RULES:
        if not (differentiated and rule is fold_batch_norm):
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


BATCH = 32  # samples expected in a batch, where weights are made over in each run


def fold_batch_norm(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """Given statistics after dense or conv go into its weights: w r gamma, and (b - mean) r gamma + beta.

    Both are the normalization itself, on weights instead of on outputs; weights may have changed since the last run.
    """
    if node.primitive.name != "batch_norm_inference":
        return None
    x, mean, variance, gamma, beta = inputs
    before = x.node
    if before is None or before.primitive.name not in ("dense", "conv") or not readers.only_one(node.inputs[0]):
        return None
    if not _fewer_weights_than_outputs(before):
        return None
    x, w, b = before.inputs
    zero = Constant(np.zeros(b.spec.shape, b.spec.dtype))  # type: ignore[arg-type]  # weights have a known shape
    scaled = _node(node.primitive, (w, zero, variance, gamma, zero), dict(node.attrs), node.layer)
    shifted = _node(node.primitive, (b, mean, variance, gamma, beta), dict(node.attrs), node.layer)
    folded = _node(
        before.primitive, (x, scaled.outputs[0], shifted.outputs[0]), dict(before.attrs), before.layer
    )
    return {node.outputs[0]: folded.outputs[0]}


def _fewer_weights_than_outputs(node: Node) -> bool:
    """Whether making the weights over costs less than a pass over a batch of outputs; unknown sizes count as 1."""
    weights = [n or 1 for n in node.inputs[1].spec.shape]
    outputs = [n or 1 for n in node.outputs[0].spec.shape[1:]]
    return math.prod(weights) <= BATCH * math.prod(outputs)


BENT = ("relu", "relu6", "leaky_relu")  # of straight pieces, and cheap to compute again backwards


def fuse_batch_norm_and_activation(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """An activation of straight pieces after batch normalization by the batch's own statistics."""
    if node.primitive.name not in BENT or inputs[0].node is None or node.inputs[0].node is None:
        return None
    before = inputs[0].node
    if before.primitive.name != "batch_norm" or not readers.only_one(node.inputs[0]):
        return None
    attrs = {**before.attrs, "activation": (node.primitive.name, tuple(node.attrs.items()))}
    fused = _node(PRIMITIVES["batch_norm_activation"], before.inputs, attrs, before.layer)
    y, mean, variance = fused.outputs
    _, old_mean, old_variance = node.inputs[0].node.outputs
    return {node.outputs[0]: y, old_mean: mean, old_variance: variance}


def undo_transpositions(node: Node, inputs: Inputs, readers: Readers) -> dict[Tensor, Tensor] | None:
    """A transposition of a transposition that brings all axes home, as between layers with channels first."""
    before = inputs[0].node if inputs else None
    if before is None or node.primitive.name != "transpose" or before.primitive.name != "transpose":
        return None
    first, second = before.attrs["axes"], node.attrs["axes"]
    return {node.outputs[0]: before.inputs[0]} if all(first[k] == i for i, k in enumerate(second)) else None


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


RULES: tuple[Rule, ...] = (
    fold_constants, undo_transpositions, fold_batch_norm, fuse_activation_and_loss, fuse_activation,
    fuse_batch_norm_and_activation, fuse_conv_and_pool,
)  # fmt: skip
