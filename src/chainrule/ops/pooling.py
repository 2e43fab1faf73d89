"""Pooling: the largest number in each window, or the mean.

Padding is not data: it is never the largest, and does not count in a mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.ops.data_format import as_given, channels_last, check_batch, data_format_of
from chainrule.ops.elementwise import OfReals, spread
from chainrule.ops.primitive import Arrays, Example, Specs
from chainrule.ops.shape import shape_of
from chainrule.ops.windows import (
    Padding,
    Sizes,
    Slide,
    add_windows,
    output_sizes,
    padding_of,
    per_axis,
    slides,
    windows,
)
from chainrule.spec import TensorSpec


def axes_of(x_shape: Sequence[int], window: Sizes, strides: Sizes, padding: Padding) -> list[Slide]:
    """How the windows slide over the input."""
    return slides(x_shape[1:-1], window, strides, padding, (1,) * len(window))


def pooled(x: TensorSpec, window: Sizes, strides: Sizes, padding: Padding, where: str) -> TensorSpec:
    """The spec of one number for each window and channel."""
    check_batch(x.shape, len(window), "channels_last", where)
    if not isinstance(padding, str) and any(max(pair) >= k for pair, k in zip(padding, window, strict=True)):
        raise ArgumentError(
            "a window would see nothing but padding", where=where, expected=f"less than {window}", got=padding
        )
    sizes = output_sizes(x.shape[1:-1], window, strides, padding, (1,) * len(window), where=where)
    return x.with_shape(x.shape[0], *sizes, x.shape[-1])


def inside(shape: Sequence[int], axes: Sequence[Slide]) -> np.ndarray:
    """(1, *outputs, elements of a window, 1): whether an element of a window is one of the input's."""
    return windows(np.ones((1, *shape[1:-1], 1), bool), axes, False)


def flops(inputs: Specs, outputs: Specs, *, window: Sizes, **attrs: Any) -> int:
    """A comparison or an addition for each element of each window."""
    return outputs[0].size * math.prod(window)


def _examples() -> tuple[Example, ...]:
    return (
        _example((2, 4, 6, 3), (2, 2)),
        _example((2, 5, 7, 2), (2, 2)),  # odd sizes: the last row and column in no window
        _example((2, 5, 7, 2), (2, 2), padding="same"),
        _example((1, 7, 6, 2), (3, 3), strides=2, padding="same"),
        _example((2, 6, 5, 1), (3, 2), strides=1),
        _example((1, 9, 8, 2), (2, 3), strides=(4, 5), padding="same"),  # strides larger than the windows
        _example((2, 1, 1, 3), (2, 2), padding="same"),  # images of one pixel
        _example((2, 1, 1, 3), (1, 1)),
        _example((1, 6, 6, 2), (3, 3), padding=((1, 2), (0, 1))),
        _example((3, 7, 2), (3,), strides=2),
        _example((1, 3, 4, 5, 2), (2, 2, 3), strides=(1, 2, 2), padding="same"),
    )


def _example(shape: Sizes, window: Sizes, strides: Any = None, padding: Padding = "valid") -> Example:
    each = window if strides is None else (strides,) * len(window) if isinstance(strides, int) else strides
    name = "-".join(("x".join(map(str, shape)), "x".join(map(str, window)), f"s{each}-{padding}")).replace(" ", "")
    draw = spread(*shape)
    return Example(lambda rng: {"x": draw(rng)}, {"window": window, "strides": each, "padding": padding}, id=name)


# Maximum.


def place_dtype(window: Sizes) -> np.dtype[Any]:
    """The smallest dtype for the places in a window."""
    return np.min_scalar_type(max(0, math.prod(window) - 1))


def infer_max(x: TensorSpec, *, window: Sizes, strides: Sizes, padding: Padding) -> Specs:
    """(N, *sizes, C) -> (N, *outputs, C), and the places in the windows"""
    y = pooled(x, window, strides, padding, "max_pool")
    return y, TensorSpec(y.shape, place_dtype(window))


def max_forward(x: np.ndarray, *, window: Sizes, strides: Sizes, padding: Padding) -> Arrays:
    """y[n, i, c] = max over k of x[n, i strides + k - before, c], place = the first such k; NaN is above all"""
    axes = axes_of(x.shape, window, strides, padding)
    seen = windows(x, axes, -np.inf)
    largest = seen.max(axis=-2, keepdims=True)
    place = (inside(x.shape, axes) & ((seen == largest) | np.isnan(seen))).argmax(axis=-2)
    return largest[..., 0, :], place.astype(place_dtype(window))


def max_vjp(
    dy: np.ndarray, *, place: np.ndarray, x_shape: Sizes, window: Sizes, strides: Sizes, padding: Padding
) -> Arrays:
    """dx[n, j, c] = sum of dy[n, i, c] over the windows i whose largest is at j"""
    elements = np.arange(math.prod(window))[:, None]
    dseen = np.where(place[..., None, :] == elements, dy[..., None, :], 0).astype(dy.dtype)
    return (add_windows(dseen, axes_of(x_shape, window, strides, padding)),)


_max_pool = OfReals(
    name="max_pool",
    inputs=("x",),
    outputs=("y", "place"),
    infer=infer_max,
    forward=max_forward,
    vjp=max_vjp,
    saves=("place",),
    shapes=("x",),
    kernels_at="chainrule.kernels.pooling:max_pool",
    flops=flops,
    examples=_examples(),
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 9.3",
)


# Mean.


def infer_average(x: TensorSpec, *, window: Sizes, strides: Sizes, padding: Padding) -> Specs:
    """(N, *sizes, C) -> (N, *outputs, C)"""
    return (pooled(x, window, strides, padding, "average_pool"),)


def average_forward(x: np.ndarray, *, window: Sizes, strides: Sizes, padding: Padding) -> Arrays:
    """y[n, i, c] = 1/m_i sum over k of x[n, i strides + k - before, c], of the m_i elements that are no padding"""
    axes = axes_of(x.shape, window, strides, padding)
    counts = inside(x.shape, axes).sum(axis=-2, dtype=x.dtype)
    return (windows(x, axes).sum(axis=-2) / counts,)


def average_vjp(dy: np.ndarray, *, x_shape: Sizes, window: Sizes, strides: Sizes, padding: Padding) -> Arrays:
    """dx[n, j, c] = sum of dy[n, i, c] / m_i over the windows i with j in them"""
    axes = axes_of(x_shape, window, strides, padding)
    seen = inside(x_shape, axes)
    shares = (dy / seen.sum(axis=-2, dtype=dy.dtype))[..., None, :]
    return (add_windows(np.repeat(shares, seen.shape[-2], axis=-2), axes),)


_average_pool = OfReals(
    name="average_pool",
    inputs=("x",),
    outputs=("y",),
    infer=infer_average,
    forward=average_forward,
    vjp=average_vjp,
    shapes=("x",),
    kernels_at="chainrule.kernels.pooling:average_pool",
    flops=flops,
    examples=_examples(),
    source="LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition, II.B",
)


def _pool(
    primitive: Callable[..., Any], inputs: Any, pool_size: Any, strides: Any, padding: Any, data_format: Any, where: str
) -> Any:
    form = data_format_of(data_format, where)
    rank = len(shape_of(inputs)) - 2
    check_batch(shape_of(inputs), rank if rank in (1, 2, 3) else 2, form, where)
    window = per_axis(pool_size, rank, name="pool_size", where=where)
    y = primitive(
        channels_last(inputs, form),
        window=window,
        strides=window if strides is None else per_axis(strides, rank, name="strides", where=where),
        padding=padding_of(padding, rank, where=where),
    )
    return as_given(y, form)


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Any:
    """The largest number in each window; padding never is.

    At a tie the derivative goes to the first; a NaN in a window is its largest.

    Args:
        inputs: array or tensor.
        pool_size: the window: one number, or one for each axis.
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(n / strides) windows.
        data_format: "channels_last" or "channels_first"; None for that of `chainrule.config`.

    Shapes:
        inputs: (N, L, C), (N, H, W, C) or (N, D, H, W, C).
        outputs: the same with one number for each window.

    Raises:
        ShapeError: an axis is too small for a single window.

    Example:
        >>> max_pool(np.array([[1.0, 3.0, 2.0, 4.0]])[..., None], 2)[..., 0]
        array([[3., 4.]])
    """
    return _pool(_max_pool, inputs, pool_size, strides, padding, data_format, "max_pool")


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window; padding does not count.

    Args:
        inputs: array or tensor.
        pool_size: the window: one number, or one for each axis.
        strides: from one window to the next; None for windows side by side.
        padding: "valid" for none, or "same" for ceil(n / strides) windows.
        data_format: "channels_last" or "channels_first"; None for that of `chainrule.config`.

    Shapes:
        inputs: (N, L, C), (N, H, W, C) or (N, D, H, W, C).
        outputs: the same with one number for each window.

    Raises:
        ShapeError: an axis is too small for a single window.

    Example:
        >>> average_pool(np.array([[1.0, 3.0, 2.0, 4.0]])[..., None], 2)[..., 0]
        array([[2., 3.]])
    """
    return _pool(_average_pool, inputs, pool_size, strides, padding, data_format, "average_pool")
