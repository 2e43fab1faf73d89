"""Losses, fast: one pass over each row, the activation and its loss together.

An unwanted cotangent is None; the compiler then leaves out what makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.rows import over_rows
from chainrule.kernels.softmax import exponentials
from chainrule.kernels.transcendental import exp


@compiled(cached=False)
def clip(p, low, high):  # type: ignore[no-untyped-def]
    """p kept in [low, high]; NaN stays NaN."""
    return np.minimum(np.maximum(p, low), high)


@compiled(cached=False, reorder=True)
def softmax_cross_entropy_row(n, loss, p, logits, targets):  # type: ignore[no-untyped-def]
    z, t, q = logits[n], targets[n], p[n]
    total, m = exponentials(q, z)
    log = np.log(total)
    result = p.dtype.type(0)
    for k in range(z.size):
        result += t[k] * (log - (z[k] - m))
        q[k] /= total
    loss[n] = result


@compiled(cached=False, reorder=True)
def softmax_cross_entropy_vjp_row(n, dlogits, dtargets, dloss, targets, p, smallest):  # type: ignore[no-untyped-def]
    d, t, q = dloss[n], targets[n], p[n]
    if dlogits is not None:
        mass = p.dtype.type(0)
        for k in range(q.size):
            mass += t[k]
        for k in range(q.size):
            dlogits[n, k] = d * (q[k] * mass - t[k])
    if dtargets is not None:
        for k in range(q.size):
            dtargets[n, k] = -d * np.log(np.maximum(q[k], smallest))


@compiled(cached=False, reorder=True)
def sparse_softmax_cross_entropy_row(n, loss, p, logits, labels):  # type: ignore[no-untyped-def]
    z, q, label = logits[n], p[n], labels[n]
    total, m = exponentials(q, z)
    for k in range(z.size):
        q[k] /= total
    loss[n] = np.log(total) - (z[int(label)] - m) if 0 <= label < z.size else np.nan


@compiled(cached=False)
def sparse_softmax_cross_entropy_vjp_row(n, dlogits, dloss, labels, p):  # type: ignore[no-untyped-def]
    d, q, label = dloss[n], p[n], labels[n]
    if not 0 <= label < q.size:
        dlogits[n] = np.nan
        return
    for k in range(q.size):
        dlogits[n, k] = d * q[k]
    dlogits[n, int(label)] = d * (q[int(label)] - p.dtype.type(1))


@compiled(cached=False)
def sigmoid_cross_entropy_row(n, loss, p, logits, targets):  # type: ignore[no-untyped-def]
    zero, one = p.dtype.type(0), p.dtype.type(1)
    z = logits[n]
    e = exp(-abs(z))
    p[n] = (one if z >= 0 else e) / (one + e)
    loss[n] = np.maximum(z, zero) - z * targets[n] + np.log1p(e)


@compiled(cached=False)
def sigmoid_cross_entropy_vjp_row(n, dlogits, dtargets, dloss, logits, targets, p):  # type: ignore[no-untyped-def]
    if dlogits is not None:
        dlogits[n] = dloss[n] * (p[n] - targets[n])
    if dtargets is not None:
        dtargets[n] = -dloss[n] * logits[n]


@compiled(cached=False)
def categorical_cross_entropy_row(n, loss, p, targets, low, high):  # type: ignore[no-untyped-def]
    q, t = p[n], targets[n]
    total, result = p.dtype.type(0), p.dtype.type(0)
    for k in range(q.size):
        total += q[k]
    for k in range(q.size):
        result -= t[k] * np.log(clip(q[k] / total, low, high))
    loss[n] = result


@compiled(cached=False)
def categorical_cross_entropy_vjp_row(n, dp, dtargets, dloss, p, targets, low, high):  # type: ignore[no-untyped-def]
    d, r, t = dloss[n], p[n], targets[n]
    total = p.dtype.type(0)
    for k in range(r.size):
        total += r[k]
    if dp is not None:
        mean = p.dtype.type(0)
        for k in range(r.size):
            q = r[k] / total
            g = -t[k] / q if low <= q <= high else p.dtype.type(0)
            mean += g * q
            dp[n, k] = g
        for k in range(r.size):
            dp[n, k] = d * (dp[n, k] - mean) / total
    if dtargets is not None:
        for k in range(r.size):
            dtargets[n, k] = -d * np.log(clip(r[k] / total, low, high))


@compiled(cached=False)
def sparse_categorical_cross_entropy_row(n, loss, p, labels, low, high):  # type: ignore[no-untyped-def]
    q, label = p[n], labels[n]
    if not 0 <= label < q.size:
        loss[n] = np.nan
        return
    total = p.dtype.type(0)
    for k in range(q.size):
        total += clip(q[k], low, high)
    loss[n] = np.log(total) - np.log(clip(q[int(label)], low, high))


@compiled(cached=False)
def sparse_categorical_cross_entropy_vjp_row(n, dp, dloss, p, labels, low, high):  # type: ignore[no-untyped-def]
    d, q, label = dloss[n], p[n], labels[n]
    if not 0 <= label < q.size:
        dp[n] = np.nan
        return
    zero, one, total = p.dtype.type(0), p.dtype.type(1), p.dtype.type(0)
    for k in range(q.size):
        total += clip(q[k], low, high)
    for k in range(q.size):
        slope = one / total - (one / q[k] if k == label else zero)
        dp[n, k] = d * slope if low <= q[k] <= high else zero


@compiled(cached=False, reorder=True)
def mean_squared_error_row(n, loss, x, targets):  # type: ignore[no-untyped-def]
    a, t = x[n], targets[n]
    total = x.dtype.type(0)
    for k in range(a.size):
        total += (a[k] - t[k]) ** 2
    loss[n] = total / x.dtype.type(a.size)


@compiled(cached=False)
def mean_squared_error_vjp_row(n, dx, dtargets, dloss, x, targets):  # type: ignore[no-untyped-def]
    a, t = x[n], targets[n]
    scale = x.dtype.type(2) * dloss[n] / x.dtype.type(a.size)
    for k in range(a.size):
        slope = scale * (a[k] - t[k])
        if dx is not None:
            dx[n, k] = slope
        if dtargets is not None:
            dtargets[n, k] = -slope


@compiled(cached=False, reorder=True)
def mean_absolute_error_row(n, loss, x, targets):  # type: ignore[no-untyped-def]
    a, t = x[n], targets[n]
    total = x.dtype.type(0)
    for k in range(a.size):
        total += abs(a[k] - t[k])
    loss[n] = total / x.dtype.type(a.size)


@compiled(cached=False)
def mean_absolute_error_vjp_row(n, dx, dtargets, dloss, x, targets):  # type: ignore[no-untyped-def]
    a, t = x[n], targets[n]
    scale = dloss[n] / x.dtype.type(a.size)
    for k in range(a.size):
        slope = scale * np.sign(a[k] - t[k])
        if dx is not None:
            dx[n, k] = slope
        if dtargets is not None:
            dtargets[n, k] = -slope


def _flat(a: np.ndarray | None, size: int) -> np.ndarray | None:
    return None if a is None else a.reshape(-1, size)


def _no_numbers(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    return ()


def _smallest(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    return (np.finfo(dtype).tiny,)


def _bounds(dtype: np.dtype[Any], epsilon: float = 1e-7) -> tuple[Any, ...]:
    return dtype.type(epsilon), dtype.type(1 - epsilon)


def by_rows(
    forward_row: Any,
    vjp_row: Any,
    *,
    sparse: bool = False,
    numbers: Callable[..., tuple[Any, ...]] = _no_numbers,
    vjp_numbers: Callable[..., tuple[Any, ...]] | None = None,
) -> Kernels:
    """Kernels of a loss from those of one row.

    Args:
        forward_row: (n, loss, what is kept, x, targets, *numbers).
        vjp_row: (n, dx, dtargets, dloss, what is saved, *numbers).
        sparse: the targets are labels, which have no cotangent and one axis less.
        numbers: what else the functions of a row take, from the dtype and the attributes.
        vjp_numbers: the same for `vjp_row`, where it differs.
    """
    forward_loop, vjp_loop = over_rows(forward_row), over_rows(vjp_row)
    vjp_numbers = vjp_numbers or numbers

    def forward(loss: np.ndarray, *arrays: np.ndarray, **attrs: Any) -> Call:
        x, size = arrays[-2], arrays[-2].shape[-1]
        rows = [a.reshape(-1, size) for a in arrays[:-1]]
        targets = arrays[-1].reshape(-1) if sparse else arrays[-1].reshape(-1, size)
        return forward_loop(loss.size, size, loss.reshape(-1), *rows, targets, *numbers(x.dtype, **attrs))

    def vjp(dx: Any, dtargets: Any, dloss: np.ndarray, *saved: np.ndarray, **attrs: Any) -> Call:
        if dx is None and (sparse or dtargets is None):
            return NO_CALL
        size = (dtargets if dx is None else dx).shape[-1]
        wanted = (_flat(dx, size),) if sparse else (_flat(dx, size), _flat(dtargets, size))
        read = [a.reshape(-1, size) if a.ndim > dloss.ndim else a.reshape(-1) for a in saved]
        return vjp_loop(
            dloss.size, size, *wanted, dloss.reshape(-1), *read, *vjp_numbers(dloss.dtype, **attrs)
        )

    return Kernels(forward, vjp)


def by_elements(forward_row: Any, vjp_row: Any) -> Kernels:
    """Kernels of a loss whose rows are single numbers."""
    forward_loop, vjp_loop = over_rows(forward_row), over_rows(vjp_row)

    def forward(*arrays: np.ndarray) -> Call:
        return forward_loop(arrays[0].size, 1, *(a.reshape(-1) for a in arrays))

    def vjp(dx: Any, dtargets: Any, *arrays: np.ndarray) -> Call:
        if dx is None and dtargets is None:
            return NO_CALL
        flat = (None if a is None else a.reshape(-1) for a in (dx, dtargets, *arrays))
        return vjp_loop(arrays[0].size, 1, *flat)

    return Kernels(forward, vjp)


softmax_cross_entropy = by_rows(
    softmax_cross_entropy_row, softmax_cross_entropy_vjp_row, vjp_numbers=_smallest
)
sparse_softmax_cross_entropy = by_rows(
    sparse_softmax_cross_entropy_row, sparse_softmax_cross_entropy_vjp_row, sparse=True
)
sigmoid_cross_entropy = by_elements(sigmoid_cross_entropy_row, sigmoid_cross_entropy_vjp_row)
categorical_cross_entropy = by_rows(
    categorical_cross_entropy_row, categorical_cross_entropy_vjp_row, numbers=_bounds
)
sparse_categorical_cross_entropy = by_rows(
    sparse_categorical_cross_entropy_row, sparse_categorical_cross_entropy_vjp_row,
    sparse=True, numbers=_bounds,
)  # fmt: skip
mean_squared_error = by_rows(mean_squared_error_row, mean_squared_error_vjp_row)
mean_absolute_error = by_rows(mean_absolute_error_row, mean_absolute_error_vjp_row)
