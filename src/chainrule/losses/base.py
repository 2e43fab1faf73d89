"""Loss: how far predictions are from the truth, as one number per batch.

A loss is a function (y_true, y_pred) -> one number for each sample, and a reduction of those
numbers, weighted, to one.  Written with `chainrule.ops`, it computes on arrays and records on tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.config import epsilon, floatx
from chainrule.errors import ShapeError, UnknownNameError
from chainrule.graph.tensor import Tensor
from chainrule.naming import snake_case
from chainrule.ops.primitive import as_array
from chainrule.saving.registry import (
    Config,
    Configurable,
    Namespace,
    deserialize_keras_object,
    serialize_argument,
)
from chainrule.spec import Shape

losses: Namespace[Loss] = Namespace("loss", "keras.losses")
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """A loss with its reduction.  To write one, subclass it and define `call`.

    Args:
        name: its name in listings; the class's name in snake case by default.
        reduction: "sum_over_batch_size" or "mean" (the mean over samples), "sum",
            "mean_with_sample_weight" (divided by the sum of the weights), or "none".
        dtype: the dtype to compute in; `floatx()` for arrays and the prediction's for tensors by default.

    Raises:
        UnknownNameError: a reduction that does not exist.

    Example:
        >>> class Cubic(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(abs(y_true - y_pred) ** 3, axis=-1)
        >>> float(Cubic()(np.zeros((2, 1)), np.array([[1.0], [2.0]])))
        4.5
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        if reduction not in REDUCTIONS:
            raise UnknownNameError.of("reduction", reduction, map(str, REDUCTIONS), where=type(self).__name__)
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction
        self._dtype = dtype

    @property
    def dtype(self) -> str:
        """The dtype to compute in."""
        return self._dtype or floatx()

    def get_config(self) -> Config:
        """The constructor's arguments; `dtype` only where it was given."""
        config = super().get_config()
        if self._dtype is None:
            config.pop("dtype", None)
        return config

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each sample.  Shapes: (N, ..., F), (N, ..., F) -> (N, ...)."""
        raise NotImplementedError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def counted(self, y_true: Any) -> Any:
        """Which of the numbers of `call` count, as booleans; None for all of them."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: the truth.
            y_pred: the predictions.
            sample_weight: a weight for each number of `call`, of its shape or with a last axis of size 1.
        """
        y_pred = floats(y_pred, self._dtype)
        y_true = y_true if isinstance(y_true, Tensor) else as_array(y_true)
        values = self.call(y_true, y_pred)
        counted = self.counted(y_true)
        if counted is not None:
            sample_weight = count_only(counted, sample_weight, values, self.reduction)
        return reduce_weighted(values, sample_weight, self.reduction)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A plain function (y_true, y_pred) as a loss.

    Args:
        fn: the function.
        reduction: as for `Loss`.
        name: as for `Loss`; the function's name by default.
        dtype: as for `Loss`.
        **kwargs: further arguments of the function.

    Example:
        >>> def worst(y_true, y_pred):
        ...     return ops.max(abs(y_true - y_pred), axis=-1)
        >>> float(LossFunctionWrapper(worst)(np.zeros((1, 2)), np.array([[1.0, -3.0]])))
        3.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.kwargs = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values, for targets and outputs with the same number of axes.

        Else (N,) less (N, 1) would be (N, N), and nobody would say so.
        """
        if hasattr(y_true, "ndim") and hasattr(y_pred, "ndim"):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.kwargs)

    def get_config(self) -> Config:
        """The constructor's arguments, those of the function among them."""
        return super().get_config() | {key: serialize_argument(value) for key, value in self.kwargs.items()}

    @classmethod
    def from_config(cls, config: Config) -> LossFunctionWrapper:
        """A loss with these arguments."""
        return cls(**deserialize_keras_object(config))


# What `call` and the functions need of their arguments.


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of an array or a tensor."""
    dtype: np.dtype[Any] = x.spec.dtype if isinstance(x, Tensor) else x.dtype
    return dtype


def floats(x: Any, dtype: str | None = None) -> Any:
    """`x` as an array or a tensor of floats, of `dtype` where that is given."""
    x = x if isinstance(x, Tensor) else as_array(x)
    if dtype is not None:
        return cast(x, np.dtype(dtype))
    return x if dtype_of(x).kind == "f" else cast(x, np.dtype(floatx()))


def cast(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x` in `dtype`, itself where it is so already."""
    if dtype_of(x) == dtype:
        return x
    return ops.cast(x, dtype.name) if isinstance(x, Tensor) else x.astype(dtype)


def same_rank(x: Any, y: Any) -> tuple[Any, Any]:
    """Give or take a last axis of size 1, where one of two arrays has an axis more.

    Shapes: (N, 1), (N,) -> (N, 1), (N, 1);  (N, F, 1), (N, F) -> (N, F), (N, F).
    """
    if x.ndim == y.ndim + 1:
        y, x = same_rank(y, x)
    elif y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        if x.ndim == 1:
            x = ops.expand_dims(x, -1)
        else:
            y = ops.squeeze(y, -1)
    return x, y


def fit(x: Shape, y: Shape) -> bool:
    """Whether two shapes are equal, as far as they are known."""
    return len(x) == len(y) and all(n == m or n is None or m is None for n, m in zip(x, y, strict=True))


def comparable(y_true: Any, y_pred: Any, where: str) -> tuple[Any, Any]:
    """Both as floats of the same dtype and shape.

    Raises:
        ShapeError: the shapes differ, where NumPy might silently repeat one of them.
    """
    y_pred = floats(y_pred)
    y_true = cast(y_true if isinstance(y_true, Tensor) else as_array(y_true), dtype_of(y_pred))
    y_true, y_pred = same_rank(y_true, y_pred)
    if not fit(tuple(y_true.shape), tuple(y_pred.shape)):
        raise ShapeError(
            "y_true and y_pred differ in shape", where=where, expected=f"y_true {tuple(y_pred.shape)}",
            got=tuple(y_true.shape), hint=_mend(tuple(y_true.shape), tuple(y_pred.shape)),
        )  # fmt: skip
    return y_true, y_pred


def _mend(y_true: Shape, y_pred: Shape) -> str:
    if not y_true or not y_pred:
        return ""
    if y_pred[-1] != 1 and (len(y_true) == len(y_pred) - 1 or y_true[-1] == 1):
        return (
            f"integer labels want the loss sparse_categorical_crossentropy; "
            f"else one-hot them: to_categorical(y, {y_pred[-1]})"
        )
    return f"the last layer has {y_pred[-1]} outputs, y has {y_true[-1]} columns: make them equal"


def reduce_weighted(values: Any, sample_weight: Any, reduction: str | None) -> Any:
    """Weigh the values and reduce them to one number; "none" leaves them as they are.

    Raises:
        ShapeError: the weights do not fit the values.
    """
    if sample_weight is not None:
        sample_weight = cast(
            sample_weight if isinstance(sample_weight, Tensor) else as_array(sample_weight),
            dtype_of(values),
        )
        values, sample_weight = same_rank(values, sample_weight)
        values = weigh(values, sample_weight)
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        total = ops.sum(values)
        weight = ops.sum(sample_weight)
        return total / ops.where(ops.equal(weight, 0.0), ops.ones_like(weight), weight)
    if reduction in ("none", None):
        return values
    return ops.mean(values)


def weigh(values: Any, sample_weight: Any) -> Any:
    """The values times their weights.

    Raises:
        ShapeError: the weights do not fit the values.
    """
    shape, weights = tuple(values.shape), tuple(sample_weight.shape)
    spread = tuple(n if m == 1 else m for n, m in zip(shape, weights, strict=False))
    if shape and weights and not (len(weights) == len(shape) and fit(shape, spread)):
        raise ShapeError(
            "sample_weight does not fit", where="sample_weight",
            expected=f"one weight for each loss, {shape}", got=weights,
        )  # fmt: skip
    return values * sample_weight


def count_only(counted: Any, sample_weight: Any, values: Any, reduction: str | None) -> Any:
    """Weights of zero where a value does not count; a mean then divides by how many do."""
    weight = cast(counted, dtype_of(values))
    if reduction in ("sum_over_batch_size", "mean"):
        weight = weight / (ops.mean(weight) + epsilon())
    if sample_weight is None:
        return weight
    sample_weight, weight = same_rank(floats(sample_weight), weight)
    return sample_weight * weight
