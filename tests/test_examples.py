"""The examples run, and show what they say."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import chainrule as keras

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 80


def test_the_perceptron_separates_zeros_from_ones() -> None:
    assert load("perceptron").main() >= 0.98


def test_adaline_tells_threes_from_eights() -> None:
    assert load("adaline").main() >= 0.95


def test_the_network_by_hand_ends_with_the_same_weights() -> None:
    # 135 steps of sums of 64 products in float32: each rounds by about 1e-7 of weights near 1
    assert load("two_layers_by_hand").main() < 135 * 64 * np.finfo("float32").eps / 2


def test_single_samples_follow_rosenblatts_rule() -> None:
    """With a sign as output and the perceptron loss a step is w += eta (t - sign(w x + b)) x / 2, exactly."""
    rng = np.random.default_rng(0)
    x = rng.integers(-8, 9, (40, 3)).astype("float32") / 8  # exact in binary, so that the weights are too
    t = np.where(x @ [1.0, -2.0, 0.5] > 0.25, 1.0, -1.0).astype("float32")
    eta = 0.5
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sign", kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(learning_rate=eta), keras.losses.Perceptron())

    w, b = np.zeros(3, "float32"), np.float32(0)
    for sample, label in zip(x, t, strict=True):
        model.train_on_batch(sample[None], label.reshape(1, 1))
        y = np.sign(sample @ w + b)
        w = w + eta * (label - y) * sample / 2
        b = b + eta * (label - y) / 2
        kernel, bias = model.get_weights()
        np.testing.assert_array_equal(kernel[:, 0], w)
        np.testing.assert_array_equal(bias, [b])


@pytest.mark.slow
@pytest.mark.skipif("CHAINRULE_DATA" not in os.environ, reason="CHAINRULE_DATA names no folder with MNIST")
def test_the_mnist_example_runs_on_real_data() -> None:
    assert load("mnist_mlp").main(epochs=2) >= 0.96
