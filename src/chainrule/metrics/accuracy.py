"""Accuracies: how often the prediction is the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.losses.base import same_rank
from chainrule.losses.crossentropy import class_labels
from chainrule.metrics.base import MeanOf, array, metrics


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where y_true = y_pred, else 0

    Shapes: (N, ...), (N, ...) -> (N, ...).

    Example:
        >>> accuracy([1, 2], [1, 3]).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = same_rank(array(y_true), array(y_pred))
    return np.equal(y_true, y_pred).astype(floatx())


@metrics.add("accuracy")
class Accuracy(MeanOf):
    """How often the prediction equals the truth.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]]))
        0.75
    """

    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`accuracy` of each number."""
        return accuracy(y_true, y_pred)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where y_pred > threshold says what y_true says, else 0

    Args:
        y_true: labels 0 and 1.
        y_pred: probabilities.
        threshold: what a probability must exceed to mean 1.

    Shapes: (N, ...), (N, ...) -> (N, ...).

    Example:
        >>> binary_accuracy([[1], [0]], [[0.9], [0.6]]).tolist()
        [[1.0], [0.0]]
    """
    y_true, y_pred = same_rank(array(y_true), array(y_pred))
    return np.equal(y_true, y_pred > threshold).astype(floatx())


@metrics.add("binary_accuracy")
class BinaryAccuracy(MeanOf):
    """How often a probability is on the right side of the threshold.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        threshold: as for `binary_accuracy`.

    Example:
        >>> float(BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]]))
        0.75
    """

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.threshold = threshold

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`binary_accuracy` of each number."""
        return binary_accuracy(y_true, y_pred, self.threshold)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest of y_pred is the largest of y_true, else 0

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Example:
        >>> categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]).tolist()
        [0.0, 1.0]
    """
    return np.equal(array(y_true).argmax(axis=-1), array(y_pred).argmax(axis=-1)).astype(floatx())


@metrics.add("categorical_accuracy")
class CategoricalAccuracy(MeanOf):
    """How often the class of the largest score is the right one; one-hot labels.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`categorical_accuracy` of each sample."""
        return categorical_accuracy(y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest of y_pred is at y_true, else 0

    Shapes: (N, ...) or (N, ..., 1), (N, ..., C) -> (N, ...).

    Raises:
        ShapeError: the labels are one-hot.

    Example:
        >>> sparse_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]).tolist()
        [0.0, 1.0]
    """
    labels, y_pred = class_labels(array(y_true), array(y_pred), "sparse_categorical_accuracy")
    return np.equal(labels, y_pred.argmax(axis=-1)).astype(floatx())


@metrics.add("sparse_categorical_accuracy")
class SparseCategoricalAccuracy(MeanOf):
    """How often the class of the largest score is the right one; integer labels.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(SparseCategoricalAccuracy()([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`sparse_categorical_accuracy` of each sample."""
        return sparse_categorical_accuracy(y_true, y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the largest of y_true is among the k largest of y_pred, else 0

    Args:
        y_true: one-hot labels.
        y_pred: scores.
        k: how many of the largest scores count.

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Example:
        >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.9, 0.8]], k=2).tolist()
        [1.0]
    """
    return sparse_top_k_categorical_accuracy(array(y_true).argmax(axis=-1), y_pred, k)


@metrics.add("top_k_categorical_accuracy")
class TopKCategoricalAccuracy(MeanOf):
    """How often the right class is among the k best; one-hot labels.

    Args:
        k: how many count.
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(TopKCategoricalAccuracy(k=1)([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`top_k_categorical_accuracy` of each sample."""
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where y_true is among the k largest of y_pred, else 0

    A class is among the k largest where fewer than k scores are above its own, so classes that tie
    for the last place are all in; a score that is not finite is not in.

    Args:
        y_true: integer labels.
        y_pred: scores; class numbers, best first, where `from_sorted_ids`.
        k: how many of the largest scores count.
        from_sorted_ids: whether `y_pred` is sorted class numbers.

    Shapes: (N, ...) or (N, ..., 1), (N, ..., C) -> (N, ...).

    Example:
        >>> sparse_top_k_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.4, 0.1, 0.5]], k=2).tolist()
        [1.0, 0.0]
        >>> sparse_top_k_categorical_accuracy([2], [[0, 2, 1]], k=2, from_sorted_ids=True).tolist()
        [1.0]
    """
    ids = array(y_pred)
    labels, scores = class_labels(array(y_true), ids, "sparse_top_k_categorical_accuracy")
    if from_sorted_ids:
        return (ids[..., :k] == labels[..., None]).any(axis=-1).astype(floatx())
    own = np.take_along_axis(scores, labels[..., None].astype(np.int64), axis=-1)
    above = np.count_nonzero(scores > own, axis=-1)
    return ((above < k) & np.isfinite(own[..., 0])).astype(floatx())


@metrics.add("sparse_top_k_categorical_accuracy")
class SparseTopKCategoricalAccuracy(MeanOf):
    """How often the right class is among the k best; integer labels.

    Args:
        k: how many count.
        name: its key in logs.
        dtype: as for `Metric`.
        from_sorted_ids: as for `sparse_top_k_categorical_accuracy`.

    Example:
        >>> float(SparseTopKCategoricalAccuracy(k=1)([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.k, self.from_sorted_ids = k, from_sorted_ids

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`sparse_top_k_categorical_accuracy` of each sample."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)
