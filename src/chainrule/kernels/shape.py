"""Shape, fast: copies, with every view prepared when bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.ops.shape import inner


def copies(pairs: list[tuple[np.ndarray, Any]]) -> Call:
    """The call that copies each source into its target."""
    return Call(_copy, (pairs,))


def _copy(pairs: list[tuple[np.ndarray, Any]]) -> None:
    for target, source in pairs:
        target[...] = source



def reshape_forward(y: np.ndarray, x: np.ndarray, **attrs: Any) -> Call:
    return copies([(y.reshape(x.shape), x)])


def reshape_vjp(dx: np.ndarray | None, dy: np.ndarray, **attrs: Any) -> Call:
    return copies([] if dx is None else [(dx.reshape(dy.shape), dy)])


reshape = Kernels(reshape_forward, reshape_vjp)


def transpose_forward(y: np.ndarray, x: np.ndarray, *, axes: tuple[int, ...]) -> Call:
    return copies([(y, x.transpose(axes))])


def transpose_vjp(dx: np.ndarray | None, dy: np.ndarray, *, axes: tuple[int, ...]) -> Call:
    return copies([] if dx is None else [(dx.transpose(axes), dy)])


transpose = Kernels(transpose_forward, transpose_vjp)


def broadcast_forward(y: np.ndarray, x: np.ndarray, **attrs: Any) -> Call:
    return copies([(y, np.broadcast_to(x, y.shape))])


def broadcast_vjp(dx: np.ndarray | None, dy: np.ndarray, **attrs: Any) -> Call:
    return copies([]) if dx is None else sum_to(dx, dy)


def sum_to(dx: np.ndarray, dy: np.ndarray) -> Call:
    """The call that sums `dy` over the axes along which `dx` was repeated."""
    leading = dy.ndim - dx.ndim
    repeated = tuple(range(leading)) + tuple(
        leading + k for k, n in enumerate(dx.shape) if n == 1 and dy.shape[leading + k] != 1
    )
    if not repeated:
        return copies([(dx, dy)])
    kept = tuple(n for k, n in enumerate(dx.shape) if leading + k not in repeated)
    return Call(_sum, (dy, repeated, dx.reshape(kept)))


def _sum(source: np.ndarray, axes: tuple[int, ...], target: np.ndarray) -> None:
    np.add.reduce(source, axis=axes, out=target)


broadcast_to = Kernels(broadcast_forward, broadcast_vjp)


def _parts(y: np.ndarray, shapes: list[tuple[int, ...]], axis: int) -> list[np.ndarray]:
    return np.split(y, np.cumsum([shape[axis] for shape in shapes])[:-1], axis=axis)


def concatenate_forward(y: np.ndarray, *xs: np.ndarray, axis: int) -> Call:
    return copies(list(zip(_parts(y, [x.shape for x in xs], axis), xs, strict=True)))


def concatenate_vjp(*arrays: Any, xs_shape: Any, axis: int) -> Call:
    *dxs, dy = arrays
    pairs = zip(dxs, _parts(dy, list(xs_shape), axis), strict=True)
    return copies([(dx, part) for dx, part in pairs if dx is not None])


concatenate = Kernels(concatenate_forward, concatenate_vjp)


def pad_forward(y: np.ndarray, x: np.ndarray, *, pad_width: Any, value: float) -> Call:
    return copies([(y, value), (y[inner(y.shape, pad_width)], x)])


def pad_vjp(dx: np.ndarray | None, dy: np.ndarray, *, pad_width: Any, value: float) -> Call:
    return copies([] if dx is None else [(dx, dy[inner(dy.shape, pad_width)])])


pad = Kernels(pad_forward, pad_vjp)
