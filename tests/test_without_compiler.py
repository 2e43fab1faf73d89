"""Without Numba, SciPy and other packages: the same results within rounding, in processes that cannot import them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

HIDE = """
import sys

class Hidden:
    def __init__(self, names, error):
        self.names, self.error = names, error

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise self.error(name)

def missing(name):
    return ModuleNotFoundError(f"No module named {name!r}", name=name)

def broken(name):
    return ImportError("Numba needs NumPy 1.0 or less")

sys.meta_path.insert(0, Hidden(%r, %s))
"""

WORK = """
import json
import warnings

import numpy as np

import chainrule as keras

keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x, labels = rng.random((50, 6)).astype("float32"), rng.integers(0, 3, 50)
model = keras.Sequential([
    keras.Input((6,)),
    keras.layers.Dense(8, "relu", kernel_regularizer="l2"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(8, "gelu"),
    keras.layers.PReLU(),
    keras.layers.Dense(3, "softmax"),
])
results = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for optimizer in ("sgd", "adam", "rmsprop"):
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, labels, batch_size=16, epochs=2, validation_split=0.2, verbose=0)
        results[optimizer] = history.history
    results["evaluated"] = model.evaluate(x, labels, verbose=0)
    results["predicted"] = model.predict(x, verbose=0).tolist()
    results["weights"] = [w.tolist() for w in model.get_weights()]
    results["called"] = np.asarray(model(x)).tolist()
results["warnings"] = [str(w.message) for w in caught]
import sys
results["loaded"] = sorted({"numba", "scipy", "h5py", "rich", "pooch", "PIL", "pandas"} & set(sys.modules))
from chainrule.kernels import available
results["kernels"] = available()
print(json.dumps(results))
"""


def run(hidden: tuple[str, ...], error: str = "missing") -> dict[str, Any]:
    program = HIDE % (hidden, error) + WORK
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "CHAINRULE_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def with_everything() -> dict[str, Any]:
    return run(())


def assert_close(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each of the 24 steps rounds each number a few times: about 24 * 10 * 6e-8 of its size."""
    for key in ("evaluated", "predicted", "called"):
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(found["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=2e-5)
    for optimizer in ("sgd", "adam", "rmsprop"):
        assert list(found[optimizer]) == list(expected[optimizer])
        np.testing.assert_allclose(found[optimizer]["loss"], expected[optimizer]["loss"], rtol=1e-4)


def test_kernels_run_where_all_is_there(with_everything: dict[str, Any]) -> None:
    assert with_everything["kernels"] is True
    assert with_everything["warnings"] == []
    assert "h5py" not in with_everything["loaded"]
    assert "rich" not in with_everything["loaded"]


@pytest.mark.parametrize(
    "hidden",
    [("numba",), ("scipy",), ("numba", "llvmlite", "scipy", "threadpoolctl", "h5py", "rich", "pooch", "PIL", "pandas")],
)
def test_formulas_run_where_packages_are_missing(hidden: tuple[str, ...], with_everything: dict[str, Any]) -> None:
    found = run(hidden)
    assert found["kernels"] is False
    assert found["warnings"] == []
    assert not set(hidden) & set(found["loaded"])
    assert_close(found, with_everything)


def test_a_broken_installation_is_said_once_and_does_no_harm(with_everything: dict[str, Any]) -> None:
    found = run(("numba",), "broken")
    assert len(found["warnings"]) == 1
    assert "Numba needs NumPy 1.0" in found["warnings"][0]
    assert "pip install" in found["warnings"][0]
    assert_close(found, with_everything)


def test_kernels_are_not_needed_for_what_other_packages_hide(with_everything: dict[str, Any]) -> None:
    found = run(("h5py", "rich", "pooch", "PIL", "pandas"))
    assert found["kernels"] is True
    for key in ("evaluated", "predicted", "weights"):
        assert found[key] == with_everything[key]
