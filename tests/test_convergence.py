"""Known accuracy on known data in a known number of epochs: slow, so run by `.ci/run` and `make slow`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
import chainrule as keras
from chainrule import layers

name, seed = sys.argv[1], int(sys.argv[2])
(x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
keras.utils.set_random_seed(seed)
model = keras.Sequential([
    keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(),
    layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax"),
])
rate = keras.optimizers.schedules.CosineDecay(1e-3, 10 * 600)
model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=100, epochs=10, verbose=0)
print(model.evaluate(x_test, y_test, verbose=0)[1])
"""


def accuracy(name: str, seed: int) -> float:
    """Test accuracy of 784-512-10 after 10 epochs, in a process of its own with two threads."""
    environment = {**os.environ, "CHAINRULE_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, str(seed)], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    return float(run.stdout)


def needs(name: str) -> None:
    """Skip where the data set is not at hand: tests download nothing."""
    folder = os.environ.get("CHAINRULE_DATA", "")
    if not os.path.isdir(os.path.join(folder, name)):
        pytest.skip(f"CHAINRULE_DATA names no folder with {name}")


def test_mnist_reaches_0_980_as_the_mean_of_three_seeds() -> None:
    needs("mnist")
    assert np.mean([accuracy("mnist", seed) for seed in (0, 1, 2)]) >= 0.980


def test_fashion_mnist_reaches_0_88_with_the_same_network() -> None:
    needs("fashion-mnist")
    assert accuracy("fashion_mnist", 0) >= 0.88


def test_the_fast_recipe_reaches_0_990_in_each_of_five_seeds(tmp_path: Path) -> None:
    needs("mnist")
    for seed in range(5):
        words = ["train", "mnist", "--fast", "--seed", str(seed), "--quiet", "--output", str(tmp_path)]
        run = subprocess.run([sys.executable, "-m", "chainrule", *words], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert float(run.stdout.split()[-1]) >= 0.990, f"seed {seed}: {run.stdout}"
