"""Products of matrices, fast: BLAS, in pieces that threads share out.

The pieces depend on the shapes alone, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels, in_turn
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.dense import SMALL, pieces
from chainrule.kernels.gemm import gemm
from chainrule.kernels.shape import copies, sum_to
from chainrule.spec import TensorSpec


@compiled(cached=False)
def _rows(y, a, b, transpose_a, transpose_b, start, stop):  # type: ignore[no-untyped-def]
    """Rows `start` to `stop` of y = op(a) op(b), for one matrix."""
    k = a.shape[0] if transpose_a else a.shape[1]
    part = a[:, start:] if transpose_a else a[start:]
    n, m = stop - start, y.shape[1]
    gemm(transpose_a, transpose_b, n, m, k, part, a.shape[1], b, b.shape[1], y.dtype.type(0), y[start:], m)


@compiled(cached=False)
def matmul_piece(t, y, a, b, transpose_a, transpose_b, cuts):  # type: ignore[no-untyped-def]
    i, j, n = t // cuts, t % cuts, y.shape[1]
    _rows(y[i], a[i], b[i], transpose_a, transpose_b, j * n // cuts, (j + 1) * n // cuts)


_piece = Piece(matmul_piece, blas=True)


def _call(
    y: np.ndarray, a: np.ndarray, b: np.ndarray, transpose_a: bool = False, transpose_b: bool = False
) -> Call:
    """y = op(a) op(b), for stacks of matrices of equal length."""
    terms = a.shape[1] if transpose_a else a.shape[2]
    if y.size == 0 or terms == 0:
        return copies([(y, 0)])
    stacks, n, m = y.shape
    cuts = pieces(n, n * m * terms) if stacks == 1 else 1
    return _piece(stacks * cuts, y, a, b, transpose_a, transpose_b, cuts, shared=y.size * terms >= SMALL)


def _stack(x: np.ndarray, rows: bool = False) -> np.ndarray:
    """The matrices of `x` in one stack; where `rows`, as a single matrix with all their rows."""
    *leading, n, m = x.shape
    count = int(np.prod(leading))
    return x.reshape(1, count * n, m) if rows else x.reshape(count, n, m)


def _is_one(shape: tuple[Any, ...]) -> bool:
    return all(n == 1 for n in shape[:-2])


def forward(y: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> Call:
    if _is_one(x2.shape):
        return _call(_stack(y, rows=True), _stack(x1, rows=True), _stack(x2))
    if x1.shape[:-2] == x2.shape[:-2]:
        return _call(_stack(y), _stack(x1), _stack(x2))
    return Call(_matmul, (x1, x2, y))


def _matmul(x1: np.ndarray, x2: np.ndarray, y: np.ndarray) -> None:
    np.matmul(x1, x2, out=y)


def vjp(
    dx1: np.ndarray | None, dx2: np.ndarray | None, dy: np.ndarray, x1: np.ndarray, x2: np.ndarray,
    *, workspace: tuple[np.ndarray, ...] = (),
) -> Call:  # fmt: skip
    calls = []
    if workspace:  # repeated along leading axes: every product, then their sums
        whole_1, whole_2 = workspace
        if dx1 is not None:
            calls += [Call(_matmul, (dy, x2.swapaxes(-1, -2), whole_1)), sum_to(dx1, whole_1)]
        if dx2 is not None:
            calls += [Call(_matmul, (x1.swapaxes(-1, -2), dy, whole_2)), sum_to(dx2, whole_2)]
        return in_turn(*calls)
    rows = _is_one(x2.shape)
    a, b, c = _stack(dy, rows), _stack(x1, rows), _stack(x2)
    if dx1 is not None:
        calls.append(_call(_stack(dx1, rows), a, c, transpose_b=True))
    if dx2 is not None:
        calls.append(_call(_stack(dx2), b, a, transpose_a=True))
    return in_turn(*calls)


def vjp_workspace(x1: TensorSpec, x2: TensorSpec) -> tuple[TensorSpec, ...]:
    """Room for the cotangents before they are summed, where an input is repeated along leading axes."""
    if _is_one(x2.shape) or x1.shape[:-2] == x2.shape[:-2]:
        return ()
    leading = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])  # type: ignore[arg-type]
    return tuple(TensorSpec((*leading, *x.shape[-2:]), x.dtype) for x in (x1, x2))


matmul = Kernels(contiguous(forward), contiguous(vjp), vjp_workspace=vjp_workspace)
