"""samples: how many samples a batch has, as a number that a graph can compute with."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ShapeError
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec


def infer(x: TensorSpec) -> Specs:
    """(N, ...) -> ()"""
    if not x.shape:
        raise ShapeError("a single number has no samples", where="samples", expected="(N, ...)", got=x.shape)
    return (x.with_shape(),)


def forward(x: np.ndarray) -> Arrays:
    """y = N"""
    return (np.asarray(len(x), x.dtype),)


samples = Primitive(
    name="samples",
    inputs=("x",),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=None,  # a constant of x
    examples=tuple(
        Example(lambda rng, shape=shape: {"x": rng.standard_normal(shape)}, id="x".join(map(str, shape)))  # type: ignore[misc]
        for shape in ((1,), (5,), (3, 4), (2, 3, 4))
    ),
    source="a count",
)
