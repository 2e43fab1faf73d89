"""TensorSpec: what is known of an array before it exists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of an array.  `None` in a shape is an axis whose size each batch brings."""

    shape: Shape
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, array: Any) -> TensorSpec:
        """The spec of an array or a tensor."""
        return cls(tuple(array.shape), np.dtype(array.dtype))

    @property
    def size(self) -> int:
        """Number of elements; the shape must be known."""
        return math.prod(known(self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of the array; the shape must be known."""
        return self.size * self.dtype.itemsize

    def with_shape(self, *shape: int | None) -> TensorSpec:
        """The same dtype with another shape."""
        return TensorSpec(shape, self.dtype)

    def at_batch(self, size: int) -> TensorSpec:
        """The same with every unknown axis of size `size`."""
        return TensorSpec(tuple(size if n is None else n for n in self.shape), self.dtype)


def known(shape: Shape) -> tuple[int, ...]:
    """The shape, asserted to have no unknown axis."""
    assert None not in shape, f"the shape {shape} is not known yet"
    return shape  # type: ignore[return-value]  # the assertion narrows the elements, which mypy cannot see
