"""The same network, weights and batches as in Keras: losses, metrics, weights and optimizer state agree to 1e-5.

Keras's own float32 results differ from its float64 results by at most 3e-7 in these cases (`float64_gap`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule
from golden import cases

TOLERANCE = 1e-5
TRAINED = [
    "optimizers", "activation_training", "loss_training", "layer_training", "convolution_training",
    "normalization_training",
]  # fmt: skip
WRONG_IN_KERAS = {"sparsemax"}  # its sums differ from 1 where several numbers tie; see test_activations.py
BY_STEPS = [
    pytest.param(c, id=f"{topic}-{c.id}") for topic in TRAINED for c in cases.load(topic) if c.id not in WRONG_IN_KERAS
]
BY_FIT = [pytest.param(c, id=f"{c.topic}-{c.id}") for topic in TRAINED for c in cases.load(topic) if "history" in c]


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    chainrule.backend.clear_session()


@pytest.mark.parametrize("case", BY_STEPS)
def test_twenty_steps_agree(case: cases.Case) -> None:
    ran = cases.train_on_batches(chainrule, case)
    assert set(ran["logs"]) == set(case["steps"])
    for key, values in case["steps"].items():
        assert cases.gap(ran["logs"][key], values) < TOLERANCE, key
    assert cases.gap(ran["weights"], case.array("steps.weights")) < TOLERANCE
    assert cases.gap(ran["optimizer"], case.array("steps.optimizer")) < TOLERANCE


@pytest.mark.parametrize("case", BY_FIT)
def test_fit_agrees(case: cases.Case) -> None:
    ran = cases.fit(chainrule, case)
    assert sorted(ran["history"]) == sorted(case["history"])
    for key, values in case["history"].items():
        assert cases.gap(ran["history"][key], values) < TOLERANCE, key
    assert cases.gap(ran["weights"], case.array("fit.weights")) < TOLERANCE
    assert cases.gap(ran["optimizer"], case.array("fit.optimizer")) < TOLERANCE


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in cases.load("histories")])
def test_histories_agree(case: cases.Case) -> None:
    model = cases.ready(chainrule, case)
    ran = cases.fit(chainrule, case, model=model)
    assert list(ran["history"]) == case["order"]
    for key, values in case["history"].items():
        assert cases.gap(ran["history"][key], values) < TOLERANCE, key
    assert cases.gap(ran["weights"], case["weights_after"]) < TOLERANCE


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in cases.load("models")])
def test_names_shapes_and_counts_agree(case: cases.Case) -> None:
    model = cases.build_model(chainrule, case["model"])
    if case.get("build"):
        model.build(tuple(case["build"]))
    assert [(v.path, v.name, list(v.shape), v.trainable) for v in model.weights] == [
        (w["path"], w["name"], w["shape"], w["trainable"]) for w in case["weights"]
    ]
    assert model.count_params() == case["parameters"]
    assert [layer.name for layer in model.layers if layer.name not in model.input_names] == [
        layer["name"] for layer in case["layers"] if layer["class_name"] != "InputLayer"
    ]
    assert np.array_equal(np.asarray(model.input_shape, object), np.asarray(_tuples(case["input_shape"]), object))


def _tuples(shape: Any) -> Any:
    return tuple(_tuples(item) if isinstance(item, list) else item for item in shape)
