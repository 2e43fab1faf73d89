"""MNIST with JAX and a hand-written Adam, from a folder of `.npy` files."""

import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

folder = Path(sys.argv[1])


def load(split):
    x = np.load(folder / f"x_{split}.npy").reshape(-1, 784).astype(np.float32) / 255
    return jnp.asarray(x), jnp.asarray(np.load(folder / f"y_{split}.npy"))


def logits(weights, x):
    w1, b1, w2, b2 = weights
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


def loss(weights, x, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits(weights, x)), y[:, None], axis=1))


@partial(jax.jit, donate_argnums=(0, 1, 2))
def step(weights, m, v, t, rows, x, y):
    gradient = jax.grad(loss)(weights, x[rows], y[rows])
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v), m, v


x_train, y_train = load("train")
x_test, y_test = load("test")
keys = jax.random.split(jax.random.key(0))
weights = (
    jax.random.normal(keys[0], (784, 512)) * jnp.sqrt(2 / 784), jnp.zeros(512),
    jax.random.normal(keys[1], (512, 10)) * jnp.sqrt(2 / 512), jnp.zeros(10),
)  # fmt: skip
m, v = jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)
order = np.random.default_rng(0).permutation(len(x_train))
for t, rows in enumerate(order.reshape(-1, 100), start=1):
    weights, m, v = step(weights, m, v, float(t), rows, x_train, y_train)
print("test accuracy:", float(jnp.mean(jnp.argmax(logits(weights, x_test), axis=1) == y_test)))
