"""The floor: the matrix products of the same work and nothing else, each into memory that is already there.

A convolution's are those of the matrix of its windows (im2col), a few samples at a time, so that this matrix stays
in the cache, and each thread its share of the batch; gathering the windows costs nothing here.  Nobody who multiplies
these matrices by a general BLAS gets below it; the share of it that a program reaches says how much of its time is
arithmetic.  Whoever convolves with fewer multiplications (Winograd) can, and depthwise convolutions are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import threadpoolctl

from bench import threads
from bench.networks import Network

CACHE = 2**17  # numbers in the matrix of windows: half a MiB


@dataclass(frozen=True)
class Layer:
    """The arrays of one layer, and how often they are multiplied until all samples are done.

    Shapes:
        x, dx: (rows, k)
        w, dw: (k, n)
        y, dy: (rows, n)
    """

    x: Any
    w: Any
    y: Any
    dx: Any
    dw: Any
    dy: Any
    repeats: int


Multiply = Callable[[Any, Any, Any], Any]


def library_of(library: str, count: int) -> tuple[Callable[[np.ndarray], Any], Multiply]:
    """How a library takes an array, and how it multiplies two into a third, with so many threads."""
    if library == "torch":
        import torch

        torch.set_num_threads(count)
        return torch.from_numpy, lambda a, b, out: torch.mm(a, b, out=out)
    threadpoolctl.threadpool_limits(count)
    return np.asarray, lambda a, b, out: np.matmul(a, b, out=out)


def shares(network: Network, batch: int, library: str) -> tuple[list[list[Layer]], Multiply]:
    """The layers of each thread, with its share of the samples; dense networks leave threads to the BLAS."""
    convolves = any(m > 1 for m, _, _ in network.sample_products())
    workers = min(batch, threads.number()) if convolves else 1
    array, multiply = library_of(library, threads.number() // workers)
    return [layers_of(network, len(part), array) for part in np.array_split(np.arange(batch), workers)], multiply


def layers_of(network: Network, samples: int, array: Callable[[np.ndarray], Any]) -> list[Layer]:
    """The arrays of each layer; where one's outputs are the next one's inputs, they share memory."""
    rng = np.random.default_rng(0)

    def values(*shape: int) -> Any:
        return array(rng.random(shape, dtype=np.float32))

    layers: list[Layer] = []
    for m, k, n in network.sample_products():
        repeats = _parts(samples, m * k) if m > 1 else 1
        rows = m * samples // repeats
        if layers and tuple(layers[-1].y.shape) == (rows, k):
            x, dx = layers[-1].y, layers[-1].dy
        else:
            x, dx = values(rows, k), values(rows, k)
        layers.append(Layer(x, values(k, n), values(rows, n), dx, values(k, n), values(rows, n), repeats))
    return layers


def _parts(samples: int, size: int) -> int:
    """Into how many equal parts samples are cut, so that a part, of so many numbers a sample, fits the cache."""
    divisors = (parts for parts in range(1, samples) if samples % parts == 0)
    return next((parts for parts in divisors if size * samples <= parts * CACHE), samples)


def forward(layers: list[Layer], multiply: Multiply) -> None:
    for layer in layers:
        for _ in range(layer.repeats):
            multiply(layer.x, layer.w, layer.y)


def backward(layers: list[Layer], multiply: Multiply) -> None:
    for i, layer in reversed(list(enumerate(layers))):
        for _ in range(layer.repeats):
            multiply(layer.x.T, layer.dy, layer.dw)
            if i:
                multiply(layer.dy, layer.w.T, layer.dx)


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, library: str = "numpy"
) -> tuple[Callable[[], float], int]:
    parts, multiply = shares(network, batch, library)

    def step(layers: list[Layer]) -> None:
        forward(layers, multiply)
        backward(layers, multiply)

    each = _in_threads(step, parts)

    def epoch() -> float:
        for _ in range(len(x) // batch):
            each()
        return float("nan")

    return epoch, network.parameters()


def predictors(
    network: Network, library: str = "numpy"
) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    sizes: dict[int, tuple[Callable[[], None], list[list[Layer]]]] = {}

    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) not in sizes:
            parts, multiply = shares(network, len(x), library)
            sizes[len(x)] = _in_threads(lambda layers: forward(layers, multiply), parts), parts
        each, parts = sizes[len(x)]
        each()
        return np.concatenate([layers[-1].y for layers in parts]) if len(parts) > 1 else np.asarray(parts[0][-1].y)

    return {"": predict}, network.parameters()


def _in_threads(work: Callable[[list[Layer]], None], parts: list[list[Layer]]) -> Callable[[], None]:
    """A call that does the work on all parts at once."""
    if len(parts) == 1:
        return lambda: work(parts[0])
    pool = ThreadPoolExecutor(len(parts))

    def each() -> None:
        for _ in pool.map(work, parts):  # raises what a thread raised
            pass

    return each
