"""resize, fast: row by row of the output, first the rows that it reads, then its columns.

The VJP goes the same way back, image by image, so that no two threads write one pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.rows import pieces
from chainrule.ops.resampling import axes_of, framed
from chainrule.spec import TensorSpec, known


@compiled(cached=False)
def resize_piece(  # type: ignore[no-untyped-def]
    t, cuts, channels, ys, xs, rows, row_weights, columns, column_weights, frame, fill, lines
):
    (count, height, numbers), line = ys.shape, lines[t]
    for r in range(t * count * height // cuts, (t + 1) * count * height // cuts):
        n, i = r // height, r % height
        y = ys[n, i]
        for q in range(line.size):
            line[q] = row_weights[i, 0] * xs[n, rows[i], q]
        for k in range(1, row_weights.shape[1]):
            w, x = row_weights[i, k], xs[n, rows[i] + k]
            for q in range(line.size):
                line[q] += w * x[q]
        for q in range(numbers):
            y[q] = column_weights[0, q] * line[columns[q]] + fill * frame[i, q]
        for k in range(1, len(column_weights)):
            w, shifted = column_weights[k], line[k * channels :]
            for q in range(numbers):
                y[q] += w[q] * shifted[columns[q]]


@compiled(cached=False)
def resize_vjp_piece(  # type: ignore[no-untyped-def]
    t, cuts, channels, dxs, dys, rows, row_weights, columns, column_weights, lines
):
    (count, height, numbers), line = dys.shape, lines[t]
    zero = line.dtype.type(0)
    for n in range(t * count // cuts, (t + 1) * count // cuts):
        dxs[n, :, :] = zero
        for i in range(height):
            line[:] = zero
            for k in range(len(column_weights)):
                for q in range(numbers):
                    line[columns[q] + k * channels] += column_weights[k, q] * dys[n, i, q]
            for k in range(row_weights.shape[1]):
                w, dx = row_weights[i, k], dxs[n, rows[i] + k]
                for q in range(line.size):
                    dx[q] += w * line[q]


_forward, _vjp = Piece(resize_piece), Piece(resize_vjp_piece)


def _axes(
    sizes: Any, size: Any, channels: int, interpolation: str, antialias: bool, fit: str, dtype: Any
) -> tuple[tuple[Any, ...], np.ndarray]:
    """The taps, those of columns for each number of a row; and the share of the frame."""
    rows, columns = axes_of(tuple(sizes), tuple(size), interpolation, antialias, fit)
    numbers = columns.first[:, None] * channels + np.arange(channels)
    weights = np.repeat(columns.weights.T, channels, axis=1)
    frame = np.repeat(framed(rows, columns)[..., 0], channels, axis=1) * (fit == "pad")
    return (rows.first, rows.weights.astype(dtype), numbers.ravel(), weights.astype(dtype)), frame.astype(dtype)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])


def _resize(
    y: np.ndarray, x: np.ndarray, *, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    fit: str = "stretch", fill_value: float = 0.0, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    tables, frame = _axes(x.shape[1:3], size, x.shape[3], interpolation, antialias, fit, x.dtype)
    (lines,) = workspace
    cuts = len(lines)
    return _forward(cuts, cuts, x.shape[3], _flat(y), _flat(x), *tables, frame, x.dtype.type(fill_value), lines)


def _resize_vjp(
    dx: Any, dy: np.ndarray, *, x_shape: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    fit: str = "stretch", fill_value: float = 0.0, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    tables, _ = _axes(x_shape[1:3], size, x_shape[3], interpolation, antialias, fit, dy.dtype)
    (lines,) = workspace
    cuts = len(lines)
    return _vjp(cuts, cuts, x_shape[3], _flat(dx), _flat(dy), *tables, lines)


def _workspace(x: TensorSpec, *, size: Any, **attrs: Any) -> tuple[TensorSpec, ...]:
    """A line of the input's width for each piece of the output's rows."""
    n, _, w, c = known(x.shape)
    return (TensorSpec((pieces(n * size[0], max(w, size[1]) * c), w * c), x.dtype),)


def _vjp_workspace(x: TensorSpec, *, size: Any, **attrs: Any) -> tuple[TensorSpec, ...]:
    """The same for each piece of the images."""
    n, _, w, c = known(x.shape)
    return (TensorSpec((pieces(n, size[0] * max(w, size[1]) * c), w * c), x.dtype),)


resize = Kernels(_resize, _resize_vjp, _workspace, _vjp_workspace)
