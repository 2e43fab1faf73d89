"""Functions of a row: the numbers along one axis become a probability distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec


def infer_rows(x: TensorSpec, *, axis: int = -1) -> Specs:
    """(...) -> (...)"""
    rank = len(x.shape)
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise ArgumentError("no such axis", where="softmax", expected=f"-{rank} to {rank - 1}", got=axis)
    if x.shape[axis] == 0:
        raise ShapeError("nothing to make a distribution of", where="softmax", got=x.shape)
    return (x,)


def softmax_forward(x: np.ndarray, *, axis: int = -1) -> Arrays:
    """y_k = e^(x_k - m) / sum_j e^(x_j - m),  m = max_j x_j, which cancels and keeps exponents negative"""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return (e / e.sum(axis=axis, keepdims=True),)


def softmax_vjp(dy: np.ndarray, *, y: np.ndarray, axis: int = -1) -> Arrays:
    """dx_k = y_k (dy_k - sum_j dy_j y_j)"""
    return (y * (dy - (dy * y).sum(axis=axis, keepdims=True)),)


def log_softmax_forward(x: np.ndarray, *, axis: int = -1) -> Arrays:
    """y_k = (x_k - m) - log sum_j e^(x_j - m),  m = max_j x_j"""
    z = x - x.max(axis=axis, keepdims=True)
    return (z - np.log(np.exp(z).sum(axis=axis, keepdims=True)),)


def log_softmax_vjp(dy: np.ndarray, *, y: np.ndarray, axis: int = -1) -> Arrays:
    """dx_k = dy_k - e^(y_k) sum_j dy_j"""
    return (dy - np.exp(y) * dy.sum(axis=axis, keepdims=True),)


def sparsemax_forward(x: np.ndarray, *, axis: int = -1) -> Arrays:
    """y_k = max(x_k - t, 0), with the t for which the y_k sum to 1

    Sorted downwards, the K largest numbers stay positive, K the last k with 1 + k x_k > x_1 + ... + x_k.
    """
    z = np.moveaxis(x, axis, -1)
    z = z - z.max(axis=-1, keepdims=True)  # changes t, not y
    ordered = -np.sort(-z, axis=-1)
    sums = ordered.cumsum(axis=-1)
    k = np.arange(1, z.shape[-1] + 1)
    positive = (1 + k * ordered > sums).sum(axis=-1, keepdims=True)
    # A row with NaN has no positive number.
    t = (np.take_along_axis(sums, np.maximum(positive, 1) - 1, axis=-1) - 1) / positive.astype(x.dtype)
    return (np.ascontiguousarray(np.moveaxis(np.maximum(z - t, 0), -1, axis)),)


def sparsemax_vjp(dy: np.ndarray, *, y: np.ndarray, axis: int = -1) -> Arrays:
    """dx_k = dy_k - mean of dy over the positive y where y_k > 0, else 0"""
    positive = y > 0
    mean = np.where(positive, dy, 0).sum(axis=axis, keepdims=True) / positive.sum(axis=axis, keepdims=True)
    return (np.where(positive, dy - mean, 0).astype(dy.dtype),)


def _rows(
    name: str, forward: Callable[..., Arrays], vjp: Callable[..., Arrays], source: str, flops: int
) -> Primitive:
    def example(shape: tuple[int, ...], axis: int) -> Example:
        return Example(
            lambda rng: {"x": 1.5 * rng.standard_normal(shape)},
            attrs={"axis": axis}, id=f"{'x'.join(map(str, shape))}-axis={axis}",
        )  # fmt: skip

    def cost(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
        return flops * outputs[0].size

    return Primitive(
        name=name,
        inputs=("x",),
        outputs=("y",),
        infer=infer_rows,
        forward=forward,
        vjp=vjp,
        saves=("y",),
        kernels_at=f"chainrule.kernels.softmax:{name}",
        flops=cost,
        examples=(
            example((5,), -1),
            example((1, 1), -1),
            example((4, 7), -1),
            example((3, 4, 6), 1),
            example((3, 5), 0),
            example((70, 300), -1),  # large enough to be shared out
        ),
        source=source,
    )


softmax = _rows("softmax", softmax_forward, softmax_vjp, "Bridle (1990), NeurIPS 2, equation 5", 14)
log_softmax = _rows(
    "log_softmax", log_softmax_forward, log_softmax_vjp,
    "Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3", 14,
)  # fmt: skip
sparsemax = _rows(
    "sparsemax", sparsemax_forward, sparsemax_vjp,
    "Martins and Astudillo (2016), From softmax to sparsemax, algorithm 1 and proposition 2", 6,
)  # fmt: skip
