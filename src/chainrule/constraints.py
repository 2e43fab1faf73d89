"""Constraints: what a weight is brought back to after each step of training.

A constraint is a function of the weight's array that returns the array allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.config import epsilon
from chainrule.saving.registry import Configurable, Namespace

CONSTRAINTS: Namespace[Constraint] = Namespace("constraint", "keras.constraints")


@CONSTRAINTS.add("constraint")
class Constraint(Configurable):
    """Base class: define `__call__(w)`, and keep the constructor's arguments under their names.

    Example:
        >>> class AtMost(Constraint):
        ...     def __init__(self, limit):
        ...         self.limit = limit
        ...     def __call__(self, w):
        ...         return np.minimum(w, self.limit)
        >>> AtMost(1)(np.array([0.5, 2.0])).tolist()
        [0.5, 1.0]
    """

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`; here `w` itself."""
        return np.asarray(w)


Axis = int | Sequence[int]


def _norm(w: np.ndarray, axis: Axis) -> np.ndarray:
    """Lengths of the vectors along `axis`."""
    axes = axis if isinstance(axis, int) else tuple(axis)
    norm: np.ndarray = np.sqrt(np.sum(np.square(w), axis=axes, keepdims=True))
    return norm


@CONSTRAINTS.add("max_norm")
class MaxNorm(Constraint):
    """Vectors of at most a given length.

        w <- w min(norm, max_value) / (epsilon + norm)

    Args:
        max_value: the greatest length.
        axis: along which a vector lies: 0 for the weights that enter one unit of a dense layer,
            [0, 1, 2] for a filter of a 2-D convolution.

    Source: Srivastava et al. (2014), "Dropout", section 5.1.

    Example:
        >>> MaxNorm(1.0)(np.array([[3.0, 0.6], [4.0, 0.0]])).round(3).tolist()
        [[0.6, 0.6], [0.8, 0.0]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        w = np.asarray(w)
        norm = _norm(w, self.axis)
        return w * (np.clip(norm, 0, self.max_value) / (epsilon() + norm))


@CONSTRAINTS.add("non_neg")
class NonNeg(Constraint):
    """No weight below zero.

    Example:
        >>> NonNeg()(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: Any) -> Any:
        return np.maximum(np.asarray(w), 0)


@CONSTRAINTS.add("unit_norm")
class UnitNorm(Constraint):
    """Vectors of length 1.

        w <- w / (epsilon + norm)

    Args:
        axis: along which a vector lies, as for `MaxNorm`.

    Example:
        >>> UnitNorm()(np.array([[3.0], [4.0]])).round(3).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = np.asarray(w)
        return w / (epsilon() + _norm(w, self.axis))


@CONSTRAINTS.add("min_max_norm")
class MinMaxNorm(Constraint):
    """Vectors whose length is pulled into an interval.

        w <- w (rate clip(norm, min_value, max_value) + (1 - rate) norm) / (epsilon + norm)

    Args:
        min_value: the least length.
        max_value: the greatest length.
        rate: how much of the way into the interval one step goes; 1.0 is all of it.
        axis: along which a vector lies, as for `MaxNorm`.

    Example:
        >>> MinMaxNorm(0.5, 1.0, rate=0.5)(np.array([[2.0]])).round(3).tolist()
        [[1.5]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        w = np.asarray(w)
        norm = _norm(w, self.axis)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (epsilon() + norm))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


def get(identifier: Any) -> Any:
    """The constraint that a name, config, object or function means; None stays None.

    Raises:
        UnknownNameError: a name that nobody registered; it tells the nearest.

    Example:
        >>> get("max_norm").max_value
        2
    """
    return CONSTRAINTS.get(identifier)


def serialize(constraint: Constraint) -> Any:
    """The config of a constraint.

    Example:
        >>> serialize(UnitNorm())["config"]
        {'axis': 0}
    """
    return CONSTRAINTS.serialize(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint that a config means.

    Args:
        config: what `serialize` returned.
        custom_objects: names of your own constraints.

    Raises:
        UnknownNameError: a class that nobody registered.

    Example:
        >>> deserialize(serialize(UnitNorm(1))).axis
        1
    """
    return CONSTRAINTS.deserialize(config, custom_objects)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
