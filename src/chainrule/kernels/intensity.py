"""Contrast and brightness at random, fast: image by image."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.philox import word_at
from chainrule.kernels.rows import over_rows
from chainrule.ops.intensity import NOTHING, SAME
from chainrule.spec import TensorSpec, known


@compiled(cached=False)
def number_of(i, state, low, high):  # type: ignore[no-untyped-def]
    """The number between two that word `i` stands for."""
    u = (np.float64(word_at(i, np.uint32(state[0]), np.uint32(state[1]))) + 0.5) * 2.0**-32
    return low + u * (high - low)


@compiled(cached=False)
def mean_of(m, x, channels):  # type: ignore[no-untyped-def]
    """The mean of each channel, for each number of a row."""
    m[:] = 0
    for i in range(x.shape[0]):
        for q in range(m.size):
            m[q] += x[i, q]
    for c in range(channels):
        total = 0.0
        for q in range(c, m.size, channels):
            total += m[q]
        m[c::channels] = total / (x.size // channels)


@compiled(cached=False)
def intensity_image(n, channels, ys, xs, means, state, ranges, low, high):  # type: ignore[no-untyped-def]
    y, x, m = ys[n], xs[n], means[n]
    f = x.dtype.type(number_of(2 * n, state, ranges[0], ranges[1]))
    d = x.dtype.type(number_of(2 * n + 1, state, ranges[2], ranges[3]))
    m[:] = 0
    if ranges[0] != 1 or ranges[1] != 1:
        mean_of(m, x, channels)
    for i in range(x.shape[0]):
        for q in range(m.size):
            mean = x.dtype.type(m[q])
            y[i, q] = np.minimum(np.maximum(f * (x[i, q] - mean) + (mean + d), low), high)


@compiled(cached=False)
def intensity_vjp_image(n, channels, dxs, dys, xs, means, state, ranges, low, high):  # type: ignore[no-untyped-def]
    dx, dy, x, m = dxs[n], dys[n], xs[n], means[n]
    f = x.dtype.type(number_of(2 * n, state, ranges[0], ranges[1]))
    d = x.dtype.type(number_of(2 * n + 1, state, ranges[2], ranges[3]))
    zero, rest = x.dtype.type(0), x.dtype.type(1) - f
    m[:] = 0
    if ranges[0] != 1 or ranges[1] != 1:
        mean_of(m, x, channels)
    for i in range(x.shape[0]):
        for q in range(m.size):
            mean = x.dtype.type(m[q])
            z = f * (x[i, q] - mean) + (mean + d)
            dx[i, q] = dy[i, q] if z >= low and z <= high else zero
    mean_of(m, dx, channels)
    for i in range(x.shape[0]):
        for q in range(m.size):
            dx[i, q] = f * dx[i, q] + rest * x.dtype.type(m[q])


_forward, _vjp = over_rows(intensity_image), over_rows(intensity_vjp_image)


def _bind(
    loop: Any, images: tuple[np.ndarray, ...], means: np.ndarray, state: np.ndarray, value_range: Any, *ranges: Any
) -> Call:
    """The loop over images, as rows of numbers."""
    n, h, w, c = images[0].shape
    low, high = (images[0].dtype.type(v) for v in value_range)
    rows = (x.reshape(n, h, w * c) for x in images)
    drawn = np.array(ranges, np.float64).ravel()
    return loop(n, h * w * c, c, *rows, means, state, drawn, low, high)  # type: ignore[no-any-return]


def _random_intensity(
    y: np.ndarray, x: np.ndarray, state: np.ndarray, *, value_range: Any, factor: Any = SAME, delta: Any = NOTHING,
    workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    return _bind(_forward, (y, x), *workspace, state, value_range, factor, delta)


def _random_intensity_vjp(
    dx: Any, dstate: None, dy: np.ndarray, x: np.ndarray, state: np.ndarray, *, value_range: Any,
    factor: Any = SAME, delta: Any = NOTHING, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    return _bind(_vjp, (dx, dy, x), *workspace, state, value_range, factor, delta)


def _workspace(x: TensorSpec, state: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """The means of the channels, for each number of a row."""
    n, _, w, c = known(x.shape)
    return (TensorSpec((n, w * c), np.dtype(np.float64)),)


random_intensity = Kernels(_random_intensity, _random_intensity_vjp, _workspace, _workspace)
