"""Losses of numbers against numbers.

Each function returns one number per sample: a mean (or sum) over the last axis.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule import ops
from chainrule.config import epsilon
from chainrule.losses.base import Loss, comparable, losses
from chainrule.ops import losses as fused
from chainrule.ops.activations import softplus


@losses.add("MSE", "mse")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean (y_pred - y_true)^2

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> float(mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]])[0])
        2.0
    """
    y_true, y_pred = comparable(y_true, y_pred, "mean_squared_error")
    return fused.mean_squared_error(y_pred, y_true)


@losses.add()
class MeanSquaredError(Loss):
    """Mean of squared differences.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(MeanSquaredError()([[0.0], [1.0]], [[1.0], [4.0]]))
        5.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`mean_squared_error` of each sample."""
        return mean_squared_error(y_true, y_pred)


@losses.add("MAE", "mae")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean |y_pred - y_true|

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> float(mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]])[0])
        1.0
    """
    y_true, y_pred = comparable(y_true, y_pred, "mean_absolute_error")
    return fused.mean_absolute_error(y_pred, y_true)


@losses.add()
class MeanAbsoluteError(Loss):
    """Mean of absolute differences.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [4.0]]))
        2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`mean_absolute_error` of each sample."""
        return mean_absolute_error(y_true, y_pred)


@losses.add("MAPE", "mape")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean |y_true - y_pred| / max(|y_true|, epsilon)

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> float(mean_absolute_percentage_error([[4.0, 2.0]], [[3.0, 2.0]])[0])
        12.5
    """
    y_true, y_pred = comparable(y_true, y_pred, "mean_absolute_percentage_error")
    relative = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), epsilon()))
    return 100.0 * ops.mean(relative, axis=-1)


@losses.add()
class MeanAbsolutePercentageError(Loss):
    """Mean of absolute differences, in percent of the truth.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
        25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`mean_absolute_percentage_error` of each sample."""
        return mean_absolute_percentage_error(y_true, y_pred)


@losses.add("MSLE", "msle")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean (log(1 + y_true) - log(1 + y_pred))^2; values below epsilon count as epsilon

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> round(float(mean_squared_logarithmic_error([[math.e - 1]], [[0.0]])[0]), 4)
        1.0
    """
    y_true, y_pred = comparable(y_true, y_pred, "mean_squared_logarithmic_error")
    ratio = ops.log(ops.maximum(y_pred, epsilon()) + 1.0) - ops.log(ops.maximum(y_true, epsilon()) + 1.0)
    return ops.mean(ops.square(ratio), axis=-1)


@losses.add()
class MeanSquaredLogarithmicError(Loss):
    """Mean of squared differences of logarithms.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[1.0]], [[1.0]]))
        0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`mean_squared_logarithmic_error` of each sample."""
        return mean_squared_logarithmic_error(y_true, y_pred)


@losses.add()
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean of e^2 / 2 where |e| <= delta, delta |e| - delta^2 / 2 beyond, with e = y_pred - y_true

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Source: Huber, Robust estimation of a location parameter (1964).

    Example:
        >>> huber([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
        [0.125, 2.5]
    """
    y_true, y_pred = comparable(y_true, y_pred, "huber")
    e = ops.abs(y_pred - y_true)
    near, far = 0.5 * ops.square(e), delta * e - 0.5 * delta**2
    return ops.mean(ops.where(ops.less_equal(e, delta), near, far), axis=-1)


@losses.add()
class Huber(Loss):
    """Squared where the error is at most `delta`, linear beyond.

    Args:
        delta: where the square ends.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Huber()([[0.0], [0.0]], [[1.0], [2.0]]))
        1.0
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`huber` of each sample."""
        return huber(y_true, y_pred, self.delta)


@losses.add()
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean log cosh(y_pred - y_true), computed as e + log(1 + exp(-2e)) - log 2, which cannot overflow

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> round(float(log_cosh([[0.0]], [[1.0]])[0]), 4)
        0.4338
    """
    y_true, y_pred = comparable(y_true, y_pred, "log_cosh")
    e = y_pred - y_true
    return ops.mean(e + softplus(-2.0 * e) - math.log(2.0), axis=-1)


@losses.add()
class LogCosh(Loss):
    """Mean logarithm of the hyperbolic cosine of the differences.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`log_cosh` of each sample."""
        return log_cosh(y_true, y_pred)


@losses.add()
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean y_pred - y_true log(y_pred + epsilon): minus the log-likelihood of counts, up to a constant

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> round(float(poisson([[1.0]], [[1.0]])[0]), 4)
        1.0
    """
    y_true, y_pred = comparable(y_true, y_pred, "poisson")
    return ops.mean(y_pred - y_true * ops.log(y_pred + epsilon()), axis=-1)


@losses.add()
class Poisson(Loss):
    """Minus the log-likelihood of counts, up to a constant.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(Poisson()([[1.0]], [[1.0]])), 4)
        1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`poisson` of each sample."""
        return poisson(y_true, y_pred)
