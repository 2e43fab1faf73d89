"""Metrics of numbers against numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import losses
from chainrule.config import epsilon
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.variable import Variable
from chainrule.losses.base import comparable, same_rank
from chainrule.metrics.base import Array, Mean, MeanOf, Metric, array, metrics
from chainrule.metrics.confusion import spread_weight


@metrics.add("mean_squared_error", "mse", "MSE")
class MeanSquaredError(MeanOf):
    """The mean of squared differences.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(MeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.25
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.mean_squared_error` of each sample."""
        return losses.mean_squared_error(y_true, y_pred)


@metrics.add("mean_absolute_error", "mae", "MAE")
class MeanAbsoluteError(MeanOf):
    """The mean of absolute differences.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(MeanAbsoluteError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.25
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.mean_absolute_error` of each sample."""
        return losses.mean_absolute_error(y_true, y_pred)


@metrics.add("mean_absolute_percentage_error", "mape", "MAPE")
class MeanAbsolutePercentageError(MeanOf):
    """The mean of absolute differences, in percent of the truth.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
        25.0
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.mean_absolute_percentage_error` of each sample."""
        return losses.mean_absolute_percentage_error(y_true, y_pred)


@metrics.add("mean_squared_logarithmic_error", "msle", "MSLE")
class MeanSquaredLogarithmicError(MeanOf):
    """The mean of squared differences of logarithms.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[1.0]], [[1.0]]))
        0.0
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.mean_squared_logarithmic_error` of each sample."""
        return losses.mean_squared_logarithmic_error(y_true, y_pred)


@metrics.add("log_cosh_error")
class LogCoshError(MeanOf):
    """The mean logarithm of the hyperbolic cosine of the differences.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> round(float(LogCoshError()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.log_cosh` of each sample."""
        return losses.log_cosh(y_true, y_pred)


@metrics.add("root_mean_squared_error")
class RootMeanSquaredError(Mean):
    """The square root of the mean of squared differences.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(RootMeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.5
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch.

        Args:
            y_true: the truth.
            y_pred: the predictions.
            sample_weight: a weight for each sample.
        """
        y_true, y_pred = comparable(array(y_true), array(y_pred), self.name)
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """The root."""
        return np.sqrt(super().result())


@metrics.add("cosine_similarity")
class CosineSimilarity(MeanOf):
    """The cosine of the angle between truth and prediction: 1 where they point the same way.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        axis: the axis of a vector's numbers.

    Example:
        >>> float(CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]]))
        0.5
    """

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """The cosine of each sample."""
        return -losses.cosine_similarity(y_true, y_pred, self.axis)


AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


@metrics.add("r2_score")
class R2Score(Metric):
    """The share of the truth's variance that the predictions explain.

    Args:
        class_aggregation: how the columns' scores become one: "uniform_average",
            "variance_weighted_average", or None (they stay apart).
        num_regressors: where given, the score is adjusted for so many inputs.
        name: its key in logs.
        dtype: as for `Metric`.

    Raises:
        UnknownNameError: an aggregation that does not exist.
        ArgumentError: a negative number of regressors.

    Source: Draper and Smith, Applied Regression Analysis (1998), sections 1.3 and 5.2.

    Example:
        >>> round(float(R2Score()([[1], [4], [3]], [[2], [4], [4]])), 4)
        0.5714
    """

    squared_sum: Variable
    sum: Variable
    residual: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in AGGREGATIONS:
            raise UnknownNameError.of(
                "aggregation", class_aggregation, map(str, AGGREGATIONS), where="R2Score"
            )
        if num_regressors < 0:
            raise ArgumentError(
                "a negative number of regressors", where="R2Score", expected=">= 0", got=num_regressors
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch.

        Args:
            y_true: the truth, (N, F).
            y_pred: predictions of the same shape.
            sample_weight: a weight for each sample.

        Raises:
            ShapeError: not two equal tables.
        """
        y_true, y_pred = same_rank(array(y_true, self.dtype), array(y_pred, self.dtype))
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ShapeError(
                "one row for each sample is needed", where=self.name, expected="two arrays (N, F)",
                got=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
            )  # fmt: skip
        if len(self._variables) == 1:
            for name in ("squared_sum", "sum", "residual", "count"):
                setattr(self, name, self.add_variable(y_pred.shape[1:], name=name))
        weight = spread_weight(1.0 if sample_weight is None else sample_weight, y_pred)
        self.sum.value[...] += (weight * y_true).sum(axis=0)
        self.squared_sum.value[...] += (weight * y_true * y_true).sum(axis=0)
        self.residual.value[...] += (weight * np.square(y_true - y_pred)).sum(axis=0)
        self.count.value[...] += weight.sum(axis=0)
        self.num_samples.value[...] += y_pred.size

    def result(self) -> Any:
        """1 - residual / variance, aggregated."""
        if len(self._variables) == 1:
            return np.zeros((), self.dtype)[()]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self.sum.value / self.count.value
            total = self.squared_sum.value - self.sum.value * mean
            score: Array = 1 - self.residual.value / total
        score = np.where(np.isinf(score), 0, score).astype(self.dtype)
        if self.class_aggregation == "uniform_average":
            score = score.mean()
        elif self.class_aggregation == "variance_weighted_average":
            score = (total * score).sum() / total.sum()
        n, p = float(self.num_samples), self.num_regressors
        if p and n - p - 1 > 0:
            score = (1 - (1 - score) * (n - 1) / (n - p - 1)).astype(self.dtype)
        return score


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """cov(y_true, y_pred) / (sd y_true sd y_pred); NaN where one of them is constant

    Args:
        y_true: the truth.
        y_pred: the predictions.
        axis: the axis over which they are correlated.

    Shapes: (N, F), (N, F) -> (N,).

    Source: Pearson, Regression, heredity and panmixia (1896).

    Example:
        >>> pearson_correlation([[0.0, 1.0, 0.5]], [[1.0, 3.0, 2.0]]).round(4).tolist()
        [1.0]
    """
    x, y = _centred(y_true, y_pred, axis, "pearson_correlation")[:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis)))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """2 cov(y_true, y_pred) / (var y_true + var y_pred + (difference of means)^2)

    Args:
        y_true: the truth.
        y_pred: the predictions.
        axis: the axis over which they are correlated.

    Shapes: (N, F), (N, F) -> (N,).

    Source: Lin, A concordance correlation coefficient to evaluate reproducibility (1989).

    Example:
        >>> concordance_correlation([[0.0, 1.0]], [[0.0, 1.0]]).round(4).tolist()
        [1.0]
    """
    x, y, shift = _centred(y_true, y_pred, axis, "concordance_correlation")
    spread = (x * x).mean(axis) + (y * y).mean(axis) + np.squeeze(shift * shift, axis)
    return np.asarray(2 * (x * y).mean(axis) / (spread + epsilon()))


def _centred(y_true: Any, y_pred: Any, axis: int, where: str) -> tuple[Array, Array, Array]:
    """Both less their means, and the difference of the means."""
    y_true, y_pred = comparable(array(y_true), array(y_pred), where)
    mean_true, mean_pred = y_true.mean(axis, keepdims=True), y_pred.mean(axis, keepdims=True)
    return y_true - mean_true, y_pred - mean_pred, mean_true - mean_pred


@metrics.add("pearson_correlation")
class PearsonCorrelation(MeanOf):
    """The mean over samples of the correlation of truth and prediction.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        axis: as for `pearson_correlation`.

    Example:
        >>> round(float(PearsonCorrelation()([[0.0, 1.0, 0.5]], [[1.0, 3.0, 2.0]])), 4)
        1.0
    """

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: str | None = None, axis: int = -1
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Array:
        """`pearson_correlation` of each sample."""
        return pearson_correlation(y_true, y_pred, self.axis)


@metrics.add("concordance_correlation")
class ConcordanceCorrelation(MeanOf):
    """The mean over samples of the correlation, less what differs in mean and scale.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        axis: as for `concordance_correlation`.

    Example:
        >>> round(float(ConcordanceCorrelation()([[0.0, 1.0]], [[0.0, 1.0]])), 4)
        1.0
    """

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: str | None = None, axis: int = -1
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Array:
        """`concordance_correlation` of each sample."""
        return concordance_correlation(y_true, y_pred, self.axis)
