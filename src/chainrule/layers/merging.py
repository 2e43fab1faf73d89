"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.base import Layer


class _Merge(Layer):
    """Folds a list of tensors with one operation."""

    def _several(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 1:
            raise ArgumentError(
                "the layer merges a list of tensors", where=f"{type(self).__name__} {self.name!r}",
                expected="a list of two or more tensors", got=type(inputs).__name__,
                hint=f"{type(self).__name__}()([a, b])",
            )  # fmt: skip
        return list(inputs)

    def _alike(self, inputs: Any) -> list[Any]:
        """The tensors with the same number of axes: where some are missing, they are those after the samples'."""
        several = self._several(inputs)
        samples = {x.shape[0] for x in several if x.shape} - {None}
        if len(samples) > 1:
            raise ShapeError(
                "the tensors have different numbers of samples", expected="the same first axis",
                got=", ".join(str(tuple(x.shape)) for x in several),
            )  # fmt: skip
        missing = [max(len(y.shape) for y in several) - len(x.shape) for x in several]
        return [ops.expand_dims(x, range(1, 1 + n)) if n else x for x, n in zip(several, missing, strict=True)]


class Add(_Merge):
    """The sum of several tensors.

    Shapes:
        inputs: a list of tensors of the same shape, or that broadcast, each axis from the last or the samples'.
        outputs: that shape.
    """

    def call(self, inputs: Any) -> Any:
        first, *rest = self._alike(inputs)
        for x in rest:
            first = ops.add(first, x)
        return first


class Multiply(_Merge):
    """The product of several tensors, number by number.

    Shapes:
        inputs: a list of tensors of the same shape, or that broadcast, each axis from the last or the samples'.
        outputs: that shape.
    """

    def call(self, inputs: Any) -> Any:
        first, *rest = self._alike(inputs)
        for x in rest:
            first = ops.multiply(first, x)
        return first


class Concatenate(_Merge):
    """Several tensors one after another.

    Args:
        axis: the axis along which they are joined.

    Shapes:
        inputs: a list of tensors, the same but for `axis`.
        outputs: the same, with the sizes along `axis` added up.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(self._several(inputs), axis=self.axis)


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of several tensors: `Add()(inputs)`."""
    return Add(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of several tensors: `Multiply()(inputs)`."""
    return Multiply(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Several tensors one after another: `Concatenate(axis)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
