"""JAX without a library on top: forward pass, Adam, and a jitted step whose state is donated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench import layers as facts
from bench.networks import Network

Layers = tuple[facts.Layer, ...]


def initial(stack: Layers, shape: facts.Shape, key: jax.Array) -> tuple[list[Any], list[Any]]:
    """Weights (He's normal ones, and biases of zero) and moving statistics, an entry for each layer."""
    weights, statistics = [], []
    for fact, one in zip(stack, jax.random.split(key, len(stack)), strict=True):
        w, s = initial_of(fact, shape, one)
        weights.append(w)
        statistics.append(s)
        shape = fact.output(shape)
    return weights, statistics


def initial_of(fact: facts.Layer, shape: facts.Shape, key: jax.Array) -> tuple[Any, Any]:
    """Weights and moving statistics of a layer; an empty tuple for none."""

    def normal(*dimensions: int) -> jax.Array:
        return jax.random.normal(key, dimensions) * np.float32(np.sqrt(2 / np.prod(dimensions[:-1])))

    match fact:
        case facts.Dense(units):
            return (normal(shape[0], units), jnp.zeros(units)), ()
        case facts.Conv(filters, size, bias=bias):
            return (normal(size, size, shape[2], filters), *([jnp.zeros(filters)] if bias else [])), ()
        case facts.Depthwise(size):
            return normal(size, size, 1, shape[2]), ()
        case facts.BatchNorm():
            return (jnp.ones(shape[2]), jnp.zeros(shape[2])), (jnp.zeros(shape[2]), jnp.ones(shape[2]))
        case facts.Residual(body, shortcut) if shortcut:
            one, two = (initial(branch, shape, key) for branch in (body, shortcut))
            return (one[0], two[0]), (one[1], two[1])
        case facts.Residual(body):
            weights, statistics = initial(body, shape, key)
            return (weights, []), (statistics, [])
    return (), ()


def forward(
    stack: Layers, weights: list[Any], statistics: list[Any], x: jax.Array, key: jax.Array | None = None
) -> tuple[jax.Array, list[Any]]:
    """Logits, or numbers, and the statistics afterwards; training if there is a key."""
    after = []
    for fact, w, s in zip(stack, weights, statistics, strict=True):
        x, s = forward_of(fact, w, s, x, key)
        after.append(s)
    return x, after


def forward_of(fact: facts.Layer, w: Any, s: Any, x: jax.Array, key: jax.Array | None) -> tuple[jax.Array, Any]:
    """The same for a layer."""
    match fact:
        case facts.Dense(_, activation):
            z = x @ w[0] + w[1]
            return (jax.nn.relu(z) if activation == "relu" else z), s
        case facts.Conv(_, _, stride, padding, activation, bias):
            z = convolve(x, w[0], stride, padding)
            z = z + w[1] if bias else z
            return (jax.nn.relu(z) if activation == "relu" else z), s
        case facts.Depthwise(_, stride):
            return convolve(x, w, stride, "same", groups=x.shape[3]), s
        case facts.BatchNorm():
            mean, variance = s
            if key is not None:
                mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
                s = tuple(fact.momentum * a + (1 - fact.momentum) * b for a, b in zip(s, (mean, variance), strict=True))
            scale, offset = w
            return (x - mean) * (scale * jax.lax.rsqrt(variance + fact.epsilon)) + offset, s
        case facts.ReLU():
            return jax.nn.relu(x), s
        case facts.MaxPool(size):
            window = (1, size, size, 1)
            return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID"), s
        case facts.GlobalAverage():
            return x.mean((1, 2)), s
        case facts.Flatten():
            return x.reshape(len(x), -1), s
        case facts.Dropout(rate):
            if key is None:
                return x, s
            return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0), s
        case facts.Residual(body, shortcut):
            one, s_one = forward(body, w[0], s[0], x, key)
            two, s_two = forward(shortcut, w[1], s[1], x, key)
            return one + two, (s_one, s_two)
    raise NotImplementedError(fact)


def convolve(x: jax.Array, kernel: jax.Array, stride: int, padding: str, groups: int = 1) -> jax.Array:
    """A convolution with channels last."""
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )  # fmt: skip


def parameters(weights: list[Any]) -> int:
    """Trainable numbers."""
    return sum(leaf.size for leaf in jax.tree.leaves(weights))


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, whole_epoch: bool = False
) -> tuple[Callable[[], float], int]:
    inputs, targets = jnp.asarray(x), jnp.asarray(y)
    steps = len(x) // batch
    rng = np.random.default_rng(0)

    def loss(
        weights: list[Any], statistics: list[Any], xb: jax.Array, yb: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, list[Any]]:
        z, statistics = forward(network.layers, weights, statistics, xb, key)
        if network.loss == "numbers":
            return jnp.mean((z - yb) ** 2), statistics
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), yb[:, None], axis=1)), statistics

    def step(state: Any, rows: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        weights, statistics, m, v, t, total = state
        key = jax.random.fold_in(jax.random.key(1), t)
        (value, statistics), gradient = jax.value_and_grad(loss, has_aux=True)(
            weights, statistics, x[rows], y[rows], key
        )
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return weights, statistics, m, v, t, total + value

    @partial(jax.jit, donate_argnums=0)
    def jitted_step(state: Any, rows: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        return step(state, rows, x, y)

    @partial(jax.jit, donate_argnums=0)
    def jitted_epoch(state: Any, order: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        return jax.lax.scan(lambda state, rows: (step(state, rows, x, y), None), state, order)[0]

    weights, statistics = initial(network.layers, network.shape, jax.random.key(0))
    zeros = partial(jax.tree.map, jnp.zeros_like)
    state = (weights, statistics, zeros(weights), zeros(weights), jnp.zeros((), int), jnp.zeros(()))

    def epoch() -> float:
        nonlocal state
        order = rng.permutation(len(x))[: steps * batch].reshape(steps, batch)
        state = (*state[:-1], jnp.zeros(()))
        if whole_epoch:
            state = jitted_epoch(state, order, inputs, targets)
        else:
            for rows in order:
                state = jitted_step(state, rows, inputs, targets)
        return float(state[-1]) / steps

    return epoch, parameters(weights)


def predictors(network: Network) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    weights, statistics = initial(network.layers, network.shape, jax.random.key(0))
    jitted = jax.jit(
        lambda weights, statistics, x: jax.nn.softmax(forward(network.layers, weights, statistics, x)[0])
    )  # fmt: skip
    return {"": lambda x: np.asarray(jitted(weights, statistics, x))}, parameters(weights)
