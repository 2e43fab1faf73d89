"""The nodes that some tensors need, in order."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.graph.tensor import Node, Tensor


def nodes_of(outputs: Iterable[Tensor]) -> list[Node]:
    """The nodes `outputs` need, each after those it reads (no recursion: networks are deep)."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(x.node, False) for x in reversed(list(outputs))]
    while stack:
        node, done = stack.pop()
        if node is None:
            continue
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((x.node, False) for x in reversed(node.inputs))
    return order


def leaves_of(outputs: Iterable[Tensor]) -> list[Tensor]:
    """The tensors without a node that `outputs` read, each once, in order of use."""
    outputs = list(outputs)
    read = [x for node in nodes_of(outputs) for x in node.inputs] + outputs
    return list(dict.fromkeys(x for x in read if x.node is None))
