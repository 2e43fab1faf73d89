"""Regularizers: Keras's values and gradients, eager and recorded; configs; wrong arguments."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import regularizers
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.interpreter import interpret
from chainrule.graph.tensor import Tensor
from chainrule.spec import TensorSpec
from golden import cases


class _Package:
    regularizers = regularizers


@pytest.mark.parametrize("case", cases.load("regularizers"), ids=lambda case: case.id)
def test_equals_keras(case):
    value = cases.build(_Package, case["object"])(cases.inputs(case["x"]))
    assert np.asarray(value).shape == ()
    assert cases.gap(value, case.array("value")) < 1e-6


@pytest.mark.parametrize("case", cases.load("regularizers"), ids=lambda case: case.id)
def test_gradient_equals_keras_s(case):
    x = cases.inputs(case["x"])
    recorded = Tensor(TensorSpec.of(x), "x")
    loss = cases.build(_Package, case["object"])(recorded)
    value, gradient = interpret(loss, {recorded: x})
    assert cases.gap(value[loss], case.array("value")) < 1e-6
    assert cases.gap(gradient[recorded], case.array("gradient")) < 1e-5


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "regularizers"], ids=lambda case: case.id
)
def test_configs_are_keras_s(case):
    regularizer = cases.build(_Package, case["object"])
    serialized = regularizers.serialize(regularizer)
    for key in ("module", "class_name", "registered_name"):
        assert serialized[key] == case["serialized"][key]
    # Keras keeps some factors in float32; ours stay the numbers that were given.
    for key, value in case["get_config"].items():
        assert serialized["config"][key] == (
            pytest.approx(value, rel=1e-7) if isinstance(value, float) else value
        )
    again = regularizers.deserialize(json.loads(json.dumps(case["serialized"])))
    assert type(again) is type(regularizer)


@pytest.mark.parametrize(
    "case", [c for c in cases.load("names") if c["kind"] == "regularizers"], ids=lambda c: c.id
)
def test_string_names(case):
    assert type(regularizers.get(case["name"])).__name__ == case["class_name"]


def test_names_and_none():
    assert regularizers.get(None) is None
    assert regularizers.L1(None).l1 == 0.0
    assert regularizers.l1_l2 is regularizers.L1L2
    with pytest.raises(UnknownNameError) as error:
        regularizers.get("l22")
    assert error.value.hint.startswith("did you mean 'l")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: regularizers.L1(-1),
        lambda: regularizers.L2("a"),
        lambda: regularizers.L1L2(l2=np.nan),
        lambda: regularizers.L1(np.inf),
        lambda: regularizers.OrthogonalRegularizer(mode="diagonal"),
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ArgumentError):
        wrong()


def test_orthogonality_is_of_matrices():
    with pytest.raises(ShapeError):
        regularizers.OrthogonalRegularizer()(np.ones(3))
    rotation = np.array([[0.6, 0.8], [-0.8, 0.6]])
    assert abs(float(regularizers.OrthogonalRegularizer()(rotation))) < 1e-8  # cosines of rounded products
