"""Affine transformations of images, fast: image by image.

A transform that neither turns nor shears takes whole rows, then their columns: the places along
a row are worked out once for an image.  Any other is worked out pixel by pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels
from chainrule.kernels.calls import Piece, once
from chainrule.kernels.compile import compiled
from chainrule.kernels.philox import word_at
from chainrule.kernels.rows import pieces
from chainrule.ops.affine import FAR, FILL_MODES, ONE, STILL, WORDS, Draw, drawn, matrix
from chainrule.spec import TensorSpec, known

_NEAREST, _REFLECT, _WRAP = (FILL_MODES.index(mode) for mode in ("nearest", "reflect", "wrap"))
_matrix, _drawn = compiled(matrix, cached=False), compiled(drawn, cached=False)


@compiled(cached=False)
def beyond(k, n, mode):  # type: ignore[no-untyped-def]
    """The pixel that continues an axis of `n` at place `k`; -1 for the constant."""
    if 0 <= k < n:
        return k
    if mode == _NEAREST:
        return 0 if k < 0 else n - 1
    if mode == _WRAP:
        return k % n
    if mode == _REFLECT:
        k %= 2 * n
        return k if k < n else 2 * n - 1 - k
    return -1


@compiled(cached=False)
def place(c, n, mode, nearest):  # type: ignore[no-untyped-def]
    """The two pixels around a place and the weight of the second; one pixel twice where the nearest is wanted."""
    c = c if c > -FAR else -FAR
    c = c if c < FAR else FAR
    if nearest:
        k = beyond(np.int64(np.floor(c + 0.5)), n, mode)
        return k, k, 0.0
    below = np.floor(c)
    k = np.int64(below)
    return beyond(k, n, mode), beyond(k + 1, n, mode), c - below


@compiled(cached=False)
def at(x, a, k, fill):  # type: ignore[no-untyped-def]
    """Number `k` of row `a` of an image."""
    return x[a, k] if a >= 0 and k >= 0 else fill


@compiled(cached=False)
def mix_rows(line, x, a, b, f, fill, nearest):  # type: ignore[no-untyped-def]
    """line = (1 - f) x[a] + f x[b]"""
    rest = line.dtype.type(1) - f
    if nearest and a >= 0:
        for q in range(line.size):
            line[q] = x[a, q]
    elif a >= 0 and b >= 0:
        for q in range(line.size):
            line[q] = rest * x[a, q] + f * x[b, q]
    else:
        for q in range(line.size):
            line[q] = rest * (x[a, q] if a >= 0 else fill) + f * (x[b, q] if b >= 0 else fill)


@compiled(cached=False)
def mix_columns(y, line, left, right, share, nearest):  # type: ignore[no-untyped-def]
    """y[q] = (1 - share[q]) line[left[q]] + share[q] line[right[q]]"""
    one = line.dtype.type(1)
    if nearest:
        for q in range(y.size):
            y[q] = line[left[q]]
    else:
        for q in range(y.size):
            y[q] = (one - share[q]) * line[left[q]] + share[q] * line[right[q]]


@compiled(cached=False)
def affine_piece(  # type: ignore[no-untyped-def]
    t, cuts, channels, ys, xs, transforms, mode, nearest, fill, lines, shares, columns
):
    (count, height, numbers), (_, rows, length), kind = ys.shape, xs.shape, ys.dtype.type
    line, share, left, right, one = lines[t], shares[t], columns[t, 0], columns[t, 1], kind(1)
    line[length] = fill  # what a column outside reads
    for n in range(t * count // cuts, (t + 1) * count // cuts):
        m, x, y = transforms[n], xs[n], ys[n]
        if m[1] == 0 and m[3] == 0:
            for j in range(numbers // channels):
                p, q, g = place(m[0] * j + m[2], length // channels, mode, nearest)
                for c in range(channels):
                    left[j * channels + c] = p * channels + c if p >= 0 else length
                    right[j * channels + c] = q * channels + c if q >= 0 else length
                    share[j * channels + c] = kind(g)
            for i in range(height):
                a, b, f = place(m[4] * i + m[5], rows, mode, nearest)
                mix_rows(line[:length], x, a, b, kind(f), fill, nearest)
                mix_columns(y[i], line, left, right, share, nearest)
        else:
            for i in range(height):
                for j in range(numbers // channels):
                    a, b, f = place(m[3] * j + m[4] * i + m[5], rows, mode, nearest)
                    p, q, g = place(m[0] * j + m[1] * i + m[2], length // channels, mode, nearest)
                    u, v = kind(f), kind(g)
                    for c in range(channels):
                        k = p * channels + c if p >= 0 else -1
                        k2 = q * channels + c if q >= 0 else -1
                        if nearest:
                            y[i, j * channels + c] = at(x, a, k, fill)
                        else:
                            y[i, j * channels + c] = (one - v) * (
                                (one - u) * at(x, a, k, fill) + u * at(x, b, k, fill)
                            ) + v * ((one - u) * at(x, a, k2, fill) + u * at(x, b, k2, fill))


@compiled(cached=False)
def affine_vjp_piece(t, cuts, channels, dxs, dys, transforms, mode, nearest):  # type: ignore[no-untyped-def]
    (count, height, numbers), (_, rows, length), kind = dys.shape, dxs.shape, dys.dtype.type
    for n in range(t * count // cuts, (t + 1) * count // cuts):
        m, dx, dy = transforms[n], dxs[n], dys[n]
        dx[:, :] = kind(0)
        for i in range(height):
            for j in range(numbers // channels):
                a, b, f = place(m[3] * j + m[4] * i + m[5], rows, mode, nearest)
                p, q, g = place(m[0] * j + m[1] * i + m[2], length // channels, mode, nearest)
                for row, u in ((a, kind(1 - f)), (b, kind(f))):
                    for column, v in ((p, kind(1 - g)), (q, kind(g))):
                        if row >= 0 and column >= 0:
                            for c in range(channels):
                                dx[row, column * channels + c] += u * v * dy[i, j * channels + c]


@compiled(cached=False)
def random_transforms(transforms, state, draws, height, width, shared, q):  # type: ignore[no-untyped-def]
    seed, step = np.uint32(state[0]), np.uint32(state[1])
    for n in range(transforms.shape[0]):
        for k in range(len(draws)):
            low, high, values, word = draws[k]
            i = np.int64(word) + (0 if shared else WORDS * n)
            q[k] = _drawn((np.float64(word_at(i, seed, step)) + 0.5) * 2.0**-32, low, high, values)
        numbers = _matrix(q[0], q[1], q[2], q[3], q[4], height, width)
        for k in range(6):
            transforms[n, k] = numbers[k]


_forward, _vjp, _transforms = Piece(affine_piece), Piece(affine_vjp_piece), once(random_transforms)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])


def _affine(
    y: np.ndarray, x: np.ndarray, transform: np.ndarray, *, interpolation: str = "bilinear",
    fill_mode: str = "constant", fill_value: float = 0.0, size: Any = None, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    lines, shares, columns = workspace
    mode, nearest, fill = FILL_MODES.index(fill_mode), interpolation == "nearest", x.dtype.type(fill_value)
    cuts = len(lines)
    return _forward(
        cuts, cuts, x.shape[3], _flat(y), _flat(x), transform, mode, nearest, fill, lines, shares, columns
    )


def _affine_vjp(
    dx: Any, dtransform: None, dy: np.ndarray, transform: np.ndarray, *, x_shape: Any,
    interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0.0, size: Any = None,
) -> Call:  # fmt: skip
    if dx is None:
        return NO_CALL
    cuts = pieces(len(dx), 4 * dx[:1].size)
    mode, nearest = FILL_MODES.index(fill_mode), interpolation == "nearest"
    return _vjp(cuts, cuts, dx.shape[3], _flat(dx), _flat(dy), transform, mode, nearest)


def _workspace(x: TensorSpec, transform: TensorSpec, *, size: Any = None, **attrs: Any) -> tuple[TensorSpec, ...]:
    """For each piece: a row of the input and the fill value; and what each number of a row of the output mixes."""
    n, h, w, c = known(x.shape)
    height, width = size or (h, w)
    cuts = pieces(n, 4 * height * width * c)
    return (
        TensorSpec((cuts, w * c + 1), x.dtype),
        TensorSpec((cuts, width * c), x.dtype),
        TensorSpec((cuts, 2, width * c), np.dtype(np.int32)),
    )


affine_transform = Kernels(_affine, _affine_vjp, _workspace)


def _random(
    transform: np.ndarray, x: np.ndarray, state: np.ndarray, *, angle: Draw = STILL, scale_y: Draw = ONE,
    scale_x: Draw = ONE, shift_y: Draw = STILL, shift_x: Draw = STILL, shared: bool = False,
    workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    draws = np.array([angle, scale_y, scale_x, shift_y, shift_x], np.float64)
    return _transforms(transform, state, draws, x.shape[1], x.shape[2], shared, *workspace)


def _quantities(*specs: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    """Room for what is drawn for one image."""
    return (TensorSpec((5,), np.dtype(np.float64)),)


random_transform = Kernels(_random, forward_workspace=_quantities)
