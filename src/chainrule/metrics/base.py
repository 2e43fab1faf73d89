"""Metric: a number that sums up many batches, kept in variables between them.

Metrics compute at once, in NumPy; a batch costs a few passes over it and no graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.tensor import scope
from chainrule.graph.variable import Variable
from chainrule.losses.base import same_rank
from chainrule.naming import snake_case, unique_name
from chainrule.ops.primitive import as_array, is_symbolic
from chainrule.saving.registry import (
    Config,
    Configurable,
    Namespace,
    deserialize_keras_object,
    serialize_argument,
)
from chainrule.tree import flatten

Array = np.ndarray[Any, Any]

metrics: Namespace[Metric] = Namespace("metric", "keras.metrics")


def automatic_name(cls: type) -> str:
    """The class's name in snake case, numbered from the second one on: `auc`, `auc_1`."""
    return unique_name(snake_case(cls.__name__))


def _taking_numbers(update_state: Callable[..., None]) -> Callable[..., None]:
    """`update_state` that says so where it is given tensors, which have no numbers until the model runs."""

    @wraps(update_state)
    def checked(self: Metric, *args: Any, **kwargs: Any) -> None:
        if any(is_symbolic(x) for x in flatten((args, kwargs))):
            raise ArgumentError(
                "a metric counts numbers, and within `call` there are only tensors", where=self.name,
                expected="arrays", got="a tensor, which has no values before the model runs",
                hint="`compile(metrics=[…])`, for what the model gives out: make what it is to count an output",
            )  # fmt: skip
        update_state(self, *args, **kwargs)

    return checked


class Metric(Configurable):
    """A metric.  To write one, subclass it and define `update_state` and `result`.

    Args:
        dtype: the dtype of its variables and of its result; `floatx()` by default.
        name: its key in logs; the class's name in snake case by default.

    Example:
        >>> class Largest(Metric):
        ...     def __init__(self, name="largest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.largest = self.add_weight(name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(max(float(self.largest), float(np.max(y_pred))))
        ...     def result(self):
        ...         return self.largest.numpy()
        >>> metric = Largest()
        >>> metric.update_state([0, 0], [3, 5])
        >>> float(metric.result())
        5.0
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in vars(cls):
            cls.update_state = _taking_numbers(cls.update_state)  # type: ignore[method-assign]

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        self.name = name or automatic_name(type(self))
        self._dtype = str(np.dtype(dtype)) if dtype is not None else floatx()
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The dtype of its variables and of its result."""
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """What it remembers between batches."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: str | None = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Add a variable, which `reset_state` sets to zero.

        Args:
            shape: its shape.
            initializer: the value it begins with, or a function of (shape, dtype); zero by default.
            dtype: its dtype; the metric's by default.
            aggregation: accepted for Keras's sake; there is one process.
            name: its name.
        """
        from chainrule import initializers

        begin = initializers.get("zeros" if initializer is None else initializer)
        with scope(self.name):
            variable = Variable(begin, tuple(shape), dtype or self.dtype, trainable=False, name=name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: str | None = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable`, under another name."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take in one batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_state")

    def result(self) -> Any:
        """The metric of all batches since the last reset: a number, an array or a dictionary of such."""
        raise NotImplementedError(f"{type(self).__name__} does not define result")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self._variables:
            variable.value[...] = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in one batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Array]:
        """The variables' values after one batch, begun from `metric_variables`; the metric stays as it is."""
        return self._aside(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result for these values of the variables."""
        return self._aside(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Array]:
        """The variables' values after a reset; the metric stays as it is."""
        return self._aside(self.variables, self.reset_state)[1]

    def _aside(self, values: Sequence[Any], action: Callable[[], Any]) -> tuple[Any, list[Array]]:
        """Do something with other values in the variables, and put the own ones back."""
        own = [variable.numpy() for variable in self._variables]
        if len(values) != len(own):
            raise ShapeError("a value for each variable", where=self.name, expected=len(own), got=len(values))
        try:
            for variable, value in zip(self._variables, values, strict=True):
                variable.assign(value)
            result = action()
            return result, [variable.numpy() for variable in self._variables]
        finally:
            for variable, value in zip(self._variables, own, strict=False):
                variable.assign(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def array(x: Any, dtype: Any = None) -> Array:
    """`x` as an array; lists of floats and Python floats in `floatx()`, or all in `dtype`."""
    values: Array = np.asarray(as_array(x))
    return values if dtype is None else values.astype(dtype, copy=False)


def samplewise(
    values: Array, sample_weight: Any, reduce: Callable[..., Any] = np.mean
) -> tuple[Array, Array]:
    """The values, reduced over the axes that the weights do not have, and the weights, spread over them.

    Raises:
        ShapeError: the weights do not fit the values.
    """
    weight = array(sample_weight, values.dtype)
    values, weight = same_rank(values, weight)
    if weight.ndim < values.ndim:
        values = np.asarray(reduce(values, axis=tuple(range(weight.ndim, values.ndim))))
    try:
        return values, np.broadcast_to(weight, values.shape)
    except ValueError:
        raise ShapeError(
            "sample_weight does not fit", where="sample_weight",
            expected=f"one weight for each value, {values.shape}", got=weight.shape,
        ) from None  # fmt: skip


class Mean(Metric):
    """The weighted mean of values.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> mean = Mean()
        >>> mean.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> float(mean.result())
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take in values.

        Args:
            values: numbers.
            sample_weight: a weight for each of them, or for each of their first axes.
        """
        values = array(values, self.dtype)
        if sample_weight is None:
            self.add(values.sum(), values.size)
        else:
            values, weight = samplewise(values, sample_weight)
            self.add((values * weight).sum(), weight.sum())

    def add(self, total: Any, count: Any) -> None:
        """Take in a sum of so many values."""
        self.total.value[...] += total
        self.count.value[...] += count

    def result(self) -> Any:
        """The mean; 0 before the first value."""
        count = self.count.value[()]
        return self.total.value / count if count else count


class Sum(Metric):
    """The weighted sum of values.

    Args:
        name: its key in logs.
        dtype: as for `Metric`.

    Example:
        >>> float(Sum()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]))
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take in values, as for `Mean`."""
        values = array(values, self.dtype)
        if sample_weight is not None:
            values = np.multiply(*samplewise(values, sample_weight, np.sum))
        self.total.value[...] += values.sum()

    def result(self) -> Any:
        """The sum."""
        return self.total.value[()]


class MeanOf(Mean):
    """The weighted mean of a function of (y_true, y_pred), which the subclass defines as `values`."""

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """One number for each sample.  Shapes: (N, ..., F), (N, ..., F) -> (N, ...)."""
        raise NotImplementedError(f"{type(self).__name__} does not define values(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch.

        Args:
            y_true: the truth.
            y_pred: the predictions.
            sample_weight: a weight for each sample.
        """
        values = self.values(array(y_true), array(y_pred))
        super().update_state(values, sample_weight)


class MeanMetricWrapper(MeanOf):
    """The weighted mean of any function of (y_true, y_pred).

    Args:
        fn: the function, which returns one number for each sample.
        name: its key in logs; the function's name by default.
        dtype: as for `Metric`.
        **kwargs: further arguments of the function.

    Example:
        >>> def largest_error(y_true, y_pred):
        ...     return abs(y_true - y_pred).max(-1)
        >>> float(MeanMetricWrapper(largest_error)([[0.0, 0.0]], [[1.0, -3.0]]))
        3.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name or getattr(fn, "__name__", None) or getattr(fn, "name", None), dtype=dtype)
        self.fn, self.kwargs = fn, kwargs

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values."""
        return self.fn(y_true, y_pred, **self.kwargs)

    def get_config(self) -> Config:
        """The constructor's arguments, those of the function among them."""
        return super().get_config() | {key: serialize_argument(value) for key, value in self.kwargs.items()}

    @classmethod
    def from_config(cls, config: Config) -> MeanMetricWrapper:
        """A metric with these arguments."""
        return cls(**deserialize_keras_object(config))


for _class in (Metric, Mean, Sum, MeanMetricWrapper):
    metrics.add(snake_case(_class.__name__))(_class)
