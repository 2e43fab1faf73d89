"""JAX without a library on top: forward pass, Adam, and a jitted step whose state is donated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.networks import Network

Weights = list[tuple[jax.Array, jax.Array]]


def weights_of(network: Network) -> Weights:
    """He's normal weights, and biases of zero."""
    keys = jax.random.split(jax.random.key(0), len(network.widths) - 1)
    return [
        (jax.random.normal(key, (k, n)) * jnp.sqrt(2 / k), jnp.zeros(n))
        for key, k, n in zip(keys, network.widths, network.widths[1:], strict=False)
    ]


def dense(weights: Weights, x: jax.Array) -> jax.Array:
    """Logits, or numbers, of a stack of dense layers."""
    for w, b in weights[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = weights[-1]
    return x @ w + b


BUILD = {"dense": dense}


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, whole_epoch: bool = False
) -> Callable[[], float]:
    forward = BUILD[network.kind]
    inputs, targets = jnp.asarray(x), jnp.asarray(y)
    steps = len(x) // batch
    rng = np.random.default_rng(0)

    def loss(weights: Weights, xb: jax.Array, yb: jax.Array) -> jax.Array:
        z = forward(weights, xb)
        if network.loss == "numbers":
            return jnp.mean((z - yb) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), yb[:, None], axis=1))

    def step(state: Any, rows: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        weights, m, v, t, total = state
        value, gradient = jax.value_and_grad(loss)(weights, x[rows], y[rows])
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return weights, m, v, t, total + value

    @partial(jax.jit, donate_argnums=0)
    def jitted_step(state: Any, rows: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        return step(state, rows, x, y)

    @partial(jax.jit, donate_argnums=0)
    def jitted_epoch(state: Any, order: jax.Array, x: jax.Array, y: jax.Array) -> Any:
        return jax.lax.scan(lambda state, rows: (step(state, rows, x, y), None), state, order)[0]

    weights = weights_of(network)
    zeros = partial(jax.tree.map, jnp.zeros_like)
    state = (weights, zeros(weights), zeros(weights), jnp.zeros(()), jnp.zeros(()))

    def epoch() -> float:
        nonlocal state
        order = rng.permutation(len(x))[: steps * batch].reshape(steps, batch)
        state = (*state[:4], jnp.zeros(()))
        if whole_epoch:
            state = jitted_epoch(state, order, inputs, targets)
        else:
            for rows in order:
                state = jitted_step(state, rows, inputs, targets)
        return float(state[4]) / steps

    return epoch


def predictors(network: Network) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    weights = weights_of(network)
    forward = BUILD[network.kind]
    jitted = jax.jit(lambda weights, x: jax.nn.softmax(forward(weights, x)))
    return {"": lambda x: np.asarray(jitted(weights, x))}
