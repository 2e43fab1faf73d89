"""Losses of probabilities: how surprised a prediction is by the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import ops
from chainrule.config import epsilon
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.losses.base import Loss, cast, comparable, dtype_of, fit, floats, losses
from chainrule.ops.activations import sigmoid
from chainrule.ops.losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_categorical_cross_entropy,
    sparse_softmax_cross_entropy,
)
from chainrule.ops.primitive import as_array
from chainrule.ops.softmax import softmax


def smoothed(y_true: Any, label_smoothing: float, number: Any) -> Any:
    """Labels that give the share `label_smoothing` of their certainty to `number` classes alike."""
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / number


def classes_last(x: Any, axis: int) -> Any:
    """`x` with the axis of the classes in the last place."""
    return x if axis in (-1, x.ndim - 1) else ops.moveaxis(x, axis, -1)


def as_distribution(y_pred: Any, axis: int) -> Any:
    """Probabilities that sum to 1 along `axis`, none so near to 0 or 1 that its logarithm explodes."""
    return ops.clip(y_pred / ops.sum(y_pred, axis=axis, keepdims=True), epsilon(), 1.0 - epsilon())


@losses.add("BCE", "bce")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """mean -(y_true log p + (1 - y_true) log(1 - p)), with p = y_pred or the sigmoid of logits

    Args:
        y_true: labels 0 and 1.
        y_pred: probabilities, or logits.
        from_logits: whether `y_pred` is logits.
        label_smoothing: the share of certainty taken from the labels.
        axis: the axis of the mean.

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> round(float(binary_crossentropy([[1.0]], [[0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = comparable(y_true, y_pred, "binary_crossentropy")
    return ops.mean(_binary(smoothed(y_true, label_smoothing, 2), y_pred, from_logits), axis=axis)


def _binary(y_true: Any, y_pred: Any, from_logits: bool = False) -> Any:
    """The surprise of each number."""
    if from_logits:
        return sigmoid_cross_entropy(y_pred, y_true)
    return binary_cross_entropy(y_pred, y_true, epsilon=epsilon())


@losses.add()
class BinaryCrossentropy(Loss):
    """Surprise of yes-or-no predictions.

    Args:
        from_logits, label_smoothing, axis: as for `binary_crossentropy`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`binary_crossentropy` of each sample."""
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


@losses.add()
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """mean (1 - p_t)^gamma times the binary cross-entropy, p_t the probability given to the truth

    Args:
        y_true: labels 0 and 1.
        y_pred: probabilities, or logits.
        apply_class_balancing: whether to weigh class 1 by `alpha` and class 0 by 1 - `alpha`.
        alpha: the weight of class 1.
        gamma: how little easy samples count.
        from_logits: whether `y_pred` is logits.
        label_smoothing: the share of certainty taken from the labels.
        axis: the axis of the mean.

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Source: Lin et al., Focal loss for dense object detection (2017), arXiv:1708.02002, section 3.

    Example:
        >>> round(float(binary_focal_crossentropy([[1.0]], [[0.5]])[0]), 4)
        0.1733
    """
    y_true, y_pred = comparable(y_true, y_pred, "binary_focal_crossentropy")
    y_true = smoothed(y_true, label_smoothing, 2)
    p = sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    focal = ops.power(1.0 - p_t, gamma) * _binary(y_true, p)
    if apply_class_balancing:
        focal = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * focal
    return ops.mean(focal, axis=axis)


@losses.add()
class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy in which samples already right count little.

    Args:
        apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis: as for
            `binary_focal_crossentropy`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 4)
        0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.apply_class_balancing, self.alpha, self.gamma = apply_class_balancing, alpha, gamma
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`binary_focal_crossentropy` of each sample."""
        return binary_focal_crossentropy(
            y_true, y_pred, self.apply_class_balancing, self.alpha, self.gamma, self.from_logits,
            self.label_smoothing, self.axis,
        )  # fmt: skip


@losses.add()
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum y_true log p, with p = y_pred or the softmax of logits

    Args:
        y_true: one-hot labels, or distributions.
        y_pred: probabilities, or logits.
        from_logits: whether `y_pred` is logits.
        label_smoothing: the share of certainty taken from the labels.
        axis: the axis of the classes.

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Example:
        >>> round(float(categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = comparable(y_true, y_pred, "categorical_crossentropy")
    y_true = smoothed(y_true, label_smoothing, y_pred.shape[axis])
    y_true, y_pred = classes_last(y_true, axis), classes_last(y_pred, axis)
    if from_logits:
        return softmax_cross_entropy(y_pred, y_true)
    return categorical_cross_entropy(y_pred, y_true, epsilon=epsilon())


@losses.add()
class CategoricalCrossentropy(Loss):
    """Surprise of a choice among classes, with one-hot labels.

    Args:
        from_logits, label_smoothing, axis: as for `categorical_crossentropy`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`categorical_crossentropy` of each sample."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


@losses.add()
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum alpha (1 - p)^gamma y_true log p, with p = y_pred or the softmax of logits

    Args:
        y_true: one-hot labels, or distributions.
        y_pred: probabilities, or logits.
        alpha: a factor.
        gamma: how little easy samples count.
        from_logits: whether `y_pred` is logits.
        label_smoothing: the share of certainty taken from the labels.
        axis: the axis of the classes.

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Source: Lin et al., Focal loss for dense object detection (2017), arXiv:1708.02002, section 3.

    Example:
        >>> round(float(categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.0433
    """
    y_true, y_pred = comparable(y_true, y_pred, "categorical_focal_crossentropy")
    y_true = smoothed(y_true, label_smoothing, y_pred.shape[axis])
    p = as_distribution(softmax(y_pred, axis=axis) if from_logits else y_pred, axis)
    return -alpha * ops.sum(ops.power(1.0 - p, gamma) * y_true * ops.log(p), axis=axis)


@losses.add()
class CategoricalFocalCrossentropy(Loss):
    """Categorical cross-entropy in which samples already right count little.

    Args:
        alpha, gamma, from_logits, label_smoothing, axis: as for `categorical_focal_crossentropy`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.0433
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha, self.gamma = alpha, gamma
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`categorical_focal_crossentropy` of each sample."""
        return categorical_focal_crossentropy(
            y_true, y_pred, self.alpha, self.gamma, self.from_logits, self.label_smoothing, self.axis
        )


def class_labels(y_true: Any, y_pred: Any, where: str, axis: int = -1) -> tuple[Any, Any]:
    """Integer labels of one axis fewer than the predictions, and the predictions as floats.

    Raises:
        ShapeError: the labels are one-hot, or of another shape.
    """
    y_pred = floats(y_pred)
    y_true = y_true if isinstance(y_true, Tensor) else as_array(y_true)
    shape = tuple(y_pred.shape)
    rest = shape[: axis % len(shape)] + shape[axis % len(shape) + 1 :]
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    if not fit(tuple(y_true.shape), rest):
        one_hot = y_true.ndim == y_pred.ndim
        raise ShapeError(
            "the labels are one-hot" if one_hot else "y_true does not fit y_pred", where=where,
            expected=f"integer labels of shape {rest}", got=tuple(y_true.shape),
            hint="use the loss categorical_crossentropy, or y.argmax(-1)" if one_hot else "",
        )  # fmt: skip
    return (y_true if dtype_of(y_true).kind in "iu" else cast(y_true, np.dtype("int32"))), y_pred


@losses.add()
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log p[y_true], with p = y_pred or the softmax of logits

    Args:
        y_true: integer labels.
        y_pred: probabilities, or logits.
        from_logits: whether `y_pred` is logits.
        ignore_class: a label whose samples cost nothing.
        axis: the axis of the classes.

    Shapes: (N, ...) or (N, ..., 1), (N, ..., C) -> (N, ...).

    Raises:
        ShapeError: the labels are one-hot.

    Example:
        >>> round(float(sparse_categorical_crossentropy([1], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = class_labels(y_true, y_pred, "sparse_categorical_crossentropy", axis)
    if ignore_class is None:
        return _sparse(y_true, y_pred, from_logits, axis)
    counts = ops.not_equal(y_true, ignore_class)
    values = _sparse(ops.where(counts, y_true, 0), y_pred, from_logits, axis)
    return ops.where(counts, values, 0.0)


def _sparse(labels: Any, y_pred: Any, from_logits: bool, axis: int) -> Any:
    y_pred = classes_last(y_pred, axis)
    if from_logits:
        return sparse_softmax_cross_entropy(y_pred, labels)
    return sparse_categorical_cross_entropy(y_pred, labels, epsilon=epsilon())


@losses.add()
class SparseCategoricalCrossentropy(Loss):
    """Surprise of a choice among classes, with integer labels.

    Args:
        from_logits, ignore_class, axis: as for `sparse_categorical_crossentropy`; a mean is over
            the samples that are not ignored.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`sparse_categorical_crossentropy` of each sample."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def counted(self, y_true: Any) -> Any:
        """The samples whose label is not to be ignored."""
        return None if self.ignore_class is None else ops.not_equal(y_true, self.ignore_class)


@losses.add()
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p[y_true]^q) / q: the cross-entropy as q goes to 0, the absolute error at q = 1

    Args:
        y_true: integer labels.
        y_pred: probabilities.
        q: between 0 and 1; the larger, the less a wrong label harms.

    Shapes: (N, ...) or (N, ..., 1), (N, ..., C) -> (N, ...).

    Source: Zhang and Sabuncu, Generalized cross entropy loss (2018), arXiv:1805.07836, equation 6.

    Example:
        >>> float(categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)[0])
        1.0
    """
    labels, y_pred = class_labels(y_true, y_pred, "categorical_generalized_cross_entropy")
    chosen = ops.one_hot(labels, y_pred.shape[-1], dtype=dtype_of(y_pred).name)
    p = ops.sum(chosen * y_pred, axis=-1)
    return (1.0 - ops.power(p, q)) / q


@losses.add()
class CategoricalGeneralizedCrossEntropy(Loss):
    """Cross-entropy that bears wrong labels.

    Args:
        q: as for `categorical_generalized_cross_entropy`.
        reduction, name, dtype: as for `Loss`.

    Raises:
        ArgumentError: `q` is not between 0 and 1.

    Example:
        >>> float(CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
        1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 < q < 1:
            raise ArgumentError(
                "q is not between 0 and 1", where=type(self).__name__, expected="0 < q < 1", got=q
            )
        self.q = q

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`categorical_generalized_cross_entropy` of each sample."""
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)


@losses.add("KLD", "kld")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum y_true log(y_true / y_pred), both kept between epsilon and 1

    Shapes: (N, ..., C), (N, ..., C) -> (N, ...).

    Source: Kullback and Leibler, On information and sufficiency (1951).

    Example:
        >>> round(float(kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])[0]), 4)
        0.1438
    """
    y_true, y_pred = comparable(y_true, y_pred, "kl_divergence")
    y_true, y_pred = ops.clip(y_true, epsilon(), 1.0), ops.clip(y_pred, epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@losses.add()
class KLDivergence(Loss):
    """How much a predicted distribution wastes, compared with the true one.

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
        0.1438
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`kl_divergence` of each sample."""
        return kl_divergence(y_true, y_pred)
