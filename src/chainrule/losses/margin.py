"""Losses of labels +1 and -1: a sample costs where it is on the wrong side, or too near the border."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.graph.tensor import Tensor
from chainrule.losses.base import Loss, comparable, losses


def as_signs(y_true: Any) -> Any:
    """Labels -1 and +1 as they are; labels that are all 0 or 1 as -1 and +1."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


@losses.add()
def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean max(0, 1 - y_true y_pred), with labels -1 and +1 (or 0 and 1)

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Source: Cortes and Vapnik, Support-vector networks (1995).

    Example:
        >>> hinge([[1.0], [-1.0]], [[0.25], [2.0]]).tolist()
        [0.75, 3.0]
    """
    y_true, y_pred = comparable(y_true, y_pred, "hinge")
    return ops.mean(ops.maximum(1.0 - as_signs(y_true) * y_pred, 0.0), axis=-1)


@losses.add()
class Hinge(Loss):
    """Mean distance that is missing to the safe side of the border.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Hinge()([[1.0], [-1.0]], [[0.5], [2.0]]))
        1.75
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`hinge` of each sample."""
        return hinge(y_true, y_pred)


@losses.add()
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean max(0, 1 - y_true y_pred)^2, with labels -1 and +1 (or 0 and 1)

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> squared_hinge([[1.0], [-1.0]], [[0.5], [1.0]]).tolist()
        [0.25, 4.0]
    """
    y_true, y_pred = comparable(y_true, y_pred, "squared_hinge")
    return ops.mean(ops.square(ops.maximum(1.0 - as_signs(y_true) * y_pred, 0.0)), axis=-1)


@losses.add()
class SquaredHinge(Loss):
    """`Hinge`, squared.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(SquaredHinge()([[1.0], [-1.0]], [[0.5], [1.0]]))
        2.125
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`squared_hinge` of each sample."""
        return squared_hinge(y_true, y_pred)


@losses.add()
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(0, 1 + best wrong score - right score), with one-hot labels

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Source: Crammer and Singer, On the algorithmic implementation of multiclass kernel-based
        vector machines (2001).

    Example:
        >>> categorical_hinge([[0.0, 1.0]], [[0.5, 2.0]]).tolist()
        [0.0]
    """
    y_true, y_pred = comparable(y_true, y_pred, "categorical_hinge")
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


@losses.add()
class CategoricalHinge(Loss):
    """How far the right class is from beating the best wrong one by 1.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
        0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`categorical_hinge` of each sample."""
        return categorical_hinge(y_true, y_pred)


@losses.add()
def perceptron(y_true: Any, y_pred: Any) -> Any:
    """sum (|z| - t z) / 2, which is max(0, -t z) for labels t of -1 and +1 (or 0 and 1)

    z is what the unit computes before its sign: where `y_pred` is recorded as the sign of a tensor,
    z is that tensor (the sign itself has no slope to follow), else `y_pred` is z.  In this form the
    derivative is that of |z| and no case is left open:

        d/dz = (sign z - t) / 2

    so a step of gradient descent with rate eta on one sample x is Rosenblatt's rule,
    w += eta (t - sign z) x / 2: nothing where the sign is right, eta t x where it is wrong, and half
    of it at z = 0, where the sign is neither.

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Source: Rosenblatt, The perceptron (1958); as a criterion, Duda and Hart, Pattern Classification
        (1973), section 5.5.

    Example:
        >>> perceptron([[1.0], [1.0]], [[2.0], [-0.5]]).tolist()
        [0.0, 0.5]
    """
    y_true, y_pred = comparable(y_true, y_pred, "perceptron")
    z, t = before_sign(y_pred), as_signs(y_true)
    return 0.5 * ops.sum(ops.abs(z) - t * z, axis=-1)


def before_sign(y: Any) -> Any:
    """What `y` is the sign of, where the graph says so; else `y`."""
    made_by_sign = isinstance(y, Tensor) and y.node is not None and y.node.primitive.name == "sign"
    return y.node.inputs[0] if made_by_sign else y


@losses.add()
class Perceptron(Loss):
    """Rosenblatt's criterion: what is on the wrong side costs its distance from the border.

    Not one of Keras's losses.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Perceptron()([[1.0], [-1.0]], [[2.0], [1.0]]))
        0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "perceptron",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`perceptron` of each sample."""
        return perceptron(y_true, y_pred)
