"""Normalization: numbers brought to mean 0 and variance 1, then scaled and shifted.

    batch_norm              each channel over the whole batch; gives the statistics as well
    batch_norm_inference    each channel by statistics that are given
    group_norm              groups of channels within each sample
    layer_norm              the last axes within each sample
    rms_norm                the same without a mean

Channels come last.  Sums are taken in float64: in float32 a variance can lose all its digits.
Variances are those of the numbers themselves, without Bessel's correction, as networks use them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import config
from chainrule.errors import ArgumentError, ShapeError
from chainrule.ops.arithmetic import maximum, sqrt, square
from chainrule.ops.dense import Named
from chainrule.ops.elementwise import real
from chainrule.ops.primitive import PRIMITIVES, Arrays, Example, Primitive, Specs, as_array, is_symbolic
from chainrule.ops.reduce import norm
from chainrule.ops.reduce import sum as sum_of
from chainrule.ops.shape import Axis, axes_of, shape_of, transpose
from chainrule.spec import TensorSpec, known

IOFFE = "Ioffe and Szegedy (2015), Batch normalization, arXiv:1502.03167, algorithm 1"


def total(x: np.ndarray, axes: tuple[int, ...], keepdims: bool = False) -> np.ndarray:
    """The sum over axes, in float64."""
    return np.asarray(x.sum(axis=axes, dtype=np.float64, keepdims=keepdims))


def mean_of(x: np.ndarray, axes: tuple[int, ...], keepdims: bool = False) -> np.ndarray:
    """The mean over axes, in float64; of nothing it is 0."""
    return np.asarray(total(x, axes, keepdims) / max(1, math.prod(x.shape[k] for k in axes)))


def moments_of(x: np.ndarray, axes: tuple[int, ...]) -> Arrays:
    """The mean, and the mean square of what differs from it; their axes are kept, with size 1."""
    mean = mean_of(x, axes, keepdims=True)
    return mean, mean_of(np.square(x - mean), axes, keepdims=True)


def like(x: np.ndarray, *arrays: np.ndarray) -> Arrays:
    """The arrays in the precision of x."""
    return tuple(np.asarray(a).astype(x.dtype, copy=False) for a in arrays)


def per_deviation(variance: np.ndarray, epsilon: float) -> np.ndarray:
    """r = 1 / sqrt(variance + epsilon), in float64"""
    return np.asarray(1 / np.sqrt(variance.astype(np.float64) + epsilon))


def check_channels(where: str, x: TensorSpec, *of_channels: TensorSpec) -> None:
    """Each of the arrays has one number for each channel of x."""
    if not x.shape or any(a.shape != x.shape[-1:] for a in of_channels):
        raise ShapeError(
            "the shapes do not fit", where=where, expected="x (..., C), and (C,) for all others",
            got=f"x {x.shape}, " + ", ".join(str(a.shape) for a in of_channels),
        )  # fmt: skip


def per_element(operations: int) -> Any:
    """A cost of so many operations for each element written."""
    return lambda inputs, outputs, **_: operations * outputs[0].size


# Batch normalization, by the statistics of the batch.


def infer_batch(x: TensorSpec, gamma: TensorSpec, beta: TensorSpec, *, epsilon: float) -> Specs:
    """(..., C), (C,), (C,) -> (..., C), (C,), (C,)"""
    check_channels("batch_norm", x, gamma, beta)
    return x, x.with_shape(x.shape[-1]), x.with_shape(x.shape[-1])


def forward_batch(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, epsilon: float) -> Arrays:
    """y = (x - m) r gamma + beta;  m = mean of x, v = mean of (x - m)^2, r = 1 / sqrt(v + epsilon), for each channel"""
    mean, variance = (a.reshape(-1) for a in moments_of(x, tuple(range(x.ndim - 1))))
    y = (x - mean) * (per_deviation(variance, epsilon) * gamma) + beta
    return like(x, y, mean, variance)


def vjp_batch(
    dy: np.ndarray, *, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> Arrays:
    """dbeta = sum dy;  dgamma = sum dy z, z = (x - m) r;  dx = gamma r (dy - mean of dy - z mean of dy z)"""
    axes = tuple(range(x.ndim - 1))
    r = per_deviation(variance, epsilon)
    z = (x - mean) * r
    dx = gamma * r * (dy - mean_of(dy, axes) - z * mean_of(dy * z, axes))
    return like(x, dx, total(dy * z, axes), total(dy, axes))


def _batch_example(*shape: int, offset: float = 0.5) -> Example:
    return Example(
        lambda rng: {
            "x": rng.standard_normal(shape) + offset,
            "gamma": rng.uniform(0.5, 1.5, shape[-1]),
            "beta": rng.standard_normal(shape[-1]),
        },
        {"epsilon": 1e-3},
        id="x".join(map(str, shape)),
    )


batch_norm = Primitive(
    name="batch_norm",
    inputs=("x", "gamma", "beta"),
    outputs=("y", "mean", "variance"),
    infer=infer_batch,
    forward=forward_batch,
    vjp=vjp_batch,
    saves=("x", "gamma", "mean", "variance"),
    kernels_at="chainrule.kernels.normalization:batch_norm",
    flops=per_element(8),
    examples=(
        _batch_example(7, 3),
        _batch_example(2, 5, 3, 4),
        _batch_example(3, 1, 1, 2),
        _batch_example(1, 3),  # a single number has no variance
        _batch_example(9, 4, 1),
        _batch_example(50, 660),  # large enough to be cut into pieces
    ),
    source=IOFFE,
    promotes=True,
)


# The same, followed by an activation.


def infer_batch_activation(
    x: TensorSpec, gamma: TensorSpec, beta: TensorSpec, *, epsilon: float, activation: Named
) -> Specs:
    """(..., C), (C,), (C,) -> (..., C), (C,), (C,)"""
    return infer_batch(x, gamma, beta, epsilon=epsilon)


def forward_batch_activation(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, epsilon: float, activation: Named
) -> Arrays:
    """y = f(the batch normalization of x)"""
    name, attrs = activation
    y, mean, variance = forward_batch(x, gamma, beta, epsilon=epsilon)
    return (*PRIMITIVES[name].forward(y, **dict(attrs)), mean, variance)


def through_activation(dy: np.ndarray, before: np.ndarray, activation: Named) -> np.ndarray:
    """dy f'(before), of an f whose derivative its result tells."""
    name, attrs = activation
    primitive = PRIMITIVES[name]
    assert primitive.vjp is not None
    (dz,) = primitive.vjp(dy, y=primitive.forward(before, **dict(attrs))[0], **dict(attrs))
    assert dz is not None
    return dz


def vjp_batch_activation(
    dy: np.ndarray, *, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray,
    epsilon: float, activation: Named,
) -> Arrays:  # fmt: skip
    """dz = dy f'(z), z made again from x, which is cheaper than to fetch y; then as for `batch_norm`"""
    z = (x - mean) * (per_deviation(variance, epsilon) * gamma) + beta
    dz = through_activation(dy, z.astype(x.dtype), activation)
    return vjp_batch(dz, x=x, gamma=gamma, mean=mean, variance=variance, epsilon=epsilon)


batch_norm_activation = Primitive(
    name="batch_norm_activation",
    inputs=("x", "gamma", "beta"),
    outputs=("y", "mean", "variance"),
    infer=infer_batch_activation,
    forward=forward_batch_activation,
    vjp=vjp_batch_activation,
    saves=("x", "gamma", "beta", "mean", "variance"),
    kernels_at="chainrule.kernels.normalization:batch_norm_activation",
    flops=per_element(9),
    examples=tuple(
        Example(e.inputs, {**e.attrs, "activation": ("leaky_relu", (("negative_slope", 0.2),))}, e.id)
        for e in batch_norm.examples[:3]
    ),
    source=IOFFE,
)


# Batch normalization, by statistics that are given.


def infer_inference(
    x: TensorSpec, mean: TensorSpec, variance: TensorSpec, gamma: TensorSpec, beta: TensorSpec, *, epsilon: float
) -> Specs:
    """(..., C), (C,), (C,), (C,), (C,) -> (..., C)"""
    check_channels("batch_norm_inference", x, mean, variance, gamma, beta)
    return (x,)


def forward_inference(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, epsilon: float
) -> Arrays:
    """y = (x - mean) r gamma + beta;  r = 1 / sqrt(variance + epsilon)"""
    return like(x, (x - mean) * (per_deviation(variance, epsilon) * gamma) + beta)


def vjp_inference(
    dy: np.ndarray, *, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, gamma: np.ndarray, epsilon: float
) -> Arrays:
    """s = sum dy, q = sum dy (x - mean):
    dx = dy gamma r;  dmean = -gamma r s;  dvariance = -gamma r^3 q / 2;  dgamma = r q;  dbeta = s"""
    axes = tuple(range(x.ndim - 1))
    r = per_deviation(variance, epsilon)
    s, q = total(dy, axes), total(dy * (x - mean), axes)
    return like(x, dy * (gamma * r), -gamma * r * s, -gamma * r**3 * q / 2, r * q, s)


def _inference_example(*shape: int) -> Example:
    return Example(
        lambda rng: {
            "x": rng.standard_normal(shape),
            "mean": rng.standard_normal(shape[-1]),
            "variance": rng.uniform(0.5, 2.0, shape[-1]),
            "gamma": rng.uniform(0.5, 1.5, shape[-1]),
            "beta": rng.standard_normal(shape[-1]),
        },
        {"epsilon": 1e-3},
        id="x".join(map(str, shape)),
    )


batch_norm_inference = Primitive(
    name="batch_norm_inference",
    inputs=("x", "mean", "variance", "gamma", "beta"),
    outputs=("y",),
    infer=infer_inference,
    forward=forward_inference,
    vjp=vjp_inference,
    saves=("x", "mean", "variance", "gamma"),
    kernels_at="chainrule.kernels.normalization:batch_norm_inference",
    flops=per_element(4),
    examples=(
        _inference_example(7, 3),
        _inference_example(2, 5, 3, 4),
        _inference_example(3),
        _inference_example(1, 1, 1, 2),
    ),
    source="Ioffe and Szegedy (2015), Batch normalization, arXiv:1502.03167, algorithm 2",
    promotes=True,
)


# Groups of channels within each sample.


def infer_group(x: TensorSpec, gamma: TensorSpec, beta: TensorSpec, *, groups: int, epsilon: float) -> Specs:
    """(N, ..., C), (C,), (C,) -> (N, ..., C), (N, groups), (N, groups)"""
    check_channels("group_norm", x, gamma, beta)
    channels = x.shape[-1]
    if len(x.shape) < 2 or channels is None or channels % groups:
        raise ShapeError(
            "the channels cannot be cut into groups", where="group_norm", expected=f"a multiple of {groups} channels",
            got=x.shape,
        )  # fmt: skip
    return x, x.with_shape(x.shape[0], groups), x.with_shape(x.shape[0], groups)


def in_groups(x: np.ndarray, groups: int) -> np.ndarray:
    """(N, ..., C) -> (N, positions, groups, C / groups)."""
    positions = math.prod(x.shape[1:-1])
    return x.reshape(x.shape[0], positions, groups, x.shape[-1] // groups)


def forward_group(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, groups: int, epsilon: float) -> Arrays:
    """y = (x - m) r gamma + beta, with m, v and r = 1 / sqrt(v + epsilon) of each sample and group of channels"""
    grouped = in_groups(x, groups)
    mean, variance = moments_of(grouped, (1, 3))
    a, b = gamma.reshape(groups, -1), beta.reshape(groups, -1)
    y = (grouped - mean) * (per_deviation(variance, epsilon) * a) + b
    return like(x, y.reshape(x.shape), mean[:, 0, :, 0], variance[:, 0, :, 0])


def vjp_group(
    dy: np.ndarray, *, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, variance: np.ndarray, groups: int,
    epsilon: float,
) -> Arrays:  # fmt: skip
    """z = (x - m) r:  dbeta = sum dy;  dgamma = sum dy z, over samples and positions;
    dx = r (gamma dy - mean of gamma dy - z mean of gamma dy z), means over a sample's group"""
    grouped, g, a = in_groups(x, groups), in_groups(dy, groups), gamma.reshape(groups, -1)
    r = per_deviation(variance, epsilon)[:, None, :, None]
    z = (grouped - mean[:, None, :, None]) * r
    s, q = total(g, (1,), keepdims=True), total(g * z, (1,), keepdims=True)
    size = max(1, grouped.shape[1] * grouped.shape[3])
    along, across = total(a * s, (3,), keepdims=True) / size, total(a * q, (3,), keepdims=True) / size
    dx = r * (a * g - along - z * across)
    return like(x, dx.reshape(x.shape), q.sum(axis=(0, 1)).reshape(-1), s.sum(axis=(0, 1)).reshape(-1))


def _group_example(*shape: int, groups: int) -> Example:
    plain = _batch_example(*shape)
    return Example(plain.inputs, {"groups": groups, "epsilon": 1e-3}, f"{plain.id}-{groups}")


group_norm = Primitive(
    name="group_norm",
    inputs=("x", "gamma", "beta"),
    outputs=("y", "mean", "variance"),
    infer=infer_group,
    forward=forward_group,
    vjp=vjp_group,
    saves=("x", "gamma", "mean", "variance"),
    kernels_at="chainrule.kernels.normalization:group_norm",
    flops=per_element(10),
    examples=(
        _group_example(2, 5, 3, 4, groups=2),
        _group_example(3, 6, groups=3),
        _group_example(3, 7, 4, groups=4),  # each channel alone: instance normalization
        _group_example(2, 1, 1, 6, groups=1),
        _group_example(2, 97, 6, groups=2),  # more rows than fit into one of the kernel's
    ),
    source="Wu and He (2018), Group normalization, arXiv:1803.08494, equations 1-3",
    promotes=True,
)


# The last axes within each sample.


def check_last_axes(where: str, x: TensorSpec, *of_axes: TensorSpec) -> int:
    """How many leading axes x has beside those of the arrays."""
    leading = len(x.shape) - len(of_axes[0].shape)
    if leading < 0 or not of_axes[0].shape or any(a.shape != x.shape[leading:] for a in of_axes):
        raise ShapeError(
            "the shapes do not fit", where=where, expected="scale and shift of the shape of the last axes of x",
            got=f"x {x.shape}, " + ", ".join(str(a.shape) for a in of_axes),
        )  # fmt: skip
    return leading


def infer_layer(x: TensorSpec, gamma: TensorSpec, beta: TensorSpec, *, epsilon: float) -> Specs:
    """(..., *F), F, F -> (..., *F), (...), (...)"""
    leading = check_last_axes("layer_norm", x, gamma, beta)
    return x, x.with_shape(*x.shape[:leading]), x.with_shape(*x.shape[:leading])


def in_rows(x: np.ndarray, gamma: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """(..., *F) -> (rows, size of F), and the leading axes."""
    leading = x.shape[: x.ndim - gamma.ndim]
    return x.reshape(math.prod(leading), gamma.size), leading


def forward_layer(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, epsilon: float) -> Arrays:
    """y = (x - m) r gamma + beta, with m, v and r = 1 / sqrt(v + epsilon) of each row"""
    rows, leading = in_rows(x, gamma)
    mean, variance = moments_of(rows, (1,))
    y = (rows - mean) * per_deviation(variance, epsilon) * gamma.reshape(-1) + beta.reshape(-1)
    return like(x, y.reshape(x.shape), mean.reshape(leading), variance.reshape(leading))


def vjp_layer(
    dy: np.ndarray, *, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> Arrays:
    """z = (x - m) r, g = gamma dy:  dx = r (g - mean of g - z mean of g z);  dgamma = sum dy z;  dbeta = sum dy"""
    (rows, _), (drows, _) = in_rows(x, gamma), in_rows(dy, gamma)
    r = per_deviation(variance, epsilon).reshape(-1, 1)
    z, g = (rows - mean.reshape(-1, 1)) * r, drows * gamma.reshape(-1)
    dx = r * (g - mean_of(g, (1,), keepdims=True) - z * mean_of(g * z, (1,), keepdims=True))
    dgamma, dbeta = total(drows * z, (0,)), total(drows, (0,))
    return like(x, dx.reshape(x.shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape))


def _layer_example(*shape: int, axes: int = 1) -> Example:
    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        last = shape[-axes:]
        x = rng.standard_normal(shape) + 0.5
        return {"x": x, "gamma": rng.uniform(0.5, 1.5, last), "beta": rng.standard_normal(last)}

    return Example(inputs, {"epsilon": 1e-3}, f"{'x'.join(map(str, shape))}-{axes}")


layer_norm = Primitive(
    name="layer_norm",
    inputs=("x", "gamma", "beta"),
    outputs=("y", "mean", "variance"),
    infer=infer_layer,
    forward=forward_layer,
    vjp=vjp_layer,
    saves=("x", "gamma", "mean", "variance"),
    kernels_at="chainrule.kernels.normalization:layer_norm",
    flops=per_element(10),
    examples=(
        _layer_example(5, 3),
        _layer_example(2, 3, 4, axes=2),
        _layer_example(3, 2, 4, 1, axes=3),
        _layer_example(4, 3, 1),  # a single number has no variance
        _layer_example(6, 5, 67),
    ),
    source="Ba, Kiros, Hinton (2016), Layer normalization, arXiv:1607.06450, equation 4",
    promotes=True,
)


# The same without a mean.


def infer_rms(x: TensorSpec, gamma: TensorSpec, *, epsilon: float) -> Specs:
    """(..., *F), F -> (..., *F), (...)"""
    leading = check_last_axes("rms_norm", x, gamma)
    return x, x.with_shape(*x.shape[:leading])


def forward_rms(x: np.ndarray, gamma: np.ndarray, *, epsilon: float) -> Arrays:
    """y = x r gamma;  q = mean of x^2, r = 1 / sqrt(q + epsilon), for each row"""
    rows, leading = in_rows(x, gamma)
    square = mean_of(np.square(rows, dtype=np.float64), (1,), keepdims=True)
    y = rows * per_deviation(square, epsilon) * gamma.reshape(-1)
    return like(x, y.reshape(x.shape), square.reshape(leading))


def vjp_rms(dy: np.ndarray, *, x: np.ndarray, gamma: np.ndarray, square: np.ndarray, epsilon: float) -> Arrays:
    """z = x r, g = gamma dy:  dx = r (g - z mean of g z);  dgamma = sum dy z"""
    (rows, _), (drows, _) = in_rows(x, gamma), in_rows(dy, gamma)
    r = per_deviation(square, epsilon).reshape(-1, 1)
    z, g = rows * r, drows * gamma.reshape(-1)
    dx = r * (g - z * mean_of(g * z, (1,), keepdims=True))
    return like(x, dx.reshape(x.shape), total(drows * z, (0,)).reshape(gamma.shape))


def _rms_example(*shape: int, axes: int = 1) -> Example:
    plain = _layer_example(*shape, axes=axes)
    return Example(lambda rng: dict(list(plain.inputs(rng).items())[:2]), {"epsilon": 0.1}, plain.id)


rms_norm = Primitive(
    name="rms_norm",
    inputs=("x", "gamma"),
    outputs=("y", "square"),
    infer=infer_rms,
    forward=forward_rms,
    vjp=vjp_rms,
    saves=("x", "gamma", "square"),
    kernels_at="chainrule.kernels.normalization:rms_norm",
    flops=per_element(6),
    examples=(_rms_example(5, 3), _rms_example(2, 3, 4, axes=2), _rms_example(4, 2, 1), _rms_example(3, 67)),
    source="Zhang and Sennrich (2019), Root mean square layer normalization, arXiv:1910.07467, equation 4",
    promotes=True,
)


# With Keras's names, over any axes.


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) scale + offset, for each channel.

    Args:
        x: what to normalize.
        mean: one number for each channel.
        variance: the same.
        axis: the channels'.
        offset: what is added at the end, one number for each channel; None for 0.
        scale: factor before that; None for 1.
        epsilon: added to the variance, so that nothing is divided by 0.
    """
    x = real(x)
    moved, back = _last(x, axis, "batch_normalization")
    ones = _ones(x, axis, "batch_normalization")
    gamma, beta = ones if scale is None else scale, 0 * ones if offset is None else offset
    return back(batch_norm_inference(moved, mean, variance, gamma, beta, epsilon=float(epsilon)))


def normalize_batch(x: Any, gamma: Any, beta: Any, *, axis: int, epsilon: float) -> tuple[Any, Any, Any]:
    """The batch normalization of x by its own statistics, with these: y, mean and variance of each channel."""
    moved, back = _last(x, axis, "batch_norm")
    if is_symbolic(moved):
        y = batch_norm(moved, gamma, beta, epsilon=float(epsilon))
        _, mean, variance = y.node.outputs
    else:
        y, mean, variance = batch_norm.forward(*map(as_array, (moved, gamma, beta)), epsilon=float(epsilon))
    return back(y), mean, variance


def group_normalization(x: Any, gamma: Any, beta: Any, *, groups: int, axis: int, epsilon: float) -> Any:
    """The group normalization of x, whose channels are on any axis but the first."""
    moved, back = _last(x, axis, "group_norm")
    return back(group_norm(moved, gamma, beta, groups=groups, epsilon=float(epsilon)))


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axis = -1, epsilon: float | None = None
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta, mean and variance of each sample.

    Args:
        x: what to normalize.
        gamma: factors, of the shape of the axes; None for 1.
        beta: what is added at the end, of the same shape; None for 0.
        axis: axes over which means are taken.
        epsilon: added to the variance; `config.epsilon()` by default.
    """
    x = real(x)
    moved, back = _last(x, axis, "layer_normalization")
    ones = _ones(x, axis, "layer_normalization")
    gamma, beta = ones if gamma is None else gamma, 0 * ones if beta is None else beta
    return back(layer_norm(moved, gamma, beta, epsilon=float(config.epsilon() if epsilon is None else epsilon)))


def rms_normalization(x: Any, scale: Any = None, axis: Axis = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean of x^2 + epsilon) scale, means of each sample.

    Args:
        x: what to normalize.
        scale: factors, of the shape of the axes; None for 1.
        axis: axes over which means are taken.
        epsilon: added to the mean square; `config.epsilon()` by default.
    """
    x = real(x)
    moved, back = _last(x, axis, "rms_normalization")
    gamma = _ones(x, axis, "rms_normalization") if scale is None else scale
    return back(rms_norm(moved, gamma, epsilon=float(config.epsilon() if epsilon is None else epsilon)))


def normalize(x: Any, axis: Axis = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x / norm of x, or x / epsilon where the norm is smaller.

    Args:
        x: what to normalize.
        axis: axes over which norms are taken; None for all.
        order: of the norm; 2 is Euclid's.
        epsilon: the least norm; `config.epsilon()` by default.

    Raises:
        ArgumentError: the order is not a whole number from 1 on.

    Example:
        >>> normalize(np.array([3.0, 4.0]))
        array([0.6, 0.8])
    """
    if not isinstance(order, int) or order < 1:
        raise ArgumentError("a norm has a whole order", where="normalize", expected="1 or more", got=order)
    x, least = real(x), config.epsilon() if epsilon is None else epsilon
    if order == 2:  # the maximum before the root, whose derivative at 0 is infinite
        return x / sqrt(maximum(sum_of(square(x), axis=axis, keepdims=True), least**2))
    return x / maximum(norm(x, ord=order, axis=axis, keepdims=True), least)


def _last(x: Any, axis: Axis, where: str) -> tuple[Any, Callable[[Any], Any]]:
    """x with the axes moved to the end, and the function that moves them back."""
    rank = len(shape_of(x))
    axes = axes_of(axis, rank, where=where)
    order = (*(k for k in range(rank) if k not in axes), *axes)
    if order == tuple(range(rank)):
        return x, lambda y: y
    return transpose(x, order), lambda y: transpose(y, tuple(order.index(k) for k in range(rank)))


def _ones(x: Any, axis: Axis, where: str) -> np.ndarray:
    """Ones of the shape of some axes of x."""
    shape = shape_of(x)
    sizes = tuple(shape[k] for k in axes_of(axis, len(shape), where=where))
    if None in sizes:
        raise ShapeError("the axes need a known size", where=where, got=f"{shape}, axes {axis}")
    return np.ones(known(sizes), x.dtype)
