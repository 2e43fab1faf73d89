"""conv_transpose: each input spread out by a filter, the adjoint of convolution.

Where a convolution gathers a window of the input into one output, its adjoint adds one
input, times the filter, to a window of the output.  Along each axis, with n inputs:

    outputs   "valid"  n stride + max(0, extent - stride); (n - 1) stride + extent + output_padding if given
              "same"   n stride; (n - 1) stride + extent % 2 + output_padding if given
              pairs    (n - 1) stride + extent - before - after + output_padding
    cut off   what of (n - 1) stride + extent is too much: after it for "valid", half before it for "same"
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.data_format import check_batch
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.ops.windows import Padding, Sizes, Slide, add_windows, per_axis, windows
from chainrule.spec import TensorSpec, known


def output_padding_of(output_padding: Any, strides: Sizes, *, where: str) -> Sizes | None:
    """Output padding as attributes hold it; None stays None.

    Raises:
        ArgumentError: as large as the stride, so that the outputs would fit more inputs.
    """
    if output_padding is None:
        return None
    more = per_axis(output_padding, len(strides), name="output_padding", where=where, least=0)
    if any(n >= s for n, s in zip(more, strides, strict=True)):
        raise ArgumentError(
            "output_padding is less than the stride along each axis", where=where,
            expected=f"at most {tuple(s - 1 for s in strides)}", got=more,
        )  # fmt: skip
    return more


def spread(
    size: int, window: int, stride: int, padding: str | tuple[int, int], output_padding: int | None, dilation: int
) -> Slide:
    """The windows of the output, one for each of `size` inputs, along one axis.

    Example:
        >>> spread(3, 3, 2, "same", None, 1).size, spread(3, 3, 2, "valid", None, 1).size
        (6, 7)
    """
    extent = (window - 1) * dilation + 1
    covered = (size - 1) * stride + extent
    more = output_padding or 0
    if isinstance(padding, tuple):
        before, after = padding
        return Slide(covered - before - after + more, window, stride, dilation, before, max(0, after - more), size)
    if padding == "valid":
        outputs = size * stride + max(0, extent - stride) if output_padding is None else covered + more
        return Slide(outputs, window, stride, dilation, 0, 0, size)
    outputs = size * stride if output_padding is None else covered - extent + extent % 2 + more
    cut = max(0, covered - outputs)
    return Slide(outputs, window, stride, dilation, cut // 2, cut - cut // 2, size)


def axes_of(
    sizes: tuple[int, ...], window: Sizes, strides: Sizes, padding: Padding, output_padding: Sizes | None,
    dilation: Sizes,
) -> list[Slide]:  # fmt: skip
    """The windows of the output, along each axis."""
    rank = len(window)
    pads: list[str | tuple[int, int]] = [padding] * rank if isinstance(padding, str) else list(padding)
    more = (None,) * rank if output_padding is None else output_padding
    return [spread(*axis) for axis in zip(sizes, window, strides, pads, more, dilation, strict=True)]


def infer(
    x: TensorSpec, w: TensorSpec, b: TensorSpec, *, strides: Sizes, padding: Padding, output_padding: Sizes | None,
    dilation: Sizes,
) -> Specs:  # fmt: skip
    """(N, *sizes, C), (*window, F, C), (F,) -> (N, *outputs, F)"""
    if None in w.shape or len(w.shape) < 3:
        raise ShapeError(
            "filters have a known shape", where="conv_transpose", expected="(*window, F, C)", got=w.shape
        )
    *window, f, c = known(w.shape)
    check_batch(x.shape, len(window), "channels_last", "conv_transpose")
    if x.shape[-1] != c or b.shape != (f,):
        raise ShapeError(
            "the shapes do not fit", where="conv_transpose", expected="x (..., C), w (..., F, C), b (F,)",
            got=f"x {x.shape}, w {w.shape}, b {b.shape}",
        )  # fmt: skip
    sizes = tuple(1 if n is None else n for n in x.shape[1:-1])
    outputs = [s.size for s in axes_of(sizes, tuple(window), strides, padding, output_padding, dilation)]
    if min(outputs) < 1:
        raise ShapeError(
            "nothing is left of the output", where="conv_transpose", expected="1 or more along each axis",
            got=f"{tuple(outputs)}, from an input of sizes {x.shape[1:-1]}", hint="less padding or more output_padding",
        )  # fmt: skip
    return (
        x.with_shape(
            x.shape[0], *(None if n is None else y for n, y in zip(x.shape[1:-1], outputs, strict=True)), f
        ),
    )


def forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, *, strides: Sizes, padding: Padding, output_padding: Sizes | None,
    dilation: Sizes,
) -> Arrays:  # fmt: skip
    """y[n, j, f] = b[f] + sum of x[n, i, c] w[k, f, c] over c and all i, k with i strides + k dilation - before = j"""
    *window, f, c = w.shape
    axes = axes_of(x.shape[1:-1], tuple(window), strides, padding, output_padding, dilation)
    parts = x @ w.reshape(-1, c).T
    return (add_windows(parts.reshape(*x.shape[:-1], math.prod(window), f), axes) + b,)


def vjp(
    dy: np.ndarray, *, x: np.ndarray, w: np.ndarray, strides: Sizes, padding: Padding, output_padding: Sizes | None,
    dilation: Sizes,
) -> Arrays:  # fmt: skip
    """dx[n, i, c] = sum_{k, f} dy[n, i strides + k dilation - before, f] w[k, f, c], a convolution;
    dw[k, f, c] = sum_{n, i} dy[n, i strides + k dilation - before, f] x[n, i, c];  db[f] = sum_{n, j} dy[n, j, f]"""
    *window, f, c = w.shape
    axes = axes_of(x.shape[1:-1], tuple(window), strides, padding, output_padding, dilation)
    seen = windows(dy, axes).reshape(*x.shape[:-1], math.prod(window) * f)
    dw = seen.reshape(-1, seen.shape[-1]).T @ x.reshape(-1, c)
    return seen @ w.reshape(-1, c), dw.reshape(w.shape), dy.reshape(-1, f).sum(axis=0)


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """A multiplication and an addition for each input and each weight of its channel."""
    return 2 * inputs[0].size * math.prod(n or 0 for n in inputs[1].shape[:-1])


def _example(
    x: Sizes, w: Sizes, strides: Any = 1, padding: Padding = "valid", output_padding: Any = None, dilation: Any = 1
) -> Example:
    rank = len(w) - 2

    def each(n: Any) -> Any:
        return (n,) * rank if isinstance(n, int) else n

    attrs = {
        "strides": each(strides), "padding": padding, "output_padding": each(output_padding),
        "dilation": each(dilation),
    }  # fmt: skip
    return Example(
        lambda rng: {
            "x": rng.standard_normal(x), "w": rng.standard_normal(w), "b": rng.standard_normal(w[-2]),
        },
        attrs,
        id="-".join(("x".join(map(str, x)), "x".join(map(str, w)), *(f"{k[0]}{v}" for k, v in attrs.items())))
        .replace(" ", ""),
    )  # fmt: skip


conv_transpose = Primitive(
    name="conv_transpose",
    inputs=("x", "w", "b"),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    saves=("x", "w"),
    kernels_at="chainrule.kernels.conv_transpose:conv_transpose",
    flops=flops,
    examples=(
        _example((2, 3, 4, 3), (3, 3, 2, 3)),
        _example((2, 3, 2, 2), (2, 2, 3, 2), strides=2, padding="same"),
        _example((1, 4, 3, 1), (3, 2, 2, 1), strides=(2, 3), padding="same"),
        _example((2, 3, 2, 2), (2, 3, 2, 2), strides=(4, 1)),  # a stride larger than the window
        _example((2, 1, 1, 3), (3, 3, 2, 3), strides=2, padding="same"),  # images of one pixel
        _example((1, 3, 4, 2), (3, 3, 2, 2), strides=2, output_padding=1),
        _example((1, 3, 4, 2), (3, 4, 2, 2), strides=3, padding="same", output_padding=(2, 1)),
        _example((1, 4, 5, 2), (3, 2, 2, 2), dilation=(2, 3), padding="same"),
        _example((2, 3, 4, 2), (4, 4, 3, 2), strides=2, padding=((1, 2), (0, 3)), output_padding=1),
        _example((2, 5, 3), (3, 4, 3), strides=2),
        _example((1, 2, 3, 2, 2), (2, 3, 2, 2, 2), strides=(1, 2, 1), padding="same"),
        _example((2, 6, 5, 16), (3, 3, 16, 16), strides=2, padding="same"),
    ),
    source="Dumoulin and Visin (2016), A guide to convolution arithmetic, arXiv:1603.07285, chapter 4",
    promotes=True,
)
