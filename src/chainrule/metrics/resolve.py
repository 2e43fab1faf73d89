"""What a metric's name means for one output of a model."""

from __future__ import annotations

from typing import Any

from chainrule.losses import Loss
from chainrule.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from chainrule.metrics.base import MeanMetricWrapper, Metric, metrics
from chainrule.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from chainrule.spec import Shape

ACCURACIES: dict[str, Any] = {
    "binary": BinaryAccuracy, "sparse": SparseCategoricalAccuracy, "categorical": CategoricalAccuracy,
}  # fmt: skip
CROSSENTROPIES: dict[str, Any] = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}


def kind_of_labels(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """Whether an output is "binary", or "categorical" with "sparse" labels or one-hot ones.

    Example:
        >>> kind_of_labels((None,), (None, 1)), kind_of_labels((None,), (None, 10))
        ('binary', 'sparse')
        >>> kind_of_labels((None, 10), (None, 10))
        'categorical'
    """
    classes = y_pred_shape[-1] if y_pred_shape else 1
    if classes == 1:
        return "binary"
    sparse = len(y_true_shape) < len(y_pred_shape) or (y_true_shape[-1] == 1 and (classes or 2) > 1)
    return "sparse" if sparse else "categorical"


def resolve_metric(
    identifier: Any, y_true_shape: Shape, y_pred_shape: Shape, loss: Loss | None = None
) -> Metric | None:
    """The metric that a name, class, function or config means for an output of this shape.

    A name becomes the metric's name, so that "acc" is logged as "acc" and "mse" as "mse".

    Args:
        identifier: what `compile` was given; "accuracy" and "acc" mean the accuracy of these shapes,
            "crossentropy" and "ce" the cross-entropy.
        y_true_shape: shape of the truth.
        y_pred_shape: shape of the output.
        loss: the output's loss, which says whether the output is logits.

    Raises:
        UnknownNameError: a name that nobody registered.

    Example:
        >>> resolve_metric("acc", (None,), (None, 10))
        <SparseCategoricalAccuracy name=acc>
        >>> resolve_metric("mse", (None, 1), (None, 1))
        <MeanSquaredError name=mse>
    """
    kind = kind_of_labels(y_true_shape, y_pred_shape)
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        accuracy: Metric = ACCURACIES[kind](name=identifier)
        return accuracy
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        from_logits = getattr(loss, "from_logits", False)
        crossentropy: Metric = CROSSENTROPIES[kind](name=identifier, from_logits=from_logits)
        return crossentropy
    metric: Metric | None = metrics.get(identifier)
    if metric is not None and not isinstance(metric, Metric):
        metric = MeanMetricWrapper(metric)
        metric.name = metric.name.strip("<>")  # a lambda's key in the history is "lambda"
    if metric is not None and isinstance(identifier, str):
        metric.name = identifier
    return metric
