"""dense and matmul, fast: matrix products in pieces that threads share out.

The pieces depend on the shapes alone, never on the number of threads, so that the bits
do not either.  A product is cut along the axis that lets every piece write its own part
of the result: columns of y, rows of dw, rows of dx.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from chainrule.kernels import Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.gemm import gemm
from chainrule.ops.primitive import PRIMITIVES
from chainrule.spec import TensorSpec

SMALL = 1 << 20  # multiply-adds (about 20 microseconds) below which waking threads costs more than it saves
WIDTH = 128  # least width of a piece: each packs the whole of the other operand anew
MOST = 8  # pieces of one product


def pieces(length: int, work: int) -> int:
    """Into how many pieces an axis of `length` is cut, for a product of `work` multiply-adds.

    A power of two, so that two, four or eight threads get equal shares.
    """
    most = min(MOST, length // WIDTH)
    return 1 if work < SMALL or most < 2 else 1 << (most.bit_length() - 1)


@compiled(cached=False)
def _forward_piece(y, x, w, b, start, stop):  # type: ignore[no-untyped-def]
    n, f = x.shape
    u = w.shape[1]
    gemm(False, False, n, stop - start, f, x, f, w[:, start:], u, x.dtype.type(0), y[:, start:], u)
    part = b[start:stop]
    for i in range(n):
        row = y[i, start:stop]  # a slice counts from zero, which lets the compiler use vector registers
        for j in range(row.size):
            row[j] += part[j]


@compiled
def _forward_serial(y, x, w, b):  # type: ignore[no-untyped-def]
    _forward_piece(y, x, w, b, 0, w.shape[1])


@compiled(parallel=True)
def _forward_parallel(y, x, w, b, cuts):  # type: ignore[no-untyped-def]
    u = w.shape[1]
    for t in prange(cuts):
        _forward_piece(y, x, w, b, t * u // cuts, (t + 1) * u // cuts)


def forward(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> Call:
    f, u = w.shape
    y, x = y.reshape(-1, u), x.reshape(-1, f)
    cuts = pieces(u, len(x) * f * u)
    return Call(_forward_serial, (y, x, w, b)) if cuts == 1 else Call(_forward_parallel, (y, x, w, b, cuts))


@compiled(cached=False)
def _dw_piece(dw, dy, x, start, stop):  # type: ignore[no-untyped-def]
    n, f = x.shape
    u = dy.shape[1]
    gemm(True, False, stop - start, u, n, x[:, start:], f, dy, u, x.dtype.type(0), dw[start:], u)


@compiled(cached=False)
def _dx_piece(dx, dy, w, start, stop):  # type: ignore[no-untyped-def]
    f, u = w.shape
    gemm(False, True, stop - start, f, u, dy[start:], u, w, u, w.dtype.type(0), dx[start:], f)


@compiled
def _db(db, dy):  # type: ignore[no-untyped-def]
    db[:] = 0
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            db[j] += dy[i, j]


@compiled
def _vjp_serial(dx, dw, db, dy, x, w):  # type: ignore[no-untyped-def]
    if dw is not None:
        _dw_piece(dw, dy, x, 0, x.shape[1])
    if dx is not None:
        _dx_piece(dx, dy, w, 0, dy.shape[0])
    if db is not None:
        _db(db, dy)


@compiled(parallel=True)
def _dw_parallel(dw, db, dy, x, cuts):  # type: ignore[no-untyped-def]
    f = x.shape[1]
    for t in prange(cuts):
        _dw_piece(dw, dy, x, t * f // cuts, (t + 1) * f // cuts)
        if t == cuts - 1 and db is not None:
            _db(db, dy)


@compiled(parallel=True)
def _dx_parallel(dx, dy, w, cuts):  # type: ignore[no-untyped-def]
    n = dy.shape[0]
    for t in prange(cuts):
        _dx_piece(dx, dy, w, t * n // cuts, (t + 1) * n // cuts)


def _vjp_parallel(dx: Any, dw: Any, db: Any, dy: Any, x: Any, w: Any, cuts_w: int, cuts_x: int) -> None:
    if dw is not None:
        _dw_parallel(dw, db, dy, x, cuts_w)
    elif db is not None:
        _db(db, dy)
    if dx is not None:
        _dx_parallel(dx, dy, w, cuts_x)


def vjp(dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray) -> Call:
    f, u = w.shape
    dy, x = dy.reshape(-1, u), x.reshape(-1, f)
    dx = None if dx is None else dx.reshape(-1, f)
    work = len(x) * f * u
    if work < SMALL:
        return Call(_vjp_serial, (dx, dw, db, dy, x, w))
    return Call(_vjp_parallel, (dx, dw, db, dy, x, w, pieces(f, work), pieces(len(x), work)))


dense = Kernels(contiguous(forward), contiguous(vjp))


def _one_after_another(first: Call, second: Call) -> None:
    first.function(*first.arguments)
    second.function(*second.arguments)


def forward_activation(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, activation: Any) -> Call:
    name, attrs = activation
    kernels = PRIMITIVES[name].kernels
    assert kernels is not None
    return Call(_one_after_another, (forward(y, x, w, b), kernels.forward(y, y, **dict(attrs))))  # in place


def vjp_activation(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, y: np.ndarray, *,
    activation: Any, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    name, attrs = activation
    kernels = PRIMITIVES[name].kernels
    assert kernels is not None
    assert kernels.vjp is not None
    (dz,) = workspace
    return Call(_one_after_another, (kernels.vjp(dz, dy, y, **dict(attrs)), vjp(dx, dw, db, dz, x, w)))


def _like_y(x: TensorSpec, w: TensorSpec, b: TensorSpec, *, activation: Any) -> tuple[TensorSpec, ...]:
    return (x.with_shape(*x.shape[:-1], w.shape[1]),)


dense_activation = Kernels(contiguous(forward_activation), contiguous(vjp_activation), vjp_workspace=_like_y)
