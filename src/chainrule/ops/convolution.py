"""Convolutions with the arguments of `keras.ops`, on either order of channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ShapeError
from chainrule.ops.conv import conv as _conv
from chainrule.ops.conv_transpose import conv_transpose as _conv_transpose
from chainrule.ops.conv_transpose import output_padding_of
from chainrule.ops.data_format import as_given, channels_last, check_batch, data_format_of
from chainrule.ops.shape import reshape, shape_of
from chainrule.ops.windows import padding_of, per_axis
from chainrule.spec import known


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Filters that slide over signals, images or volumes.

    Args:
        inputs: array or tensor.
        kernel: the filters; with fewer channels than the inputs, they work in as many groups as those allow.
        strides: from one window to the next; one number for all axes, or one for each.
        padding: "valid" for none, "same" for as many outputs as inputs (divided by the strides), "causal" for
            outputs that do not see what comes later, or (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for all axes, or one for each.

    Shapes:
        inputs: (N, *sizes, C); (N, C, *sizes) with "channels_first".
        kernel: (*window, C / groups, F).
        result: (N, *outputs, F); (N, F, *outputs) with "channels_first".

    Raises:
        ShapeError: the inputs do not fit the filters, or are too small.

    Example:
        >>> conv(np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)), strides=2)[0, :, :, 0]
        array([[4., 4.],
               [4., 4.]])

    Source: Dumoulin and Visin (2016), arXiv:1603.07285.
    """
    x, shared = _windows("conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    *_, c, f = shape_of(kernel)
    channels = shape_of(x)[-1]
    if not channels or not c or channels % c:
        raise ShapeError(
            "the channels of the inputs do not divide into groups", where="conv",
            expected=f"a multiple of {c}, the channels of the filters", got=channels,
        )  # fmt: skip
    y = _conv(x, kernel, _zeros(f, kernel), groups=channels // c, **shared)
    return as_given(y, data_format_of(data_format, "conv"))


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each channel with M filters of its own.

    Args: those of `conv`.

    Shapes:
        inputs: (N, *sizes, C); (N, C, *sizes) with "channels_first".
        kernel: (*window, C, M).
        result: (N, *outputs, C M); (N, C M, *outputs) with "channels_first".

    Example:
        >>> depthwise_conv(np.ones((1, 3, 2)), np.ones((3, 2, 1)))
        array([[[3., 3.]]])

    Source: Howard et al. (2017), MobileNets, arXiv:1704.04861, section 3.1.
    """
    *window, c, m = known(shape_of(kernel))
    return conv(inputs, reshape(kernel, (*window, 1, c * m)), strides, padding, data_format, dilation_rate)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each channel with M filters of its own, then a dense layer on each place.

    Args: those of `conv`, with two kernels.

    Shapes:
        inputs: (N, *sizes, C); (N, C, *sizes) with "channels_first".
        depthwise_kernel: (*window, C, M).
        pointwise_kernel: (1, ..., C M, F).
        result: (N, *outputs, F); (N, F, *outputs) with "channels_first".

    Example:
        >>> separable_conv(np.ones((1, 3, 2)), np.ones((3, 2, 1)), np.ones((1, 2, 4)))
        array([[[6., 6., 6., 6.]]])

    Source: Chollet (2017), Xception, arXiv:1610.02357, section 1.2.
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, data_format=data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each input spread out by the filters: the adjoint of `conv`.

    Args:
        inputs: array or tensor.
        kernel: the filters.
        strides: from the window of one input to that of the next; one number for all axes, or one for each.
        padding: "valid" for all that the windows cover, "same" for as many outputs as inputs times the strides,
            or how much to cut off (before, after) along each axis.
        output_padding: outputs more than the fewest that would give so many inputs; one number for all axes, or
            one for each; None to follow `padding`.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for all axes, or one for each.

    Shapes:
        inputs: (N, *sizes, C); (N, C, *sizes) with "channels_first".
        kernel: (*window, F, C).
        result: (N, *outputs, F); (N, F, *outputs) with "channels_first".

    Raises:
        ArgumentError: an output padding as large as the stride.
        ShapeError: the inputs do not fit the filters, or nothing is left of the output.

    Example:
        >>> conv_transpose(np.array([[[1.0], [2.0]]]), np.ones((3, 1, 1)), strides=2).ravel()
        array([1., 1., 3., 2., 2.])

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, chapter 4.
    """
    x, shared = _windows("conv_transpose", inputs, kernel, strides, padding, data_format, dilation_rate)
    more = output_padding_of(output_padding, shared["strides"], where="conv_transpose")
    y = _conv_transpose(x, kernel, _zeros(shape_of(kernel)[-2], kernel), output_padding=more, **shared)
    return as_given(y, data_format_of(data_format, "conv_transpose"))


def _windows(
    where: str, inputs: Any, kernel: Any, strides: Any, padding: Any, data_format: str | None, dilation_rate: Any
) -> tuple[Any, dict[str, Any]]:
    """The inputs, channels last, and how the filters slide over them."""
    rank = len(shape_of(kernel)) - 2
    data_format = data_format_of(data_format, where)
    check_batch(shape_of(inputs), rank, data_format, where)
    return channels_last(inputs, data_format), {
        "strides": per_axis(strides, rank, name="strides", where=where),
        "padding": padding_of(padding, rank, where=where, causal=where == "conv" and rank == 1),
        "dilation": per_axis(dilation_rate, rank, name="dilation_rate", where=where),
    }


def _zeros(size: int | None, kernel: Any) -> np.ndarray:
    """No bias."""
    return np.zeros(size or 0, getattr(kernel, "dtype", floatx()))
