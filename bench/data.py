"""Data of the right shape and type, made once and read by every process.

Timings depend on shapes, not on values, but the loss must have something to fall on: so the synthetic images
are ten patterns under noise.  Where CHAINRULE_DATA names a folder, MNIST itself is taken; colour images in CIFAR's
shape are always synthetic.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

import numpy as np

from bench.networks import Network


def prepare(folder: Path, smoke: bool) -> str:
    """Write `x_train`, `y_train`, `x_test`, `y_test` as `.npy` files and one `.npz`; say what they are."""
    sizes = (1000, 200) if smoke else (60000, 10000)
    if os.environ.get("CHAINRULE_DATA"):
        from chainrule.datasets import mnist

        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        origin = "MNIST"
    else:
        rng = np.random.default_rng(0)
        patterns = _patterns(rng, 28, 28)
        (x_train, y_train), (x_test, y_test) = (_noisy(rng, patterns, n) for n in sizes)
        origin = "synthetic images in MNIST's shape"
    arrays = {
        "x_train": x_train[: sizes[0]], "y_train": y_train[: sizes[0]],
        "x_test": x_test[: sizes[1]], "y_test": y_test[: sizes[1]],
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "mnist.npz", x=arrays["x_train"], y=arrays["y_train"])
    return origin


def _patterns(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Ten images."""
    return rng.integers(0, 128, (10, *shape), dtype=np.uint8)


def _noisy(rng: np.random.Generator, patterns: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    y = rng.integers(0, 10, n, dtype=np.uint8)
    return patterns[y] + rng.integers(0, 128, (n, *patterns.shape[1:]), dtype=np.uint8), y


def training_set(network: Network, samples: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Inputs as float32 and targets (int64 labels or float32 numbers) for a network.

    Shapes:
        x: (samples, features), (samples, height, width, channels)
        y: (samples,) of classes, (samples, 1) of numbers
    """
    rng = np.random.default_rng(1)
    if network.loss == "numbers":
        x = rng.standard_normal((samples, *network.shape), dtype=np.float32)
        return x, np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    if prod(network.shape) == 28 * 28:
        images = np.load(folder / "x_train.npy", mmap_mode="r")[:samples]
        labels = np.load(folder / "y_train.npy")[:samples]
    else:
        images, labels = _noisy(rng, _patterns(rng, *network.shape), samples)
    x = images.reshape(len(images), *network.shape).astype(np.float32) / np.float32(255)
    return x, labels.astype(np.int64)
