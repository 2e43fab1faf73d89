"""Intersection over union: how well predicted sets of pixels (or samples) cover the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.config import epsilon
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.metrics.base import Array, Metric, array, metrics


class _ConfusionMatrix(Metric):
    """A table of how often class i was taken for class j.

    Args:
        num_classes: how many classes there are.
        name: its key in logs.
        dtype: the dtype of the table; "int64" by default, which drops fractions of weights.
        ignore_class: a label whose samples do not count.
        sparse_y_true: whether the truth is class numbers, not one-hot.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes where they are not numbers.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None,
        dtype: str | None,
        ignore_class: int | None,
        sparse_y_true: bool,
        sparse_y_pred: bool,
        axis: int,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int64")
        self.num_classes, self.ignore_class = num_classes, ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_confusion_matrix = self.add_variable(
            (num_classes, num_classes), name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch.

        Args:
            y_true: the truth.
            y_pred: the predictions.
            sample_weight: a weight for each of them.

        Raises:
            DataError: a class number out of range.
            ShapeError: the sizes differ.
        """
        y_true, y_pred = array(y_true), array(y_pred)
        rows = (y_true if self.sparse_y_true else y_true.argmax(self.axis)).astype(np.int64).ravel()
        columns = (y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)).astype(np.int64).ravel()
        if rows.shape != columns.shape:
            raise ShapeError(
                "y_true and y_pred differ in size", where=self.name, expected=columns.size, got=rows.size
            )
        weight = None
        if sample_weight is not None:
            weight = array(sample_weight).astype(self.dtype).ravel()
            if weight.shape != rows.shape:
                raise ShapeError(
                    "sample_weight does not fit", where=self.name, expected=rows.size, got=weight.size
                )
        if self.ignore_class is not None:
            counts = rows != self.ignore_class
            rows, columns = rows[counts], columns[counts]
            weight = None if weight is None else weight[counts]
        n = self.num_classes
        outside = [
            name
            for name, x in (("y_true", rows), ("y_pred", columns))
            if x.size and not 0 <= x.min() <= x.max() < n
        ]
        if outside:
            raise DataError(
                f"a class number in {outside[0]} is out of range", where=self.name, expected=f"0 to {n - 1}"
            )
        table = np.bincount(rows * n + columns, weight, minlength=n * n).reshape(n, n)
        self.total_confusion_matrix.value[...] += table.astype(self.dtype)

    def mean_over(self, classes: Sequence[int] | slice) -> Any:
        """The mean, over those of the classes that occur, of TP / (TP + FP + FN)."""
        table: Array = self.total_confusion_matrix.value.astype("float32")
        both = np.diag(table)
        either = table.sum(axis=0) + table.sum(axis=1) - both
        both, either = both[classes], either[classes]
        present = either > 0
        share = both / (either + np.float32(epsilon()))
        return share.sum(where=present) / max(present.sum(), 1)


@metrics.add("io_u")
class IoU(_ConfusionMatrix):
    """Intersection over union, the mean over some classes.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes to look at.
        name: its key in logs.
        dtype: the dtype of the counts; "int64" by default, which drops fractions of weights.
        ignore_class: a label whose samples do not count.
        sparse_y_true: whether the truth is class numbers, not one-hot.
        sparse_y_pred: whether predictions are class numbers, not scores.
        axis: the axis of the classes where they are not numbers.

    Raises:
        ArgumentError: a class to look at that there is not.

    Example:
        >>> round(float(IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        if max(target_class_ids) >= num_classes:
            raise ArgumentError(
                "no such class",
                where=type(self).__name__,
                expected=f"0 to {num_classes - 1}",
                got=list(target_class_ids),
            )
        self.target_class_ids = list(target_class_ids)

    def result(self) -> Any:
        """The mean over the chosen classes."""
        return self.mean_over(self.target_class_ids)


@metrics.add("binary_io_u")
class BinaryIoU(IoU):
    """Intersection over union of yes-or-no predictions.

    Args:
        target_class_ids: the classes to look at, of 0 and 1.
        threshold: what a prediction must reach to mean 1.
        name: its key in logs.
        dtype: as for `IoU`.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch, as for `IoU`, with predictions as probabilities."""
        super().update_state(y_true, array(y_pred) >= self.threshold, sample_weight)


@metrics.add("mean_io_u")
class MeanIoU(_ConfusionMatrix):
    """Intersection over union, the mean over all classes that occur.

    Args:
        num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: as for `IoU`.

    Example:
        >>> round(float(MeanIoU(2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def result(self) -> Any:
        """The mean over all classes."""
        return self.mean_over(slice(None))


@metrics.add("one_hot_io_u")
class OneHotIoU(IoU):
    """`IoU` of one-hot labels and scores.

    Args:
        num_classes, target_class_ids, name, dtype, ignore_class, sparse_y_pred, axis: as for `IoU`.

    Example:
        >>> float(OneHotIoU(2, [1])([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]]).round(3))
        1.0
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


@metrics.add("one_hot_mean_io_u")
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels and scores.

    Args:
        num_classes, name, dtype, ignore_class, sparse_y_pred, axis: as for `IoU`.

    Example:
        >>> float(OneHotMeanIoU(2)([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]]).round(3))
        1.0
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
