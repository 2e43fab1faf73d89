"""Comparisons, logic and choice.  Truth values have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.graph.tensor import Tensor
from chainrule.graph.variable import as_tensor
from chainrule.ops.arithmetic import abs, isfinite, isnan, multiply, subtract
from chainrule.ops.elementwise import (
    binary,
    broadcast_shapes,
    in_company,
    infer_truth,
    spread,
    unary,
    unbroadcast,
)
from chainrule.ops.primitive import (
    Arrays,
    Example,
    Primitive,
    Specs,
    as_array,
    is_symbolic,
    promote,
    promote_arrays,
)  # fmt: skip
from chainrule.spec import TensorSpec

ORDER = "IEEE 754-2019, section 5.11: NaN is unordered, and differs from itself"
LOGIC = "Boole, The Laws of Thought (1854), chapter 2"


def equal_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 = x2"""
    return (x1 == x2,)


equal = binary("equal", equal_forward, None, dtype=bool, source=ORDER)


def not_equal_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """not x1 = x2"""
    return (x1 != x2,)


not_equal = binary("not_equal", not_equal_forward, None, dtype=bool, source=ORDER)


def less_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 < x2"""
    return (x1 < x2,)


less = binary("less", less_forward, None, dtype=bool, source=ORDER)


def less_equal_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 <= x2"""
    return (x1 <= x2,)


less_equal = binary("less_equal", less_equal_forward, None, dtype=bool, source=ORDER)


def greater_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 > x2"""
    return (x1 > x2,)


greater = binary("greater", greater_forward, None, dtype=bool, source=ORDER)


def greater_equal_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 >= x2"""
    return (x1 >= x2,)


greater_equal = binary("greater_equal", greater_equal_forward, None, dtype=bool, source=ORDER)


# Logic: every number but 0 is true, NaN too.


def logical_not_forward(x: np.ndarray) -> Arrays:
    """x = 0"""
    return (np.logical_not(x),)


logical_not = unary("logical_not", logical_not_forward, None, infer=infer_truth, reals=False, source=LOGIC)


def logical_and_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 and x2"""
    return (np.logical_and(x1, x2),)


logical_and = binary("logical_and", logical_and_forward, None, dtype=bool, source=LOGIC)


def logical_or_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 or x2"""
    return (np.logical_or(x1, x2),)


logical_or = binary("logical_or", logical_or_forward, None, dtype=bool, source=LOGIC)


def logical_xor_forward(x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """x1 or x2, not both"""
    return (np.logical_xor(x1, x2),)


logical_xor = binary("logical_xor", logical_xor_forward, None, dtype=bool, source=LOGIC)


# Choice.


def infer_choose(condition: TensorSpec, x1: TensorSpec, x2: TensorSpec) -> Specs:
    """(...), (...), (...) -> (...)"""
    shape = broadcast_shapes(condition.shape, x1.shape, x2.shape, where="where")
    return (TensorSpec(shape, np.result_type(x1.dtype, x2.dtype)),)


def choose_forward(condition: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> Arrays:
    """y = x1 where the condition holds, else x2"""
    return (np.where(condition, x1, x2),)


def choose_one_vjp(dy: np.ndarray, *, condition: np.ndarray) -> tuple[np.ndarray | None, ...]:
    """dx1 = dy where the condition holds, else 0;  dx2 = dy where it does not"""
    return None, np.where(condition, dy, 0), np.where(condition, 0, dy)


def choose_vjp(
    dy: np.ndarray, *, condition: np.ndarray, x1_shape: tuple[int, ...], x2_shape: tuple[int, ...]
) -> tuple[np.ndarray | None, ...]:
    """The same, summed over the axes along which x1 and x2 were repeated."""
    _, dx1, dx2 = choose_one_vjp(dy, condition=condition)
    assert dx1 is not None
    assert dx2 is not None
    return None, unbroadcast(dx1, x1_shape), unbroadcast(dx2, x2_shape)


def _choose_example(condition: tuple[int, ...], x1: tuple[int, ...], x2: tuple[int, ...]) -> Example:
    return Example(
        lambda rng: {
            "condition": rng.random(condition) < 0.5,
            "x1": spread(*x1)(rng),
            "x2": spread(*x2)(rng),
        },
        id=",".join("x".join(map(str, shape)) for shape in (condition, x1, x2)),
    )


choose = Primitive(
    name="where",
    inputs=("condition", "x1", "x2"),
    outputs=("y",),
    infer=infer_choose,
    forward=choose_forward,
    vjp=choose_vjp,
    elementwise_vjp=choose_one_vjp,  # type: ignore[arg-type]  # a condition has no cotangent
    saves=("condition",),
    shapes=("x1", "x2"),
    elementwise=True,
    examples=(
        _choose_example((3, 4), (3, 4), (3, 4)),
        _choose_example((3, 1), (4,), (3, 4)),
        _choose_example((2, 3), (), (2, 3)),
        _choose_example((), (2, 3), (3,)),
    ),
    source="Iverson, A Programming Language (1962), section 1.8: the mask",
)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition holds, else `x2`; with the condition alone, the places where it holds.

    The gradient of what is not chosen is 0, but a NaN in it stays a NaN where `x1` or `x2`
    were themselves computed: choose before a division, not after it.

    Args:
        condition: array or tensor of truth values.
        x1: array, tensor or number.
        x2: array, tensor or number.

    Example:
        >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
        array([1., 0.])
    """
    if x1 is None and x2 is None:
        return np.nonzero(as_array(condition))
    x1, x2 = in_company((x1, x2))
    if any(is_symbolic(x) for x in (condition, x1, x2)):
        like = next((x.spec.dtype for x in (x1, x2) if isinstance(x, Tensor)), np.dtype(floatx()))
        x1, x2 = promote((as_tensor(x1, like), as_tensor(x2, like)))
    else:
        x1, x2 = promote_arrays([as_array(x1), as_array(x2)])
    return choose(condition, x1, x2)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol |x2|, or both are the same infinity.

    Example:
        >>> isclose(np.array([1.0, 2.0]), np.array([1.0, 2.1]))
        array([ True, False])
    """
    near = less_equal(abs(subtract(x1, x2)), atol + multiply(abs(x2), rtol))
    close = logical_or(equal(x1, x2), logical_and(near, isfinite(x2)))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close
