"""`keras.activations`: the functions, and the names by which models and files call them.

Each function computes at once on arrays and is recorded on tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.ops import activations as ops
from chainrule.ops import nn
from chainrule.ops.arithmetic import sign as _sign
from chainrule.ops.primitive import as_array, is_symbolic
from chainrule.ops.softmax import sparsemax as _sparsemax
from chainrule.saving.registry import Namespace

Activation = Callable[..., Any]
_names: Namespace[Activation] = Namespace("activation", "keras.activations")


@_names.add()
def linear(x: Any) -> Any:
    """y = x."""
    return x if is_symbolic(x) else as_array(x)


@_names.add()
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """y = max_value above it, x above the threshold, negative_slope (x - threshold) below.

    Args:
        x: array or tensor.
        negative_slope: slope below the threshold.
        max_value: the largest result; None for no bound.
        threshold: where the line bends.

    Example:
        >>> relu([-2.0, 0.5, 9.0], negative_slope=0.1, max_value=6.0)
        array([-0.2,  0.5,  6. ], dtype=float32)
    """
    if max_value is not None and max_value < 0:
        raise ArgumentError("max_value is out of range", where="relu", expected="zero or more", got=max_value)
    if max_value is None and threshold == 0 and negative_slope >= 0:
        return ops.relu(x) if negative_slope == 0 else ops.leaky_relu(x, negative_slope=float(negative_slope))
    if max_value == 6 and threshold == 0 and negative_slope == 0:
        return ops.relu6(x)
    largest = math.inf if max_value is None else float(max_value)
    return ops.bounded_relu(
        x, negative_slope=float(negative_slope), max_value=largest, threshold=float(threshold)
    )


@_names.add()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """y = x where x > 0, else negative_slope x."""
    return relu(x, negative_slope)


@_names.add()
def relu6(x: Any) -> Any:
    """y = min(max(x, 0), 6)."""
    return ops.relu6(x)


@_names.add()
def elu(x: Any, alpha: float = 1.0) -> Any:
    """y = x where x > 0, else alpha (e^x - 1)."""
    return ops.elu(x, alpha=float(alpha))


@_names.add()
def selu(x: Any) -> Any:
    """The scaled elu under which mean 0 and variance 1 are a fixed point."""
    return ops.selu(x)


@_names.add()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """y = x where x > 0, else alpha (e^(x / alpha) - 1)."""
    return ops.celu(x, alpha=float(alpha))


@_names.add()
def sigmoid(x: Any) -> Any:
    """y = 1 / (1 + e^-x).

    Example:
        >>> sigmoid([-1000.0, 0.0, 1000.0])
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return ops.sigmoid(x)


@_names.add()
def log_sigmoid(x: Any) -> Any:
    """y = log(sigmoid(x))."""
    return ops.log_sigmoid(x)


@_names.add()
def hard_sigmoid(x: Any) -> Any:
    """y = min(max(x / 6 + 1/2, 0), 1)."""
    return ops.hard_sigmoid(x)


@_names.add()
def sparse_sigmoid(x: Any) -> Any:
    """y = min(max((x + 1) / 2, 0), 1)."""
    return ops.sparse_sigmoid(x)


@_names.add()
def tanh(x: Any) -> Any:
    """y = tanh(x)."""
    return ops.tanh(x)


@_names.add()
def hard_tanh(x: Any) -> Any:
    """y = min(max(x, -1), 1)."""
    return ops.hard_tanh(x)


@_names.add()
def tanh_shrink(x: Any) -> Any:
    """y = x - tanh(x)."""
    return ops.tanh_shrink(x)


@_names.add()
def softplus(x: Any) -> Any:
    """y = log(1 + e^x)."""
    return ops.softplus(x)


@_names.add()
def sparse_plus(x: Any) -> Any:
    """y = 0 where x <= -1, (x + 1)^2 / 4 where |x| < 1, x where x >= 1."""
    return ops.sparse_plus(x)


@_names.add()
def squareplus(x: Any, b: float = 4) -> Any:
    """y = (x + sqrt(x^2 + b)) / 2."""
    return ops.squareplus(x, b=float(b))


@_names.add()
def softsign(x: Any) -> Any:
    """y = x / (1 + |x|)."""
    return ops.softsign(x)


@_names.add()
def exponential(x: Any) -> Any:
    """y = e^x."""
    return ops.exponential(x)


@_names.add("swish")
def silu(x: Any) -> Any:
    """y = x sigmoid(x), also called swish."""
    return ops.silu(x)


@_names.add("hard_swish")
def hard_silu(x: Any) -> Any:
    """y = x hard_sigmoid(x), also called hard_swish."""
    return ops.hard_silu(x)


@_names.add()
def mish(x: Any) -> Any:
    """y = x tanh(softplus(x))."""
    return ops.mish(x)


@_names.add()
def gelu(x: Any, approximate: bool = False) -> Any:
    """y = x Phi(x), Phi the normal distribution function; `approximate` takes a tanh in its place."""
    return ops.gelu_tanh(x) if approximate else ops.gelu(x)


@_names.add()
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """y = x - threshold where x > threshold, x + threshold where x < -threshold, else 0."""
    return ops.soft_shrink(x, threshold=float(threshold))


@_names.add()
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """y = x where |x| > threshold, else 0."""
    return ops.hard_shrink(x, threshold=float(threshold))


@_names.add()
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """y = x where x > threshold, else default_value."""
    return ops.threshold(x, threshold=float(threshold), default_value=float(default_value))


@_names.add()
def softmax(x: Any, axis: Any = -1) -> Any:
    """y = e^x over its sum along the axis.

    Example:
        >>> softmax([[0.0, 0.0], [1000.0, 0.0]])
        array([[0.5, 0.5],
               [1. , 0. ]], dtype=float32)
    """
    return nn.softmax(x, axis)


@_names.add()
def log_softmax(x: Any, axis: int = -1) -> Any:
    """y = log(softmax(x)), computed without leaving logarithms."""
    return nn.log_softmax(x, axis)


@_names.add()
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The distribution nearest to x: like softmax, but small entries become exactly 0."""
    return _sparsemax(x, axis=axis)


@_names.add()
def glu(x: Any, axis: int = -1) -> Any:
    """y = a sigmoid(b), a and b the two halves of x along the axis.

    Raises:
        ShapeError: the axis cannot be halved.
    """
    return nn.glu(x, axis)


@_names.add()
def sign(x: Any) -> Any:
    """y = -1, 0 or 1: the output of Rosenblatt's perceptron, which goes with the loss `Perceptron`.

    Not one of Keras's activations.  It has no slope to follow, so the loss looks at what it is the sign of.
    """
    return _sign(x)


swish, hard_swish = silu, hard_silu


def get(identifier: Any) -> Activation:
    """The activation that a name, a config, a function or a layer means; None means `linear`.

    Raises:
        UnknownNameError: a name that nobody registered.

    Example:
        >>> get("swish").__name__
        'silu'
    """
    activation: Activation = _names.get(linear if identifier is None else identifier)
    return activation


def serialize(activation: Activation) -> Any:
    """What a file says for an activation: its name, or the config of a layer or of your own function.

    Example:
        >>> serialize(swish)
        'silu'
    """
    return _names.serialize(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Activation:
    """The activation that a name or config in a file means.

    Args:
        config: what `serialize` gave.
        custom_objects: names of your own functions that it may mention.

    Raises:
        UnknownNameError: a name that nobody registered.
    """
    activation: Activation = _names.deserialize(config, custom_objects)
    return activation
