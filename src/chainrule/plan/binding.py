"""From a step to a call: the kernel, or the formula where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.graph.tensor import Node
from chainrule.kernels import NO_CALL, Call
from chainrule.spec import TensorSpec


def workspace_of(node: Node, phase: str, specs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Scratch buffers that the kernel of a step wants."""
    kernels = node.primitive.kernels
    if kernels is None:
        return ()
    if phase == "forward":
        return kernels.forward_workspace(*specs, **node.attrs)
    return () if kernels.vjp is None else kernels.vjp_workspace(*specs, **node.attrs)


def bind(
    node: Node,
    phase: str,
    writes: Sequence[np.ndarray | None],
    reads: Sequence[np.ndarray],
    workspace: Sequence[np.ndarray],
    shapes: dict[str, Any],
) -> Call:
    """The call that does one step of a node."""
    primitive = node.primitive
    kernels = primitive.kernels
    scratch = {"workspace": tuple(workspace)} if workspace else {}
    if primitive.view:
        return _bind_view(writes[0], reads[0])
    if phase == "forward":
        if kernels is not None:
            return kernels.forward(*writes, *reads, **node.attrs, **scratch)
        return Call(_forward_formula, (primitive.forward, writes, reads, node.attrs))
    if kernels is not None and kernels.vjp is not None:
        return kernels.vjp(*writes, *reads, **shapes, **node.attrs, **scratch)
    saved = dict(zip(primitive.saves, reads[1:], strict=True))
    return Call(_vjp_formula, (primitive.vjp, writes, reads[0], {**saved, **shapes, **node.attrs}))


def bind_sum(total: np.ndarray, part: np.ndarray) -> Call:
    """total += part"""
    return Call(np.add, (total, part, total))


def _bind_view(target: np.ndarray | None, source: np.ndarray) -> Call:
    """The same numbers under another shape: nothing to do in the same memory, else (of a weight, for one) a copy."""
    if target is None or target.ctypes.data == source.ctypes.data:
        return NO_CALL
    return Call(np.copyto, (target, source.reshape(target.shape)))


def _forward_formula(formula: Any, writes: Any, reads: Any, attrs: Any) -> None:
    for target, result in zip(writes, formula(*reads, **attrs), strict=True):
        target[...] = result


def _vjp_formula(formula: Any, writes: Any, dy: Any, given: Any) -> None:
    for target, result in zip(writes, formula(dy, **given), strict=True):
        if target is not None:
            target[...] = result
