"""Losses: Keras's values and gradients, hand-worked examples, and mistakes that must be told."""

from __future__ import annotations

import doctest
import importlib
import inspect

import numpy as np
import pytest

import chainrule
from chainrule import losses, ops
from chainrule.errors import ShapeError, UnknownNameError
from chainrule.graph.interpreter import evaluate, interpret
from chainrule.graph.tensor import Tensor
from chainrule.spec import TensorSpec
from golden import cases

TOLERANCE = 1e-5  # what the project promises against Keras, in float32
VALUES = cases.load("losses")
FUNCTIONS = cases.load("loss_functions")
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
RANKS = [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3, 1), (4, 3)), ((4, 3), (4, 3, 1))]


def of_losses(topic):
    return [case for case in cases.load(topic) if case["kind"] == "losses"]


def recorded(array, name, batch=True):
    """A tensor for an array, its batch axis of unknown size."""
    shape = (None, *array.shape[1:]) if batch else array.shape
    return Tensor(TensorSpec(shape, array.dtype), name)


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case.id)
def test_value_is_keras_value(case):
    loss = cases.build(chainrule, case["loss"])
    weight = case["sample_weight"]
    weight = None if weight is None else cases.inputs(weight)
    value = loss(cases.inputs(case["y_true"]), cases.inputs(case["y_pred"]), sample_weight=weight)
    assert cases.gap(value, case.array("value")) < TOLERANCE


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case.id)
def test_recorded_value_and_gradient_are_keras_own(case):
    loss = cases.build(chainrule, case["loss"])
    y_true, y_pred = cases.inputs(case["y_true"]), cases.inputs(case["y_pred"])
    known = case["loss"]["config"].get("axis") == 0  # the number of classes must be known
    given = {recorded(y_true, "y_true", not known): y_true, recorded(y_pred, "y_pred", not known): y_pred}
    true, predicted = given
    weight = None
    if case["sample_weight"] is not None:
        array = cases.inputs(case["sample_weight"])
        weight = recorded(array, "sample_weight")
        given[weight] = array
    value = loss(true, predicted, sample_weight=weight)
    total = value if value.shape == () else ops.sum(value)
    values, gradients = interpret(total, given)
    assert cases.gap(values[value], case.array("value")) < TOLERANCE
    assert cases.gap(gradients[predicted], case.array("gradient")) < TOLERANCE


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case.id)
def test_function_is_keras_function(case):
    function = cases.resolve(chainrule, case["function"])
    value = function(cases.inputs(case["y_true"]), cases.inputs(case["y_pred"]), **case["arguments"])
    assert cases.gap(value, case.array("value")) < TOLERANCE


@pytest.mark.parametrize("case", of_losses("names"), ids=lambda c: c.id)
def test_string_names(case):
    found = losses.get(case["name"])
    if case["function"]:
        assert found is getattr(losses, case["function"])
    else:
        assert type(found).__name__ == case["class_name"]


@pytest.mark.parametrize("case", of_losses("configs"), ids=lambda c: c.id)
def test_config_holds_keras_config(case):
    loss = cases.build(chainrule, case["object"])
    config = loss.get_config()
    assert {key: config[key] for key in case["get_config"]} == case["get_config"]
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == config
    assert losses.deserialize(case["serialized"]).name == loss.name


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
)
def test_reductions_by_hand(reduction):
    values, weights = np.array([1.0, 4.0, 9.0]), np.array([2.0, 0.0, 1.0])
    loss = losses.MeanSquaredError(reduction=reduction)(np.zeros((3, 1)), np.sqrt(values)[:, None], weights)
    weighted = values * weights
    expected = {
        "sum": weighted.sum(), "mean_with_sample_weight": weighted.sum() / weights.sum(), "none": weighted,
        None: weighted,
    }.get(reduction, weighted.mean())  # fmt: skip
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_no_weight_at_all_makes_a_mean_of_zero():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert loss(np.zeros((2, 1)), np.ones((2, 1)), np.zeros(2)) == 0


@pytest.mark.parametrize(
    ("true", "predicted"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3, 1), (4, 3)), ((4, 3), (4, 3, 1))]
)
def test_a_last_axis_of_one_is_given_or_taken(true, predicted):
    y = np.arange(np.prod(true), dtype="float32")
    loss = losses.MeanSquaredError()(y.reshape(true), np.zeros(predicted, "float32"))
    np.testing.assert_allclose(loss, np.mean(y**2), rtol=1e-6)


def test_shapes_that_numpy_would_spread_are_refused():
    with pytest.raises(ShapeError, match="y_true and y_pred differ in shape"):
        losses.MeanSquaredError()(np.zeros((4, 1)), np.zeros((4, 3)))


def test_labels_given_to_the_dense_loss():
    with pytest.raises(ShapeError, match="sparse_categorical_crossentropy"):
        losses.categorical_crossentropy(np.array([0, 1]), np.full((2, 3), 1 / 3))


def test_one_hot_given_to_the_sparse_loss():
    with pytest.raises(ShapeError, match=r"categorical_crossentropy, or y.argmax\(-1\)"):
        losses.sparse_categorical_crossentropy(np.eye(3), np.full((3, 3), 1 / 3))


def test_weights_that_do_not_fit():
    with pytest.raises(ShapeError, match="sample_weight does not fit"):
        losses.MeanSquaredError()(np.zeros((4, 1)), np.zeros((4, 1)), np.ones(3))


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(UnknownNameError, match="unknown reduction"):
        losses.MeanSquaredError(reduction="average")


def test_ignored_class_counts_nowhere():
    p = np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]], "float32")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=2)(np.array([0, 2, 1]), p)
    np.testing.assert_allclose(loss, -(np.log(0.5) + np.log(0.8)) / 2, rtol=1e-6)


def test_own_loss_records():
    class Fourth(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean((y_true - y_pred) ** 4, axis=-1)

    x = Tensor(TensorSpec((None, 2), np.dtype("float32")), "x")
    y = np.array([[1.0, 2.0]], "float32")
    value = Fourth()(np.zeros((1, 2), "float32"), x)
    np.testing.assert_allclose(evaluate([value], {x: y})[value], (1 + 16) / 2)
    assert Fourth().name == "fourth"


def slope(t, z, sign):
    """The derivative of the perceptron loss at z, through a sign or not."""
    x = Tensor(TensorSpec((None, 1), np.dtype("float64")), "z")
    out = ops.sign(x) if sign else x
    loss = losses.Perceptron()(np.array([[t]]), out)
    return float(interpret(loss, {x: np.array([[z]])})[1][x][0, 0])


@pytest.mark.parametrize("sign", [False, True], ids=["score", "sign"])
@pytest.mark.parametrize("t", [-1.0, 1.0])
@pytest.mark.parametrize("z", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_perceptron_slope_is_rosenblatts_error(t, z, sign):
    assert slope(t, z, sign) == (np.sign(z) - t) / 2


def test_perceptron_is_the_criterion():
    z, t = np.linspace(-3, 3, 7)[:, None], np.array([1, -1, 1, 1, -1, -1, 1.0])[:, None]
    np.testing.assert_allclose(losses.perceptron(t, z), np.maximum(0, -t * z)[:, 0])
    np.testing.assert_allclose(losses.perceptron((t + 1) / 2, z), np.maximum(0, -t * z)[:, 0])


@pytest.mark.parametrize("name", ["base", "crossentropy", "margin", "regression", "similarity"])
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"chainrule.losses.{name}")
    result = doctest.testmod(module, extraglobs={"np": np, "ops": ops})
    assert result.failed == 0


@pytest.mark.parametrize("name", losses.__all__)
def test_everything_public_has_an_example(name):
    thing = getattr(losses, name)
    if name not in ("get", "serialize", "deserialize"):
        assert ">>>" in (inspect.getdoc(thing) or "")
