"""Creation: arrays from numbers, and facts about arrays; NumPy's arrays are the tensors that have values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.graph.tensor import Tensor
from chainrule.ops.casting import cast, dtype_named
from chainrule.ops.elementwise import OfNumbers, spread
from chainrule.ops.primitive import Arrays, Example, Specs, as_array, is_symbolic
from chainrule.ops.shape import shape_of
from chainrule.spec import TensorSpec, known


def infer_fill(x: TensorSpec, *, value: float, dtype: str) -> Specs:
    """(...) -> (...)"""
    return (TensorSpec(x.shape, np.dtype(dtype)),)


def forward_fill(x: np.ndarray, *, value: float, dtype: str) -> Arrays:
    """y = the value everywhere, whatever x is"""
    return (np.full(x.shape, value, dtype),)


_fill = OfNumbers(
    name="full_like",
    inputs=("x",),
    outputs=("y",),
    infer=infer_fill,
    forward=forward_fill,
    vjp=None,
    kernels_at="chainrule.kernels.casting:fill",
    examples=tuple(
        Example(
            lambda rng, shape=shape: {"x": spread(*shape)(rng)},  # type: ignore[misc]
            {"value": 2.5, "dtype": "float64"},
            id=f"{shape}",
        )
        for shape in ((3, 4), (1,), ())
    ),
    source="Harris et al. (2020), Array programming with NumPy, Nature 585",
)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """The value, as often as `x` has elements, in its shape.

    Args:
        x: array or tensor.
        fill_value: a number.
        dtype: dtype; None for that of `x`.

    Example:
        >>> full_like(np.array([1.0, 2.0]), 7)
        array([7., 7.])
    """
    kind = dtype_named(dtype or getattr(x, "dtype", floatx()), where="full_like")
    return _fill(x, value=fill_value, dtype=kind.name)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`.

    Example:
        >>> zeros_like(np.array([1.0, 2.0]))
        array([0., 0.])
    """
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`.

    Example:
        >>> ones_like(np.array([5.0, 2.0]))
        array([1., 1.])
    """
    return full_like(x, 1, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`: memory that nobody has written would make two runs differ.

    Example:
        >>> empty_like(np.array([5.0, 2.0]))
        array([0., 0.])
    """
    return zeros_like(x, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> np.ndarray:
    """An array filled with a value.

    Example:
        >>> full((2,), 7.0)
        array([7., 7.], dtype=float32)
    """
    return np.full(shape, as_array(fill_value), dtype_named(dtype or floatx(), where="full"))


def zeros(shape: Any, dtype: Any = None) -> np.ndarray:
    """An array of zeros.

    Example:
        >>> zeros((2,))
        array([0., 0.], dtype=float32)
    """
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> np.ndarray:
    """An array of ones.

    Example:
        >>> ones((2,))
        array([1., 1.], dtype=float32)
    """
    return full(shape, 1, dtype)


def empty(shape: Any, dtype: Any = None) -> np.ndarray:
    """An array of zeros: memory that nobody has written would make two runs differ.

    Example:
        >>> empty((2,))
        array([0., 0.], dtype=float32)
    """
    return zeros(shape, dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """A matrix with ones on diagonal `k` and zeros elsewhere.

    Example:
        >>> eye(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return np.eye(N, M, k, dtype_named(dtype or floatx(), where="eye"))


def identity(n: int, dtype: Any = None) -> np.ndarray:
    """The unit matrix.

    Example:
        >>> identity(2, "int32")
        array([[1, 0],
               [0, 1]], dtype=int32)
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """A matrix with ones on and below diagonal `k` and zeros above.

    Example:
        >>> tri(2)
        array([[1., 0.],
               [1., 1.]], dtype=float32)
    """
    return np.tri(N, M, k, dtype_named(dtype or floatx(), where="tri"))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> np.ndarray:
    """Numbers from `start` up to but without `stop`; with one argument, from 0.

    Example:
        >>> arange(3)
        array([0, 1, 2], dtype=int32)
    """
    given = [as_array(v) for v in (start, stop, step) if v is not None]
    if dtype is None:
        dtype = floatx() if any(np.asarray(v).dtype.kind == "f" for v in given) else "int32"
    first, last = (0, start) if stop is None else (start, stop)
    return np.arange(first, last, 1 if step is None else step, dtype=dtype_named(dtype, where="arange"))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`.

    Example:
        >>> linspace(0, 1, 3)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    kind = dtype_named(dtype or floatx(), where="linspace")
    return np.linspace(start, stop, num, endpoint, retstep, kind, axis)  # type: ignore[call-overload]


def meshgrid(*x: Any, indexing: str = "xy") -> list[np.ndarray]:
    """The coordinates of the points of a grid.

    Example:
        >>> [g.shape for g in meshgrid(np.zeros(2), np.zeros(3))]
        [(3, 2), (3, 2)]
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError("no such order", where="meshgrid", expected='"xy" or "ij"', got=repr(indexing))
    arrays: list[Any] = [as_array(a) for a in x]
    return list(np.meshgrid(*arrays, indexing="xy" if indexing == "xy" else "ij"))


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """`x` as an array; a tensor stays one.

    Args:
        x: array, tensor, number or lists of numbers.
        dtype: dtype; None to keep it, Python's floats taking the float type.
        sparse: only None or False.
        ragged: only None or False.

    Raises:
        ArgumentError: a sparse or ragged tensor is asked for.

    Example:
        >>> convert_to_tensor([1, 2], "float32")
        array([1., 2.], dtype=float32)
    """
    if sparse or ragged:
        raise ArgumentError("tensors here are dense", where="convert_to_tensor", got="sparse or ragged")
    if is_symbolic(x):
        return x if dtype is None else cast(x, dtype)
    array = np.asarray(as_array(x))
    if dtype is None and isinstance(x, int) and not isinstance(x, bool):
        return array.astype(np.int32)
    return array if dtype is None else array.astype(dtype_named(dtype, where="convert_to_tensor"), copy=False)


def array(x: Any, dtype: Any = None) -> Any:
    """`convert_to_tensor`, by NumPy's name.

    Example:
        >>> array([1.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a NumPy array.

    Raises:
        ChainruleError: a tensor, which has no values before the model runs.

    Example:
        >>> convert_to_numpy([1.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    if is_symbolic(x):
        raise ChainruleError("a tensor has no values before the model runs", where=x.name)
    return np.array(as_array(x))


def copy(x: Any) -> Any:
    """A copy of an array; a tensor, which nobody can change, is its own.

    Example:
        >>> copy(np.array([1.0]))
        array([1.])
    """
    return x if is_symbolic(x) else np.array(as_array(x))


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`; None for the size of the batch.

    Example:
        >>> shape(np.zeros((2, 3)))
        (2, 3)
    """
    return shape_of(x)


def ndim(x: Any) -> int:
    """The number of axes of `x`.

    Example:
        >>> ndim(np.zeros((2, 3)))
        2
    """
    return len(shape_of(x))


def size(x: Any) -> int | None:
    """The number of elements of `x`; None where it is not known yet.

    Example:
        >>> size(np.zeros((2, 3)))
        6
    """
    sizes = shape_of(x)
    return None if None in sizes else math.prod(known(sizes))


def dtype(x: Any) -> str:
    """The name of the dtype of `x`.

    Example:
        >>> dtype(np.zeros(2, "float32"))
        'float32'
    """
    return x.dtype if isinstance(x, Tensor) else np.asarray(x).dtype.name


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or an array.

    Example:
        >>> is_tensor(np.zeros(2)), is_tensor([0.0])
        (True, False)
    """
    return isinstance(x, (Tensor, np.ndarray, np.generic))
