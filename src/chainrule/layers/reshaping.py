"""Layers that give the same numbers another shape."""

from __future__ import annotations

from typing import Any

from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.layers.base import InputSpec, Layer
from chainrule.layers.data_format import channels_last, data_format_of


class Flatten(Layer):
    """Each sample as one vector.

    Args:
        data_format: "channels_last", or "channels_first" to bring the channels last before, as `Conv2D` gives
            them; the default is `config.image_data_format()`.

    Shapes:
        inputs: (N, ...).
        outputs: (N, product of the rest).

    Example:
        >>> import numpy as np
        >>> Flatten()(np.zeros((5, 28, 28), "float32")).shape
        (5, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format, "Flatten")
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        size = 1
        for n in inputs.shape[1:]:
            size *= n
        if len(inputs.shape) > 2:
            inputs = channels_last(inputs, self.data_format)
        return ops.reshape(inputs, (-1, size))


class Reshape(Layer):
    """Each sample with another shape.

    Args:
        target_shape: shape of a sample; one axis may be -1.

    Shapes:
        inputs: (N, ...).
        outputs: (N, *target_shape).
    """

    _fits_any_shape = True

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)

    def call(self, inputs: Any) -> Any:
        size, known = 1, 1
        for n in inputs.shape[1:]:
            size *= n
        for n in self.target_shape:
            known *= n if n != -1 else 1
        if -1 in self.target_shape and known and size % known == 0:
            target = tuple(size // known if n == -1 else n for n in self.target_shape)
        else:
            target = self.target_shape
        return ops.reshape(inputs, (-1, *target))


class Permute(Layer):
    """Each sample with its axes in another order.

    Args:
        dims: the axes of a sample, counted from 1.

    Shapes:
        inputs: (N, ...).
        outputs: (N, ...), permuted.
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                "the axes are not a permutation", where="Permute",
                expected=f"the numbers 1 to {len(self.dims)} in some order", got=self.dims,
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Each vector `n` times.

    Args:
        n: how often.

    Shapes:
        inputs: (N, F).
        outputs: (N, n, F).
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise ArgumentError("the number of repetitions is a whole number", where="RepeatVector", got=n)
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)
