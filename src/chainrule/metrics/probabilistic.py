"""Metrics of probabilities and of scores: losses that are watched rather than followed."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import losses
from chainrule.losses.base import same_rank
from chainrule.metrics.base import MeanOf, array, metrics


@metrics.add("kl_divergence")
class KLDivergence(MeanOf):
    """How much predicted distributions waste.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
        0.1438
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.kl_divergence` of each sample."""
        return losses.kl_divergence(y_true, y_pred)


@metrics.add("poisson")
class Poisson(MeanOf):
    """Minus the log-likelihood of counts, up to a constant.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> round(float(Poisson()([[1.0]], [[1.0]])), 4)
        1.0
    """

    def __init__(self, name: str | None = "poisson", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.poisson` of each sample."""
        return losses.poisson(y_true, y_pred)


@metrics.add("hinge")
class Hinge(MeanOf):
    """The mean distance that is missing to the safe side of the border.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(Hinge()([[1.0], [-1.0]], [[0.5], [2.0]]))
        1.75
    """

    def __init__(self, name: str | None = "hinge", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.hinge` of each sample."""
        return losses.hinge(y_true, y_pred)


@metrics.add("squared_hinge")
class SquaredHinge(MeanOf):
    """`Hinge`, squared.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(SquaredHinge()([[1.0], [-1.0]], [[0.5], [1.0]]))
        2.125
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.squared_hinge` of each sample."""
        return losses.squared_hinge(y_true, y_pred)


@metrics.add("categorical_hinge")
class CategoricalHinge(MeanOf):
    """How far the right class is from beating the best wrong one by 1.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
        0.5
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.categorical_hinge` of each sample."""
        return losses.categorical_hinge(y_true, y_pred)


@metrics.add("binary_crossentropy", "bce", "BCE")
class BinaryCrossentropy(MeanOf):
    """The surprise of yes-or-no predictions.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        from_logits, label_smoothing: as for the loss.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.binary_crossentropy` of each sample."""
        return losses.binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


@metrics.add("categorical_crossentropy")
class CategoricalCrossentropy(MeanOf):
    """The surprise of a choice among classes, with one-hot labels.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        from_logits, label_smoothing, axis: as for the loss.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.categorical_crossentropy` of each sample."""
        return losses.categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@metrics.add("sparse_categorical_crossentropy")
class SparseCategoricalCrossentropy(MeanOf):
    """The surprise of a choice among classes, with integer labels.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.
        from_logits, ignore_class, axis: as for the loss.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """`losses.sparse_categorical_crossentropy` of each sample."""
        return losses.sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch; where samples are weighted, ignored ones weigh nothing, else they count as 0."""
        if sample_weight is not None and self.ignore_class is not None:
            counts = np.not_equal(array(y_true), self.ignore_class)
            counts, weight = same_rank(counts, array(sample_weight, self.dtype))
            sample_weight = counts * weight
        super().update_state(y_true, y_pred, sample_weight)
