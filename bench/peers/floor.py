"""The floor: the matrix products of the same work and nothing else, each into memory that is already there.

Nobody who multiplies matrices by a general BLAS gets below it; the share of it that a program reaches says
how much of its time is arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench import threads
from bench.networks import Network


def library_of(library: str) -> tuple[Callable[[np.ndarray], Any], Callable[[Any, Any, Any], Any]]:
    """How a library takes an array, and how it multiplies two into a third."""
    if library == "torch":
        import torch

        torch.set_num_threads(threads.number())
        return torch.from_numpy, lambda a, b, out: torch.mm(a, b, out=out)
    return np.asarray, lambda a, b, out: np.matmul(a, b, out=out)


def _layers(network: Network, batch: int, array: Callable[[np.ndarray], Any]) -> tuple[list[Any], list[Any]]:
    """Activations, the inputs first, and weights."""
    rng = np.random.default_rng(0)
    values = [array(rng.random((batch, n), dtype=np.float32)) for n in network.widths]
    pairs = zip(network.widths, network.widths[1:], strict=False)
    return values, [array(rng.random(shape, dtype=np.float32)) for shape in pairs]


def trainer(network: Network, x: np.ndarray, y: np.ndarray, batch: int, library: str = "numpy") -> Callable[[], float]:
    array, multiply = library_of(library)
    values, weights = _layers(network, batch, array)
    gradients = [array(np.empty(tuple(w.shape), np.float32)) for w in weights]
    cotangents = [array(np.ones(tuple(v.shape), np.float32)) for v in values]

    def epoch() -> float:
        for _ in range(len(x) // batch):
            for i, w in enumerate(weights):
                multiply(values[i], w, values[i + 1])
            for i in reversed(range(len(weights))):
                multiply(values[i].T, cotangents[i + 1], gradients[i])
                if i:
                    multiply(cotangents[i + 1], weights[i].T, cotangents[i])
        return float("nan")

    return epoch


def predictors(network: Network, library: str = "numpy") -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    array, multiply = library_of(library)
    sizes: dict[int, tuple[list[Any], list[Any]]] = {}

    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) not in sizes:
            sizes[len(x)] = _layers(network, len(x), array)
        values, weights = sizes[len(x)]
        for i, w in enumerate(weights):
            multiply(values[i], w, values[i + 1])
        return np.asarray(values[-1])

    return {"": predict}
