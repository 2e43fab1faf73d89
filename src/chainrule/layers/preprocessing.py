"""Layers that bring data to the scale that networks like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.errors import ArgumentError, DataError, NotBuiltError, ShapeError
from chainrule.layers.base import InputSpec, Layer


class _OfNumbers(Layer):
    """A layer that takes bytes and whole numbers as well."""

    def _as_floats(self, inputs: Any) -> Any:
        return inputs if str(inputs.dtype) == self.dtype_name else ops.cast(inputs, self.dtype_name)


class Rescaling(_OfNumbers):
    """scale x + offset.

    Args:
        scale: factor; 1/255 brings bytes to 0..1.
        offset: what is added afterwards.

    Shapes:
        inputs, outputs: any, the same.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        scale, offset = (np.asarray(v, self.dtype_name) for v in (self.scale, self.offset))
        scaled = self._as_floats(inputs) * scale
        return scaled if not offset.any() else scaled + offset


class Normalization(_OfNumbers):
    """(x - mean) / sqrt(variance), with mean and variance of data that `adapt` has seen.

    Args:
        axis: axes that keep a mean of their own; None for one mean of all numbers.
        mean: the mean, where it is known.
        variance: the variance, where it is known.
        invert: compute x sqrt(variance) + mean instead.

    Shapes:
        inputs, outputs: any, the same.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[0.0], [2.0]], "float32"))
        >>> layer(np.array([[4.0]], "float32"))
        array([[3.]], dtype=float32)
    """

    _config_skips = ("mean", "variance")  # the properties of these names are not the arguments

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ArgumentError("mean and variance go together", where="Normalization", hint="give both, or neither")
        self.mean_argument, self.variance_argument = mean, variance
        self.invert = invert

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        axis = (self.axis,) if isinstance(self.axis, int) else self.axis
        own = {"axis": axis, "invert": self.invert}
        given = {"mean": self.mean_argument, "variance": self.variance_argument}
        return {**config, **own, **{k: None if v is None else np.asarray(v).tolist() for k, v in given.items()}}

    def _kept(self, rank: int) -> tuple[int, ...]:
        axes = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else self.axis
        return tuple(sorted(a % rank for a in axes))

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        kept = self._kept(rank)
        if any(input_shape[k] is None for k in kept):
            raise ShapeError(
                "the axes that keep a mean of their own need a known size", where=self.name, got=input_shape
            )
        self._broadcast = [input_shape[k] if k in kept else 1 for k in range(rank)]
        self.input_spec = InputSpec(ndim=rank, axes={k: input_shape[k] for k in kept}) if kept else None
        if self.mean_argument is None:
            shape = tuple(input_shape[k] for k in kept)
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int64", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data.

        Args:
            data: an array of samples.

        Raises:
            DataError: no samples, or numbers that are not finite.
        """
        if self.mean_argument is not None:
            raise ArgumentError("mean and variance were given to the constructor", where=self.name)
        x = np.asarray(data)
        if x.ndim == 1 and self.axis is not None:
            x = x[:, None]
        if len(x) == 0:
            raise DataError("there is nothing to adapt to", where=self.name, got=x.shape)
        if self.built:
            self._check(x)
        kept = self._kept(x.ndim)
        others = tuple(k for k in range(x.ndim) if k not in kept)
        mean, variance = x.mean(axis=others, dtype=np.float64), x.var(axis=others, dtype=np.float64)
        if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
            raise DataError(
                "the data holds numbers that are not finite", where=self.name,
                hint="remove or replace NaN and infinities first: np.nan_to_num(x)",
            )  # fmt: skip
        if not self.built:
            self.build((None, *x.shape[1:]))
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    @property
    def mean(self) -> np.ndarray:
        """The mean, in the shape that broadcasts over the inputs."""
        return self._statistic(self.mean_argument, "adapt_mean")

    @property
    def variance(self) -> np.ndarray:
        """The variance, in the shape that broadcasts over the inputs."""
        return self._statistic(self.variance_argument, "adapt_variance")

    def _statistic(self, given: Any, name: str) -> np.ndarray:
        if not self.built:
            raise NotBuiltError("mean and variance are not known yet", where=self.name, hint="call adapt(data) first")
        value = getattr(self, name).value if given is None else np.asarray(given, self.dtype_name)
        return np.broadcast_to(value, np.broadcast_shapes(value.shape, ())).reshape(self._shape_for(value))

    def _shape_for(self, value: np.ndarray) -> Any:
        return self._broadcast if value.size == math.prod(self._broadcast) else value.shape

    def call(self, inputs: Any) -> Any:
        inputs = self._as_floats(inputs)
        if self.mean_argument is None:
            mean = ops.reshape(self.adapt_mean, self._broadcast)
            variance = ops.reshape(self.adapt_variance, self._broadcast)
        else:
            mean, variance = self.mean, self.variance
        deviation = ops.maximum(ops.sqrt(variance), np.asarray(1e-7, self.dtype_name))
        if self.invert:
            return mean + inputs * deviation
        return (inputs - mean) / deviation
