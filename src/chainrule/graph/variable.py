"""Variable: an array that outlives a run, such as a weight or the state of a generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.tensor import OPERATORS, Constant, Tensor, current_layer
from chainrule.spec import TensorSpec

_beginning: ContextVar[Callable[..., np.ndarray] | None] = ContextVar("beginning", default=None)


@contextmanager
def beginning_as(make: Callable[..., np.ndarray]) -> Iterator[None]:
    """Inside, `make(shape, dtype)` takes the place of all initializers: the values will come from a file."""
    token = _beginning.set(make)
    try:
        yield
    finally:
        _beginning.reset(token)


class Updates(dict["Variable", Tensor]):
    """What variables are to become at the end of a run, in the order in which they were first assigned to."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[Variable, Tensor] = {}  # what a variable is from then on, within the same run


_updates: ContextVar[Updates | None] = ContextVar("updates", default=None)


@contextmanager
def recording_updates(updates: Updates | None = None) -> Iterator[Updates]:
    """Inside, assigning to a variable is recorded, to be done in each run, and later reads see the new value.

    Args:
        updates: where to; by default a fresh record, which may be thrown away.
    """
    updates = Updates() if updates is None else updates
    token = _updates.set(updates)
    try:
        yield updates
    finally:
        _updates.reset(token)


@contextmanager
def assigning_now() -> Iterator[None]:
    """Inside, assigning to a variable is done at once, as where weights are made."""
    token = _updates.set(None)
    try:
        yield
    finally:
        _updates.reset(token)


def is_recording_updates() -> bool:
    """Whether assigning to a variable is recorded."""
    return _updates.get() is not None


class Variable(Tensor):
    """A named array that training changes.

    Inside a graph it is a leaf; outside it behaves as the array it holds.  Once a model
    is planned, `value` is a slice of the model's flat parameter vector, so assigning
    copies into it and never replaces it.

    Args:
        initializer: the array it begins as, or a function of (shape, dtype) that makes it.
        shape: its shape, where `initializer` is a function.
        dtype: its dtype; the default is the array's, or "float32".
        trainable: whether training may change it.
        name: its name within its layer.

    Example:
        >>> v = Variable(np.zeros(2, "float32"), name="bias")
        >>> v.assign([1, 2])
        >>> v.numpy()
        array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        initializer: Any,
        shape: tuple[int, ...] | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        if callable(initializer):
            if shape is None:
                raise ShapeError("a shape is needed where the initializer is a function", where=name or "Variable")
            make = _beginning.get() or initializer
            value = np.asarray(make(shape, dtype=dtype or "float32"))
        else:
            value = np.array(initializer, dtype=dtype)
            if dtype is None and value.dtype == np.float64:
                value = value.astype(np.float32)
        self._value = np.ascontiguousarray(value)
        if value.ndim == 0:  # ascontiguousarray makes a scalar a vector
            self._value = self._value.reshape(())
        layer = current_layer()
        self.path = f"{layer}/{name or 'variable'}" if layer else (name or "variable")
        super().__init__(TensorSpec.of(self._value), name or "variable")
        self.trainable = trainable
        self.moves = 0  # how often the value has moved to other memory: a plan bound before must bind anew
        self.regularizer: Any = None
        self.constraint: Any = None

    @property
    def value(self) -> np.ndarray:
        """The array itself, not a copy."""
        return self._value

    def numpy(self) -> np.ndarray:
        """A copy of the array."""
        return self._value.copy()

    def assign(self, value: Any) -> None:
        """Copy `value` into the variable: now, or, where a model is being traced, in each run of its plan.

        Raises:
            ShapeError: the shapes differ.
        """
        updates = _updates.get()
        array = value if updates is not None else np.asarray(value.value if isinstance(value, Variable) else value)
        shape = tuple(array.shape) if isinstance(array, Tensor) else np.shape(array)
        if shape != self._value.shape:
            raise ShapeError(
                "the value does not fit the variable", where=self.path, expected=self._value.shape, got=shape
            )
        if updates is not None:
            updates[self], updates.read[self] = OPERATORS["assign"](self, value)
        else:
            np.copyto(self._value, array, casting="unsafe")

    def assign_add(self, value: Any) -> None:
        """Add `value` to the variable."""
        self.assign(self._value + np.asarray(value) if _updates.get() is None else self + value)

    def assign_sub(self, value: Any) -> None:
        """Subtract `value` from the variable."""
        self.assign(self._value - np.asarray(value) if _updates.get() is None else self - value)

    def move_to(self, storage: np.ndarray) -> None:
        """Keep the value in `storage` from now on (a slice of a flat vector)."""
        storage[...] = self._value
        self._value = storage
        self.moves += 1

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if dtype is None or np.dtype(dtype) == self._value.dtype:
            return self._value.copy() if copy else self._value
        return self._value.astype(dtype)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)


def as_tensor(x: Any, like: np.dtype[Any]) -> Tensor:
    """`x` as a leaf of a graph; Python numbers and float arrays take the dtype of their company."""
    if isinstance(x, Tensor):
        updates = _updates.get()
        return x if updates is None else updates.read.get(x, x)  # type: ignore[call-overload]  # a Variable, or not there
    array = np.asarray(x)
    if array.dtype.kind == "f" or (array.dtype.kind in "iub" and not hasattr(x, "dtype") and like.kind == "f"):
        dtype = like if like.kind == "f" else np.dtype("float32")
        array = array.astype(dtype)
    elif array.dtype.kind in "iu" and not hasattr(x, "dtype") and like.kind in "iu":
        array = array.astype(like)
    return Constant(array)
