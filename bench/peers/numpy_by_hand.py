"""A forward pass as anyone would write it in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.networks import Network


def predictors(network: Network) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    rng = np.random.default_rng(0)
    weights = [
        (rng.standard_normal((k, n), dtype=np.float32) * np.float32(np.sqrt(2 / k)), np.zeros(n, np.float32))
        for k, n in zip(network.widths, network.widths[1:], strict=False)
    ]

    def predict(x: np.ndarray) -> np.ndarray:
        for w, b in weights[:-1]:
            x = np.maximum(x @ w + b, 0)
        w, b = weights[-1]
        e = np.exp((z := x @ w + b) - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    return {"": predict}, sum(w.size + b.size for w, b in weights)
