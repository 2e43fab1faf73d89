"""Transposed convolutions: layers that make signals, images and volumes larger."""

from __future__ import annotations

from typing import Any

from chainrule.layers.convolution import Convolution, positive
from chainrule.ops.conv_transpose import conv_transpose, output_padding_of


class _ConvTranspose(Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides=strides, padding=padding, data_format=data_format, dilation_rate=dilation_rate,
            activation=activation, use_bias=use_bias, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self._keep("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._keep("bias", bias_initializer, bias_regularizer, bias_constraint)
        where = type(self).__name__
        self.filters = positive(filters, "filters", where)
        self.output_padding = output_padding_of(output_padding, self.strides, where=where)
        self._refuse_dilated_strides()

    def make_weights(self, channels: int) -> None:
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels), "kernel")
        self._make_bias(self.filters)

    def convolve(self, x: Any) -> Any:
        return conv_transpose(
            x, self.kernel, self._bias(self.filters), strides=self.strides, padding=self.padding,
            output_padding=self.output_padding, dilation=self.dilation_rate,
        )  # fmt: skip


class Conv2DTranspose(_ConvTranspose):
    """Each pixel spread out by a window of weights, the sums plus bias: the adjoint of `Conv2D`.

    Args:
        filters: number of channels of the outputs.
        kernel_size: height and width of the window; one number for both.
        strides: from the window of one pixel to that of the next; one number for both axes.
        padding: "valid" for all that the windows cover, "same" for as many outputs as inputs times the strides,
            or how much to cut off (before, after) along each axis.
        output_padding: rows and columns more than the fewest that would give so many inputs; None to follow
            `padding`.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for both axes.
        activation: function of the affine map, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer: how `kernel` begins.
        bias_initializer: how `bias` begins.
        kernel_regularizer: penalty on `kernel`, added to the loss.
        bias_regularizer: penalty on `bias`, added to the loss.
        activity_regularizer: penalty on the outputs, added to the loss.
        kernel_constraint: what is applied to `kernel` after each update.
        bias_constraint: what is applied to `bias` after each update.

    Shapes:
        inputs: (N, H, W, C); (N, C, H, W) with "channels_first".
        outputs: (N, rows, columns, filters); (N, filters, rows, columns) with "channels_first".
        kernel: (*kernel_size, filters, C).
        bias: (filters,).

    Raises:
        ArgumentError: an output padding as large as the stride; strides and dilation at once.
        ShapeError: no images, or nothing is left of the output.

    Example:
        >>> import numpy as np
        >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.zeros((1, 7, 7, 8), "float32")).shape
        (1, 14, 14, 4)

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, chapter 4.
    """

    rank = 2


class Conv1DTranspose(_ConvTranspose):
    """Each step spread out by a window of weights, the sums plus bias: the adjoint of `Conv1D`.

    Args: those of `Conv2DTranspose`, for one axis.

    Shapes:
        inputs: (N, L, C); (N, C, L) with "channels_first".
        outputs: (N, steps, filters); (N, filters, steps) with "channels_first".
        kernel: (*kernel_size, filters, C).
        bias: (filters,).

    Example:
        >>> import numpy as np
        >>> Conv1DTranspose(4, 3, strides=2)(np.zeros((1, 7, 8), "float32")).shape
        (1, 15, 4)
    """

    rank = 1


class Conv3DTranspose(_ConvTranspose):
    """Each voxel spread out by a window of weights, the sums plus bias: the adjoint of `Conv3D`.

    Args: those of `Conv2DTranspose`, for three axes.

    Shapes:
        inputs: (N, D, H, W, C); (N, C, D, H, W) with "channels_first".
        outputs: (N, *outputs, filters); (N, filters, *outputs) with "channels_first".
        kernel: (*kernel_size, filters, C).
        bias: (filters,).

    Example:
        >>> import numpy as np
        >>> Conv3DTranspose(4, 2, strides=2)(np.zeros((1, 3, 3, 3, 1), "float32")).shape
        (1, 6, 6, 6, 4)
    """

    rank = 3
