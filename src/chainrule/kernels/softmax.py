"""softmax and its relations, fast: row by row, while the row is in the nearest cache.

Along the last axis a row is contiguous, a[n]; along another it has a stride and is
a[n // I, :, n % I], I the size of what follows the axis.  The code of a row is the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.rows import over_rows
from chainrule.kernels.transcendental import exp


@compiled(cached=False)
def row_of(a, n):  # type: ignore[no-untyped-def]
    """Row `n` of an array of two axes, or along the middle one of three."""
    if a.ndim == 2:
        return a[n]
    return a[n // a.shape[2], :, n % a.shape[2]]


@compiled(cached=False, reorder=True)
def exponentials(y, x):  # type: ignore[no-untyped-def]
    """y = e^(x - m), m the largest number; returns their sum and m."""
    m = x[0]
    for k in range(1, x.size):
        m = max(m, x[k])
    total = y.dtype.type(0)
    for k in range(x.size):
        y[k] = exp(x[k] - m)
    for k in range(x.size):
        total += y[k]
    return total, m


@compiled(cached=False)
def softmax_row(n, ys, xs):  # type: ignore[no-untyped-def]
    y, x = row_of(ys, n), row_of(xs, n)
    total, _ = exponentials(y, x)
    for k in range(x.size):
        y[k] /= total


@compiled(cached=False, reorder=True)
def softmax_vjp_row(n, dxs, dys, ys):  # type: ignore[no-untyped-def]
    dx, dy, y = row_of(dxs, n), row_of(dys, n), row_of(ys, n)
    mean = y.dtype.type(0)
    for k in range(y.size):
        mean += dy[k] * y[k]
    for k in range(y.size):
        dx[k] = y[k] * (dy[k] - mean)


@compiled(cached=False)
def log_softmax_row(n, ys, xs):  # type: ignore[no-untyped-def]
    y, x = row_of(ys, n), row_of(xs, n)
    total, m = exponentials(y, x)
    log = np.log(total)
    for k in range(x.size):
        y[k] = (x[k] - m) - log


@compiled(cached=False, reorder=True)
def log_softmax_vjp_row(n, dxs, dys, ys):  # type: ignore[no-untyped-def]
    dx, dy, y = row_of(dxs, n), row_of(dys, n), row_of(ys, n)
    total = y.dtype.type(0)
    for k in range(y.size):
        total += dy[k]
    for k in range(y.size):
        dx[k] = dy[k] - exp(y[k]) * total


@compiled(cached=False)
def sparsemax_row(n, ys, xs):  # type: ignore[no-untyped-def]
    """Michelot (1986): drop what falls below the threshold and compute it again, until nothing falls."""
    y, x = row_of(ys, n), row_of(xs, n)
    zero, one = y.dtype.type(0), y.dtype.type(1)
    m = x[0]
    for k in range(1, x.size):
        m = max(m, x[k])
    t = -np.inf * one
    count = x.size + 1
    while True:
        total, left = zero, 0
        for k in range(x.size):
            if not x[k] - m <= t:  # NaN stays, and makes the whole row NaN
                total += x[k] - m
                left += 1
        if left == count or left == 0:
            break
        count = left
        t = (total - one) / y.dtype.type(left)
    for k in range(x.size):
        y[k] = np.maximum(x[k] - m - t, zero)


@compiled(cached=False)
def sparsemax_vjp_row(n, dxs, dys, ys):  # type: ignore[no-untyped-def]
    dx, dy, y = row_of(dxs, n), row_of(dys, n), row_of(ys, n)
    zero = y.dtype.type(0)
    total, count = zero, 0
    for k in range(y.size):
        if y[k] > 0:
            total += dy[k]
            count += 1
    for k in range(y.size):
        dx[k] = dy[k] - total / y.dtype.type(count) if y[k] > 0 else zero


def by_rows(forward_row: Any, vjp_row: Any) -> Kernels:
    """Kernels from a function of one row and its VJP."""
    forward_loop, vjp_loop = over_rows(forward_row), over_rows(vjp_row)

    def rows(arrays: tuple[np.ndarray, ...], axis: int) -> tuple[Any, ...]:
        shape = arrays[0].shape
        axis %= len(shape)
        outer, size, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
        flat = (outer, size) if axis == len(shape) - 1 else (outer, size, inner)
        return outer * inner, size, *(a.reshape(flat) for a in arrays)

    def forward(y: np.ndarray, x: np.ndarray, *, axis: int = -1) -> Call:
        return forward_loop(*rows((y, x), axis))

    def vjp(dx: np.ndarray, dy: np.ndarray, y: np.ndarray, *, axis: int = -1) -> Call:
        return vjp_loop(*rows((dx, dy, y), axis))

    return Kernels(forward, vjp)


softmax = by_rows(softmax_row, softmax_vjp_row)
log_softmax = by_rows(log_softmax_row, log_softmax_vjp_row)
sparsemax = by_rows(sparsemax_row, sparsemax_vjp_row)
