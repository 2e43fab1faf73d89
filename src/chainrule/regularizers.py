"""Regularizers: penalties on weights or activations, added to the loss.

A regularizer is a function of a tensor that gives one number, written with chainrule's
operations: on a tensor of a graph it is recorded, and its derivative comes with it; on
an array it is computed.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.errors import ArgumentError, ShapeError
from chainrule.saving.registry import Configurable, Namespace

REGULARIZERS: Namespace[Regularizer] = Namespace("regularizer", "keras.regularizers")


@REGULARIZERS.add("regularizer")
class Regularizer(Configurable):
    """Base class: define `__call__(x)`, and keep the constructor's arguments under their names.

    Example:
        >>> from chainrule import ops
        >>> class Fourth(Regularizer):
        ...     def __init__(self, factor):
        ...         self.factor = factor
        ...     def __call__(self, x):
        ...         return self.factor * ops.sum(ops.square(ops.square(x)))
        >>> import numpy as np
        >>> float(Fourth(0.5)(np.array([1.0, 2.0])))
        8.5
    """

    def __call__(self, x: Any) -> Any:
        """The penalty on `x`; here none."""
        return 0.0

    def _factor(self, name: str, value: float | None) -> float:
        """`value`, which must be a finite number not below 0; None is 0."""
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise ArgumentError(
                f"{name} is not a penalty",
                where=type(self).__name__,
                expected="0 or more, finite",
                got=repr(value),
            )
        return value


@REGULARIZERS.add("l1")
class L1(Regularizer):
    """l1 times the sum of magnitudes, which makes small weights zero.

    Args:
        l1: the factor.

    Raises:
        ArgumentError: a negative or infinite factor.

    Source: Tibshirani (1996), "Regression shrinkage and selection via the lasso".

    Example:
        >>> import numpy as np
        >>> float(L1(0.5)(np.array([1.0, -3.0])))
        2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = self._factor("l1", l1)

    def __call__(self, x: Any) -> Any:
        from chainrule import ops

        return self.l1 * ops.sum(ops.abs(x))


@REGULARIZERS.add("l2")
class L2(Regularizer):
    """l2 times the sum of squares (not half of it).

    Args:
        l2: the factor.

    Raises:
        ArgumentError: a negative or infinite factor.

    Source: Hoerl and Kennard (1970), "Ridge regression".

    Example:
        >>> import numpy as np
        >>> float(L2(0.5)(np.array([1.0, -3.0])))
        5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = self._factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        from chainrule import ops

        return self.l2 * ops.sum(ops.square(x))


@REGULARIZERS.add("l1l2", "l1_l2")
class L1L2(Regularizer):
    """Both penalties: l1 times the sum of magnitudes plus l2 times the sum of squares.

    Args:
        l1: factor of the magnitudes.
        l2: factor of the squares.

    Raises:
        ArgumentError: a negative or infinite factor.

    Source: Zou and Hastie (2005), "Regularization and variable selection via the elastic net".

    Example:
        >>> import numpy as np
        >>> float(L1L2(l1=0.5, l2=0.25)(np.array([1.0, -3.0])))
        4.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = self._factor("l1", l1), self._factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        from chainrule import ops

        return self.l1 * ops.sum(ops.abs(x)) + self.l2 * ops.sum(ops.square(x))


@REGULARIZERS.add("orthogonal_regularizer")
class OrthogonalRegularizer(Regularizer):
    """A penalty on rows, or columns, that are not at right angles to each other.

        factor / pairs * (sum of |cos| over pairs of rows),    pairs = n (n - 1) / 2

    Args:
        factor: the factor.
        mode: "rows" or "columns": which vectors are to be orthogonal.

    Raises:
        ArgumentError: another mode, or a negative factor.
        ShapeError: the tensor is no matrix.

    Example:
        >>> import numpy as np
        >>> round(float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [1.0, 1.0]]))), 6)
        0.353553
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ArgumentError(
                "unknown mode", where="OrthogonalRegularizer", expected='"rows" or "columns"', got=repr(mode)
            )
        self.factor, self.mode = self._factor("factor", factor), mode

    def __call__(self, x: Any) -> Any:
        from chainrule import ops

        if len(x.shape) != 2:
            raise ShapeError(
                "not a matrix", where="OrthogonalRegularizer", expected="(rows, columns)", got=x.shape
            )
        along = 1 if self.mode == "rows" else 0
        count = x.shape[1 - along]
        length = ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=along, keepdims=True), 1e-12))
        unit = x / length
        turned = ops.transpose(unit)
        cosines = ops.abs(ops.matmul(unit, turned) if along else ops.matmul(turned, unit))
        # The matrix of cosines holds each pair twice, and the vectors with themselves.
        others = cosines * (1.0 - ops.eye(count, dtype=str(x.dtype)))
        return self.factor * 0.5 * ops.sum(others) / max(1.0, count * (count - 1) / 2)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regularizer that a name, config, object or function means; None stays None.

    Raises:
        UnknownNameError: a name that nobody registered; it tells the nearest.

    Example:
        >>> get("l2").l2
        0.01
    """
    return REGULARIZERS.get(identifier)


def serialize(regularizer: Regularizer) -> Any:
    """The config of a regularizer.

    Example:
        >>> serialize(L2(0.5))["config"]
        {'l2': 0.5}
    """
    return REGULARIZERS.serialize(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer that a config means.

    Args:
        config: what `serialize` returned.
        custom_objects: names of your own regularizers.

    Raises:
        UnknownNameError: a class that nobody registered.

    Example:
        >>> deserialize(serialize(L2(0.5))).l2
        0.5
    """
    return REGULARIZERS.deserialize(config, custom_objects)


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
