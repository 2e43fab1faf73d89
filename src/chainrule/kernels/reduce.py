"""Reductions, fast.

NumPy's reductions already write into given memory and add in a fixed order (in pairs along
contiguous axes), with one thread; the formulas use the same, so the bits agree.  Over axes between
others, as in the mean of each channel of an image, they go through rows of few numbers one by one:
that has loops of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels, in_turn
from chainrule.kernels.calls import once
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.indexing import blocks
from chainrule.kernels.rows import over_rows
from chainrule.kernels.shape import copies
from chainrule.ops.reduce import along, count
from chainrule.spec import TensorSpec

Axes = tuple[int, ...]

MANY = 1 << 12  # numbers from which a loop of its own is worth being compiled


def between(shape: Any, axis: Axes) -> tuple[int, int, int] | None:
    """The sizes before, of, and after reduced axes that lie together between others; None where NumPy does as well."""
    together = axis == tuple(range(axis[0], axis[0] + len(axis))) if axis else False
    if not together or axis[0] == 0 or axis[-1] == len(shape) - 1 or math.prod(shape) < MANY:
        return None
    before, reduced, after = math.prod(shape[: axis[0]]), count(shape, axis), math.prod(shape[axis[-1] + 1 :])
    return (before, reduced, after) if reduced > 1 and after > 1 else None


@compiled(cached=False)
def mean_row(n, ys, xs):  # type: ignore[no-untyped-def]
    """y = the mean of the rows of x, (M, C)."""
    y, x = ys[n], xs[n]
    scale = y.dtype.type(1) / y.dtype.type(x.shape[0])
    for c in range(y.size):
        y[c] = 0
    for m in range(x.shape[0]):
        for c in range(y.size):
            y[c] += x[m, c]
    for c in range(y.size):
        y[c] *= scale


@compiled(cached=False)
def mean_vjp_row(n, dxs, dys):  # type: ignore[no-untyped-def]
    dx, dy = dxs[n], dys[n]
    scale = dx.dtype.type(1) / dx.dtype.type(dx.shape[0])
    for m in range(dx.shape[0]):
        for c in range(dy.size):
            dx[m, c] = dy[c] * scale


@compiled(cached=False)
def max_row(n, ys, xs):  # type: ignore[no-untyped-def]
    """y = the largest in each column of x, (M, C); NaN where one is."""
    y, x = ys[n], xs[n]
    for c in range(y.size):
        y[c] = x[0, c]
    for m in range(1, x.shape[0]):
        for c in range(y.size):
            y[c] = y[c] if y[c] >= x[m, c] or y[c] != y[c] else x[m, c]


@compiled(cached=False)
def max_vjp_row(n, dxs, dys, xs, ys, shares):  # type: ignore[no-untyped-def]
    """dx = dy, shared among all that are the largest."""
    dx, dy, x, y, share = dxs[n], dys[n], xs[n], ys[n], shares[n]
    zero, one = dx.dtype.type(0), dx.dtype.type(1)
    for c in range(y.size):
        share[c] = zero
    for m in range(x.shape[0]):
        for c in range(y.size):
            share[c] += one if x[m, c] == y[c] else zero
    for c in range(y.size):
        share[c] = dy[c] / share[c]
    for m in range(x.shape[0]):
        for c in range(y.size):
            dx[m, c] = (one if x[m, c] == y[c] else zero) * share[c]


_mean_rows, _mean_vjp_rows, _max_rows, _max_vjp_rows = map(
    over_rows, (mean_row, mean_vjp_row, max_row, max_vjp_row)
)


def _by_rows(loop: Any, sizes: tuple[int, int, int], *arrays: np.ndarray) -> Call:
    """The loop over what stands before the reduced axes."""
    before, reduced, after = sizes
    shapes = {before * after: (before, after), before * reduced * after: sizes}
    return loop(before, reduced * after // 8, *(a.reshape(shapes[a.size]) for a in arrays))  # type: ignore[no-any-return]


def _reduce(ufunc: Any, y: np.ndarray, x: np.ndarray, axis: Axes, keepdims: bool) -> None:
    ufunc.reduce(x, axis=axis, keepdims=keepdims, out=y)


def _by(ufunc: Any) -> Callable[..., Call]:
    def forward(y: np.ndarray, x: np.ndarray, *, axis: Axes, keepdims: bool) -> Call:
        return Call(_reduce, (ufunc, y, x, axis, keepdims))

    return forward


def sum_vjp(dx: np.ndarray | None, dy: np.ndarray, *, x_shape: Any, axis: Axes, keepdims: bool) -> Call:
    return copies([] if dx is None else [(dx, along(dy, x_shape, axis))])


sum = Kernels(_by(np.add), sum_vjp)


def _mean(y: np.ndarray, x: np.ndarray, axis: Axes, keepdims: bool, n: int) -> None:
    np.add.reduce(x, axis=axis, keepdims=keepdims, out=y)
    np.divide(y, n, out=y)


def mean_forward(y: np.ndarray, x: np.ndarray, *, axis: Axes, keepdims: bool) -> Call:
    sizes = between(x.shape, axis)
    if sizes is not None:
        return _by_rows(_mean_rows, sizes, y, x)
    return Call(_mean, (y, x, axis, keepdims, count(x.shape, axis)))


def _mean_vjp(dx: np.ndarray, dy: np.ndarray, n: int) -> None:
    np.divide(dy, n, out=dx)


def mean_vjp(dx: np.ndarray | None, dy: np.ndarray, *, x_shape: Any, axis: Axes, keepdims: bool) -> Call:
    if dx is None:
        return copies([])
    sizes = between(x_shape, axis)
    if sizes is not None:
        return _by_rows(_mean_vjp_rows, sizes, dx, dy)
    return Call(_mean_vjp, (dx, along(dy, x_shape, axis), count(x_shape, axis) or 1))


mean = Kernels(contiguous(mean_forward), contiguous(mean_vjp))


def _extreme_vjp(
    dx: np.ndarray, dy: np.ndarray, x: np.ndarray, y: np.ndarray, axis: Axes, chosen: np.ndarray, share: Any
) -> None:
    np.equal(x, y, out=chosen)
    dx[...] = chosen
    np.add.reduce(dx, axis=axis, keepdims=True, out=share)
    np.divide(dy, share, out=share)
    np.multiply(dx, share, out=dx)


def extreme_vjp(
    dx: np.ndarray | None, dy: np.ndarray, x: np.ndarray, y: np.ndarray,
    *, axis: Axes, keepdims: bool, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    if dx is None:
        return copies([])
    chosen, share = workspace
    return Call(_extreme_vjp, (dx, along(dy, x.shape, axis), x, along(y, x.shape, axis), axis, chosen, share))


def extreme_workspace(x: TensorSpec, *, axis: Axes, keepdims: bool) -> tuple[TensorSpec, ...]:
    """Which elements are extreme, and what each of them gets."""
    share = tuple(1 if k in axis else n for k, n in enumerate(x.shape))
    return TensorSpec(x.shape, np.dtype(bool)), TensorSpec(share, x.dtype)


def max_forward(y: np.ndarray, x: np.ndarray, *, axis: Axes, keepdims: bool) -> Call:
    sizes = between(x.shape, axis)
    return Call(_reduce, (np.maximum, y, x, axis, keepdims)) if sizes is None else _by_rows(_max_rows, sizes, y, x)


def max_vjp(
    dx: np.ndarray | None, dy: np.ndarray, x: np.ndarray, y: np.ndarray,
    *, axis: Axes, keepdims: bool, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    sizes = between(x.shape, axis)
    if dx is None or sizes is None:
        return extreme_vjp(dx, dy, x, y, axis=axis, keepdims=keepdims, workspace=workspace)
    return _by_rows(_max_vjp_rows, sizes, dx, dy, x, y, workspace[-1])


def max_workspace(x: TensorSpec, *, axis: Axes, keepdims: bool) -> tuple[TensorSpec, ...]:
    """What each of the largest gets; first, where NumPy does it, which elements they are."""
    needed = extreme_workspace(x, axis=axis, keepdims=keepdims)
    return needed if between(x.shape, axis) is None else needed[-1:]


max = Kernels(contiguous(max_forward), contiguous(max_vjp), vjp_workspace=max_workspace)
min = Kernels(_by(np.minimum), extreme_vjp, vjp_workspace=extreme_workspace)


@compiled(cached=False)
def product_of_others(dx, dy, x):  # type: ignore[no-untyped-def]
    for i in range(x.shape[0]):
        product = dy[i]
        for j in range(x.shape[1]):
            dx[i, j] = product
            product *= x[i, j]
        product = x.dtype.type(1)
        for j in range(x.shape[1] - 1, -1, -1):
            dx[i, j] *= product
            product *= x[i, j]


_others = once(product_of_others)


def prod_vjp(
    dx: np.ndarray | None, dy: np.ndarray, x: np.ndarray,
    *, axis: Axes, keepdims: bool, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    if dx is None:
        return copies([])
    last = tuple(range(-len(axis), 0))
    rows, moved = workspace
    products = moved.reshape(dy.size, count(x.shape, axis))
    return in_turn(
        Call(np.copyto, (rows, np.moveaxis(x, axis, last))),
        _others(products, dy.reshape(-1), rows.reshape(products.shape)),
        Call(np.copyto, (np.moveaxis(dx, axis, last), products.reshape(rows.shape))),
    )


def prod_workspace(x: TensorSpec, *, axis: Axes, keepdims: bool) -> tuple[TensorSpec, ...]:
    """x and dx with the axes of the product last."""
    kept = tuple(n for k, n in enumerate(x.shape) if k not in axis)
    moved = TensorSpec((*kept, *(x.shape[k] for k in axis)), x.dtype)
    return moved, moved


prod = Kernels(_by(np.multiply), prod_vjp, vjp_workspace=prod_workspace)
any = Kernels(_by(np.logical_or))
all = Kernels(_by(np.logical_and))


@compiled(cached=False)
def argmax_numbers(y, x, sign):  # type: ignore[no-untyped-def]
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            best = 0
            for k in range(1, x.shape[1]):
                value, record = x[a, k, b], x[a, best, b]
                better = value > record if sign > 0 else value < record
                if better or (value != value and record == record):  # the first NaN wins, as in NumPy
                    best = k
            y[a, b] = best


_argmax = once(argmax_numbers)


def _argmax_by(sign: int) -> Callable[..., Call]:
    def forward(y: np.ndarray, x: np.ndarray, *, axis: int, keepdims: bool) -> Call:
        a, k, b = blocks(x.shape, axis)
        return _argmax(y.reshape(a, b), x.reshape(a, k, b), sign)

    return forward


argmax = Kernels(_argmax_by(1))
argmin = Kernels(_argmax_by(-1))


def _accumulate(ufunc: Any, y: np.ndarray, x: np.ndarray, axis: int) -> None:
    ufunc.accumulate(x, axis=axis, out=y)


def cumsum_forward(y: np.ndarray, x: np.ndarray, *, axis: int) -> Call:
    return Call(_accumulate, (np.add, y, x, axis))


def cumsum_vjp(dx: np.ndarray | None, dy: np.ndarray, *, axis: int) -> Call:
    if dx is None:
        return copies([])
    return Call(_accumulate, (np.add, np.flip(dx, axis), np.flip(dy, axis), axis))


cumsum = Kernels(cumsum_forward, cumsum_vjp)


def cumprod_forward(y: np.ndarray, x: np.ndarray, *, axis: int) -> Call:
    return Call(_accumulate, (np.multiply, y, x, axis))


@compiled(cached=False)
def cumprod_vjp_numbers(dx, dy, x, y):  # type: ignore[no-untyped-def]
    last = x.shape[1] - 1
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            s = x.dtype.type(0)
            for i in range(last, -1, -1):
                s = dy[a, i, b] if i == last else dy[a, i, b] + x[a, i + 1, b] * s
                dx[a, i, b] = s * y[a, i - 1, b] if i > 0 else s


_cumprod_vjp = once(cumprod_vjp_numbers)


def cumprod_vjp(dx: np.ndarray | None, dy: np.ndarray, x: np.ndarray, y: np.ndarray, *, axis: int) -> Call:
    if dx is None:
        return copies([])
    three = blocks(x.shape, axis)
    return _cumprod_vjp(*(array.reshape(three) for array in (dx, dy, x, y)))


cumprod = Kernels(cumprod_forward, cumprod_vjp)
