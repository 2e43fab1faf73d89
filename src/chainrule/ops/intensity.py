"""Contrast and brightness of images, changed at random: a factor and a summand for each image.

`state` is (seed, step) as in `ops/dropout.py`; image n takes words 2 n and 2 n + 1 of the layer's stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.ops.philox import open_uniform, words
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec

Range = tuple[float, float]
SAME: Range = (1.0, 1.0)
NOTHING: Range = (0.0, 0.0)


def infer(
    x: TensorSpec, state: TensorSpec, *, value_range: Range, factor: Range = SAME, delta: Range = NOTHING
) -> Specs:
    """(N, H, W, C), (2,) -> (N, H, W, C)"""
    if len(x.shape) != 4 or 0 in x.shape[1:3]:
        raise ShapeError("not a batch of images", where="random_intensity", expected="(N, H, W, C)", got=x.shape)
    return (x,)


def drawn(x: np.ndarray, state: np.ndarray, *ranges: Range) -> list[np.ndarray]:
    """A number from each range for each image, (N, 1, 1, 1)."""
    u = open_uniform(words(2 * len(x), int(state[0]), int(state[1]))).reshape(-1, 2, 1, 1, 1)
    return [(low + u[:, k] * (high - low)).astype(x.dtype) for k, (low, high) in enumerate(ranges)]


def mean_of(x: np.ndarray) -> np.ndarray:
    """The mean of each channel of each image, (N, 1, 1, C)."""
    mean: np.ndarray = x.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    return mean.astype(x.dtype)


def changed(x: np.ndarray, f: np.ndarray, d: np.ndarray, factor: Range) -> np.ndarray:
    """f (x - m) + m + d; where there is no factor, x + d to the last bit."""
    m = np.zeros_like(x[:, :1, :1]) if factor == SAME else mean_of(x)
    z: np.ndarray = f * (x - m) + (m + d)
    return z


def forward(
    x: np.ndarray, state: np.ndarray, *, value_range: Range, factor: Range = SAME, delta: Range = NOTHING
) -> Arrays:
    """y = f (x - m) + m + d within the range,  m the mean of each channel of each image"""
    f, d = drawn(x, state, factor, delta)
    z = changed(x, f, d, factor)
    low, high = (x.dtype.type(v) for v in value_range)
    return (np.minimum(np.maximum(z, low), high),)


def vjp(
    dy: np.ndarray, *, x: np.ndarray, state: np.ndarray, value_range: Range, factor: Range = SAME,
    delta: Range = NOTHING,
) -> tuple[np.ndarray | None, ...]:  # fmt: skip
    """dx = f g + (1 - f) mean(g),  g = dy where z is in the range, its ends included, else 0"""
    f, d = drawn(x, state, factor, delta)
    z = changed(x, f, d, factor)
    low, high = (x.dtype.type(v) for v in value_range)
    g = np.where((z >= low) & (z <= high), dy, dy.dtype.type(0))
    return f * g + (1 - f) * mean_of(g), None


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """The mean, a difference, a product, a sum and two comparisons."""
    return 6 * outputs[0].size


def _example(*shape: int, **attrs: Any) -> Example:
    return Example(
        lambda rng: {"x": rng.standard_normal(shape), "state": np.array([7, 3], np.uint32)},
        attrs={"value_range": (-1.2, 1.5), **attrs}, id="-".join(["x".join(map(str, shape)), *attrs]),
    )  # fmt: skip


random_intensity = Primitive(
    name="random_intensity",
    inputs=("x", "state"),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    saves=("x", "state"),
    kernels_at="chainrule.kernels.intensity:random_intensity",
    flops=flops,
    examples=(
        _example(3, 4, 5, 2, factor=(0.6, 1.7)),
        _example(1, 1, 1, 1, factor=(0.6, 1.7), delta=(-0.4, 0.5)),
        _example(2, 1, 7, 3, delta=(-0.4, 0.5)),
    ),
    source="Gonzalez and Woods (2018), Digital image processing, section 3.2",
)
