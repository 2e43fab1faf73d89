"""Elementwise operations: each number of the output depends on one number of each input.

The table of unary and binary functions stands in `ops/arithmetic.py`; this file says what
they have in common.  A binary operation broadcasts as NumPy does, so its VJP sums each
cotangent over the axes along which the input was repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.errors import ShapeError
from chainrule.graph.tensor import Tensor
from chainrule.ops.primitive import PRIMITIVES, Arrays, Example, Primitive, Specs, as_array
from chainrule.spec import Shape, TensorSpec

Formula = Callable[..., Arrays]


class OfNumbers(Primitive):
    """A primitive whose Python numbers take the dtype of the arrays beside them."""

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        return super().__call__(*in_company(self.positional(inputs, attrs)), **attrs)


class OfReals(Primitive):
    """A primitive on real numbers: integers and truth values become floats first."""

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        return super().__call__(*(real(x) for x in in_company(self.positional(inputs, attrs))), **attrs)


def in_company(inputs: Sequence[Any]) -> list[Any]:
    """The inputs, the Python numbers among them with the dtype of the arrays beside them."""
    dtypes = [np.dtype(x.dtype) for x in inputs if hasattr(x, "dtype")]
    floats = [d for d in dtypes if d.kind == "f"]

    def dtype_of(number: Any) -> Any:
        if floats:
            return np.result_type(*floats)
        if isinstance(number, float):
            return floatx()
        if dtypes and not isinstance(number, bool):
            among = np.result_type(*dtypes)
            return among if among.kind != "b" else np.dtype("int32")  # True + 1 is 2
        return None

    return [np.asarray(x, dtype_of(x)) if isinstance(x, (bool, int, float)) else x for x in inputs]


def real(x: Any) -> Any:
    """`x` as floats."""
    if isinstance(x, Tensor):
        return x if x.spec.dtype.kind == "f" else PRIMITIVES["cast"](x, dtype=floatx())
    array = np.asarray(as_array(x))
    return array if array.dtype.kind == "f" else array.astype(floatx())


def infer_same(x: TensorSpec, **attrs: Any) -> Specs:
    """(...) -> (...)"""
    return (x,)


def broadcast_shapes(*shapes: Shape, where: str) -> Shape:
    """NumPy's broadcasting rule, with None for an axis whose size is not known yet."""
    rank = max(len(s) for s in shapes)
    result: list[int | None] = []
    for sizes in zip(*((1,) * (rank - len(s)) + tuple(s) for s in shapes), strict=True):
        wide = {n for n in sizes if n != 1}
        fixed = wide - {None}
        if len(fixed) > 1:
            raise ShapeError(
                "the shapes cannot be broadcast together", where=where,
                expected="axes of the same size, or of size 1", got=" and ".join(map(str, shapes)),
            )  # fmt: skip
        result.append(fixed.pop() if fixed else None if wide else 1)
    return tuple(result)


def unbroadcast(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `dy` over the axes along which an array of `shape` was repeated."""
    leading = dy.ndim - len(shape)
    repeated = tuple(range(leading)) + tuple(
        leading + k for k, n in enumerate(shape) if n == 1 and dy.shape[leading + k] != 1
    )
    return np.asarray(dy.sum(axis=repeated)).reshape(shape) if repeated else dy


OFFSET = 2**0.5 - 1  # irrational: no example meets the middle, or a kink at another fraction of its domain


def spread(*shape: int, low: float = -2.0, high: float = 2.0) -> Callable[[np.random.Generator], np.ndarray]:
    """Distinct values between `low` and `high`, none near an end or in the middle, where kinks are."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        n = int(np.prod(shape))
        values = low + (high - low) * (np.arange(n) + OFFSET) / max(n, 1)
        return rng.permutation(values).reshape(shape)

    return draw


def infer_truth(x: TensorSpec) -> Specs:
    """(...) -> (...), true or false"""
    return (TensorSpec(x.shape, np.dtype(bool)),)


def unary(
    name: str,
    forward: Formula,
    vjp: Formula | None,
    *,
    source: str,
    saves: tuple[str, ...] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    attrs: tuple[dict[str, Any], ...] = ({},),
    flops: int = 1,
    infer: Callable[..., Specs] = infer_same,
    kernels_at: str | None = None,
    reals: bool = True,
) -> Primitive:
    """A primitive of one input, from its formula and derivative; examples are drawn from `domain`.

    `reals` says that integers become floats first.
    """
    low, high = domain
    shapes = ((3, 4), (1,), (2, 3, 6))
    return (OfReals if reals else OfNumbers)(
        name=name,
        inputs=("x",),
        outputs=("y",),
        infer=infer,
        forward=forward,
        vjp=vjp,
        elementwise_vjp=vjp,
        saves=saves,
        kernels_at=kernels_at,
        flops=lambda inputs, outputs, **_: flops * outputs[0].size,
        elementwise=True,
        examples=tuple(
            Example(
                lambda rng, shape=shape: {"x": spread(*shape, low=low, high=high)(rng)},  # type: ignore[misc]
                attrs=a,
                id="-".join(["x".join(map(str, shape)), *(f"{k}={v}" for k, v in a.items())]),
            )
            for shape in shapes
            for a in attrs
        ),
        source=source,
    )


def binary(
    name: str,
    forward: Formula,
    vjp: Formula | None,
    *,
    source: str,
    saves: tuple[str, ...] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    domain_2: tuple[float, float] | None = None,
    dtype: type | None = None,
    flops: int = 1,
    reals: bool = False,
) -> Primitive:
    """A broadcasting primitive of two inputs, from its formula and the derivative of one element.

    `dtype` is the result's, where it is not the inputs'; `reals` says that integers become floats first.
    """

    def infer(x1: TensorSpec, x2: TensorSpec) -> Specs:
        """(...), (...) -> (...)"""
        shape = broadcast_shapes(x1.shape, x2.shape, where=name)
        return (TensorSpec(shape, np.dtype(dtype) if dtype else np.result_type(x1.dtype, x2.dtype)),)

    broadcast_vjp: Formula | None = None
    if vjp is not None:

        def broadcast_vjp(
            dy: np.ndarray, *, x1_shape: tuple[int, ...], x2_shape: tuple[int, ...], **saved: Any
        ) -> Arrays:
            dx1, dx2 = vjp(dy, **saved)
            return unbroadcast(dx1, x1_shape), unbroadcast(dx2, x2_shape)

    low, high = domain
    low_2, high_2 = domain_2 or domain

    def example(x1: tuple[int, ...], x2: tuple[int, ...]) -> Example:
        return Example(
            lambda rng: {
                "x1": spread(*x1, low=low, high=high)(rng),
                "x2": spread(*x2, low=low_2, high=high_2)(rng) * 0.97,  # no ties with x1
            },
            id=f"{'x'.join(map(str, x1))},{'x'.join(map(str, x2))}",
        )

    return (OfReals if reals else OfNumbers)(
        name=name,
        inputs=("x1", "x2"),
        outputs=("y",),
        infer=infer,
        forward=forward,
        vjp=broadcast_vjp,
        elementwise_vjp=vjp,
        saves=saves,
        shapes=("x1", "x2") if vjp is not None else (),
        flops=lambda inputs, outputs, **_: flops * outputs[0].size,
        elementwise=True,
        promotes=True,
        examples=(
            example((3, 4), (3, 4)),
            example((3, 4), (4,)),
            example((3, 1), (1, 4)),
            example((2, 3), ()),
            example((), (2, 3)),
            example((2, 3, 4), (3, 1)),
        ),
        source=source,
    )
