"""conv_transpose, fast: the kernels of the convolution whose adjoint it is, with inputs and outputs exchanged.

    y     dx of the convolution, then the bias
    dx    the convolution of dy, without a bias
    dw    dw of the convolution, of the inputs dy and the cotangents x
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels, in_turn
from chainrule.kernels import conv as convolution
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.conv_batch import add_bias, add_rows, add_up
from chainrule.kernels.conv_method import MOST
from chainrule.kernels.dense import bounds
from chainrule.ops.conv_transpose import axes_of, infer
from chainrule.spec import TensorSpec, known

SMALL = 1 << 16  # numbers below which waking threads costs more than it saves


@compiled(cached=False)
def _bias(t, y, b, cuts):  # type: ignore[no-untyped-def]
    """y += b, for a piece of the batch."""
    first, last = bounds(t, y.shape[0], cuts)
    add_bias(y[first:last], b)


@compiled(cached=False)
def _bias_sums(t, sums, dy, cuts):  # type: ignore[no-untyped-def]
    """A piece's sums for db."""
    first, last = bounds(t, dy.shape[0], cuts)
    sums[t] = 0
    add_rows(sums[t], dy[first:last])


bias = Piece(_bias, "conv_transpose_bias")
bias_sums = Piece(_bias_sums, "conv_transpose_bias_sums")


def _cuts(y: np.ndarray) -> int:
    return 1 if y.size < SMALL else min(MOST, y.shape[0])


def _as_convolution(x: Any, w: Any, attrs: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the convolution that takes y to x."""
    axes = axes_of(known(x[1:-1]), known(w[:-2]), **attrs)
    padding = tuple((axis.before, axis.after) for axis in axes)
    return {"strides": attrs["strides"], "padding": padding, "dilation": attrs["dilation"], "groups": 1}


def forward_workspace(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """What dx of the convolution takes."""
    (y,) = infer(x, w, b, **attrs)
    return convolution.vjp_workspace(y, w, x, **_as_convolution(x.shape, w.shape, attrs))


def vjp_workspace(x: TensorSpec, w: TensorSpec, b: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """Sums for db, and what the convolution and its dw take."""
    (y,) = infer(x, w, b, **attrs)
    options = _as_convolution(x.shape, w.shape, attrs)
    sums = TensorSpec((MOST, *known(b.shape)), x.dtype)
    return (
        sums, *convolution.forward_workspace(y, w, x, **options), *convolution.vjp_workspace(y, w, x, **options)
    )  # fmt: skip


def forward(
    y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, *, workspace: tuple[np.ndarray, ...], **attrs: Any
) -> Call:
    options = _as_convolution(x.shape, w.shape, attrs)
    cuts = _cuts(y)
    return in_turn(
        convolution.vjp(y, None, None, x, y, w, workspace=workspace, **options),  # of its inputs, only the shape
        bias(cuts, y, b, cuts),
    )


def vjp(
    dx: Any, dw: Any, db: Any, dy: np.ndarray, x: np.ndarray, w: np.ndarray, *,
    workspace: tuple[np.ndarray, ...], **attrs: Any,
) -> Call:  # fmt: skip
    options = _as_convolution(x.shape, w.shape, attrs)
    sums, *rest = workspace
    own = len(rest) - len(convolution.vjp_workspace(*map(TensorSpec.of, (dy, w, x)), **options))
    calls = []
    if dx is not None:
        without = np.zeros(w.shape[-1], w.dtype)
        calls += [convolution.forward(dx, dy, w, without, workspace=tuple(rest[:own]), **options)]
    if dw is not None:
        calls += [convolution.vjp(None, dw, None, x, dy, w, workspace=tuple(rest[own:]), **options)]
    if db is not None:
        cuts = _cuts(dy)
        calls += [bias_sums(cuts, sums, dy, cuts), add_up(1, db, sums[:cuts], 1)]
    return in_turn(*calls)


conv_transpose = Kernels(contiguous(forward), contiguous(vjp), forward_workspace, vjp_workspace)
