"""Affine transformations of images, and the drawing of random ones.

Output pixel (i, j) of an image is taken from the place (a, b) of the input,

    b = m0 j + m1 i + m2,    a = m3 j + m4 i + m5        (columns first, as Keras has them)

between pixels by bilinear interpolation, or from the pixel that is nearest.  Beyond its edges the
image goes on as `fill_mode` says:

    "reflect"    d c b a | a b c d | d c b a
    "wrap"       a b c d | a b c d | a b c d
    "nearest"    a a a a | a b c d | d d d d
    "constant"   k k k k | a b c d | k k k k        k = fill_value

For one transform y is linear in x (plus what the constant gives), and the VJP is the transposed map.
The transform itself is not differentiated: it comes from random numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.ops.philox import open_uniform, words
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")
FAR = 2.0**20  # no image is larger; places beyond, and those that are no numbers, count as this far out
Size = tuple[int, int] | None


def infer_affine(
    x: TensorSpec, transform: TensorSpec, *, interpolation: str = "bilinear", fill_mode: str = "constant",
    fill_value: float = 0.0, size: Size = None,
) -> Specs:  # fmt: skip
    """(N, H, W, C), (N, 6) -> (N, H, W, C), or (N, height, width, C) where a size is given"""
    for kind, name, names in (
        ("interpolation", interpolation, INTERPOLATIONS),
        ("fill mode", fill_mode, FILL_MODES),
    ):
        if name not in names:
            raise UnknownNameError.of(kind, name, names, where="affine_transform")
    if len(x.shape) != 4 or 0 in x.shape[1:3] or transform.shape != (x.shape[0], 6):
        raise ShapeError(
            "the shapes do not fit", where="affine_transform", expected="x (N, H, W, C), transform (N, 6)",
            got=f"x {x.shape}, transform {transform.shape}",
        )  # fmt: skip
    return (x if size is None else x.with_shape(x.shape[0], *size, x.shape[3]),)


def beyond(k: np.ndarray, n: int, fill_mode: str) -> np.ndarray:
    """The pixel that continues an axis of `n` at place `k`; -1 for the constant."""
    if fill_mode == "constant":
        return np.where((k >= 0) & (k < n), k, -1)
    if fill_mode == "nearest":
        return k.clip(0, n - 1)
    there: np.ndarray = np.mod(k, n if fill_mode == "wrap" else 2 * n)
    if fill_mode == "reflect":
        there = np.minimum(there, 2 * n - 1 - there)
    return there


def taps(
    transform: np.ndarray, sizes: tuple[int, int], size: tuple[int, int], interpolation: str, fill_mode: str
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(row, column, weight) of each pixel that an output reads, all of shape (N, height, width)."""
    i, j = (np.arange(n) for n in size)
    m = transform.astype(np.float64)[:, :, None, None]
    with np.errstate(all="ignore"):
        places = m[:, 3] * j + m[:, 4] * i[:, None] + m[:, 5], m[:, 0] * j + m[:, 1] * i[:, None] + m[:, 2]
        a, b = (np.fmin(np.fmax(p, -FAR), FAR) for p in places)
    if interpolation == "nearest":
        row, column = (np.floor(p + 0.5).astype(np.int64) for p in (a, b))
        return [(beyond(row, sizes[0], fill_mode), beyond(column, sizes[1], fill_mode), np.ones_like(a))]
    below = np.floor(a), np.floor(b)
    (row, column), (f, g) = (p.astype(np.int64) for p in below), (a - below[0], b - below[1])
    rows = [(beyond(row + k, sizes[0], fill_mode), w) for k, w in ((0, 1 - f), (1, f))]
    columns = [(beyond(column + k, sizes[1], fill_mode), w) for k, w in ((0, 1 - g), (1, g))]
    return [(r, c, u * v) for r, u in rows for c, v in columns]


def affine_forward(
    x: np.ndarray, transform: np.ndarray, *, interpolation: str = "bilinear", fill_mode: str = "constant",
    fill_value: float = 0.0, size: Size = None,
) -> Arrays:  # fmt: skip
    """y[n, i, j] = sum_k w_k x[n, row_k, column_k], over the pixels around the place"""
    n, height, width, _ = x.shape
    image = np.arange(n)[:, None, None]
    y = np.zeros((n, *(size or (height, width)), x.shape[3]), x.dtype)
    for row, column, w in taps(transform, (height, width), size or (height, width), interpolation, fill_mode):
        inside = ((row >= 0) & (column >= 0))[..., None]
        value = np.where(inside, x[image, row, column], x.dtype.type(fill_value))
        y += w[..., None].astype(x.dtype) * value
    return (y,)


def affine_vjp(
    dy: np.ndarray, *, transform: np.ndarray, x_shape: tuple[int, ...], interpolation: str = "bilinear",
    fill_mode: str = "constant", fill_value: float = 0.0, size: Size = None,
) -> tuple[np.ndarray | None, ...]:  # fmt: skip
    """dx[n, row_k, column_k] += w_k dy[n, i, j]"""
    n, height, width, _ = x_shape
    image = np.arange(n)[:, None, None]
    dx = np.zeros(x_shape, dy.dtype)
    for row, column, w in taps(transform, (height, width), dy.shape[1:3], interpolation, fill_mode):
        inside = (row >= 0) & (column >= 0)
        at = tuple(np.broadcast_to(k, row.shape)[inside] for k in (image, row, column))
        np.add.at(dx, at, (w[..., None].astype(dy.dtype) * dy)[inside])
    return dx, None


def affine_flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """Four products and as many sums for each number, and the places."""
    return 8 * outputs[0].size + 12 * outputs[0].size // (outputs[0].shape[-1] or 1)


def _affine_example(shape: tuple[int, ...], turn: float = 0.7, **attrs: Any) -> Example:
    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        a, b = (n / 2 * rng.uniform(-1, 1, shape[0]) for n in shape[1:3])
        s, c = math.sin(turn), math.cos(turn)
        if turn == 0:
            c = rng.uniform(0.6, 1.4)
        one = np.ones(shape[0])
        return {"x": rng.standard_normal(shape), "transform": np.stack([c * one, -s * one, b, s * one, c * one, a], 1)}

    name = "-".join(["x".join(map(str, shape)), str(turn), *map(str, attrs.values())])
    return Example(inputs, attrs, id=name)


affine_transform = Primitive(
    name="affine_transform",
    inputs=("x", "transform"),
    outputs=("y",),
    infer=infer_affine,
    forward=affine_forward,
    vjp=affine_vjp,
    saves=("transform",),
    shapes=("x",),
    kernels_at="chainrule.kernels.affine:affine_transform",
    flops=affine_flops,
    examples=(
        _affine_example((2, 3, 2, 1), fill_value=0.5),
        _affine_example((2, 5, 6, 3), fill_mode="reflect"),
        _affine_example((1, 1, 1, 2), fill_mode="wrap"),
        _affine_example((3, 4, 5, 1), fill_mode="nearest"),
        _affine_example((2, 5, 7, 2), turn=0.0, fill_value=-1.0),
        _affine_example((2, 4, 3, 3), turn=0.0, fill_mode="reflect", size=(3, 6)),
        _affine_example((2, 4, 3, 3), turn=0.0, fill_mode="wrap", interpolation="nearest"),
        _affine_example((2, 4, 5, 2), interpolation="nearest", size=(2, 3)),
    ),
    source="Jaderberg et al. (2015), Spatial transformer networks, section 3.3",
)


# Random transforms.
#
# Each of five quantities is drawn from (low, high, values, word): from the interval, or, where `values` is
# not 0, from that many evenly spaced values of it.  Quantities with one `word` have one random number.

Draw = tuple[float, float, int, int]
STILL: Draw = (0.0, 0.0, 0, 0)
ONE: Draw = (1.0, 1.0, 0, 0)
WORDS = 2  # random words of an image


def matrix(angle: Any, scale_y: Any, scale_x: Any, shift_y: Any, shift_x: Any, height: int, width: int) -> Any:
    """The six numbers of: scaling and turning about the centre of the image, then shifting by parts of its sizes.

    For arrays, and inside kernels for numbers.
    """
    s, c = np.sin(angle), np.cos(angle)
    y, x = (height - 1) / 2, (width - 1) / 2
    m0, m1, m3, m4 = scale_x * c, -(scale_y * s), scale_x * s, scale_y * c
    return (
        m0, m1, x - (m0 * x + m1 * y) + shift_x * width,
        m3, m4, y - (m3 * x + m4 * y) + shift_y * height,
    )  # fmt: skip


def drawn(u: Any, low: float, high: float, values: int) -> Any:
    """The quantity that a random number 0 < u < 1 stands for."""
    if values == 0:
        return low + u * (high - low)
    return low + np.floor(u * values) * ((high - low) / max(values - 1, 1))


def infer_random(
    x: TensorSpec, state: TensorSpec, *, angle: Draw = STILL, scale_y: Draw = ONE, scale_x: Draw = ONE,
    shift_y: Draw = STILL, shift_x: Draw = STILL, shared: bool = False,
) -> Specs:  # fmt: skip
    """(N, H, W, C), (2,) -> (N, 6)"""
    if len(x.shape) != 4:
        raise ShapeError("not a batch of images", where="random_transform", expected="(N, H, W, C)", got=x.shape)
    if any(draw[3] >= WORDS for draw in (angle, scale_y, scale_x, shift_y, shift_x)):
        raise ArgumentError("there are not so many words", where="random_transform", expected=f"below {WORDS}")
    return (x.with_shape(x.shape[0], 6),)


def random_forward(
    x: np.ndarray, state: np.ndarray, *, angle: Draw = STILL, scale_y: Draw = ONE, scale_x: Draw = ONE,
    shift_y: Draw = STILL, shift_x: Draw = STILL, shared: bool = False,
) -> Arrays:  # fmt: skip
    """transform[n] = matrix(angle, scales, shifts), each drawn for itself; one for all images where shared"""
    n, height, width, _ = x.shape
    count = min(n, 1) if shared else n
    u = open_uniform(words(WORDS * count, int(state[0]), int(state[1]))).reshape(count, WORDS)
    turn, sy, sx, dy, dx = (
        drawn(u[:, word], low, high, values)
        for low, high, values, word in (angle, scale_y, scale_x, shift_y, shift_x)
    )
    numbers = np.stack(np.broadcast_arrays(*matrix(turn, sy, sx, dy, dx, height, width)), axis=1)
    return (np.ascontiguousarray(np.broadcast_to(numbers, (n, 6)), x.dtype),)


def _random_example(shape: tuple[int, ...], **attrs: Any) -> Example:
    return Example(
        lambda rng: {"x": rng.standard_normal(shape), "state": np.array([7, 3], np.uint32)},
        attrs, id="-".join(["x".join(map(str, shape)), *attrs]),
    )  # fmt: skip


random_transform = Primitive(
    name="random_transform",
    inputs=("x", "state"),
    outputs=("transform",),
    infer=infer_random,
    forward=random_forward,
    vjp=None,
    kernels_at="chainrule.kernels.affine:random_transform",
    flops=lambda inputs, outputs, **attrs: 10 * outputs[0].size,
    examples=(
        _random_example((3, 5, 4, 1), angle=(-1.0, 2.0, 0, 0)),
        _random_example((4, 1, 1, 1), scale_y=(0.5, 1.5, 0, 0), scale_x=(0.9, 1.1, 0, 1)),
        _random_example((70, 6, 8, 2), scale_x=(1.0, -1.0, 2, 0)),
        _random_example((5, 6, 8, 2), shift_y=(0.0, 0.5, 4, 0), shift_x=(-0.3, 0.3, 0, 1), shared=True),
    ),
    source="Krizhevsky, Sutskever, Hinton (2012), section 4.1; Philox as in docs/decisions/0004-randomness.md",
)
