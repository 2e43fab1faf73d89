"""Reductions: one number for all elements along some axes.

`axis` is None for all axes, one axis, or several.  Inside a graph it is always the tuple of
axes, counted from the front.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.arithmetic import (
    abs as absolute,
)  # fmt: skip
from chainrule.ops.arithmetic import (
    add,
    divide,
    exp,
    isfinite,
    log,
    maximum,
    minimum,
    multiply,
    power,
    sqrt,
    square,
    subtract,
)
from chainrule.ops.casting import cast, stop_gradient
from chainrule.ops.comparison import not_equal, where
from chainrule.ops.elementwise import OfNumbers, OfReals, spread
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.ops.shape import Axis, axes_of, reshape, shape_of, squeeze
from chainrule.spec import Shape, TensorSpec

ELEMENTS = "Goodfellow, Bengio, Courville, Deep Learning (2016), section 2.1"


def reduced_shape(shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """`shape` without the axes, or with 1 in their place."""
    if keepdims:
        return tuple(1 if k in axis else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in axis)


def infer_reduced(x: TensorSpec, *, axis: tuple[int, ...], keepdims: bool) -> Specs:
    """(... A ...) -> (... ...)"""
    return (x.with_shape(*reduced_shape(x.shape, axis, keepdims)),)


def along(y: np.ndarray, shape: tuple[int, ...], axis: tuple[int, ...]) -> np.ndarray:
    """A reduced array again beside what it was reduced from: with axes of size 1."""
    return y.reshape(reduced_shape(shape, axis, True))  # type: ignore[arg-type]


def _flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    return inputs[0].size


def _draw_numbers(*shape: int) -> Callable[[np.random.Generator], dict[str, np.ndarray]]:
    return lambda rng: {"x": spread(*shape)(rng)}


def _examples(draw: Callable[..., Any] = _draw_numbers) -> tuple[Example, ...]:
    def example(shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> Example:
        return Example(draw(*shape), {"axis": axis, "keepdims": keepdims}, id=f"{shape}-{axis}-{keepdims}")

    return (
        example((3, 4), (1,), False),
        example((3, 4), (0,), True),
        example((2, 3, 4), (0, 2), False),
        example((2, 3, 4), (0, 1, 2), False),
        example((2, 3, 2, 2), (1, 2), True),
    )


def _reduction(
    name: str,
    forward: Callable[..., Arrays],
    vjp: Callable[..., Arrays] | None,
    *,
    source: str,
    saves: tuple[str, ...] = (),
    shapes: tuple[str, ...] = (),
    reals: bool = False,
    draw: Callable[..., Any] = _draw_numbers,
) -> Primitive:
    return (OfReals if reals else OfNumbers)(
        name=name,
        inputs=("x",),
        outputs=("y",),
        infer=infer_reduced,
        forward=forward,
        vjp=vjp,
        saves=saves,
        shapes=shapes,
        kernels_at=f"chainrule.kernels.reduce:{name}",
        flops=_flops,
        examples=_examples(draw),
        source=source,
    )


# Sum and mean.


def sum_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """y = sum over the axes of x"""
    return (np.asarray(np.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)),)


def sum_vjp(dy: np.ndarray, *, x_shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """dx = dy, repeated along the axes"""
    return (np.broadcast_to(along(dy, x_shape, axis), x_shape).copy(),)


_sum = _reduction("sum", sum_forward, sum_vjp, shapes=("x",), source=ELEMENTS)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over the axes; of truth values, how many are true.

    Args:
        x: array or tensor.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.

    Example:
        >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        array([4., 6.])
    """
    if is_truth(x):
        x = cast(x, "int32")
    return _sum(x, axis=axes_of(axis, len(shape_of(x)), where="sum"), keepdims=bool(keepdims))


def is_truth(x: Any) -> bool:
    """Whether `x` holds truth values."""
    return (x.dtype == "bool") if hasattr(x, "dtype") else np.asarray(x).dtype == bool


def mean_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """y = 1/n sum over the axes of x, of n elements each"""
    total = np.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)
    return (np.asarray(total / count(x.shape, axis), dtype=x.dtype),)


def mean_vjp(dy: np.ndarray, *, x_shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """dx = dy / n, repeated along the axes"""
    return (np.broadcast_to(along(dy, x_shape, axis) / (count(x_shape, axis) or 1), x_shape).copy(),)


def count(shape: tuple[int, ...], axis: tuple[int, ...]) -> int:
    """How many elements each result is made of."""
    return math.prod(shape[k] for k in axis)


_mean = _reduction("mean", mean_forward, mean_vjp, shapes=("x",), reals=True, source=ELEMENTS)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over the axes.

    Args:
        x: array or tensor.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.

    Example:
        >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        array([1.5, 3.5])
    """
    return _mean(x, axis=axes_of(axis, len(shape_of(x)), where="mean"), keepdims=bool(keepdims))


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over the axes: the mean squared distance from the mean.

    Example:
        >>> var(np.array([1.0, 2.0, 3.0, 4.0]))
        array(1.25)
    """
    return mean(square(subtract(x, mean(x, axis=axis, keepdims=True))), axis=axis, keepdims=keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over the axes: the root of the variance.

    Example:
        >>> std(np.array([1.0, 3.0]))
        np.float64(1.0)
    """
    return sqrt(var(x, axis=axis, keepdims=keepdims))


def moments(x: Any, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance over the axes.

    Args:
        x: array or tensor.
        axes: axis or axes.
        keepdims: whether the axes stay, with size 1.
        synchronized: accepted for Keras's sake; one process has nothing to synchronize.

    Example:
        >>> moments(np.array([1.0, 3.0]), 0)
        (array(2.), array(1.))
    """
    return mean(x, axis=axes, keepdims=keepdims), var(x, axis=axes, keepdims=keepdims)


# Largest and smallest.


def max_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """y = the largest x along the axes; NaN where there is one"""
    return (np.asarray(np.max(x, axis=axis, keepdims=keepdims)),)


def min_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """y = the smallest x along the axes; NaN where there is one"""
    return (np.asarray(np.min(x, axis=axis, keepdims=keepdims)),)


def extreme_vjp(
    dy: np.ndarray, *, x: np.ndarray, y: np.ndarray, axis: tuple[int, ...], keepdims: bool
) -> Arrays:
    """dx = dy / m at the m elements that are extreme, else 0     (TensorFlow's rule: equal shares)

    The extreme elements are those equal to y; where y is NaN there are none, and dx is NaN times 0: NaN.
    """
    chosen = (x == along(y, x.shape, axis)).astype(x.dtype)
    share = along(dy, x.shape, axis) / np.sum(chosen, axis=axis, keepdims=True)
    return (chosen * share,)


_max = _reduction("max", max_forward, extreme_vjp, saves=("x", "y"), source=ELEMENTS)
_min = _reduction("min", min_forward, extreme_vjp, saves=("x", "y"), source=ELEMENTS)


def _extreme(primitive: Primitive, x: Any, axis: Axis, keepdims: bool) -> Any:
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), where=primitive.name)
    if 0 in [shape[k] for k in axes]:
        raise ShapeError(f"nothing has no {primitive.name}", where=primitive.name, got=f"shape {shape}")
    return primitive(x, axis=axes, keepdims=bool(keepdims))


def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest element along the axes; equal ones share the gradient.

    Args:
        x: array or tensor.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.
        initial: the least that the result can be.

    Raises:
        ShapeError: an axis of size 0.

    Example:
        >>> max(np.array([[1.0, 2.0], [3.0, 0.0]]), axis=1)
        array([2., 3.])
    """
    y = _extreme(_max, x, axis, keepdims)
    return y if initial is None else maximum(y, initial)


def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest element along the axes; equal ones share the gradient.

    Args:
        x: array or tensor.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.
        initial: the most that the result can be.

    Raises:
        ShapeError: an axis of size 0.

    Example:
        >>> min(np.array([[1.0, 2.0], [3.0, 0.0]]), axis=1)
        array([1., 0.])
    """
    y = _extreme(_min, x, axis, keepdims)
    return y if initial is None else minimum(y, initial)


def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`max`, by NumPy's older name.

    Example:
        >>> amax(np.array([1.0, 2.0]))
        array(2.)
    """
    return max(x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`min`, by NumPy's older name.

    Example:
        >>> amin(np.array([1.0, 2.0]))
        array(1.)
    """
    return min(x, axis=axis, keepdims=keepdims)


# Product.


def prod_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """y = product over the axes of x"""
    return (np.asarray(np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)),)


def prod_vjp(dy: np.ndarray, *, x: np.ndarray, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """dx = dy times all others: the product of those before and of those after (x may be 0: no division)"""
    last = tuple(range(-len(axis), 0))
    moved = np.moveaxis(x, axis, last)
    rows = moved.reshape(*moved.shape[: moved.ndim - len(axis)], count(x.shape, axis))
    before, after = np.ones_like(rows), np.ones_like(rows)
    before[..., 1:] = np.cumprod(rows[..., :-1], axis=-1)
    after[..., :-1] = np.cumprod(rows[..., :0:-1], axis=-1)[..., ::-1]
    others = np.moveaxis((before * after).reshape(moved.shape), last, axis)
    return (along(dy, x.shape, axis) * others,)


_prod = _reduction(
    "prod", prod_forward, prod_vjp, saves=("x",), source=ELEMENTS,
)  # fmt: skip


def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product over the axes.

    Args:
        x: array or tensor.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.
        dtype: dtype of the factors; None for that of `x`.

    Example:
        >>> prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
        array([ 2., 12.])
    """
    if dtype is not None or is_truth(x):
        x = cast(x, dtype or "int32")
    return _prod(x, axis=axes_of(axis, len(shape_of(x)), where="prod"), keepdims=bool(keepdims))


# Truth values.


def _draw_truth(*shape: int) -> Callable[[np.random.Generator], dict[str, np.ndarray]]:
    return lambda rng: {"x": rng.random(shape) < 0.5}


def any_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """whether one of x along the axes is true"""
    return (np.asarray(np.any(x, axis=axis, keepdims=keepdims)),)


def all_forward(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> Arrays:
    """whether every x along the axes is true"""
    return (np.asarray(np.all(x, axis=axis, keepdims=keepdims)),)


_any = _reduction("any", any_forward, None, draw=_draw_truth, source="Boole, The Laws of Thought (1854)")
_all = _reduction("all", all_forward, None, draw=_draw_truth, source="Boole, The Laws of Thought (1854)")


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether any element along the axes is true; every number but 0 is.

    Example:
        >>> any(np.array([[0, 1], [0, 0]]), axis=1)
        array([ True, False])
    """
    x = x if is_truth(x) else not_equal(x, 0)
    return _any(x, axis=axes_of(axis, len(shape_of(x)), where="any"), keepdims=bool(keepdims))


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all elements along the axes are true; every number but 0 is.

    Example:
        >>> all(np.array([[1, 1], [0, 1]]), axis=1)
        array([ True, False])
    """
    x = x if is_truth(x) else not_equal(x, 0)
    return _all(x, axis=axes_of(axis, len(shape_of(x)), where="all"), keepdims=bool(keepdims))


def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many elements along the axes are not 0.

    Example:
        >>> count_nonzero(np.array([[0.0, 1.0], [2.0, 3.0]]), axis=0)
        array([1, 2], dtype=int32)
    """
    return sum(cast(not_equal(x, 0), "int32"), axis=axis)


# Logarithms of sums of exponentials.


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the axes, without overflow: the largest element is taken out first.

    Example:
        >>> logsumexp(np.array([1000.0, 1000.0]))
        array(1000.69314718)

    Source:
        Blanchard, Higham and Higham (2021), IMA Journal of Numerical Analysis 41(4), algorithm 3.2
    """
    axes = axes_of(axis, len(shape_of(x)), where="logsumexp")
    largest = stop_gradient(max(x, axis=axes, keepdims=True))
    shift = where(isfinite(largest), largest, 0.0)  # an infinity minus itself would be NaN
    y = add(log(sum(exp(subtract(x, shift)), axis=axes, keepdims=True)), shift)
    return y if keepdims else squeeze(y, axis=axes)


# Places of the largest and smallest.


def infer_place(x: TensorSpec, *, axis: int, keepdims: bool) -> Specs:
    """(... A ...) -> (... ...), whole numbers"""
    return (TensorSpec(reduced_shape(x.shape, (axis,), keepdims), np.dtype(np.int32)),)


def argmax_forward(x: np.ndarray, *, axis: int, keepdims: bool) -> Arrays:
    """the first place of the largest x along the axis; of a NaN, where there is one"""
    return (np.asarray(np.argmax(x, axis=axis, keepdims=keepdims)).astype(np.int32),)


def argmin_forward(x: np.ndarray, *, axis: int, keepdims: bool) -> Arrays:
    """the first place of the smallest x along the axis; of a NaN, where there is one"""
    return (np.asarray(np.argmin(x, axis=axis, keepdims=keepdims)).astype(np.int32),)


def _along_one(**attrs: Any) -> tuple[Example, ...]:
    def example(shape: tuple[int, ...], axis: int) -> Example:
        return Example(
            lambda rng: {"x": spread(*shape)(rng)},
            {"axis": axis, **attrs},
            id="-".join(map(str, (shape, axis, *attrs.values()))),
        )

    return example((3, 4), 1), example((3, 4), 0), example((2, 3, 4), 1), example((5,), 0)


def _place(name: str, forward: Callable[..., Arrays]) -> Primitive:
    return Primitive(
        name=name,
        inputs=("x",),
        outputs=("y",),
        infer=infer_place,
        forward=forward,
        vjp=None,
        kernels_at=f"chainrule.kernels.reduce:{name}",
        flops=_flops,
        examples=(*_along_one(keepdims=False), *_along_one(keepdims=True)[:1]),
        source=ELEMENTS,
    )


_argmax = _place("argmax", argmax_forward)
_argmin = _place("argmin", argmin_forward)


def _place_of(primitive: Primitive, x: Any, axis: int | None, keepdims: bool) -> Any:
    shape = shape_of(x)
    if axis is None:
        y = primitive(reshape(x, (-1,)), axis=0, keepdims=False)
        return reshape(y, (1,) * len(shape)) if keepdims else y
    (k,) = axes_of(axis, len(shape), where=primitive.name)
    if shape[k] == 0:
        raise ShapeError(f"nothing has no {primitive.name}", where=primitive.name, got=f"shape {shape}")
    return primitive(x, axis=k, keepdims=bool(keepdims))


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element along the axis is; of equal ones, the first.

    Args:
        x: array or tensor.
        axis: the axis; None for the place among all elements in order.
        keepdims: whether the axis stays, with size 1.

    Raises:
        ShapeError: an axis of size 0.

    Example:
        >>> argmax(np.array([[1.0, 7.0, 7.0], [9.0, 0.0, 0.0]]), axis=1)
        array([1, 0], dtype=int32)
    """
    return _place_of(_argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element along the axis is; of equal ones, the first.

    Args:
        x: array or tensor.
        axis: the axis; None for the place among all elements in order.
        keepdims: whether the axis stays, with size 1.

    Raises:
        ShapeError: an axis of size 0.

    Example:
        >>> argmin(np.array([[1.0, 7.0], [9.0, 0.0]]), axis=1)
        array([0, 1], dtype=int32)
    """
    return _place_of(_argmin, x, axis, keepdims)


# Running sums and products.


def infer_running(x: TensorSpec, *, axis: int) -> Specs:
    """(...) -> (...)"""
    return (x,)


def cumsum_forward(x: np.ndarray, *, axis: int) -> Arrays:
    """y[i] = x[0] + ... + x[i]"""
    return (np.cumsum(x, axis=axis, dtype=x.dtype),)


def cumsum_vjp(dy: np.ndarray, *, axis: int) -> Arrays:
    """dx[i] = dy[i] + ... + dy[n-1]"""
    return (np.flip(np.cumsum(np.flip(dy, axis), axis=axis, dtype=dy.dtype), axis),)


_cumsum = OfNumbers(
    name="cumsum",
    inputs=("x",),
    outputs=("y",),
    infer=infer_running,
    forward=cumsum_forward,
    vjp=cumsum_vjp,
    kernels_at="chainrule.kernels.reduce:cumsum",
    examples=_along_one(),
    source="Blelloch (1990), Prefix sums and their applications, CMU-CS-90-190",
)


def cumprod_forward(x: np.ndarray, *, axis: int) -> Arrays:
    """y[i] = x[0] x[1] ... x[i]"""
    return (np.cumprod(x, axis=axis, dtype=x.dtype),)


def cumprod_vjp(dy: np.ndarray, *, x: np.ndarray, y: np.ndarray, axis: int) -> Arrays:
    """dx[i] = y[i-1] s[i],  s[i] = dy[i] + x[i+1] s[i+1]     (no division: x may be 0)"""
    x, y, dy = (np.moveaxis(a, axis, 0) for a in (x, y, dy))
    dx = np.empty_like(dy)
    s = np.zeros(dy.shape[1:], dy.dtype)
    for i in reversed(range(len(x))):
        s = dy[i] + (x[i + 1] * s if i + 1 < len(x) else 0)
        dx[i] = s * y[i - 1] if i > 0 else s
    return (np.moveaxis(dx, 0, axis),)


_cumprod = OfNumbers(
    name="cumprod",
    inputs=("x",),
    outputs=("y",),
    infer=infer_running,
    forward=cumprod_forward,
    vjp=cumprod_vjp,
    saves=("x", "y"),
    kernels_at="chainrule.kernels.reduce:cumprod",
    examples=_along_one(),
    source="Blelloch (1990), Prefix sums and their applications, CMU-CS-90-190",
)


def _running(primitive: Primitive, x: Any, axis: int | None, dtype: Any) -> Any:
    if dtype is not None or is_truth(x):
        x = cast(x, dtype or "int32")
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    (k,) = axes_of(axis, len(shape_of(x)), where=primitive.name)
    return primitive(x, axis=k)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sum of each element and all before it along the axis.

    Args:
        x: array or tensor.
        axis: the axis; None for all elements in order.
        dtype: dtype of the sums; None for that of `x`.

    Example:
        >>> cumsum(np.array([1.0, 2.0, 3.0]))
        array([1., 3., 6.])
    """
    return _running(_cumsum, x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The product of each element and all before it along the axis.

    Args:
        x: array or tensor.
        axis: the axis; None for all elements in order.
        dtype: dtype of the products; None for that of `x`.

    Example:
        >>> cumprod(np.array([1.0, 2.0, 3.0]))
        array([1., 2., 6.])
    """
    return _running(_cumprod, x, axis, dtype)


# Averages and lengths.


def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The mean over the axes, each element counted with its weight.

    Example:
        >>> average(np.array([1.0, 4.0]), weights=np.array([2.0, 1.0]))
        np.float64(2.0)
    """
    if weights is None:
        return mean(x, axis=axis)
    rank = len(shape_of(x))
    if isinstance(axis, int) and rank > 1 and len(shape_of(weights)) == 1:  # one weight for each slice along the axis
        weights = reshape(weights, [-1 if k == axis % rank else 1 for k in range(rank)])
    everywhere = add(weights, multiply(x, 0.0))  # the weights, repeated as x is
    return divide(sum(multiply(x, weights), axis=axis), sum(everywhere, axis=axis))


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The length of vectors: (sum |x|^p)^(1/p) over the axes.

    Args:
        x: array or tensor.
        ord: p; None or "fro" for 2; infinite for the largest |x|, minus infinite for the smallest;
            0 counts the elements that are not 0.
        axis: axis or axes; None for all.
        keepdims: whether the axes stay, with size 1.

    Raises:
        ArgumentError: an order that is no number, or the norm of a matrix by its singular values.

    Example:
        >>> norm(np.array([3.0, 4.0]))
        np.float64(5.0)
    """
    axes = axes_of(axis, len(shape_of(x)), where="norm")
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return sqrt(sum(square(x), axis=axes, keepdims=keepdims))
    if not isinstance(ord, (int, float)) or (len(axes) > 1 and axis is not None):
        expected = 'None, "fro", or a number for vectors'
        raise ArgumentError("no such norm here", where="norm", expected=expected, got=ord)
    if ord == math.inf:
        return max(absolute(x), axis=axes, keepdims=keepdims)
    if ord == -math.inf:
        return min(absolute(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        return cast(sum(not_equal(x, 0), axis=axes, keepdims=keepdims), floatx())
    if ord == 1:
        return sum(absolute(x), axis=axes, keepdims=keepdims)
    return power(sum(power(absolute(x), ord), axis=axes, keepdims=keepdims), 1 / ord)
