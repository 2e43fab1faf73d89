"""Losses of agreement: overlap of sets, angle of vectors, nearness of a kind."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.config import epsilon
from chainrule.errors import ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.losses.base import Loss, comparable, floats, losses
from chainrule.ops.activations import softplus
from chainrule.ops.primitive import as_array

Axis = int | tuple[int, ...] | list[int] | None


def unit_length(x: Any, axis: int) -> Any:
    """`x` over its length along `axis`; a length below epsilon counts as epsilon."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), epsilon() ** 2))


@losses.add()
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """-cos of the angle between y_true and y_pred: -1 where they point the same way, 1 where opposite

    Args:
        y_true: vectors.
        y_pred: vectors.
        axis: the axis of a vector's numbers.

    Shapes: (N, ..., F), (N, ..., F) -> (N, ...).

    Example:
        >>> cosine_similarity([[0.0, 2.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]).tolist()
        [-1.0, -0.0]
    """
    y_true, y_pred = comparable(y_true, y_pred, "cosine_similarity")
    return -ops.sum(unit_length(y_true, axis) * unit_length(y_pred, axis), axis=axis)


@losses.add()
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between truth and prediction.

    Args:
        axis: as for `cosine_similarity`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]))
        -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`cosine_similarity` of each sample."""
        return cosine_similarity(y_true, y_pred, self.axis)


@losses.add()
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Any:
    """1 - TP / (TP + alpha FN + beta FP), with y_pred as degrees of membership

    Args:
        y_true: 1 where a number belongs to the set, else 0.
        y_pred: how much it belongs, from 0 to 1.
        alpha: the price of a false negative.
        beta: the price of a false positive.
        axis: the axes of a set's members; all of them by default.

    Shapes: (N, ..., F), (N, ..., F) -> () or the axes not summed over.

    Source: Salehi et al., Tversky loss function for image segmentation (2017), arXiv:1706.05721.

    Example:
        >>> round(float(tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], alpha=1.0)), 4)
        0.5
    """
    y_true, y_pred = comparable(y_true, y_pred, "tversky")
    axes = tuple(axis) if isinstance(axis, list) else axis
    both = ops.sum(y_true * y_pred, axis=axes)
    only_predicted = ops.sum((1.0 - y_true) * y_pred, axis=axes)
    only_true = ops.sum(y_true * (1.0 - y_pred), axis=axes)
    return 1.0 - (both + epsilon()) / (both + alpha * only_true + beta * only_predicted + epsilon())


@losses.add()
class Tversky(Loss):
    """Overlap of sets, in which false positives and false negatives may differ in price.

    Args:
        alpha, beta, axis: as for `tversky`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Tversky()([[1.0, 0.0]], [[1.0, 0.0]]))
        0.0
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axis = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha, self.beta, self.axis = alpha, beta, axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`tversky` of the batch, or of each set."""
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)


@losses.add()
def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Any:
    """1 - 2 sum(y_true y_pred) / (sum y_true + sum y_pred)

    Args:
        y_true: 1 where a number belongs to the set, else 0.
        y_pred: how much it belongs, from 0 to 1.
        axis: the axes of a set's members; all of them by default.

    Shapes: (N, ..., F), (N, ..., F) -> () or the axes not summed over.

    Source: Milletari, Navab, Ahmadi, V-Net (2016), arXiv:1606.04797, section 3.

    Example:
        >>> round(float(dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.3333
    """
    y_true, y_pred = comparable(y_true, y_pred, "dice")
    axes = tuple(axis) if isinstance(axis, list) else axis
    both = ops.sum(y_true * y_pred, axis=axes)
    sizes = ops.sum(y_true, axis=axes) + ops.sum(y_pred, axis=axes)
    return 1.0 - (2.0 * both + epsilon()) / (sizes + epsilon())


@losses.add()
class Dice(Loss):
    """Overlap of sets.

    Args:
        axis: as for `dice`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Dice()([[1.0, 0.0]], [[1.0, 0.0]]))
        0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axis = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`dice` of the batch, or of each set."""
        return dice(y_true, y_pred, self.axis)


@losses.add()
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """log(1 + sum_n exp(gamma a_n (s_n - m)) sum_p exp(-gamma a_p (s_p - 1 + m))) of each sample

    s are the cosines with the other samples, p those of the same label and n the others;
    a_p = max(0, 1 + m - s_p) and a_n = max(0, s_n + m) say how far each is from its goal; the derivative
    goes through them too, as Keras's does.

    Args:
        y_true: integer labels.
        y_pred: embeddings of length 1.
        ref_labels: labels of the samples to compare with; `y_true` by default.
        ref_embeddings: their embeddings; `y_pred` by default.
        remove_diagonal: whether a sample is not compared with itself.
        gamma: the scale.
        margin: m.

    Shapes: (N,) or (N, 1), (N, F) -> (N,).

    Raises:
        ShapeError: `y_pred` is not one vector per sample.

    Source: Sun et al., Circle loss (2020), arXiv:2002.10857, equations 6 and 9.

    Example:
        >>> float(circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], gamma=10.0)[0]) < 0.3
        True
    """
    y_pred = floats(y_pred)
    y_true = y_true if isinstance(y_true, Tensor) else as_array(y_true)
    if y_pred.ndim != 2:
        raise ShapeError("embeddings are vectors", where="circle", expected="(N, F)", got=tuple(y_pred.shape))
    labels = ops.reshape(y_true, (-1, 1))
    others = labels if ref_labels is None else ops.reshape(ref_labels, (-1, 1))
    same = ops.equal(labels, ops.transpose(others))  # (N, M)
    similarity = y_pred @ ops.transpose(y_pred if ref_embeddings is None else floats(ref_embeddings))
    different = ops.logical_not(same)
    if remove_diagonal:
        order = ops.cumsum(
            ops.ones_like(labels), axis=0
        )  # a sample's number, which says which pairs are one sample
        same = ops.logical_and(same, ops.not_equal(order, ops.transpose(order)))
    a_p = ops.maximum(1.0 + margin - similarity, 0.0)
    a_n = ops.maximum(similarity + margin, 0.0)
    never = -1e9
    pull = ops.where(same, gamma * a_p * (1.0 - margin - similarity), never)
    push = ops.where(different, gamma * a_n * (similarity - margin), never)
    return softplus(ops.logsumexp(pull, axis=1) + ops.logsumexp(push, axis=1))


@losses.add()
class Circle(Loss):
    """Draws embeddings of one label together and others apart.

    Args:
        gamma, margin, remove_diagonal: as for `circle`.
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> float(Circle(gamma=10.0)([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])) < 0.3
        True
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma, self.margin, self.remove_diagonal = gamma, margin, remove_diagonal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`circle` of each sample."""
        return circle(
            y_true, y_pred, remove_diagonal=self.remove_diagonal, gamma=self.gamma, margin=self.margin
        )
