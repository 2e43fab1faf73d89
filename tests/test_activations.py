"""Activations: equal to Keras's values and gradients, right for huge inputs, found by their names."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule import activations, ops
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.interpreter import interpret
from chainrule.graph.tensor import Tensor
from chainrule.ops.primitive import PRIMITIVES
from chainrule.spec import TensorSpec
from golden import cases

CASES = cases.load("activations")
CEILING = {"float32": 1e-5, "float64": 1e-8}  # Keras takes some slopes and square roots in float32


def value_and_gradient(function, x, upstream):
    """The value at `x`, and the gradient of sum(value * upstream)."""
    tensor = Tensor(TensorSpec.of(x), "x")
    y = function(tensor)
    weights = np.ones(y.shape) if upstream is None else upstream
    loss = ops.sum(y * weights.astype(x.dtype))
    values, gradients = interpret(loss, {tensor: x})
    return values[y], gradients[tensor]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_values_and_gradients_are_keras_s(case, dtype):
    x = cases.inputs(case["x"]).astype(dtype)
    upstream = None if case["upstream"] is None else cases.inputs(case["upstream"])

    def function(tensor):
        return getattr(activations, case["function"].split(".")[1])(tensor, **case["arguments"])

    value, gradient = value_and_gradient(function, x, upstream)
    expected, slope = case.array(f"value.{dtype}"), case.array(f"gradient.{dtype}")
    if case.id == "sparsemax":  # Keras loses numbers of some rows, which then do not sum to 1
        right = abs(expected.sum(axis=-1) - 1) < 1e-6
        np.testing.assert_allclose(value.sum(axis=-1), 1, rtol=1e-6)
        np.testing.assert_allclose(value[right], expected[right], atol=1e-6)
        return
    if case.id.startswith("celu"):  # Keras adds the slopes of both pieces at 0, where celu is smooth
        gradient, slope = gradient[x != 0], slope[x != 0]
    if case.id == "selu":  # Keras computes e^x - 1 as 0 there, and takes the slope at 0
        away = abs(x) > 1e-7
        gradient, slope = gradient[away], slope[away]
    assert value.dtype == gradient.dtype == dtype
    assert cases.gap(function(x), expected) < CEILING[dtype]
    assert cases.gap(value, expected) < CEILING[dtype]
    assert cases.gap(gradient, slope) < CEILING[dtype]


ELEMENTWISE = sorted({case["function"].split(".")[1] for case in CASES if case["x"] == "grid"})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(set(ELEMENTWISE) - {"exponential"}))
def test_huge_inputs_do_not_overflow(name, dtype):
    limit = float(np.finfo(dtype).max) / 8
    x = np.array([-limit, -1e30, -1e4, -100, 100, 1e4, 1e30, limit], dtype)
    arguments = {"threshold": {"threshold": 1.0, "default_value": 0.0}}.get(name, {})
    value, gradient = value_and_gradient(lambda t: getattr(activations, name)(t, **arguments), x, None)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_rows_of_huge_numbers(name):
    x = np.array([[1e30, 0, -1e30], [1e4, 1e4, 0]], np.float32)
    value, gradient = value_and_gradient(getattr(activations, name), x, np.arange(3.0))
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


def test_softmax_of_a_row_worked_by_hand():
    np.testing.assert_allclose(activations.softmax(np.log([1.0, 2.0, 5.0])), [0.125, 0.25, 0.625], rtol=1e-15)


def test_sparsemax_is_the_nearest_distribution():
    # Of (1, 1, 0) the two equal numbers share all; (1.2, 0.8, 0) keeps its difference of 0.4.
    np.testing.assert_allclose(activations.sparsemax(np.array([1.0, 1.0, 0.0])), [0.5, 0.5, 0.0])
    np.testing.assert_allclose(activations.sparsemax(np.array([1.2, 0.8, 0.0])), [0.7, 0.3, 0.0])


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("relu", 0.0, 0.0), ("leaky_relu", 0.0, 0.2), ("relu6", 0.0, 0.0), ("relu6", 6.0, 0.0),
        ("elu", 0.0, 1.0),
        ("hard_sigmoid", 3.0, 0.0), ("hard_silu", 3.0, 1.0), ("hard_silu", -3.0, 0.0),
        ("hard_tanh", 1.0, 1.0),
        ("hard_tanh", -1.0, 1.0), ("hard_shrink", 0.5, 0.0), ("soft_shrink", -0.5, 0.0),
        ("sparse_sigmoid", 1.0, 0.0), ("sparse_plus", 1.0, 1.0), ("celu", 0.0, 1.0), ("softsign", 0.0, 1.0),
    ],
)  # fmt: skip
def test_slopes_at_kinks(name, x, slope):
    _, gradient = value_and_gradient(getattr(activations, name), np.array([x], np.float32), None)
    assert gradient[0] == np.float32(slope)


@pytest.mark.parametrize(
    ("arguments", "x", "slope"),
    [
        ({"max_value": 5.0}, 5.0, 1.0), ({"max_value": 6.0}, 6.0, 0.0), ({"threshold": 1.0}, 1.0, 0.0),
        ({"negative_slope": 0.5, "threshold": 0.5}, 0.5, 0.0), ({"negative_slope": -0.5}, -1.0, -0.5),
    ],
)  # fmt: skip
def test_slopes_at_the_kinks_of_the_general_relu(arguments, x, slope):
    _, gradient = value_and_gradient(
        lambda t: activations.relu(t, **arguments), np.array([x], np.float32), None
    )
    assert gradient[0] == np.float32(slope)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
@pytest.mark.parametrize("shape", [(1, 1), (64, 10), (7, 300), (300, 128)])
def test_rows_kernels_equal_formulas(name, shape):
    primitive = PRIMITIVES[name]
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal(shape).astype("float32") for _ in range(2))
    (y,) = primitive.forward(x)
    (dx,) = primitive.vjp(dy, y=y)
    out, dout = np.full_like(x, np.nan), np.full_like(x, np.nan)
    primitive.kernels.forward(out, x).run()
    primitive.kernels.vjp(dout, dy, y).run()
    np.testing.assert_allclose(out, y, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(dout, dx, rtol=1e-5, atol=4e-6)  # sums of 300 numbers in another order


def test_names():
    for name in (*ELEMENTWISE, "softmax", "log_softmax", "sparsemax", "glu"):
        function = activations.get(name)
        assert function is getattr(activations, name)
        assert activations.get(activations.serialize(function)) is function
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.serialize(activations.swish) == "silu"
    assert activations.get(None) is activations.linear
    assert activations.deserialize("relu") is activations.relu
    own = activations.get(np.abs)
    assert own is np.abs
    custom = activations.deserialize("mine", custom_objects={"mine": math.floor})
    assert custom is math.floor


def test_an_unknown_name_says_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'softmax'"):
        activations.get("sofmax")
    with pytest.raises(ValueError):
        activations.get(3)


def test_arguments_out_of_range():
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(ArgumentError, match="alpha"):
        activations.elu(x, alpha=-1)
    with pytest.raises(ArgumentError, match="max_value"):
        activations.relu(x, max_value=-1)
    with pytest.raises(ArgumentError, match="axis"):
        activations.softmax(x, axis=2)
    with pytest.raises(ShapeError, match="halved"):
        activations.glu(x)
