"""Layers that bring their inputs to mean 0 and variance 1, or to length 1, while they train."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import constraints, initializers, ops, regularizers
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.base import InputSpec, Layer
from chainrule.ops.normalization import group_normalization, normalize_batch
from chainrule.ops.shape import axes_of


class _Scaled(Layer):
    """A layer that ends with gamma x + beta."""

    gamma: Any = None
    beta: Any = None

    def __init__(
        self, epsilon: float, center: bool, scale: bool, beta_initializer: Any, gamma_initializer: Any,
        beta_regularizer: Any, gamma_regularizer: Any, beta_constraint: Any, gamma_constraint: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if not epsilon >= 0:
            where, problem = type(self).__name__, "epsilon keeps a variance of 0 from being divided by"
            raise ArgumentError(problem, where=where, expected="0 or more", got=epsilon)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def _sizes(self, input_shape: Any, axis: Any) -> tuple[int, ...]:
        """The sizes of some axes, which must be known."""
        sizes = tuple(input_shape[k] for k in axes_of(axis, len(input_shape), where=self.name))
        if None in sizes:
            raise ShapeError(
                "the size of the normalized axis must be known", where=f"{type(self).__name__} {self.name!r}",
                got=f"{tuple(input_shape)}, axis {axis}",
                hint="give the model an Input whose axis is known, or another axis",
            )  # fmt: skip
        return sizes

    def _add_scale_and_shift(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                shape, self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, name="gamma",
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                shape, self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, name="beta",
            )  # fmt: skip
        self._ones = np.ones(shape, self.dtype_name)

    def _scale_and_shift(self) -> tuple[Any, Any]:
        """gamma and beta, or what leaves numbers as they are."""
        return self._ones if self.gamma is None else self.gamma, 0 * self._ones if self.beta is None else self.beta


class BatchNormalization(_Scaled):
    """Each channel brought to mean 0 and variance 1 over the batch; at inference by moving averages of both.

    A layer that is not trainable works as at inference also while the model trains.

    Args:
        axis: the axis of the channels; 1 where they come first.
        momentum: how much of the moving averages stays at each step.
        epsilon: added to variances.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta` begins.
        gamma_initializer: how `gamma` begins.
        moving_mean_initializer: how the moving mean begins.
        moving_variance_initializer: how the moving variance begins.
        beta_regularizer: penalty on `beta`, added to the loss.
        gamma_regularizer: penalty on `gamma`, added to the loss.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.
        renorm: whether to correct each batch towards moving averages in training as well (Ioffe 2017).
        renorm_clipping: bounds "rmin", "rmax" and "dmax" of this correction.
        renorm_momentum: as `momentum`, for the averages of this correction.
        synchronized: accepted for Keras's sake; there is one device.

    Shapes:
        inputs, outputs: (N, ..., C), the same.
        gamma, beta, moving_mean, moving_variance: (C,).

    Raises:
        ArgumentError: a mask is given.

    Example:
        >>> layer = BatchNormalization(epsilon=0.0)
        >>> layer(np.array([[1.0], [3.0]], "float32"), training=True)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.moving_mean.numpy()
        array([0.02], dtype=float32)

    Source: Ioffe and Szegedy (2015), Batch normalization, arXiv:1502.03167.
    """

    moving_mean: Any
    moving_variance: Any
    moving_stddev: Any
    renorm_mean: Any
    renorm_stddev: Any

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            float(epsilon), center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if not isinstance(axis, (int, np.integer)):
            raise ArgumentError("the channels have one axis", where="BatchNormalization", expected="a number", got=axis)
        if not 0 <= momentum <= 1:
            problem = "momentum is the share of a moving average that stays"
            raise ArgumentError(problem, where="BatchNormalization", expected="0 to 1", got=momentum)
        self.axis, self.momentum = int(axis), float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm, self.renorm_momentum, self.synchronized = renorm, renorm_momentum, synchronized
        self.renorm_clipping = _checked_clipping(renorm_clipping) if renorm else renorm_clipping

    def build(self, input_shape: Any) -> None:
        shape = self._sizes(input_shape, self.axis)
        self._add_scale_and_shift(shape)

        def deviation(shape: Any, dtype: Any = None) -> np.ndarray:
            return np.asarray(np.sqrt(self.moving_variance_initializer(shape, dtype=dtype)))

        begins: dict[str, Any] = {
            "moving_mean": self.moving_mean_initializer,
            "moving_variance": self.moving_variance_initializer,
        }
        if self.renorm:
            begins |= {
                "moving_stddev": deviation,
                "renorm_mean": self.moving_mean_initializer,
                "renorm_stddev": deviation,
            }
        for name, initializer in begins.items():
            setattr(self, name, self.add_weight(shape, initializer, trainable=False, name=name))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        if mask is not None:
            raise ArgumentError(
                "masks are not computed here", where=f"BatchNormalization {self.name!r}",
                hint="leave `mask` out: all elements count",
            )  # fmt: skip
        gamma, beta = self._scale_and_shift()
        if not (training and self.trainable):
            return ops.batch_normalization(
                inputs, self.moving_mean, self.moving_variance, self.axis, beta, gamma, self.epsilon
            )
        if self.renorm:
            return self._renormalized(inputs, gamma, beta)
        outputs, mean, variance = normalize_batch(inputs, gamma, beta, axis=self.axis, epsilon=self.epsilon)
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_variance, variance, self.momentum)
        return outputs

    def _renormalized(self, inputs: Any, gamma: Any, beta: Any) -> Any:
        """(z r + d) gamma + beta, where r and d lead from the batch's statistics to the moving ones.

        Source: Ioffe (2017), Batch renormalization, arXiv:1702.03275, algorithm 1.
        """
        z, mean, variance = normalize_batch(inputs, self._ones, 0 * self._ones, axis=self.axis, epsilon=self.epsilon)
        deviation = ops.sqrt(variance + self.epsilon)
        known = ops.maximum(self.renorm_stddev, self.epsilon**0.5)
        r, d = ops.divide(deviation, known), ops.divide(ops.subtract(mean, self.renorm_mean), known)
        bounds = self.renorm_clipping or {}
        r = ops.maximum(r, bounds["rmin"]) if bounds.get("rmin") is not None else r
        r = ops.minimum(r, bounds["rmax"]) if bounds.get("rmax") is not None else r
        d = ops.clip(d, -bounds["dmax"], bounds["dmax"]) if bounds.get("dmax") is not None else d
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)

        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, deviation, self.renorm_momentum)
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_stddev, deviation, self.momentum)
        self.moving_variance.assign(ops.relu(ops.square(self.moving_stddev) - self.epsilon))

        shape = [1] * len(inputs.shape)
        shape[self.axis] = self._ones.size
        factor, offset = ops.multiply(r, gamma), ops.add(ops.multiply(d, gamma), beta)
        return ops.add(ops.multiply(z, ops.reshape(factor, shape)), ops.reshape(offset, shape))


def _move(average: Any, value: Any, momentum: float) -> None:
    """A moving average moves on."""
    average.assign(ops.add(ops.multiply(average, momentum), ops.multiply(value, 1 - momentum)))


def _checked_clipping(bounds: dict[str, float] | None) -> dict[str, float]:
    bounds = bounds or {}
    where, names = "BatchNormalization, renorm_clipping", ("rmax", "rmin", "dmax")
    if set(bounds) - set(names):
        raise ArgumentError("unknown bounds", where=where, expected=", ".join(names), got=", ".join(bounds))
    if bounds.get("rmax", np.inf) < bounds.get("rmin", -np.inf):
        raise ArgumentError("the largest r is below the least", where=where, got=bounds)
    if bounds.get("dmax", 0) < 0:
        raise ArgumentError("the bound of |d| is not negative", where=where, got=bounds)
    return bounds


class LayerNormalization(_Scaled):
    """Each sample brought to mean 0 and variance 1 over some of its axes.

    Args:
        axis: axis or axes over which mean and variance are taken.
        epsilon: added to variances.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta` begins.
        gamma_initializer: how `gamma` begins.
        beta_regularizer: penalty on `beta`, added to the loss.
        gamma_regularizer: penalty on `gamma`, added to the loss.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.

    Shapes:
        inputs, outputs: any, the same.
        gamma, beta: the sizes of the axes.

    Example:
        >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]], "float32"))
        array([[-1.,  1.]], dtype=float32)

    Source: Ba, Kiros, Hinton (2016), Layer normalization, arXiv:1607.06450.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("rms_scaling", False):
            raise ArgumentError(
                "rms_scaling divides by a deviation and not by a root of a mean square", where="LayerNormalization",
                hint="use RMSNormalization, as Keras advises too",
            )  # fmt: skip
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.axis = _axis_or_axes(axis, "LayerNormalization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": False}

    def build(self, input_shape: Any) -> None:
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self._add_scale_and_shift(self._sizes(input_shape, self.axis))

    def call(self, inputs: Any) -> Any:
        gamma, beta = self._scale_and_shift()
        return ops.layer_normalization(inputs, gamma, beta, self.axis, self.epsilon)


def _axis_or_axes(axis: Any, where: str) -> Any:
    """A number, or a list of numbers."""
    if isinstance(axis, (list, tuple)):
        return list(axis)
    if isinstance(axis, (int, np.integer)):
        return int(axis)
    raise ArgumentError("an axis is a number", where=where, expected="a number or a list of numbers", got=repr(axis))


class GroupNormalization(_Scaled):
    """Groups of channels brought to mean 0 and variance 1 within each sample.

    Args:
        groups: number of groups; -1 for as many as channels (instance normalization).
        axis: the axis of the channels.
        epsilon: added to variances.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta` begins.
        gamma_initializer: how `gamma` begins.
        beta_regularizer: penalty on `beta`, added to the loss.
        gamma_regularizer: penalty on `gamma`, added to the loss.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.

    Shapes:
        inputs, outputs: (N, ..., C), the same.
        gamma, beta: (C,).

    Raises:
        ArgumentError: C is no multiple of the groups.

    Example:
        >>> GroupNormalization(groups=1, epsilon=0.0)(np.array([[1.0, 3.0]], "float32"))
        array([[-1.,  1.]], dtype=float32)

    Source: Wu and He (2018), Group normalization, arXiv:1803.08494.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ArgumentError("the channels form groups", where="GroupNormalization", expected="1 or more, or -1",
                                got=groups)  # fmt: skip
        self.groups, self.axis = groups, axis

    def build(self, input_shape: Any) -> None:
        shape = self._sizes(input_shape, self.axis)
        channels = shape[0]
        self.groups = channels if self.groups == -1 else self.groups
        if channels % self.groups:
            raise ArgumentError(
                "the channels cannot be cut into groups", where=f"GroupNormalization {self.name!r}",
                expected=f"a divisor of {channels}, or -1", got=f"{self.groups} groups",
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self._add_scale_and_shift(shape)

    def call(self, inputs: Any) -> Any:
        gamma, beta = self._scale_and_shift()
        return group_normalization(
            inputs, gamma, beta, groups=self.groups, axis=self.axis, epsilon=self.epsilon
        )


class RMSNormalization(Layer):
    """Each sample divided by the root of its mean square over some axes, and scaled.

    Args:
        axis: axis or axes over which the mean is taken.
        epsilon: added to the mean square.

    Shapes:
        inputs, outputs: any, the same.
        scale: the sizes of the axes.

    Example:
        >>> RMSNormalization(epsilon=0.0)(np.array([[1.0, 7.0]], "float32"))
        array([[0.2, 1.4]], dtype=float32)

    Source: Zhang and Sennrich (2019), Root mean square layer normalization, arXiv:1910.07467.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = _axis_or_axes(axis, "RMSNormalization"), epsilon

    def build(self, input_shape: Any) -> None:
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        axes = axes_of(self.axis, len(input_shape), where=self.name)
        self.scale = self.add_weight([input_shape[k] for k in axes], "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return ops.rms_normalization(inputs, self.scale, self.axis, self.epsilon)


class UnitNormalization(Layer):
    """Each sample divided by its Euclidean norm over some axes.

    Args:
        axis: axis or axes over which the norm is taken.

    Shapes:
        inputs, outputs: any, the same.

    Example:
        >>> UnitNormalization()(np.array([[3.0, 4.0]], "float32"))
        array([[0.6, 0.8]], dtype=float32)
    """

    _fits_any_shape = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axis_or_axes(axis, "UnitNormalization")

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)
