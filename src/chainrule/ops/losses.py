"""Losses with a formula worth fusing: one number for each sample, its mean and weights left to the caller.

K is the size of the last axis.  The cross entropies of logits never form log(softmax) from
rounded probabilities, so they are exact however far the logits are apart.  Those of
probabilities keep them in [epsilon, 1 - epsilon] and have no derivative outside.

A label outside 0 ... K - 1 has the loss NaN and the gradient NaN: nothing is read out of
bounds, and the mistake cannot pass for a small loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import Shape, TensorSpec


def _agree(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))


def _same_shape(where: str, x: TensorSpec, targets: TensorSpec) -> None:
    if not _agree(x.shape, targets.shape):
        raise ShapeError(
            "outputs and targets differ in shape", where=where,
            expected=f"targets {x.shape}", got=targets.shape,
        )  # fmt: skip


def _not_empty(where: str, x: TensorSpec) -> None:
    if len(x.shape) == 0 or x.shape[-1] == 0:
        raise ShapeError("the last axis is empty", where=where, expected="(..., K)", got=x.shape)


def infer_softmax_cross_entropy(logits: TensorSpec, targets: TensorSpec) -> Specs:
    """(..., K), (..., K) -> (...), (..., K)"""
    _not_empty("softmax_cross_entropy", logits)
    _same_shape("softmax_cross_entropy", logits, targets)
    return logits.with_shape(*logits.shape[:-1]), logits


def infer_sparse_softmax_cross_entropy(logits: TensorSpec, labels: TensorSpec) -> Specs:
    """(..., K), (...) -> (...), (..., K)"""
    _labels("sparse_softmax_cross_entropy", logits, labels)
    return logits.with_shape(*logits.shape[:-1]), logits


def infer_sigmoid_cross_entropy(logits: TensorSpec, targets: TensorSpec) -> Specs:
    """(...), (...) -> (...), (...)"""
    _same_shape("sigmoid_cross_entropy", logits, targets)
    return logits, logits


def infer_by_row(where: str) -> Callable[..., Specs]:
    """The shape rule of a loss that leaves one number of each row."""

    def infer(x: TensorSpec, targets: TensorSpec, **attrs: Any) -> Specs:
        """(..., K), (..., K) -> (...)"""
        _not_empty(where, x)
        _same_shape(where, x, targets)
        return (x.with_shape(*x.shape[:-1]),)

    return infer


def infer_sparse_categorical(p: TensorSpec, labels: TensorSpec, *, epsilon: float = 1e-7) -> Specs:
    """(..., K), (...) -> (...)"""
    _labels("sparse_categorical_cross_entropy", p, labels)
    return (p.with_shape(*p.shape[:-1]),)


def infer_binary(p: TensorSpec, targets: TensorSpec, *, epsilon: float) -> Specs:
    """(...), (...) -> (...)"""
    _same_shape("binary_cross_entropy", p, targets)
    return (p,)


def _labels(where: str, x: TensorSpec, labels: TensorSpec) -> None:
    _not_empty(where, x)
    if not _agree(x.shape[:-1], labels.shape):
        raise ShapeError(
            "there is not one label for each row", where=where, expected=f"labels {x.shape[:-1]}",
            got=labels.shape, hint="targets with one number for each class need the loss without `sparse`",
        )  # fmt: skip


def chosen(labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels as indices (..., 1), and as (...) whether they are in range."""
    inside = (labels >= 0) & (labels < classes)
    return np.where(inside, labels, 0).astype(np.intp)[..., None], inside


# Cross entropies of logits: the activation and the loss at once.


def softmax_cross_entropy_forward(logits: np.ndarray, targets: np.ndarray) -> Arrays:
    """loss = sum_k t_k (log sum_j e^(z_j) - z_k),  p = softmax(z)"""
    z = logits - logits.max(axis=-1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=-1, keepdims=True)
    return (targets * (np.log(total) - z)).sum(axis=-1), e / total


def softmax_cross_entropy_vjp(dloss: np.ndarray, *, targets: np.ndarray, p: np.ndarray) -> Arrays:
    """dz = dloss (p sum_k t_k - t),  dt = -dloss log p     (as far as p does not underflow)"""
    d = dloss[..., None]
    smallest = np.finfo(p.dtype).tiny
    return d * (p * targets.sum(axis=-1, keepdims=True) - targets), d * -np.log(np.maximum(p, smallest))


def sparse_softmax_cross_entropy_forward(logits: np.ndarray, labels: np.ndarray) -> Arrays:
    """loss = log sum_j e^(z_j) - z_label,  p = softmax(z)"""
    z = logits - logits.max(axis=-1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=-1, keepdims=True)
    index, inside = chosen(labels, z.shape[-1])
    loss = (np.log(total) - np.take_along_axis(z, index, axis=-1))[..., 0]
    return np.where(inside, loss, np.nan), e / total


def sparse_softmax_cross_entropy_vjp(
    dloss: np.ndarray, *, labels: np.ndarray, p: np.ndarray
) -> tuple[np.ndarray | None, ...]:
    """dz_k = dloss (p_k - [k = label])"""
    index, inside = chosen(labels, p.shape[-1])
    one_hot = index == np.arange(p.shape[-1])
    return np.where(inside, dloss, np.nan).astype(p.dtype)[..., None] * (p - one_hot), None


def sigmoid_cross_entropy_forward(logits: np.ndarray, targets: np.ndarray) -> Arrays:
    """loss = log(1 + e^z) - t z = max(z, 0) - t z + log(1 + e^-|z|),  p = sigmoid(z)"""
    e = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, e) / (1 + e)
    return np.maximum(logits, 0) - logits * targets + np.log1p(e), p


def sigmoid_cross_entropy_vjp(
    dloss: np.ndarray, *, logits: np.ndarray, targets: np.ndarray, p: np.ndarray
) -> Arrays:
    """dz = dloss (p - t),  dt = -dloss z"""
    return dloss * (p - targets), -dloss * logits


# Cross entropies of probabilities.


def categorical_cross_entropy_forward(p: np.ndarray, targets: np.ndarray, *, epsilon: float = 1e-7) -> Arrays:
    """loss = -sum_k t_k log clip(q_k),  q = p / sum_j p_j"""
    q = np.clip(p / p.sum(axis=-1, keepdims=True), epsilon, 1 - epsilon)
    return (-(targets * np.log(q)).sum(axis=-1),)


def categorical_cross_entropy_vjp(
    dloss: np.ndarray, *, p: np.ndarray, targets: np.ndarray, epsilon: float = 1e-7
) -> Arrays:
    """dp_j = dloss (g_j - sum_k g_k q_k) / sum_k p_k,  g_k = -t_k / q_k where q_k was not clipped, else 0"""
    d, total = dloss[..., None], p.sum(axis=-1, keepdims=True)
    q = p / total
    kept = np.clip(q, epsilon, 1 - epsilon)
    g = np.where(kept == q, -targets / kept, 0)
    return d * (g - (g * q).sum(axis=-1, keepdims=True)) / total, d * -np.log(kept)


def sparse_categorical_cross_entropy_forward(
    p: np.ndarray, labels: np.ndarray, *, epsilon: float = 1e-7
) -> Arrays:
    """loss = log sum_k c_k - log c_label,  c = clip(p)"""
    c = np.clip(p, epsilon, 1 - epsilon)
    index, inside = chosen(labels, p.shape[-1])
    loss = np.log(c.sum(axis=-1)) - np.log(np.take_along_axis(c, index, axis=-1))[..., 0]
    return (np.where(inside, loss, np.nan),)


def sparse_categorical_cross_entropy_vjp(
    dloss: np.ndarray, *, p: np.ndarray, labels: np.ndarray, epsilon: float = 1e-7
) -> tuple[np.ndarray | None, ...]:
    """dp_k = dloss (1 / sum_j c_j - [k = label] / c_k) where p_k was not clipped, else 0"""
    c = np.clip(p, epsilon, 1 - epsilon)
    index, inside = chosen(labels, p.shape[-1])
    one_hot = index == np.arange(p.shape[-1])
    slope = np.where(c == p, 1 / c.sum(axis=-1, keepdims=True) - one_hot / c, 0)
    return np.where(inside, dloss, np.nan).astype(p.dtype)[..., None] * slope.astype(p.dtype), None


def binary_cross_entropy_forward(p: np.ndarray, targets: np.ndarray, *, epsilon: float) -> Arrays:
    """loss = -t log c - (1 - t) log(1 - c),  c = clip(p)"""
    c = np.minimum(np.maximum(p, epsilon), 1 - epsilon)
    return (-targets * np.log(c) - (1 - targets) * np.log(1 - c),)


def binary_cross_entropy_vjp(
    dloss: np.ndarray, *, p: np.ndarray, targets: np.ndarray, epsilon: float
) -> Arrays:
    """dp = dloss ((1 - t) / (1 - c) - t / c) where p was not clipped, else 0;  dt = dloss log((1 - c) / c)"""
    c = np.minimum(np.maximum(p, epsilon), 1 - epsilon)
    slope = np.where(c == p, (1 - targets) / (1 - c) - targets / c, 0)
    return dloss * slope, dloss * (np.log(1 - c) - np.log(c))


# Distances.


def mean_squared_error_forward(x: np.ndarray, targets: np.ndarray) -> Arrays:
    """loss = sum_k (x_k - t_k)^2 / K"""
    return (((x - targets) ** 2).mean(axis=-1),)


def mean_squared_error_vjp(dloss: np.ndarray, *, x: np.ndarray, targets: np.ndarray) -> Arrays:
    """dx_k = 2 dloss (x_k - t_k) / K,  dt = -dx"""
    dx = (2 * dloss / x.shape[-1])[..., None] * (x - targets)
    return dx, -dx


def mean_absolute_error_forward(x: np.ndarray, targets: np.ndarray) -> Arrays:
    """loss = sum_k |x_k - t_k| / K"""
    return (np.abs(x - targets).mean(axis=-1),)


def mean_absolute_error_vjp(dloss: np.ndarray, *, x: np.ndarray, targets: np.ndarray) -> Arrays:
    """dx_k = dloss sign(x_k - t_k) / K,  dt = -dx     (0 at the kink)"""
    dx = (dloss / x.shape[-1])[..., None] * np.sign(x - targets)
    return dx, -dx


def _example(
    draw: Callable[[np.random.Generator], Arrays], x: str, t: str, label: str, attrs: dict[str, Any]
) -> Example:
    return Example(lambda rng: dict(zip((x, t), draw(rng), strict=True)), attrs=attrs, id=label)


def _dense(x: str, t: str, *, probabilities: bool, **attrs: Any) -> tuple[Example, ...]:
    """Outputs and targets of the same shape; they do not sum to 1, so that nothing cancels by chance."""

    def example(*shape: int) -> Example:
        def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
            outputs = rng.uniform(0.05, 0.95, shape) if probabilities else 2 * rng.standard_normal(shape)
            return outputs, rng.uniform(0.0, 1.0, shape)

        return _example(draw, x, t, "x".join(map(str, shape)), attrs)

    return example(4, 7), example(1, 1), example(5), example(2, 3, 4), example(70, 300)


def _sparse(x: str, *, probabilities: bool) -> tuple[Example, ...]:
    def example(dtype: str, *shape: int) -> Example:
        def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
            outputs = rng.uniform(0.05, 0.95, shape) if probabilities else 2 * rng.standard_normal(shape)
            return outputs, rng.integers(0, shape[-1], shape[:-1]).astype(dtype)

        return _example(draw, x, "labels", f"{'x'.join(map(str, shape))}-{dtype}", {})

    return (
        example("int64", 4, 7), example("uint8", 1, 1), example("int32", 5), example("int32", 2, 3, 4),
        example("int64", 70, 300),
    )  # fmt: skip


def _flops(number: int) -> Callable[..., int]:
    def cost(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
        """A fixed number of operations for each output of the network."""
        return number * inputs[0].size

    return cost


GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016), section "
BISHOP = "Bishop, Pattern recognition and machine learning (2006), "

softmax_cross_entropy = Primitive(
    name="softmax_cross_entropy",
    inputs=("logits", "targets"),
    outputs=("loss", "p"),
    infer=infer_softmax_cross_entropy,
    forward=softmax_cross_entropy_forward,
    vjp=softmax_cross_entropy_vjp,
    saves=("targets", "p"),
    kernels_at="chainrule.kernels.losses:softmax_cross_entropy",
    flops=_flops(17),
    promotes=True,
    examples=_dense("logits", "targets", probabilities=False),
    source=BISHOP + "equations 4.106 to 4.109",
)
sparse_softmax_cross_entropy = Primitive(
    name="sparse_softmax_cross_entropy",
    inputs=("logits", "labels"),
    outputs=("loss", "p"),
    infer=infer_sparse_softmax_cross_entropy,
    forward=sparse_softmax_cross_entropy_forward,
    vjp=sparse_softmax_cross_entropy_vjp,
    saves=("labels", "p"),
    kernels_at="chainrule.kernels.losses:sparse_softmax_cross_entropy",
    flops=_flops(14),
    examples=_sparse("logits", probabilities=False),
    source=BISHOP + "equations 4.106 to 4.109",
)
sigmoid_cross_entropy = Primitive(
    name="sigmoid_cross_entropy",
    inputs=("logits", "targets"),
    outputs=("loss", "p"),
    infer=infer_sigmoid_cross_entropy,
    forward=sigmoid_cross_entropy_forward,
    vjp=sigmoid_cross_entropy_vjp,
    saves=("logits", "targets", "p"),
    kernels_at="chainrule.kernels.losses:sigmoid_cross_entropy",
    flops=_flops(28),
    promotes=True,
    examples=_dense("logits", "targets", probabilities=False),
    source=BISHOP + "equations 4.90 and 4.91",
)
categorical_cross_entropy = Primitive(
    name="categorical_cross_entropy",
    inputs=("p", "targets"),
    outputs=("loss",),
    infer=infer_by_row("categorical_cross_entropy"),
    forward=categorical_cross_entropy_forward,
    vjp=categorical_cross_entropy_vjp,
    saves=("p", "targets"),
    kernels_at="chainrule.kernels.losses:categorical_cross_entropy",
    flops=_flops(15),
    promotes=True,
    examples=_dense("p", "targets", probabilities=True),
    source=GOODFELLOW + "6.2.1.1",
)
sparse_categorical_cross_entropy = Primitive(
    name="sparse_categorical_cross_entropy",
    inputs=("p", "labels"),
    outputs=("loss",),
    infer=infer_sparse_categorical,
    forward=sparse_categorical_cross_entropy_forward,
    vjp=sparse_categorical_cross_entropy_vjp,
    saves=("p", "labels"),
    kernels_at="chainrule.kernels.losses:sparse_categorical_cross_entropy",
    flops=_flops(3),
    examples=_sparse("p", probabilities=True),
    source=GOODFELLOW + "6.2.1.1",
)
binary_cross_entropy = Primitive(
    name="binary_cross_entropy",
    inputs=("p", "targets"),
    outputs=("loss",),
    infer=infer_binary,
    forward=binary_cross_entropy_forward,
    vjp=binary_cross_entropy_vjp,
    elementwise_vjp=binary_cross_entropy_vjp,
    elementwise=True,
    saves=("p", "targets"),
    flops=_flops(28),
    promotes=True,
    examples=_dense("p", "targets", probabilities=True, epsilon=1e-7),
    source=BISHOP + "equation 4.90",
)
mean_squared_error = Primitive(
    name="mean_squared_error",
    inputs=("x", "targets"),
    outputs=("loss",),
    infer=infer_by_row("mean_squared_error"),
    forward=mean_squared_error_forward,
    vjp=mean_squared_error_vjp,
    saves=("x", "targets"),
    kernels_at="chainrule.kernels.losses:mean_squared_error",
    flops=_flops(3),
    promotes=True,
    examples=_dense("x", "targets", probabilities=False),
    source=GOODFELLOW + "5.1.4",
)
mean_absolute_error = Primitive(
    name="mean_absolute_error",
    inputs=("x", "targets"),
    outputs=("loss",),
    infer=infer_by_row("mean_absolute_error"),
    forward=mean_absolute_error_forward,
    vjp=mean_absolute_error_vjp,
    saves=("x", "targets"),
    kernels_at="chainrule.kernels.losses:mean_absolute_error",
    flops=_flops(3),
    promotes=True,
    examples=_dense("x", "targets", probabilities=False),
    source=GOODFELLOW + "6.2.1.2",
)
