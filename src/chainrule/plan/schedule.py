"""From a graph to an order of steps: forwards, then backwards, and who writes which buffer.

A `Buffer` is an array that does not exist yet.  Each tensor on the way has one for its
value, and each tensor with a gradient one for its cotangent.  Nothing here depends on the
size of a batch, so one schedule serves all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chainrule.graph.order import leaves_of, nodes_of
from chainrule.graph.tensor import Constant, Node, Tensor
from chainrule.graph.variable import Variable


@dataclass(eq=False)
class Buffer:
    """An array of a plan.

    Args:
        name: for listings.
        like: the tensor whose shape and dtype it has.
        kind: "arena" (placed by the plan), "feed" (placed, and written by the caller before each run),
            "value" (the array of a variable or constant), "gradient" (a slice of the flat gradient),
            or "one" (the derivative of the loss with respect to itself).
    """

    name: str
    like: Tensor
    kind: str = "arena"


@dataclass(eq=False)
class Step:
    """One kernel call to be: what it writes (None where nobody wants it), then what it reads."""

    node: Node | None  # None for a sum of two cotangents
    phase: str  # "forward", "backward" or "sum"
    writes: list[Buffer | None]
    reads: list[Buffer]

    @property
    def label(self) -> str:
        """Where and what, for listings and errors."""
        if self.node is None:
            return f"{self.reads[0].name} +="
        return f"d {self.node.label}" if self.phase == "backward" else self.node.label


@dataclass
class Schedule:
    """The steps of a plan in order, and where its values are."""

    steps: list[Step] = field(default_factory=list)
    values: dict[Tensor, Buffer] = field(default_factory=dict)
    cotangents: dict[Tensor, Buffer] = field(default_factory=dict)


def schedule(outputs: Sequence[Tensor], loss: Tensor | None, parameters: Sequence[Variable]) -> Schedule:
    """Order the nodes that `outputs` need and, where there is a `loss`, the derivatives of `parameters`."""
    result = Schedule()
    kinds = {Constant: "value", Variable: "value"}
    for leaf in leaves_of(outputs):
        kind = next((k for cls, k in kinds.items() if isinstance(leaf, cls)), "feed")
        result.values[leaf] = Buffer(leaf.name, leaf, kind)
    nodes = nodes_of(outputs)
    for node in nodes:
        for y in node.outputs:
            result.values[y] = Buffer(y.name, y)
        writes: list[Buffer | None] = [result.values[y] for y in node.outputs]
        result.steps.append(Step(node, "forward", writes, [result.values[x] for x in node.inputs]))
    if loss is not None:
        _backward(result, nodes_of([loss]), loss, parameters)
    return result


def _backward(result: Schedule, nodes: list[Node], loss: Tensor, parameters: Sequence[Variable]) -> None:
    """Append the VJPs in reverse, only those on a way from the loss to a parameter."""
    needs: set[Tensor] = set(parameters)  # tensors whose cotangent is wanted
    for node in nodes:
        differentiable = node.primitive.vjp is not None and node.outputs[0].spec.dtype.kind == "f"
        if differentiable and any(x in needs for x in node.inputs):
            needs.add(node.outputs[0])
    if loss not in needs:
        return
    result.cotangents[loss] = Buffer(f"d {loss.name}", loss, "one")
    for node in reversed(nodes):
        y = node.outputs[0]
        if y not in needs or y not in result.cotangents:
            continue
        writes: list[Buffer | None] = []
        sums: list[Step] = []
        for x in node.inputs:
            if x not in needs:
                writes.append(None)
            elif x in result.cotangents:  # another consumer wrote it: add, do not overwrite
                total, part = result.cotangents[x], Buffer(f"d {x.name}", x)
                writes.append(part)
                sums.append(Step(None, "sum", [total], [total, part]))
            else:
                kind = "gradient" if isinstance(x, Variable) else "arena"
                result.cotangents[x] = Buffer(f"d {x.name}", x, kind)
                writes.append(result.cotangents[x])
        saved = [result.values[x] for x in node.saved().values()]
        result.steps.append(Step(node, "backward", writes, [result.cotangents[y], *saved]))
        result.steps.extend(sums)
