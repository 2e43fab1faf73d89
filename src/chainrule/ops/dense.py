"""dense: the affine map of the last axis; and the same followed by an activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.ops.primitive import PRIMITIVES, Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec

Named = tuple[str, tuple[tuple[str, Any], ...]]  # a primitive's name and attributes


def infer(x: TensorSpec, w: TensorSpec, b: TensorSpec) -> Specs:
    """(..., F), (F, U), (U,) -> (..., U)"""
    if len(x.shape) < 1 or len(w.shape) != 2 or x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ShapeError(
            "the shapes do not fit", where="dense", expected="x (..., F), w (F, U), b (U,)",
            got=f"x {x.shape}, w {w.shape}, b {b.shape}",
        )  # fmt: skip
    return (x.with_shape(*x.shape[:-1], w.shape[1]),)


def forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> Arrays:
    """y[n, u] = sum_f x[n, f] w[f, u] + b[u]"""
    return (x @ w + b,)


def vjp(dy: np.ndarray, *, x: np.ndarray, w: np.ndarray) -> Arrays:
    """dx = dy w',  dw = x' dy,  db = sum_n dy[n]     (n runs over all leading axes)"""
    f, u = w.shape
    rows, drows = x.reshape(-1, f), dy.reshape(-1, u)
    return dy @ w.T, rows.T @ drows, drows.sum(axis=0)


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """A multiplication and an addition for each weight and row."""
    return 2 * outputs[0].size * (inputs[1].shape[0] or 0)


def _example(*leading: int, f: int, u: int) -> Example:
    return Example(
        lambda rng: {
            "x": rng.standard_normal((*leading, f)),
            "w": rng.standard_normal((f, u)),
            "b": rng.standard_normal(u),
        },
        id=f"{'x'.join(map(str, leading))}x{f}->{u}",
    )


dense = Primitive(
    name="dense",
    inputs=("x", "w", "b"),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    saves=("x", "w"),
    kernels_at="chainrule.kernels.dense:dense",
    flops=flops,
    examples=(
        _example(4, f=3, u=5),
        _example(1, f=1, u=1),
        _example(7, f=2, u=1),
        _example(1, f=6, u=3),
        _example(2, 3, f=4, u=2),
        _example(260, f=258, u=257),  # large enough to be cut into pieces
    ),
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.6",
    promotes=True,
)


def infer_activation(x: TensorSpec, w: TensorSpec, b: TensorSpec, *, activation: Named) -> Specs:
    """(..., F), (F, U), (U,) -> (..., U)"""
    return infer(x, w, b)


def forward_activation(x: np.ndarray, w: np.ndarray, b: np.ndarray, *, activation: Named) -> Arrays:
    """y = f(x w + b)"""
    name, attrs = activation
    return PRIMITIVES[name].forward(*forward(x, w, b), **dict(attrs))


def vjp_activation(
    dy: np.ndarray, *, x: np.ndarray, w: np.ndarray, y: np.ndarray, activation: Named
) -> tuple[np.ndarray | None, ...]:
    """dz = dy f'(z), which f gives from y alone; then as for `dense`"""
    name, attrs = activation
    derivative = PRIMITIVES[name].vjp
    assert derivative is not None
    (dz,) = derivative(dy, y=y, **dict(attrs))
    assert dz is not None
    return vjp(dz, x=x, w=w)


dense_activation = Primitive(
    name="dense_activation",
    inputs=("x", "w", "b"),
    outputs=("y",),
    infer=infer_activation,
    forward=forward_activation,
    vjp=vjp_activation,
    saves=("x", "w", "y"),
    kernels_at="chainrule.kernels.dense:dense_activation",
    flops=flops,
    examples=tuple(
        Example(e.inputs, {"activation": named}, f"{e.id}-{named[0]}")
        for e in dense.examples
        for named in (("relu", ()), ("tanh", ()))
    ),
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.6",
)
