"""dense, fast: matrix products in pieces that threads share out.

The pieces depend on the shapes alone, never on the number of threads, so that the bits
do not either.  Which axis is cut decides how much one core must fetch from another's
cache, which on some machines costs more than the product (docs/decisions/0010):

    large weights, few samples      the sums over f: two halves of w, each at home with one thread
                                    in the forward product, in dw, and in the optimizer
    many samples                    the samples
    else                            columns of y
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from chainrule.kernels import Call, Kernels, in_turn
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.elementwise import on_numbers
from chainrule.kernels.gemm import gemm
from chainrule.ops.primitive import PRIMITIVES
from chainrule.spec import TensorSpec, known

SMALL = 1 << 21  # multiply-adds (some 40 microseconds) below which waking threads costs more than it may save
WIDTH = 128  # least columns of a piece: each packs the whole of the other operand anew
HEIGHT = 32  # least samples of a piece
MOST = 8  # pieces of one product
FEW = 6  # samples for which BLAS takes longer to arrange w than to multiply by it


def pieces(length: int, work: int, least: int = WIDTH) -> int:
    """Into how many pieces an axis of `length` is cut, for a product of `work` multiply-adds.

    A power of two, so that two, four or eight threads get equal shares.
    """
    most = min(MOST, length // least)
    return 1 if work < SMALL or most < 2 else 1 << (most.bit_length() - 1)


class Grid(NamedTuple):
    """Into how many pieces the axes of y[n, u] = sum_f x[n, f] w[f, u] are cut."""

    n: int
    f: int
    u: int


def grid(n: int, f: int, u: int) -> Grid:
    """The cuts for n samples, f features and u units."""
    work = n * f * u
    if n < 2 * u and f >= 2 * WIDTH and work >= SMALL:
        return Grid(1, 2, min(MOST // 2, pieces(u, work)))
    if n < 2 * u and pieces(u, work) > 1:
        return Grid(1, 1, pieces(u, work))
    return Grid(pieces(n, work, HEIGHT), 1, 1)


@compiled(cached=False)
def bounds(t, length, cuts):  # type: ignore[no-untyped-def]
    """Where the t-th of `cuts` pieces of an axis begins and ends."""
    return t * length // cuts, (t + 1) * length // cuts


@compiled(cached=False)
def _product(t, y, rest, x, w, n_cuts, f_cuts, u_cuts):  # type: ignore[no-untyped-def]
    """The t-th piece of y = x w; of two pieces along f the second goes into `rest`."""
    f, u = w.shape
    k, c = t // u_cuts % f_cuts, t % u_cuts
    first, last = bounds(t // (f_cuts * u_cuts), x.shape[0], n_cuts)
    begin, end = bounds(k, f, f_cuts)
    start, stop = bounds(c, u, u_cuts)
    target = y if k == 0 else rest
    gemm(
        False, False, last - first, stop - start, end - begin, x[first:, begin:], f, w[begin:, start:], u,
        x.dtype.type(0), target[first:, start:], u,
    )  # fmt: skip


@compiled(cached=False)
def _few_product(t, y, rest, x, w, n_cuts, f_cuts, u_cuts):  # type: ignore[no-untyped-def]
    """The same for few samples: w is read once, as it lies, and the sums stay in the nearest cache."""
    f, u = w.shape
    k, c = t // u_cuts % f_cuts, t % u_cuts
    begin, end = bounds(k, f, f_cuts)
    start, stop = bounds(c, u, u_cuts)
    target = y if k == 0 else rest
    for i in range(x.shape[0]):
        target[i][start:stop] = 0
    whole = begin + (end - begin) // 8 * 8
    for k in range(begin, whole, 8):
        w0, w1, w2, w3 = w[k][start:stop], w[k + 1][start:stop], w[k + 2][start:stop], w[k + 3][start:stop]
        w4, w5, w6, w7 = w[k + 4][start:stop], w[k + 5][start:stop], w[k + 6][start:stop], w[k + 7][start:stop]
        for i in range(x.shape[0]):
            row, a = target[i][start:stop], x[i][k : k + 8]
            a0, a1, a2, a3, a4, a5, a6, a7 = a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
            for j in range(row.size):
                first = (a0 * w0[j] + a1 * w1[j]) + (a2 * w2[j] + a3 * w3[j])
                row[j] += first + ((a4 * w4[j] + a5 * w5[j]) + (a6 * w6[j] + a7 * w7[j]))
    for k in range(whole, end):
        for i in range(x.shape[0]):
            row, line, a = target[i][start:stop], w[k][start:stop], x[i, k]
            for j in range(row.size):
                row[j] += a * line[j]


@compiled(cached=False)
def _bias(t, y, rest, b, cuts, halved):  # type: ignore[no-untyped-def]
    """y += b, in the t-th piece of the samples; and y += rest where the sums were halved."""
    first, last = bounds(t, y.shape[0], cuts)
    for i in range(first, last):
        row, other = y[i], rest[i]  # a slice counts from zero, which lets the compiler use vector registers
        if halved:
            for j in range(row.size):
                row[j] = row[j] + other[j] + b[j]
        else:
            for j in range(row.size):
                row[j] += b[j]


@compiled(cached=False)
def _dw(t, dw, db, dz, x, cuts):  # type: ignore[no-untyped-def]
    """dw = x' dz in the t-th piece of its rows; the last piece makes db."""
    n, f = x.shape
    u = dz.shape[1]
    start, stop = bounds(t, f, cuts)
    if dw is not None:
        gemm(True, False, stop - start, u, n, x[:, start:], f, dz, u, x.dtype.type(0), dw[start:], u)
    if db is not None and t == cuts - 1:
        db[:] = 0
        for i in range(n):
            row = dz[i]
            for j in range(row.size):
                db[j] += row[j]


@compiled(cached=False)
def _dx(t, dx, dz, w, cuts):  # type: ignore[no-untyped-def]
    """dx = dz w' in the t-th piece of its rows."""
    f, u = w.shape
    start, stop = bounds(t, dz.shape[0], cuts)
    gemm(False, True, stop - start, f, u, dz[start:], u, w, u, w.dtype.type(0), dx[start:], f)


bias, few_product = Piece(_bias), Piece(_few_product)
product, dw_rows, dx_rows = (Piece(work, blas=True) for work in (_product, _dw, _dx))


@cache
def _activated(name: str, real: str) -> Callable[..., Call]:
    """Like `bias`, followed by the activation `name`, for numbers of the precision `real`."""
    activation, source = on_numbers(name, PRIMITIVES[name].forward, real)

    kind = f"dense_{name}_{real}"

    @compiled(name=f"{kind}_{source[:16]}", cached=False)
    def bias_and_activation(t, y, rest, b, cuts, halved, *attrs):  # type: ignore[no-untyped-def]
        _bias(t, y, rest, b, cuts, halved)
        first, last = bounds(t, y.shape[0], cuts)
        for i in range(first, last):
            row = y[i]
            for j in range(row.size):
                row[j] = activation(row[j], *attrs)[0]

    return Piece(bias_and_activation, kind, stamp=source)


def _forward(
    finish: Callable[..., Call], y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray,
    workspace: tuple[np.ndarray, ...], *attrs: Any,
) -> Call:  # fmt: skip
    f, u = w.shape
    y, x = y.reshape(-1, u), x.reshape(-1, f)
    rest = workspace[0].reshape(-1, u) if workspace else y
    cuts = grid(len(x), f, u)
    count = cuts.n * cuts.f * cuts.u
    rows = 1 if count == 1 else pieces(len(x), SMALL, HEIGHT)
    multiply = few_product if len(x) <= FEW else product
    return in_turn(
        multiply(count, y, rest, x, w, cuts.n, cuts.f, cuts.u),
        finish(rows, y, rest, b, rows, cuts.f == 2, *attrs),
    )


def forward(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, workspace: Any = ()) -> Call:
    return _forward(bias, y, x, w, b, workspace)


def vjp(dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray) -> Call:
    f, u = w.shape
    dy, x = dy.reshape(-1, u), x.reshape(-1, f)
    work = len(x) * f * u
    of_f, of_n = pieces(f, work), pieces(len(x), work, HEIGHT)
    calls = []
    if dw is not None or db is not None:
        calls += [dw_rows(of_f, dw, db, dy, x, of_f)]
    if dx is not None:
        calls += [dx_rows(of_n, dx.reshape(-1, f), dy, w, of_n)]
    return in_turn(*calls)


def forward_workspace(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """Room for the other half of the sums."""
    (f, u), n = known(w.shape), x.size // max(1, known(x.shape)[-1])
    return (TensorSpec((n, u), x.dtype),) if grid(n, f, u).f > 1 else ()


def choice(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> str:
    """How the forward product is done."""
    (f, u), n = known(w.shape), x.size // max(1, known(x.shape)[-1])
    cuts = grid(n, f, u)
    count = cuts.n * cuts.f * cuts.u
    if n <= FEW:
        return f"weights read as they lie (few samples), {count} pieces"
    reason = "halves of the weights" if cuts.f > 1 else "samples" if cuts.n > 1 else "units" if cuts.u > 1 else "small"
    return f"BLAS ({reason}), {count} pieces"


dense = Kernels(contiguous(forward), contiguous(vjp), forward_workspace, choice=choice)


def forward_activation(
    y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, activation: Any, workspace: Any = ()
) -> Call:
    name, attrs = activation
    numbers = [w.dtype.type(value) for _, value in attrs]
    return _forward(_activated(name, w.dtype.name), y, x, w, b, workspace, *numbers)


def vjp_activation(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, y: np.ndarray, *,
    activation: Any, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    name, attrs = activation
    kernels = PRIMITIVES[name].kernels
    assert kernels is not None
    assert kernels.vjp is not None
    (dz,) = workspace
    return in_turn(kernels.vjp(dz, dy, y, **dict(attrs)), vjp(dx, dw, db, dz, x, w))


def _like_y(x: TensorSpec, w: TensorSpec, b: TensorSpec, *, activation: Any) -> tuple[TensorSpec, ...]:
    return (x.with_shape(*x.shape[:-1], w.shape[1]),)


dense_activation = Kernels(
    contiguous(forward_activation), contiguous(vjp_activation), forward_workspace, _like_y, choice
)
