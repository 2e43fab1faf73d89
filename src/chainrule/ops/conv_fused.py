"""conv, and what usually follows it: an activation, and a maximum over windows of that.

What stands between them never leaves the cache.  The derivative needs the results alone: an
activation is fused only where its derivative follows from what it gave, and the maximum keeps its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.conv import flops, forward, infer, vjp
from chainrule.ops.pooling import infer_max, max_forward, max_vjp
from chainrule.ops.primitive import PRIMITIVES, Arrays, Example, Primitive, Specs
from chainrule.ops.windows import Padding, Sizes
from chainrule.spec import TensorSpec

CONV = PRIMITIVES["conv"]
Named = tuple[str, tuple[tuple[str, Any], ...]]  # a primitive's name and attributes


def infer_activation(x: TensorSpec, w: TensorSpec, b: TensorSpec, *, activation: Named, **attrs: Any) -> Specs:
    """As for `conv`."""
    return infer(x, w, b, **attrs)


def forward_activation(x: np.ndarray, w: np.ndarray, b: np.ndarray, *, activation: Named, **attrs: Any) -> Arrays:
    """y = f(conv(x, w) + b)"""
    name, given = activation
    return PRIMITIVES[name].forward(*forward(x, w, b, **attrs), **dict(given))


def vjp_activation(
    dy: np.ndarray, *, x: np.ndarray, w: np.ndarray, y: np.ndarray, activation: Named, **attrs: Any
) -> Arrays:
    """dz = dy f'(z), which f gives from y alone; then as for `conv`"""
    return vjp(through(activation, dy, y), x=x, w=w, **attrs)


def through(activation: Named, dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dz = dy f'(z), from y = f(z)."""
    name, given = activation
    derivative = PRIMITIVES[name].vjp
    assert derivative is not None
    (dz,) = derivative(dy, y=y, **dict(given))
    assert dz is not None
    return dz


def infer_pool(
    x: TensorSpec, w: TensorSpec, b: TensorSpec, *, activation: Named | None, pool: Sizes, pool_strides: Sizes,
    pool_padding: Padding, **attrs: Any,
) -> Specs:  # fmt: skip
    """As for `conv`, then as for `max_pool`."""
    (z,) = infer(x, w, b, **attrs)
    return infer_max(z, window=pool, strides=pool_strides, padding=pool_padding)


def forward_pool(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, *, activation: Named | None, pool: Sizes, pool_strides: Sizes,
    pool_padding: Padding, **attrs: Any,
) -> Arrays:  # fmt: skip
    """y[n, i, f] = max over k of f(conv(x, w) + b)[n, i strides + k - before, f], and its place"""
    if activation is None:
        (z,) = forward(x, w, b, **attrs)
    else:
        (z,) = forward_activation(x, w, b, activation=activation, **attrs)
    return max_forward(z, window=pool, strides=pool_strides, padding=pool_padding)


def vjp_pool(
    dy: np.ndarray, *, x: np.ndarray, w: np.ndarray, y: np.ndarray, place: np.ndarray, activation: Named | None,
    pool: Sizes, pool_strides: Sizes, pool_padding: Padding, **attrs: Any,
) -> Arrays:  # fmt: skip
    """dz is dy f'(z) at the place of the largest, 0 elsewhere; then as for `conv`"""
    dlargest = dy if activation is None else through(activation, dy, y)
    bias = np.zeros(w.shape[-1], w.dtype)
    (z,) = infer(*map(TensorSpec.of, (x, w, bias)), **attrs)
    (dz,) = max_vjp(
        dlargest, place=place, x_shape=z.shape, window=pool, strides=pool_strides, padding=pool_padding  # type: ignore[arg-type]
    )  # fmt: skip
    return vjp(dz, x=x, w=w, **attrs)


def flops_pool(inputs: Specs, outputs: Specs, *, activation: Named | None, **attrs: Any) -> int:
    """Those of the convolution."""
    given = {name: attrs[name] for name in ("strides", "padding", "dilation", "groups")}
    return flops(inputs, infer(*inputs, **given))


def _examples() -> tuple[Example, ...]:
    chosen = [e for e in CONV.examples if len(e.attrs["strides"]) == 2]
    return tuple(
        Example(e.inputs, e.attrs | {"activation": named}, f"{e.id}-{named[0]}")
        for e, named in zip(chosen, (("relu", ()), ("tanh", ())) * len(chosen), strict=False)
    )


def _pool_examples() -> tuple[Example, ...]:
    def example(like: Example, activation: Named | None, pool: int, strides: int, padding: str) -> Example:
        attrs = {"activation": activation, "pool": (pool,) * 2, "pool_strides": (strides,) * 2, "pool_padding": padding}
        name = f"{like.id}-{activation[0] if activation else 'plain'}-{pool}s{strides}{padding}"
        return Example(like.inputs, like.attrs | attrs, name)

    small, same, _, _, _, _, pixel, *_ = CONV.examples
    wide = next(e for e in CONV.examples if "3x3x16x16" in e.id)
    return (
        example(small, ("relu", ()), 2, 2, "valid"),
        example(same, ("tanh", ()), 2, 2, "valid"),
        example(same, None, 3, 2, "same"),
        example(pixel, ("relu", ()), 2, 2, "same"),
        example(wide, ("relu", ()), 2, 2, "valid"),
        example(wide, ("relu", ()), 3, 2, "same"),
    )


conv_activation = Primitive(
    name="conv_activation",
    inputs=("x", "w", "b"),
    outputs=("y",),
    infer=infer_activation,
    forward=forward_activation,
    vjp=vjp_activation,
    saves=("x", "w", "y"),
    kernels_at="chainrule.kernels.conv:conv_activation",
    flops=flops,
    examples=_examples(),
    source=CONV.source,
)

conv_pool = Primitive(
    name="conv_pool",
    inputs=("x", "w", "b"),
    outputs=("y", "place"),
    infer=infer_pool,
    forward=forward_pool,
    vjp=vjp_pool,
    saves=("x", "w", "y", "place"),
    kernels_at="chainrule.kernels.conv:conv_pool",
    flops=flops_pool,
    examples=_pool_examples(),
    source=CONV.source,
)
