"""Casting: the same numbers in another dtype, and numbers that gradients do not pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import DTypeError
from chainrule.ops.elementwise import infer_same, spread
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec


def dtype_named(name: Any, *, where: str) -> np.dtype[Any]:
    """The dtype of a name, of a NumPy type or of a dtype."""
    try:
        dtype: np.dtype[Any] = np.dtype(name)
    except TypeError:
        raise DTypeError(
            "no such dtype", where=where, expected='"float32", "float64", "int32", "bool", …', got=repr(name)
        ) from None
    return dtype


def infer_cast(x: TensorSpec, *, dtype: str) -> Specs:
    """(...) -> (...) of another dtype"""
    return (TensorSpec(x.shape, np.dtype(dtype)),)


def forward_cast(x: np.ndarray, *, dtype: str) -> Arrays:
    """y = x, rounded to the dtype"""
    return (x.astype(dtype),)


def vjp_cast(dy: np.ndarray, *, dtype: str) -> Arrays:
    """dx = dy     (rounding is taken for the identity)"""
    return (dy,)


cast_to = Primitive(
    name="cast",
    inputs=("x",),
    outputs=("y",),
    infer=infer_cast,
    forward=forward_cast,
    vjp=vjp_cast,
    kernels_at="chainrule.kernels.casting:cast",
    examples=(
        Example(lambda rng: {"x": spread(3, 4)(rng)}, {"dtype": "float64"}, id="float64"),
        Example(lambda rng: {"x": rng.integers(0, 9, (2, 3))}, {"dtype": "float64"}, id="from-integers"),
        Example(lambda rng: {"x": rng.random((4, 1)) < 0.5}, {"dtype": "float64"}, id="from-truth"),
    ),
    source="IEEE 754-2019, section 5.4.2",
)


def cast(x: Any, dtype: Any) -> Any:
    """`x` with another dtype.

    Args:
        x: array or tensor.
        dtype: name of the dtype.

    Raises:
        DTypeError: there is no such dtype.

    Example:
        >>> cast(np.array([1, 2]), "float32")
        array([1., 2.], dtype=float32)
    """
    return cast_to(x, dtype=dtype_named(dtype, where="cast").name)


def forward_stop(x: np.ndarray) -> Arrays:
    """y = x"""
    return (x,)


stop = Primitive(
    name="stop_gradient",
    inputs=("x",),
    outputs=("y",),
    infer=infer_same,
    forward=forward_stop,
    vjp=None,
    kernels_at="chainrule.kernels.casting:copy",
    view=True,
    examples=(
        Example(lambda rng: {"x": spread(3, 4)(rng)}, id="matrix"),
        Example(lambda rng: {"x": spread()(rng)}, id="number"),
        Example(lambda rng: {"x": rng.integers(0, 9, (2, 3))}, id="integers"),
    ),
    source="Baydin, Pearlmutter, Radul and Siskind (2018), JMLR 18(153): a constant of differentiation",
)


def stop_gradient(variable: Any) -> Any:
    """`variable` itself, but a constant to the derivative.

    Example:
        >>> stop_gradient(np.array([1.0, 2.0]))
        array([1., 2.])
    """
    return stop(variable)
