"""Noise: normal numbers added to, or multiplied with, a layer's input while training.

`state` is (seed, step) as in `ops/dropout.py`; element i takes word i of the layer's stream.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.ops.philox import normals
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec


def infer_gaussian_noise(x: TensorSpec, state: TensorSpec, *, stddev: float) -> Specs:
    """(...), (2,) -> (...)"""
    if stddev < 0:
        raise ArgumentError(
            "the standard deviation is out of range", where="gaussian_noise", expected="0 or more", got=stddev
        )
    return (x,)


def gaussian_noise_forward(x: np.ndarray, state: np.ndarray, *, stddev: float) -> Arrays:
    """y = x + stddev z,  z normal"""
    z = normals(x.size, int(state[0]), int(state[1])).reshape(x.shape)
    return (x + (stddev * z).astype(x.dtype),)


def gaussian_noise_vjp(dy: np.ndarray, *, stddev: float) -> tuple[np.ndarray | None, ...]:
    """dx = dy"""
    return dy, None


def infer_gaussian_dropout(x: TensorSpec, state: TensorSpec, *, rate: float) -> Specs:
    """(...), (2,) -> (...), (...)"""
    if not 0 <= rate < 1:
        raise ArgumentError(
            "the rate is out of range", where="gaussian_dropout", expected="0 to below 1", got=rate
        )
    return x, x


def spread_of(rate: float) -> float:
    """The standard deviation of dropout of this rate, scaled to keep the mean."""
    return math.sqrt(rate / (1 - rate))


def gaussian_dropout_forward(x: np.ndarray, state: np.ndarray, *, rate: float) -> Arrays:
    """y = x noise,  noise = 1 + sqrt(rate / (1 - rate)) z,  z normal"""
    z = normals(x.size, int(state[0]), int(state[1])).reshape(x.shape)
    noise = (1 + spread_of(rate) * z).astype(x.dtype)
    return x * noise, noise


def gaussian_dropout_vjp(dy: np.ndarray, *, noise: np.ndarray, rate: float) -> tuple[np.ndarray | None, ...]:
    """dx = dy noise"""
    return dy * noise, None


def _examples(**attrs: Any) -> tuple[Example, ...]:
    def example(*shape: int) -> Example:
        return Example(
            lambda rng: {"x": rng.standard_normal(shape), "state": np.array([7, 3], np.uint32)},
            attrs=attrs, id="x".join(map(str, shape)),
        )  # fmt: skip

    return example(3, 4), example(1), example(2, 3, 5), example(130, 257)


def _flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """Two polynomials of degree 7, a quotient and the ten rounds of a quarter of a block."""
    return 60 * outputs[0].size


gaussian_noise = Primitive(
    name="gaussian_noise",
    inputs=("x", "state"),
    outputs=("y",),
    infer=infer_gaussian_noise,
    forward=gaussian_noise_forward,
    vjp=gaussian_noise_vjp,
    kernels_at="chainrule.kernels.dropout:gaussian_noise",
    flops=_flops,
    examples=_examples(stddev=0.3),
    source="Bishop (1995), Training with noise is equivalent to Tikhonov regularization",
)
gaussian_dropout = Primitive(
    name="gaussian_dropout",
    inputs=("x", "state"),
    outputs=("y", "noise"),
    infer=infer_gaussian_dropout,
    forward=gaussian_dropout_forward,
    vjp=gaussian_dropout_vjp,
    saves=("noise",),
    kernels_at="chainrule.kernels.dropout:gaussian_dropout",
    flops=_flops,
    examples=_examples(rate=0.3),
    source="Srivastava et al. (2014), JMLR 15, section 10",
)
