"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import epsilon
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.variable import Variable
from chainrule.metrics.base import Array, Metric, array, metrics
from chainrule.metrics.confusion import spread_weight

AVERAGES = ("micro", "macro", "weighted", None)


@metrics.add("f_beta_score")
class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, of each class.

    Args:
        average: how the classes' scores become one: None (they stay apart), "micro" (all counts in one
            pot), "macro" (the mean) or "weighted" (the mean, weighted by how often a class occurs).
        beta: how many times recall matters as much as precision.
        threshold: what a prediction must exceed to mean 1; by default the largest of a sample does.
        name: its key in logs.
        dtype: as for `Metric`.

    Raises:
        UnknownNameError: an average that does not exist.
        ArgumentError: `beta` or `threshold` out of range.

    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.

    Example:
        >>> score = FBetaScore(beta=2.0, threshold=0.5)
        >>> score.update_state([[1, 1], [1, 0]], [[0.2, 0.6], [0.7, 0.8]])
        >>> score.result().round(3).tolist()
        [0.5559999942779541, 0.8330000042915344]
    """

    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        where = type(self).__name__
        if average not in AVERAGES:
            raise UnknownNameError.of("average", average, map(str, AVERAGES), where=where)
        if not beta > 0:
            raise ArgumentError("beta must be positive", where=where, expected="beta > 0", got=beta)
        if threshold is not None and not 0 < threshold <= 1:
            raise ArgumentError("not a threshold", where=where, expected="0 < threshold <= 1", got=threshold)
        self.average, self.beta, self.threshold = average, beta, threshold

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(shape, name=name))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch.

        Args:
            y_true: labels 0 and 1, one column for each class.
            y_pred: scores of the same shape.
            sample_weight: a weight for each sample.

        Raises:
            ShapeError: not one column for each class.
        """
        y_true, y_pred = array(y_true, self.dtype), array(y_pred, self.dtype)
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ShapeError(
                "one column for each class is needed", where=self.name, expected="two arrays (N, classes)",
                got=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
            )  # fmt: skip
        if not self._variables:
            self._build(y_pred.shape[1])
        if self.threshold is None:
            said = (y_pred >= y_pred.max(axis=1, keepdims=True)) & (np.abs(y_pred) > 1e-9)
        else:
            said = y_pred > self.threshold
        axis = None if self.average == "micro" else 0
        weighted_true = y_true if sample_weight is None else y_true * spread_weight(sample_weight, y_pred)
        weighted_false = (
            1 - y_true if sample_weight is None else (1 - y_true) * spread_weight(sample_weight, y_pred)
        )
        self.true_positives.value[...] += (said * weighted_true).sum(axis)
        self.false_positives.value[...] += (said * weighted_false).sum(axis)
        self.false_negatives.value[...] += (~said * weighted_true).sum(axis)
        self.intermediate_weights.value[...] += weighted_true.sum(axis)

    def result(self) -> Any:
        """(1 + beta^2) P R / (beta^2 P + R), for each class where there is no average."""
        if not self._variables:
            return np.zeros((), self.dtype)[()]
        right = self.true_positives.value
        precision = right / (right + self.false_positives.value + epsilon())
        recall = right / (right + self.false_negatives.value + epsilon())
        square = self.beta**2
        score: Array = (1 + square) * precision * recall / (square * precision + recall + epsilon())
        if self.average == "macro":
            return score.mean()
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            return (score * (weights / (weights.sum() + epsilon()))).sum()
        return score


@metrics.add("f1_score")
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, of each class.

    Args:
        average, threshold, name, dtype: as for `FBetaScore`.

    Example:
        >>> float(F1Score(average="macro")([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]).round(3))
        1.0
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)
