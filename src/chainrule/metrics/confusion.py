"""Metrics of yes-or-no predictions: what a threshold makes of probabilities.

               predicted 1       predicted 0
    truth 1    true positive     false negative
    truth 0    false positive    true negative

A number counts as 1 where it exceeds the threshold.  All thresholds are counted in one pass: each
prediction exceeds the thresholds below it, so a histogram over the gaps between thresholds, summed from
the top, says how much weight lies above each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.config import epsilon
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.variable import Variable
from chainrule.losses.base import fit, same_rank
from chainrule.metrics.base import Array, Metric, array, metrics

Thresholds = float | Sequence[float] | None


class Counts(NamedTuple):
    """Weights of the four cases, for each threshold (and label)."""

    true_positives: Array
    false_positives: Array
    true_negatives: Array
    false_negatives: Array


def ratio(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=np.asarray(b) != 0)


def count(y_true: Array, y_pred: Array, weight: Array | None, thresholds: Array) -> Counts:
    """The four cases at each threshold.  Shapes: (N, L), (N, L), (N, L) or None, (T,) -> 4 times (T, L)."""
    labels, size = y_pred.shape[1], len(thresholds)
    order = np.argsort(thresholds, kind="stable")
    exceeded = np.searchsorted(thresholds[order], y_pred, side="left")  # how many thresholds lie below
    cell = exceeded + np.arange(labels) * (size + 1)
    truth = (y_true != 0).astype(float) if weight is None else (y_true != 0) * weight

    def above(weights: Array | None) -> tuple[Array, Array]:
        flat = None if weights is None else weights.ravel()
        gaps = np.bincount(cell.ravel(), flat, minlength=labels * (size + 1)).reshape(labels, size + 1).T
        total = gaps.sum(axis=0)
        sums = np.empty((size, labels))
        sums[order] = total - gaps.cumsum(axis=0)[:-1]
        return sums, total

    true_positives, positives = above(truth)
    predicted, everything = above(weight)
    return Counts(
        true_positives,
        predicted - true_positives,
        (everything - positives) - (predicted - true_positives),
        positives - true_positives,
    )


def only_top(y_pred: Array, k: int) -> Array:
    """The k largest of the last axis as they are, the others below any threshold."""
    kept = np.argsort(-y_pred, axis=-1, kind="stable")[..., :k]
    top = np.full_like(y_pred, -np.inf)
    np.put_along_axis(top, kept, np.take_along_axis(y_pred, kept, axis=-1), axis=-1)
    return top


def checked_thresholds(thresholds: Thresholds, default: float) -> list[float]:
    """The thresholds as a list.

    Raises:
        ArgumentError: one outside 0 to 1.
    """
    values = [default] if thresholds is None else list(np.atleast_1d(np.asarray(thresholds, float)).tolist())
    wrong = [t for t in values if thresholds is not None and not 0 <= t <= 1]
    if wrong:
        raise ArgumentError("a threshold is a probability", where="thresholds", expected="0 to 1", got=wrong)
    return values


class ConfusionMetric(Metric):
    """What the metrics of this file share: bringing a batch to (N, L) and counting it.

    Args:
        thresholds: one or several numbers between 0 and 1; 0.5 by default.
        top_k: where given, only the k largest predictions of a sample can be 1.
        class_id: where given, only this column counts.
        name: its key in logs.
        dtype: as for `Metric`.
    """

    counted: tuple[str, ...] = ()  # which of the four cases it keeps

    def __init__(
        self,
        thresholds: Thresholds,
        top_k: int | None,
        class_id: int | None,
        name: str | None,
        dtype: str | None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = (
            thresholds if thresholds is None or isinstance(thresholds, (int, float)) else list(thresholds)
        )
        self.top_k, self.class_id = top_k, class_id
        self.levels = np.array(
            checked_thresholds(thresholds, -np.inf if top_k is not None else 0.5), self.dtype
        )

    def keep(self, shape: tuple[int, ...], *names: str) -> None:
        """Make a variable for each of the cases to keep."""
        self.counted = names
        for name in names:
            setattr(self, name, self.add_variable(shape, name=name))

    def counts_of(self, y_true: Any, y_pred: Any, sample_weight: Any, by_label: bool = False) -> Counts:
        """The four cases of a batch at each threshold.

        Raises:
            ShapeError: y_true or the weights do not fit y_pred.
        """
        y_true, y_pred = same_rank(array(y_true), array(y_pred, self.dtype))
        if not fit(y_true.shape, y_pred.shape):
            raise ShapeError(
                "y_true and y_pred differ in shape", where=self.name, expected=y_pred.shape, got=y_true.shape
            )
        weight = None if sample_weight is None else spread_weight(sample_weight, y_pred)
        if self.top_k is not None:
            y_pred = only_top(y_pred, self.top_k)
        if self.class_id is not None:
            y_true, y_pred = y_true[..., self.class_id], y_pred[..., self.class_id]
            weight = None if weight is None else weight[..., self.class_id]
        columns = (-1, y_pred.shape[-1] if by_label else 1)
        return count(
            y_true.reshape(columns),
            y_pred.reshape(columns),
            None if weight is None else weight.reshape(columns),
            self.levels,
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch.

        Args:
            y_true: labels 0 and 1.
            y_pred: probabilities.
            sample_weight: a weight for each sample, or for each number.
        """
        counts = self.counts_of(y_true, y_pred, sample_weight)
        for name in self.counted:
            getattr(self, name).value[...] += getattr(counts, name)[:, 0]

    def at_each(self, values: Array) -> Any:
        """One number for each threshold; the number itself where there is one threshold."""
        return values[0] if len(values) == 1 else values.copy()


def spread_weight(sample_weight: Any, y_pred: Array) -> Array:
    """The weights with an axis for each axis of `y_pred`.

    Raises:
        ShapeError: they do not fit.
    """
    weight = array(sample_weight, y_pred.dtype)
    if weight.ndim == y_pred.ndim + 1 and weight.shape[-1] == 1:
        weight = weight[..., 0]
    weight = weight.reshape(weight.shape + (1,) * (y_pred.ndim - weight.ndim))
    try:
        return np.broadcast_to(weight, y_pred.shape)
    except ValueError:
        raise ShapeError(
            "sample_weight does not fit",
            where="sample_weight",
            expected=f"({y_pred.shape[0]},)",
            got=weight.shape,
        ) from None


class _CaseCount(ConfusionMetric):
    """The weight of one of the four cases."""

    case: str

    def __init__(
        self, thresholds: Thresholds = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(thresholds, None, None, name, dtype)
        self.accumulator = self.add_variable((len(self.levels),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch, as for `Precision`."""
        self.accumulator.value[...] += getattr(self.counts_of(y_true, y_pred, sample_weight), self.case)[:, 0]

    def result(self) -> Any:
        """The count, for each threshold where there are several."""
        return self.at_each(self.accumulator.value)


@metrics.add("true_positives")
class TruePositives(_CaseCount):
    """How many of the predictions 1 are right.

    Args:
        thresholds: what a probability must exceed to mean 1: a number, or several; 0.5 by default.
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    case = "true_positives"


@metrics.add("false_positives")
class FalsePositives(_CaseCount):
    """How many of the predictions 1 are wrong.

    Args:
        thresholds, name, dtype: as for `TruePositives`.

    Example:
        >>> float(FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
        2.0
    """

    case = "false_positives"


@metrics.add("true_negatives")
class TrueNegatives(_CaseCount):
    """How many of the predictions 0 are right.

    Args:
        thresholds, name, dtype: as for `TruePositives`.

    Example:
        >>> float(TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
        2.0
    """

    case = "true_negatives"


@metrics.add("false_negatives")
class FalseNegatives(_CaseCount):
    """How many of the predictions 0 are wrong.

    Args:
        thresholds, name, dtype: as for `TruePositives`.

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
        2.0
    """

    case = "false_negatives"


@metrics.add("precision")
class Precision(ConfusionMetric):
    """Of the predictions 1, the share that is right.

    Args:
        thresholds: what a probability must exceed to mean 1: a number, or several; 0.5 by default.
        top_k: where given, only the k largest predictions of a sample can be 1.
        class_id: where given, only this column counts.
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)
        self.keep((len(self.levels),), "true_positives", "false_positives")

    true_positives: Variable
    false_positives: Variable

    def result(self) -> Any:
        """TP / (TP + FP), for each threshold where there are several; 0 where nothing is predicted 1."""
        right = self.true_positives.value
        return self.at_each(ratio(right, right + self.false_positives.value))


@metrics.add("recall")
class Recall(ConfusionMetric):
    """Of what is 1 in truth, the share that is found.

    Args:
        thresholds, top_k, class_id, name, dtype: as for `Precision`.

    Example:
        >>> round(float(Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)
        self.keep((len(self.levels),), "true_positives", "false_negatives")

    true_positives: Variable
    false_negatives: Variable

    def result(self) -> Any:
        """TP / (TP + FN), for each threshold where there are several; 0 where nothing is 1."""
        found = self.true_positives.value
        return self.at_each(ratio(found, found + self.false_negatives.value))


class _BestAt(ConfusionMetric):
    """The best of one rate among the thresholds at which another is at least `value`."""

    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        value: float,
        what: str,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: str | None,
    ) -> None:
        where = type(self).__name__
        if not 0 <= value <= 1:
            raise ArgumentError(f"{what} is a share", where=where, expected=f"0 <= {what} <= 1", got=value)
        if num_thresholds <= 0:
            raise ArgumentError(
                "no thresholds", where=where, expected="num_thresholds > 0", got=num_thresholds
            )
        levels = [0.5] if num_thresholds == 1 else np.linspace(0, 1, num_thresholds).tolist()
        super().__init__(levels, None, class_id, name, dtype)
        self.num_thresholds, self.value = num_thresholds, value
        self.keep((num_thresholds,), "true_positives", "false_positives", "true_negatives", "false_negatives")

    def rates(self) -> tuple[Array, Array, Array]:
        """Precision, recall (sensitivity) and specificity at each threshold."""
        tp, fp, tn, fn = (getattr(self, name).value for name in self.counted)
        return ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(tn, tn + fp)

    def best(self, rate: Array, constraint: Array) -> Any:
        """The largest rate where the constraint holds; 0 where it holds nowhere."""
        allowed = constraint >= np.asarray(self.value, constraint.dtype)
        return rate.max(where=allowed, initial=0)


@metrics.add("precision_at_recall")
class PrecisionAtRecall(_BestAt):
    """The best precision at which recall is at least `recall`.

    Args:
        recall: the recall that is asked for.
        num_thresholds: how many thresholds, evenly between 0 and 1, are tried.
        class_id, name, dtype: as for `Precision`.

    Raises:
        ArgumentError: `recall` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(recall, "recall", num_thresholds, class_id, name, dtype)
        self.recall = recall

    def result(self) -> Any:
        """The precision."""
        precision, recall, _ = self.rates()
        return self.best(precision, recall)


@metrics.add("recall_at_precision")
class RecallAtPrecision(_BestAt):
    """The best recall at which precision is at least `precision`.

    Args:
        precision: the precision that is asked for.
        num_thresholds, class_id, name, dtype: as for `PrecisionAtRecall`.

    Raises:
        ArgumentError: `precision` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.5
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(precision, "precision", num_thresholds, class_id, name, dtype)
        self.precision = precision

    def result(self) -> Any:
        """The recall."""
        precision, recall, _ = self.rates()
        return self.best(recall, precision)


@metrics.add("sensitivity_at_specificity")
class SensitivityAtSpecificity(_BestAt):
    """The best sensitivity, TP / (TP + FN), at which specificity, TN / (TN + FP), is at least `specificity`.

    Args:
        specificity: the specificity that is asked for.
        num_thresholds, class_id, name, dtype: as for `PrecisionAtRecall`.

    Raises:
        ArgumentError: `specificity` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(specificity, "specificity", num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def result(self) -> Any:
        """The sensitivity."""
        _, sensitivity, specificity = self.rates()
        return self.best(sensitivity, specificity)


@metrics.add("specificity_at_sensitivity")
class SpecificityAtSensitivity(_BestAt):
    """The best specificity, TN / (TN + FP), at which sensitivity, TP / (TP + FN), is at least `sensitivity`.

    Args:
        sensitivity: the sensitivity that is asked for.
        num_thresholds, class_id, name, dtype: as for `PrecisionAtRecall`.

    Raises:
        ArgumentError: `sensitivity` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> round(float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])), 4)
        0.6667
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(sensitivity, "sensitivity", num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def result(self) -> Any:
        """The specificity."""
        _, sensitivity, specificity = self.rates()
        return self.best(specificity, sensitivity)


CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "majoring", "minoring")


@metrics.add("auc")
class AUC(ConfusionMetric):
    """The area under a curve that the thresholds draw.

    Args:
        num_thresholds: how many thresholds draw the curve, evenly from 0 to 1.
        curve: "ROC" (true positive rate over false positive rate), "PR" (precision over recall) or
            "PRGAIN" (their gains over a predictor that always says 1).
        summation_method: the height between two points of the curve: "interpolation", "minoring" (the
            lower) or "majoring" (the higher).
        name: its key in logs.
        dtype: as for `Metric`.
        thresholds: thresholds of your own between 0 and 1, to which 0 and 1 are added.
        multi_label: whether each column is a task of its own, over which areas are averaged.
        num_labels: how many columns there are, if known beforehand.
        label_weights: weights of that average; without `multi_label`, of the columns' numbers.
        from_logits: whether predictions are logits.

    Raises:
        UnknownNameError: a curve or a summation method that does not exist.
        ArgumentError: fewer than two thresholds.

    Source: Davis and Goadrich, The relationship between precision-recall and ROC curves (2006), for the
        interpolation of "PR"; Flach and Kull, Precision-recall-gain curves (2015), for "PRGAIN".

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75
    """

    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if curve not in CURVES:
            raise UnknownNameError.of("curve", curve, CURVES, where="AUC")
        if summation_method not in SUMMATIONS:
            raise UnknownNameError.of("summation method", summation_method, SUMMATIONS, where="AUC")
        if thresholds is None:
            if num_thresholds <= 1:
                raise ArgumentError(
                    "a curve has two points at least",
                    where="AUC",
                    expected="num_thresholds > 1",
                    got=num_thresholds,
                )
            inner = np.linspace(0, 1, num_thresholds)[1:-1].tolist()
        else:
            inner = sorted(float(t) for t in thresholds)
        super().__init__(inner, None, None, name, dtype)
        self.thresholds = None if thresholds is None else inner
        self.levels = np.array([-epsilon(), *inner, 1 + epsilon()], self.dtype)
        self.num_thresholds, self.curve, self.summation_method = len(self.levels), curve, summation_method
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else list(label_weights)
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _build(self, labels: tuple[int, ...]) -> None:
        self.keep(
            (self.num_thresholds, *labels),
            "true_positives",
            "false_positives",
            "true_negatives",
            "false_negatives",
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch, as for `Precision`."""
        y_pred = array(y_pred, self.dtype)
        if self.from_logits:
            y_pred = 1 / (1 + np.exp(-y_pred))
        if self.multi_label and not self.counted:
            self._build((y_pred.shape[-1],))
        if self.label_weights is not None and not self.multi_label:
            rows = spread_weight(1.0 if sample_weight is None else sample_weight, y_pred)
            sample_weight = rows * np.asarray(self.label_weights, self.dtype)
        counts = self.counts_of(y_true, y_pred, sample_weight, by_label=self.multi_label)
        for name in self.counted:
            variable = getattr(self, name)
            variable.value[...] += getattr(counts, name).reshape(variable.shape)

    def result(self) -> Any:
        """The area."""
        if not self.counted:
            return np.zeros((), self.dtype)[()]
        tp, fp, tn, fn = (getattr(self, name).value for name in self.counted)
        if self.curve == "PR" and self.summation_method == "interpolation":
            area = interpolated_precision_recall(tp, fp, fn)
        else:
            x, y = self._points(tp, fp, tn, fn)
            area = ((x[:-1] - x[1:]) * self._heights(y)).sum(axis=0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return area.mean()
        weights = np.asarray(self.label_weights, area.dtype)
        return ratio((area * weights).sum(), weights.sum())[()]

    def _points(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """The curve's points, from the lowest threshold to the highest."""
        if self.curve == "ROC":
            return ratio(fp, fp + tn), ratio(tp, tp + fn)
        if self.curve == "PR":
            return ratio(tp, tp + fn), ratio(tp, tp + fp)
        odds = ratio(tp + fn, fp + tn)  # of a 1 in truth
        # Below the predictor that always says 1 the gain of recall is negative, and not part of the curve.
        return np.where(tp > 0, np.maximum(1 - odds * ratio(fn, tp), 0), 0), 1 - odds * ratio(fp, tp)

    def _heights(self, y: Array) -> Array:
        if self.summation_method == "interpolation":
            return (y[:-1] + y[1:]) / 2
        between = np.minimum if self.summation_method == "minoring" else np.maximum
        return between(y[:-1], y[1:])


def interpolated_precision_recall(tp: Array, fp: Array, fn: Array) -> Any:
    """The area under precision over recall, with true positives linear in predictions between points.

    Between two thresholds tp = a + b p, where p is the number of predictions 1, so precision is
    a / p + b, and its integral over recall = tp / P is (b / P) (b' + a log(p1 / p0)), b' the rise of tp.
    """
    p = tp + fp
    rise = tp[:-1] - tp[1:]
    b = ratio(rise, np.maximum(p[:-1] - p[1:], 0))
    a = tp[1:] - b * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    logarithm = np.log(np.divide(p[:-1], p[1:], out=np.ones_like(rise), where=both))
    return ratio(b * (rise + a * logarithm), np.maximum(tp[1:] + fn[1:], 0)).sum(axis=0)
