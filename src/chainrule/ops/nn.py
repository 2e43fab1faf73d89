"""Activations with Keras's arguments and defaults, over the primitives of `ops/activations.py`."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ShapeError
from chainrule.ops import activations
from chainrule.ops.arithmetic import exp
from chainrule.ops.primitive import as_array, is_symbolic
from chainrule.ops.reduce import logsumexp
from chainrule.ops.softmax import log_softmax as _log_softmax
from chainrule.ops.softmax import softmax as _softmax


def elu(x: Any, alpha: float = 1.0) -> Any:
    """y = x where x > 0, else alpha (e^x - 1)."""
    return activations.elu(x, alpha=float(alpha))


def celu(x: Any, alpha: float = 1.0) -> Any:
    """y = x where x > 0, else alpha (e^(x / alpha) - 1)."""
    return activations.celu(x, alpha=float(alpha))


def gelu(x: Any, approximate: bool = True) -> Any:
    """y = x P(X <= x) for a standard normal X; approximately by a tanh."""
    return activations.gelu_tanh(x) if approximate else activations.gelu(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """y = x where x > 0, else negative_slope x."""
    return activations.leaky_relu(x, negative_slope=float(negative_slope))


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """y = x where |x| > threshold, else 0."""
    return activations.hard_shrink(x, threshold=float(threshold))


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """y = x, moved towards 0 by the threshold."""
    return activations.soft_shrink(x, threshold=float(threshold))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """y = x where x > threshold, else default_value."""
    return activations.threshold(x, threshold=float(threshold), default_value=float(default_value))


def squareplus(x: Any, b: float = 4) -> Any:
    """y = (x + sqrt(x^2 + b)) / 2."""
    return activations.squareplus(x, b=float(b))


def softmax(x: Any, axis: Any = -1) -> Any:
    """y = e^x / sum e^x along an axis, or along several; None for all."""
    if isinstance(axis, int):
        return _softmax(x, axis=axis)
    return exp(log_softmax(x, axis))


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """y = x - log sum e^x along an axis, or along several; None for all."""
    if isinstance(axis, int):
        return _log_softmax(x, axis=axis)
    return x - logsumexp(x, axis=axis, keepdims=True)


def glu(x: Any, axis: int = -1) -> Any:
    """y = a sigmoid(b), where a and b are the halves of x along an axis.

    Raises:
        ShapeError: the axis cannot be halved.
    """
    x = x if is_symbolic(x) else as_array(x)
    size = x.shape[axis]
    if size is None or size % 2:
        raise ShapeError("the axis cannot be halved", where="glu", expected="an even size", got=size)
    before = (slice(None),) * (axis % len(x.shape))
    return x[(*before, slice(0, size // 2))] * activations.sigmoid(x[(*before, slice(size // 2, size))])


swish, hard_swish = activations.silu, activations.hard_silu
