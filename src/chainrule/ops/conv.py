"""conv: cross-correlation of signals, images and volumes with filters, in one, two or three dimensions.

Each output is a dense layer on a window of the input.  With `groups`, channels and filters
are cut into as many groups, and each filter sees its own group of channels; as many groups
as channels is a depthwise convolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.ops.windows import Padding, Sizes, Slide, add_windows, output_sizes, slides, windows
from chainrule.spec import TensorSpec, known

AXES = {1: "N, L, C", 2: "N, H, W, C", 3: "N, D, H, W, C"}


def infer(
    x: TensorSpec, w: TensorSpec, b: TensorSpec, *, strides: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Specs:
    """(N, *sizes, C), (*window, C / groups, F), (F,) -> (N, *outputs, F)"""
    if None in w.shape or len(w.shape) < 3:
        raise ShapeError("filters have a known shape", where="conv", expected="(*window, C / groups, F)", got=w.shape)
    *window, c, f = known(w.shape)
    rank = len(window)
    if len(x.shape) != rank + 2:
        raise ShapeError(
            "the input is not a batch of " + {1: "signals", 2: "images", 3: "volumes"}.get(rank, "arrays"),
            where="conv", expected=f"({AXES.get(rank, 'N, …, C')})", got=x.shape,
            hint="add the channel axis: x[..., None]" if len(x.shape) == rank + 1 else "",
        )  # fmt: skip
    if x.shape[-1] != c * groups or f % groups or b.shape != (f,):
        raise ShapeError(
            "the shapes do not fit", where="conv", expected="x (..., C), w (..., C / groups, F), b (F,)",
            got=f"x {x.shape}, w {w.shape}, b {b.shape}, {groups} groups",
        )  # fmt: skip
    sizes = output_sizes(x.shape[1:-1], tuple(window), strides, padding, dilation, where="conv")
    return (x.with_shape(x.shape[0], *sizes, f),)


def axes_of(
    x_shape: Sequence[int], w_shape: Sequence[int], strides: Sizes, padding: Padding, dilation: Sizes
) -> list[Slide]:
    """How the filters slide over the input."""
    return slides(x_shape[1:-1], tuple(w_shape[:-2]), strides, padding, dilation)


def by_group(x: np.ndarray, groups: int) -> np.ndarray:
    """(rows, elements, groups x channels) -> (groups, rows, elements x channels)."""
    rows, elements, channels = x.shape
    parts = x.reshape(rows, elements, groups, channels // groups)
    return np.moveaxis(parts, 2, 0).reshape(groups, rows, elements * channels // groups)


def forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, *, strides: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Arrays:
    """y[n, i, f] = sum_{k, c} x[n, i strides + k dilation - before, c] w[k, c, f] + b[f]"""
    axes = axes_of(x.shape, w.shape, strides, padding, dilation)
    seen = windows(x, axes)
    elements, c, f = math.prod(w.shape[:-2]), *w.shape[-2:]
    columns = by_group(seen.reshape(math.prod(seen.shape[:-2]), *seen.shape[-2:]), groups)
    filters = by_group(w.reshape(elements * c, 1, f), groups)
    y = np.moveaxis(columns @ filters, 0, 1)
    return (y.reshape(*seen.shape[:-2], f) + b,)


def vjp(
    dy: np.ndarray, *, x: np.ndarray, w: np.ndarray, strides: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Arrays:
    """dw[k, c, f] = sum_{n, i} x[n, i strides + k dilation - before, c] dy[n, i, f];  db[f] = sum_{n, i} dy[n, i, f];
    dx[n, j, c] = sum of dy[n, i, f] w[k, c, f] over all i, k with i strides + k dilation - before = j, and f"""
    axes = axes_of(x.shape, w.shape, strides, padding, dilation)
    seen = windows(x, axes)
    elements, c, f = math.prod(w.shape[:-2]), *w.shape[-2:]
    columns = by_group(seen.reshape(math.prod(seen.shape[:-2]), *seen.shape[-2:]), groups)
    drows = by_group(dy.reshape(-1, 1, f), groups)
    filters = by_group(w.reshape(elements * c, 1, f), groups)
    dw = np.moveaxis(np.swapaxes(columns, 1, 2) @ drows, 0, 1)
    dcolumns = (drows @ np.swapaxes(filters, 1, 2)).reshape(groups, -1, elements, c)
    dseen = np.moveaxis(dcolumns, 0, 2).reshape(seen.shape)
    return add_windows(dseen, axes), dw.reshape(w.shape), dy.reshape(-1, f).sum(axis=0)


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """A multiplication and an addition for each weight of a filter and each output."""
    window_and_channels = inputs[1].shape[:-1]
    return 2 * outputs[0].size * math.prod(n or 0 for n in window_and_channels)


def _example(
    x: Sizes, w: Sizes, strides: Any = 1, padding: Padding = "valid", dilation: Any = 1, groups: int = 1
) -> Example:
    rank = len(w) - 2

    def each(n: Any) -> Sizes:
        return (n,) * rank if isinstance(n, int) else n

    attrs = {"strides": each(strides), "padding": padding, "dilation": each(dilation), "groups": groups}
    return Example(
        lambda rng: {
            "x": rng.standard_normal(x), "w": rng.standard_normal(w), "b": rng.standard_normal(w[-1]),
        },
        attrs,
        id="-".join(("x".join(map(str, x)), "x".join(map(str, w)), *(f"{k[0]}{v}" for k, v in attrs.items())))
        .replace(" ", ""),
    )  # fmt: skip


conv = Primitive(
    name="conv",
    inputs=("x", "w", "b"),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    saves=("x", "w"),
    kernels_at="chainrule.kernels.conv:conv",
    flops=flops,
    examples=(
        _example((2, 5, 6, 3), (3, 3, 3, 4)),
        _example((2, 7, 5, 1), (3, 2, 1, 3), padding="same"),
        _example((1, 8, 7, 2), (3, 3, 2, 2), strides=2, padding="same"),
        _example((2, 9, 8, 2), (2, 3, 2, 3), strides=(4, 1)),  # a stride larger than the window
        _example((1, 9, 9, 2), (3, 3, 2, 2), dilation=(2, 3)),
        _example((2, 1, 1, 3), (1, 1, 3, 2)),  # images of one pixel
        _example((2, 1, 1, 2), (3, 3, 2, 2), padding="same"),
        _example((2, 4, 4, 4), (3, 3, 2, 6), padding="same", groups=2),
        _example((2, 5, 4, 3), (3, 3, 1, 6), padding="same", groups=3),  # depthwise
        _example((2, 6, 5, 4), (3, 3, 1, 4), strides=2, padding="same", groups=4),
        _example((2, 8, 9, 16), (3, 3, 16, 16), padding="same"),
        _example((3, 6, 6, 2), (4, 4, 2, 3), padding=((1, 2), (0, 3))),
        _example((2, 9, 3), (3, 3, 4)),
        _example((2, 8, 2), (3, 2, 2), padding="causal", dilation=2),
        _example((1, 4, 5, 4, 2), (2, 3, 2, 2, 3), padding="same", strides=(1, 2, 1)),
    ),
    source="Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, arXiv:1603.07285",
    promotes=True,
)
