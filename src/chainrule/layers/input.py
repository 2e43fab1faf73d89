"""Input: where a model's data comes in."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import config
from chainrule.errors import ArgumentError
from chainrule.graph.tensor import Tensor
from chainrule.layers.base import Layer, LayerCall
from chainrule.naming import unique_name
from chainrule.spec import TensorSpec


class InputLayer(Layer):
    """The layer behind an `Input`.

    Args:
        shape: shape of one sample.
        batch_size: number of samples, where it is always the same.
        dtype: dtype of the data in the model; the default is `config.floatx()`.
        sparse: must be None or False.
        ragged: must be None or False.
        batch_shape: shape with the batch axis, instead of `shape`.
        input_tensor: accepted for Keras's sake; its shape is taken.
        optional: the input may be None.
        name: name of the input, as the key in dicts of arrays.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name or unique_name("input_layer"), dtype=dtype or config.floatx())
        if input_tensor is not None:
            batch_shape = input_tensor.shape
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                "an input has a shape, with the batch axis or without", where="Input",
                expected="one of shape and batch_shape", hint="Input(shape=(784,)) for vectors of 784 numbers",
            )  # fmt: skip
        if sparse or ragged:
            raise ArgumentError("sparse and ragged inputs are not computed here", where="Input")
        if isinstance(shape, int):
            raise ArgumentError("a shape is a tuple", where="Input", got=shape, hint=f"shape=({shape},)")
        self.batch_shape = tuple(batch_shape) if batch_shape is not None else (batch_size, *shape)
        for n in self.batch_shape[1:]:
            if n is not None and (not isinstance(n, (int, np.integer)) or n < 0):
                raise ArgumentError("a size is a whole number or None", where="Input", got=self.batch_shape)
        self.optional = optional
        self.built = True
        self.tensor = Tensor(TensorSpec(self.batch_shape, np.dtype(self.dtype_name)), self.name)
        call = LayerCall(self, (), {})
        call.outputs.append(self.tensor)
        self._calls.append(call)
        self.tensor.origin, self.tensor.draft = call, True

    def call(self) -> Any:
        return self.tensor

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype_name,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Tensor:
    """A tensor that stands for the data a model will be given.

    Args:
        shape: shape of one sample.
        batch_size: number of samples, where it is always the same.
        dtype: dtype of the data in the model; the default is `config.floatx()`.
        sparse: must be None or False.
        ragged: must be None or False.
        batch_shape: shape with the batch axis, instead of `shape`.
        name: name of the input, as the key in dicts of arrays.
        tensor: take the shape of this tensor.
        optional: the input may be None.

    Raises:
        ArgumentError: no shape, or two.

    Example:
        >>> Input((784,)).shape
        (None, 784)
    """
    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, sparse=sparse, ragged=ragged,
        batch_shape=batch_shape, input_tensor=tensor, optional=optional, name=name,
    )  # fmt: skip
    return layer.tensor
