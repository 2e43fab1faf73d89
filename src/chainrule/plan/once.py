"""One operation at once: its kernel on arrays, without a graph or a plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.primitive import Primitive, is_symbolic
from chainrule.spec import TensorSpec, known


def run_once(primitive: Primitive, *inputs: Any, **attrs: Any) -> Any:
    """The first output of an operation, as calling it gives, but by its kernel where there is one.

    For operations on whole batches of images, whose formulas in NumPy take many passes over memory.

    Example:
        >>> from chainrule.ops.resampling import resize
        >>> run_once(resize, np.ones((1, 2, 2, 1), "float32"), size=(4, 4)).shape
        (1, 4, 4, 1)
    """
    if any(is_symbolic(x) for x in inputs) or primitive.kernels is None:
        return primitive(*inputs, **attrs)
    from chainrule.kernels.threads import one_pool

    arrays = [np.ascontiguousarray(x) for x in inputs]
    specs = [TensorSpec.of(x) for x in arrays]
    outputs = [np.empty(known(s.shape), s.dtype) for s in primitive.infer(*specs, **attrs)]
    scratch = [np.empty(known(s.shape), s.dtype) for s in primitive.kernels.forward_workspace(*specs, **attrs)]
    if scratch:
        attrs = {**attrs, "workspace": tuple(scratch)}
    with one_pool():
        primitive.kernels.forward(*outputs, *arrays, **attrs).run()
    return outputs[0]
