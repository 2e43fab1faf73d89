"""Dense, and the layers that are one function of their input."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import activations, constraints, initializers, ops, regularizers
from chainrule.errors import ArgumentError
from chainrule.layers.base import InputSpec, Layer


def activation_of(activation: Any, where: str) -> Any:
    """The function that a layer's `activation` means."""
    if isinstance(activation, type):
        raise ArgumentError(
            "an activation is a name, a function or a layer", where=where, got=f"the class {activation.__name__}",
            hint=f"{activation.__name__}()",
        )  # fmt: skip
    return activations.get(activation)


class Dense(Layer):
    """A densely connected layer: `activation(inputs @ kernel + bias)`.

    Args:
        units: size of the last axis of the outputs.
        activation: function of the affine map, or None for none.
        use_bias: whether to add a bias.
        kernel_initializer: how `kernel` begins.
        bias_initializer: how `bias` begins.
        kernel_regularizer: penalty on `kernel`, added to the loss.
        bias_regularizer: penalty on `bias`, added to the loss.
        activity_regularizer: penalty on the outputs, added to the loss.
        kernel_constraint: what is applied to `kernel` after each update.
        bias_constraint: what is applied to `bias` after each update.
        lora_rank: not computed here; must be None.
        lora_alpha: not computed here; must be None.
        quantization_config: not computed here; must be None.

    Shapes:
        inputs: (N, ..., F).
        outputs: (N, ..., units).
        kernel: (F, units).
        bias: (units,).

    Raises:
        ShapeError: F differs from the F of the first call.

    Example:
        >>> import numpy as np
        >>> layer = Dense(2, kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0, 3.0]], "float32"))
        array([[6., 6.]], dtype=float32)
    """

    _config_skips = ("lora_rank", "lora_alpha")

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(units, (int, np.integer)) or units < 1:
            problem = "a layer has a whole number of units"
            raise ArgumentError(problem, where="Dense", expected="1 or more", got=repr(units))
        for name, value in (("lora_rank", lora_rank), ("quantization_config", quantization_config)):
            if value is not None:
                raise ArgumentError(f"{name} is not computed here", where="Dense", expected=None, got=value)
        self.units = int(units)
        self.activation = activation_of(activation, "Dense")
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.quantization_config = None
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        self.kernel = self.add_weight(
            shape=(features, self.units), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint, name="kernel",
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,), initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint, name="bias",
            )  # fmt: skip
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        if self.bias is None:
            outputs = ops.matmul(inputs, self.kernel)
        else:
            outputs = ops.dense(inputs, self.kernel, self.bias)
        return self.activation(outputs)


class Activation(Layer):
    """A function of each number of the input.

    Args:
        activation: a name such as "relu", or a function of `chainrule.ops`.

    Shapes:
        inputs, outputs: any, the same.

    Example:
        >>> import numpy as np
        >>> Activation("relu")(np.array([-1.0, 2.0], "float32"))
        array([0., 2.], dtype=float32)
    """

    _fits_any_shape = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation_of(activation, "Activation")

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class Identity(Layer):
    """The input itself.

    Shapes:
        inputs, outputs: any, the same.
    """

    _fits_any_shape = True

    def call(self, inputs: Any) -> Any:
        return inputs
