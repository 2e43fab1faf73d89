"""Convolutions: filters that slide over signals, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from chainrule import constraints, initializers, ops, regularizers
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.base import InputSpec, Layer
from chainrule.layers.core import activation_of
from chainrule.layers.data_format import as_given, channels_last, check_batch, data_format_of
from chainrule.ops.conv import conv
from chainrule.ops.windows import padding_of, per_axis
from chainrule.tree import flatten


class Convolution(Layer):
    """What all convolutions have: a window that slides, weights made for the channels, a bias, an activation.

    A kind of convolution writes `make_weights`, and `convolve` on channels-last arrays.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        kernel_size: Any,
        *,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        causal: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self.rank, name="kernel_size", where=where)
        self.strides = per_axis(strides, self.rank, name="strides", where=where)
        self.dilation_rate = per_axis(dilation_rate, self.rank, name="dilation_rate", where=where)
        self.padding = padding_of(padding, self.rank, where=where, causal=causal)
        self.data_format = data_format_of(data_format, where)
        self.activation = activation_of(activation, where)
        self.use_bias = use_bias
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def make_weights(self, channels: int) -> None:
        """Make the weights, for inputs of so many channels."""
        raise NotImplementedError

    def convolve(self, x: Any) -> Any:
        """(N, *sizes, C) -> (N, *outputs, F)"""
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        axis = -1 if self.data_format == "channels_last" else 1
        check_batch(input_shape, self.rank, self.data_format, self._where)
        channels = input_shape[axis]
        if channels is None:
            raise ShapeError(
                "the number of channels is not known", where=self._where, got=input_shape,
                hint="give the model an Input whose channel axis has a size",
            )  # fmt: skip
        self.make_weights(channels)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: channels})

    def call(self, inputs: Any) -> Any:
        y = self.convolve(channels_last(inputs, self.data_format))
        return self.activation(as_given(y, self.data_format))

    def get_config(self) -> dict[str, Any]:
        return {"activity_regularizer": None, **super().get_config()}  # where Keras's other layers leave it out

    def _check(self, inputs: Any) -> None:
        for x in flatten(inputs):
            check_batch(tuple(x.shape), self.rank, self.data_format, self._where)
        super()._check(inputs)

    @property
    def _where(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def _keep(self, what: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keep how a weight begins, what it costs and what bounds it."""
        setattr(self, f"{what}_initializer", initializers.get(initializer))
        setattr(self, f"{what}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{what}_constraint", constraints.get(constraint))

    def _weight(self, what: str, shape: tuple[int, ...], name: str) -> Any:
        options = {k: getattr(self, f"{what}_{k}") for k in ("initializer", "regularizer", "constraint")}
        return self.add_weight(shape=shape, name=name, **options)

    def _make_bias(self, size: int) -> None:
        self.bias = self._weight("bias", (size,), "bias") if self.use_bias else None

    def _bias(self, size: int) -> Any:
        """The bias; zeros where the layer has none."""
        return np.zeros(size, self.dtype_name) if self.bias is None else self.bias

    def _refuse_dilated_strides(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                "a layer has strides or dilation, not both", where=type(self).__name__,
                expected="strides or dilation_rate of 1",
                got=f"strides {self.strides}, dilation_rate {self.dilation_rate}",
            )  # fmt: skip


def positive(value: Any, name: str, where: str) -> int:
    """A whole number above 0.

    Raises:
        ArgumentError: it is none.
    """
    return per_axis(value, 1, name=name, where=where)[0]


class _Conv(Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
            activation=activation, use_bias=use_bias, activity_regularizer=activity_regularizer,
            causal=self.rank == 1, **kwargs,
        )  # fmt: skip
        self._keep("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._keep("bias", bias_initializer, bias_regularizer, bias_constraint)
        where = type(self).__name__
        self.filters = positive(filters, "filters", where)
        self.groups = positive(groups, "groups", where)
        if self.filters % self.groups:
            raise ArgumentError(
                "the filters do not divide into the groups", where=where,
                expected=f"filters a multiple of {self.groups}", got=f"{self.filters} filters, {self.groups} groups",
                hint=f"filters={-(-self.filters // self.groups) * self.groups}",
            )  # fmt: skip
        self._refuse_dilated_strides()

    def make_weights(self, channels: int) -> None:
        if channels % self.groups:
            raise ShapeError(
                "the channels of the input do not divide into the groups", where=self._where,
                expected=f"a multiple of {self.groups} channels", got=f"{channels} channels, {self.groups} groups",
            )  # fmt: skip
        self.kernel = self._weight("kernel", (*self.kernel_size, channels // self.groups, self.filters), "kernel")
        self._make_bias(self.filters)

    def convolve(self, x: Any) -> Any:
        return conv(
            x, self.kernel, self._bias(self.filters),
            strides=self.strides, padding=self.padding, dilation=self.dilation_rate, groups=self.groups,
        )  # fmt: skip


class Conv2D(_Conv):
    """A dense layer on each window of an image: `activation(conv(inputs, kernel) + bias)`.

    Args:
        filters: number of channels of the outputs.
        kernel_size: height and width of the window; one number for both.
        strides: from one window to the next, down and to the right; one number for both.
        padding: "valid" for none, "same" for as many outputs as inputs (divided by the strides), or
            (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for both axes.
        groups: channels and filters are cut into so many groups, each on its own.
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
        kernel: (*kernel_size, C / groups, filters).
        bias: (filters,).

    Raises:
        ArgumentError: the filters do not divide into the groups; strides and dilation at once.
        ShapeError: no images, too small ones, or channels that do not divide into the groups.

    Example:
        >>> layer = Conv2D(4, 3, padding="same", activation="relu")
        >>> layer(np.zeros((1, 28, 28, 1), "float32")).shape
        (1, 28, 28, 4)

    Source: Dumoulin and Visin (2016), arXiv:1603.07285.
    """

    rank = 2


class Conv1D(_Conv):
    """A dense layer on each window of a signal.

    Args: those of `Conv2D`, for one axis; `padding` may also be "causal": no output sees what comes later.

    Shapes:
        inputs: (N, L, C); (N, C, L) with "channels_first".
        outputs: (N, steps, filters); (N, filters, steps) with "channels_first".
        kernel: (*kernel_size, C / groups, filters).
        bias: (filters,).

    Example:
        >>> Conv1D(4, 3, padding="causal", dilation_rate=2)(np.zeros((1, 20, 2), "float32")).shape
        (1, 20, 4)

    Source: van den Oord et al. (2016), WaveNet, arXiv:1609.03499, section 2.1, for causal and dilated ones.
    """

    rank = 1


class Conv3D(_Conv):
    """A dense layer on each window of a volume.

    Args: those of `Conv2D`, for three axes.

    Shapes:
        inputs: (N, D, H, W, C); (N, C, D, H, W) with "channels_first".
        outputs: (N, *outputs, filters); (N, filters, *outputs) with "channels_first".
        kernel: (*kernel_size, C / groups, filters).
        bias: (filters,).

    Example:
        >>> Conv3D(4, 3, strides=2)(np.zeros((1, 9, 9, 9, 1), "float32")).shape
        (1, 4, 4, 4, 4)
    """

    rank = 3


class _DepthwiseConv(Convolution):
    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides=strides, padding=padding, data_format=data_format, dilation_rate=dilation_rate,
            activation=activation, use_bias=use_bias, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self._keep("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._keep("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.depth_multiplier = positive(depth_multiplier, "depth_multiplier", type(self).__name__)

    def make_weights(self, channels: int) -> None:
        self.kernel = self._weight("depthwise", (*self.kernel_size, channels, self.depth_multiplier), "kernel")
        self._make_bias(channels * self.depth_multiplier)

    def convolve(self, x: Any) -> Any:
        outputs = x.shape[-1] * self.depth_multiplier
        return depthwise(self, x, self.kernel, self._bias(outputs))


def depthwise(layer: Convolution, x: Any, kernel: Any, bias: Any) -> Any:
    """Each channel with filters of its own: as many groups as channels."""
    *window, channels, multiplier = kernel.shape
    return conv(
        x, ops.reshape(kernel, (*window, 1, channels * multiplier)), bias,
        strides=layer.strides, padding=layer.padding, dilation=layer.dilation_rate, groups=channels,
    )  # fmt: skip


class DepthwiseConv2D(_DepthwiseConv):
    """Each channel of an image with `depth_multiplier` filters of its own.

    Args:
        kernel_size: height and width of the window; one number for both.
        strides: from one window to the next, down and to the right; one number for both.
        padding: "valid" for none, "same" for as many outputs as inputs (divided by the strides), or
            (before, after) for each axis.
        depth_multiplier: filters for each channel.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for both axes.
        activation: function of the affine map, or None for none.
        use_bias: whether to add a bias.
        depthwise_initializer: how `kernel` begins.
        bias_initializer: how `bias` begins.
        depthwise_regularizer: penalty on `kernel`, added to the loss.
        bias_regularizer: penalty on `bias`, added to the loss.
        activity_regularizer: penalty on the outputs, added to the loss.
        depthwise_constraint: what is applied to `kernel` after each update.
        bias_constraint: what is applied to `bias` after each update.

    Shapes:
        inputs: (N, H, W, C); (N, C, H, W) with "channels_first".
        outputs: (N, rows, columns, C depth_multiplier); (N, C depth_multiplier, rows, columns) with "channels_first".
        kernel: (*kernel_size, C, depth_multiplier).
        bias: (C depth_multiplier,).

    Raises:
        ShapeError: no images, or too small ones.

    Example:
        >>> DepthwiseConv2D(3, depth_multiplier=2)(np.zeros((1, 9, 9, 3), "float32")).shape
        (1, 7, 7, 6)

    Source: Howard et al. (2017), MobileNets, arXiv:1704.04861, section 3.1.
    """

    rank = 2


class DepthwiseConv1D(_DepthwiseConv):
    """Each channel of a signal with `depth_multiplier` filters of its own.

    Args: those of `DepthwiseConv2D`, for one axis.

    Shapes:
        inputs: (N, L, C); (N, C, L) with "channels_first".
        outputs: (N, steps, C depth_multiplier); (N, C depth_multiplier, steps) with "channels_first".
        kernel: (*kernel_size, C, depth_multiplier).
        bias: (C depth_multiplier,).

    Example:
        >>> DepthwiseConv1D(3)(np.zeros((1, 9, 2), "float32")).shape
        (1, 7, 2)
    """

    rank = 1


class _SeparableConv(Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides=strides, padding=padding, data_format=data_format, dilation_rate=dilation_rate,
            activation=activation, use_bias=use_bias, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self._keep("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._keep("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self._keep("bias", bias_initializer, bias_regularizer, bias_constraint)
        where = type(self).__name__
        self.filters = positive(filters, "filters", where)
        self.depth_multiplier = positive(depth_multiplier, "depth_multiplier", where)

    def make_weights(self, channels: int) -> None:
        ones = (1,) * self.rank
        between = channels * self.depth_multiplier
        self.depthwise_kernel = self._weight(
            "depthwise", (*self.kernel_size, channels, self.depth_multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self._weight("pointwise", (*ones, between, self.filters), "pointwise_kernel")
        self._make_bias(self.filters)

    def convolve(self, x: Any) -> Any:
        ones = (1,) * self.rank
        between = np.zeros(x.shape[-1] * self.depth_multiplier, self.dtype_name)
        return conv(
            depthwise(self, x, self.depthwise_kernel, between), self.pointwise_kernel, self._bias(self.filters),
            strides=ones, padding="valid", dilation=ones, groups=1,
        )  # fmt: skip


class SeparableConv2D(_SeparableConv):
    """Each channel of an image with filters of its own, then a dense layer on each pixel.

    Args:
        filters: number of channels of the outputs.
        kernel_size: height and width of the window; one number for both.
        strides: from one window to the next, down and to the right; one number for both.
        padding: "valid" for none, "same" for as many outputs as inputs (divided by the strides), or
            (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; the default is `config.image_data_format()`.
        dilation_rate: from one element of the window to the next; one number for both axes.
        depth_multiplier: filters for each channel in the first step.
        activation: function of the affine map, or None for none.
        use_bias: whether to add a bias.
        depthwise_initializer: how `depthwise_kernel` begins.
        pointwise_initializer: how `pointwise_kernel` begins.
        bias_initializer: how `bias` begins.
        depthwise_regularizer: penalty on `depthwise_kernel`, added to the loss.
        pointwise_regularizer: penalty on `pointwise_kernel`, added to the loss.
        bias_regularizer: penalty on `bias`, added to the loss.
        activity_regularizer: penalty on the outputs, added to the loss.
        depthwise_constraint: what is applied to `depthwise_kernel` after each update.
        pointwise_constraint: what is applied to `pointwise_kernel` after each update.
        bias_constraint: what is applied to `bias` after each update.

    Shapes:
        inputs: (N, H, W, C); (N, C, H, W) with "channels_first".
        outputs: (N, rows, columns, filters); (N, filters, rows, columns) with "channels_first".
        depthwise_kernel: (*kernel_size, C, depth_multiplier).
        pointwise_kernel: (1, 1, C depth_multiplier, filters).
        bias: (filters,).

    Raises:
        ShapeError: no images, or too small ones.

    Example:
        >>> SeparableConv2D(8, 3, padding="same")(np.zeros((1, 9, 9, 3), "float32")).shape
        (1, 9, 9, 8)

    Source: Chollet (2017), Xception, arXiv:1610.02357, section 1.2.
    """

    rank = 2


class SeparableConv1D(_SeparableConv):
    """Each channel of a signal with filters of its own, then a dense layer on each step.

    Args: those of `SeparableConv2D`, for one axis.

    Shapes:
        inputs: (N, L, C); (N, C, L) with "channels_first".
        outputs: (N, steps, filters); (N, filters, steps) with "channels_first".
        depthwise_kernel: (*kernel_size, C, depth_multiplier).
        pointwise_kernel: (1, C depth_multiplier, filters).
        bias: (filters,).

    Example:
        >>> SeparableConv1D(8, 3)(np.zeros((1, 9, 3), "float32")).shape
        (1, 7, 8)
    """

    rank = 1
