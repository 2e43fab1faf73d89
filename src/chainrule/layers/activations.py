"""Activations as layers, where they have parameters of their own."""

from __future__ import annotations

from typing import Any

from chainrule import activations, constraints, initializers, ops, regularizers
from chainrule.errors import ArgumentError
from chainrule.layers.base import InputSpec, Layer


class ReLU(Layer):
    """max(x, 0), with a slope below and a ceiling if wanted.

    Args:
        max_value: ceiling, or None for none.
        negative_slope: slope below `threshold`.
        threshold: below it the slope applies.

    Shapes:
        inputs, outputs: any, the same.
    """

    _fits_any_shape = True

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        numbers = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        for name, value in numbers.items():
            _check_not_negative("ReLU", name, 0.0 if value is None and name == "max_value" else value)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )


class LeakyReLU(Layer):
    """x where x > 0, else negative_slope x.

    Args:
        negative_slope: slope below zero.

    Shapes:
        inputs, outputs: any, the same.
    """

    _fits_any_shape = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        _check_not_negative("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class ELU(Layer):
    """x where x > 0, else alpha (exp(x) - 1).

    Args:
        alpha: minus the value far below zero.

    Shapes:
        inputs, outputs: any, the same.

    Source: Clevert, Unterthiner, Hochreiter (2016), arXiv:1511.07289.
    """

    _fits_any_shape = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, alpha=self.alpha)


class PReLU(Layer):
    """x where x > 0, else alpha x, with a learned alpha for each feature.

    Args:
        alpha_initializer: how `alpha` begins.
        alpha_regularizer: penalty on `alpha`, added to the loss.
        alpha_constraint: what is applied to `alpha` after each update.
        shared_axes: axes along which one alpha serves all, counted with the batch as axis 0.

    Shapes:
        inputs, outputs: (N, ...), the same.
        alpha: (...), with size 1 on shared axes.

    Source: He, Zhang, Ren, Sun (2015), arXiv:1502.01852.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes and list(shared_axes)

    def build(self, input_shape: Any) -> None:
        shape = [1 if k in (self.shared_axes or ()) else n for k, n in enumerate(input_shape)][1:]
        self.alpha = self.add_weight(
            shape=shape, initializer=self.alpha_initializer, regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint, name="alpha",
        )  # fmt: skip
        fixed = {k: n for k, n in enumerate(input_shape) if k > 0 and k not in (self.shared_axes or ())}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=fixed)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)


class Softmax(Layer):
    """exp(x) / sum exp(x) along an axis.

    Args:
        axis: the axis, or several, along which the outputs add up to 1.

    Shapes:
        inputs, outputs: any, the same.
    """

    _fits_any_shape = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = ops.where(mask, inputs, -3e38)
        if isinstance(self.axis, (list, tuple)) and len(self.axis) > 1:
            return ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True))
        axis = self.axis[0] if isinstance(self.axis, (list, tuple)) else self.axis
        return activations.softmax(inputs, axis=axis)


def _check_not_negative(layer: str, name: str, value: Any) -> None:
    if value is None or value < 0:
        raise ArgumentError(f"{name} is a number, 0 or more", where=layer, got=value)
