"""Normalization: values, gradients and statistics of Keras, what plans assign to variables, and what is folded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.interpreter import evaluate, interpret
from chainrule.graph.rewrite import simplify
from chainrule.graph.tensor import Tensor, tracing
from chainrule.graph.variable import Variable, recording_updates
from chainrule.ops.normalization import batch_norm
from chainrule.plan.parameters import Parameters
from chainrule.plan.plan import Plan
from chainrule.spec import TensorSpec
from golden import cases

GOLDEN = cases.load("normalization")
EPSILON = {"float32": 2.0**-24, "float64": 2.0**-53}


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


def numbers(*shape: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


# Keras's values.


class Third:
    """The third call of a case's layer, recorded: the sum of its outputs times given numbers, and its updates."""

    def __init__(self, case: cases.Case, dtype: str) -> None:
        self.layer = cases.build(keras, case["layer"])
        self.layer = type(self.layer).from_config(_of_dtype(self.layer.get_config(), dtype))
        self.layer.build(tuple(case["shape"]))
        self.layer.set_weights([case.array(f"before.{k}") for k in range(len(case["weights"]))])
        x, upstream = cases.draws([tuple(case["shape"]), case.array("value").shape])
        for _ in range(2):
            self.layer(x.astype(dtype), training=case["training"])
        self.x = Variable(x, dtype=dtype, name="x")
        with tracing(), recording_updates() as self.updates:
            self.value = self.layer(self.x, training=case["training"])
            self.loss = ops.sum(self.value * upstream.astype(dtype))
        self.trained = {w.path: w for w in self.layer.weights if w.path in case["trained"]}


def _of_dtype(config: Any, dtype: str) -> Any:
    if isinstance(config, dict):
        return {k: dtype if k == "dtype" else _of_dtype(v, dtype) for k, v in config.items()}
    return config


def close(actual: Any, expected: Any, dtype: str) -> None:
    """Some hundred operations on a number at most, whose roundings mostly cancel: 128 of the largest number's."""
    largest = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=128 * EPSILON[dtype] * largest)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_formulas_give_the_values_of_keras(case: cases.Case) -> None:
    third = Third(case, "float64")
    assert [w.path for w in third.layer.weights] == case["weights"]
    value, gradient = interpret(third.loss, {})
    close(value[third.value], case.array("value"), "float64")
    close(gradient[third.x], case.array("dx"), "float64")
    for path, weight in third.trained.items():
        close(gradient[weight], case.array(f"d{path}"), "float64")
    after = evaluate(list(third.updates.values()), {})
    for weight in third.layer.weights:
        number = after[third.updates[weight]] if weight in third.updates else weight.value
        close(number, case.array(weight.path), "float64")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_plans_give_the_values_of_keras(case: cases.Case) -> None:
    third = Third(case, "float32")
    loss, value, *after = simplify([third.loss, third.value, *third.updates.values()])
    parameters = Parameters([third.x, *third.trained.values()])
    plan = Plan([loss, value, *after], [], loss, parameters)
    bound = plan.at(())
    bound.run()
    close(bound.values[1], case.array("value"), "float32")
    for view, name in zip(parameters.views(parameters.gradient), ["x", *third.trained], strict=True):
        close(view, case.array(f"d{name}"), "float32")
    for variable, number in zip(third.updates, bound.values[2:], strict=True):
        close(number, case.array(variable.path), "float32")


def test_torch_agreed_on_what_it_has() -> None:
    assert sum(case["torch"] for case in GOLDEN) >= 9


# What a model assigns to its variables.


class Counting(keras.Layer):
    """Counts its calls while training and otherwise, and gives the count of the former to its outputs."""

    def build(self, input_shape: Any) -> None:
        self.trained, self.other = (self.add_weight((), "zeros", trainable=False, name=n) for n in ("trained", "other"))
        self.largest = self.add_weight((input_shape[-1],), "zeros", trainable=False, name="largest")
        self.largest.assign(np.full(input_shape[-1], -1.0))  # at once, since this is where weights are made

    def call(self, inputs: Any, training: bool = False) -> Any:
        (self.trained if training else self.other).assign_add(1)
        self.largest.assign(ops.maximum(self.largest, ops.max(inputs, axis=0)))
        return inputs * (1 + 0 * self.trained) + self.trained


def test_layers_of_ones_own_assign_in_each_run_and_read_what_they_assigned() -> None:
    layer = Counting()
    model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(2)])
    assert [float(v) for v in (layer.trained, layer.other)] == [0, 0]  # putting together is no run
    np.testing.assert_array_equal(layer.largest, [-1, -1, -1])
    model.compile("sgd", "mse")
    x = numbers(20, 3)
    model.fit(x, numbers(20, 2), batch_size=8, epochs=2, verbose=0)
    assert [float(v) for v in (layer.trained, layer.other)] == [6, 0]
    np.testing.assert_array_equal(layer.largest, np.maximum(x.max(axis=0), -1))
    model.evaluate(x, numbers(20, 2), batch_size=5, verbose=0)
    model.predict(x, batch_size=10, verbose=0)
    assert [float(v) for v in (layer.trained, layer.other)] == [6, 6]
    np.testing.assert_array_equal(layer(x[:2]), x[:2] + 6)  # now, on arrays
    assert float(layer.other) == 7
    with tracing(), recording_updates() as updates:
        y = layer(Tensor(TensorSpec((None, 3), np.dtype("float32")), "x"), training=True)
    assert float(evaluate([y], {next(iter(_inputs(y))): x})[y][0, 0]) == pytest.approx(x[0, 0] + 7)
    assert set(updates) == {layer.trained, layer.largest}


def _inputs(y: Tensor) -> set[Tensor]:
    from chainrule.graph.order import leaves_of

    return {x for x in leaves_of([y]) if type(x) is Tensor}


def test_a_layer_used_twice_moves_its_averages_twice() -> None:
    x = numbers(6, 3)
    layer = layers.BatchNormalization(momentum=0.5)
    layer(layer(x, training=True), training=True)
    expected = layer.get_weights()
    other = layers.BatchNormalization(momentum=0.5)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(other(other(inputs))))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.train_on_batch(x, np.zeros((6, 1)))
    for ours, theirs in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_a_trained_weight_that_is_assigned_keeps_its_gradient() -> None:
    """y = w x after w := 3: the derivative is by the new w, wherever 3 came from."""
    w, x = Variable(np.float32(2), name="w"), Variable(np.float32(5), name="x")
    with tracing(), recording_updates() as updates:
        w.assign(w + 1)
        y = w * x
    value, gradient = interpret(y, {})
    assert (value[y], gradient[w], gradient[x]) == (15, 5, 3)
    assert evaluate([updates[w]], {})[updates[w]] == 3
    assert float(w) == 2


def test_what_does_not_fit_is_not_assigned() -> None:
    v = Variable(np.zeros(3, "float32"), name="v")
    with tracing(), recording_updates(), pytest.raises(ShapeError) as caught:
        v.assign(Tensor(TensorSpec((None, 3), np.dtype("float32")), "x"))
    assert caught.value.expected == (3,)


# Batch normalization as a part of models.


def network(**config: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(**config), layers.ReLU(),
            layers.Conv2D(5, 3, use_bias=False), layers.BatchNormalization(), layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )  # fmt: skip


def operations(model: Any, mode: str) -> list[str]:
    (step,) = (s for key, s in model._steps.items() if key[0] == mode)
    return [node.primitive.name for node in step.plan.nodes]


def test_a_model_trains_predicts_and_is_saved(tmp_path: Path) -> None:
    model = network(momentum=0.9)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = numbers(48, 8, 8, 3) * 2 + 1, np.arange(48) % 3
    history = model.fit(x, y, epochs=8, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    before = model.get_weights()
    predicted = model.predict(x, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == pytest.approx(np.mean(predicted.argmax(axis=1) == y))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(model(x), predicted, rtol=0, atol=2e-6)  # formulas, nothing folded
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), predicted)
    assert model.count_params() - sum(v.value.size for v in model.trainable_weights) == 2 * (4 + 5)


def test_all_of_them_come_back_from_a_file(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((5, 4, 6)), layers.GroupNormalization(3), layers.LayerNormalization([1, 2]),
            layers.BatchNormalization(1, renorm=True), layers.RMSNormalization(), layers.UnitNormalization(),
            layers.SpectralNormalization(layers.Conv2D(3, 2)), layers.Flatten(),
            layers.SpectralNormalization(layers.Dense(2)),
        ]
    )  # fmt: skip
    model.compile("sgd", "mse")
    x = numbers(6, 5, 4, 6)
    model.fit(x, numbers(6, 2), epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_plans_fuse_what_follows_and_fold_what_goes_before() -> None:
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = numbers(6, 8, 8, 3), np.arange(6) % 3
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
    trained, predicted = operations(model, "train"), operations(model, "predict")
    assert "batch_norm_activation" in trained
    assert "relu" not in trained
    assert [n for n in predicted if n.startswith(("conv", "batch"))] == [
        "batch_norm_inference", "batch_norm_inference", "conv_activation",  # weights and bias first
        "batch_norm_inference", "batch_norm_inference", "conv",
    ]  # fmt: skip
    model.set_weights([np.abs(w) + 0.1 for w in model.get_weights()])  # what is folded follows the weights
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x), rtol=0, atol=2e-6)


def test_channels_first_folds_too() -> None:
    last = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization()])
    first = keras.Sequential(
        [
            keras.Input((2, 6, 6)), layers.Conv2D(3, 3, data_format="channels_first"),
            layers.BatchNormalization(axis=1),
        ]
    )  # fmt: skip
    first.set_weights([np.abs(numbers(*w.shape, seed=k)) for k, w in enumerate(last.get_weights())])
    last.set_weights(first.get_weights())
    x = numbers(4, 6, 6, 2)
    y = first.predict(np.moveaxis(x, -1, 1), verbose=0)
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), last.predict(x, verbose=0), rtol=0, atol=1e-5)
    assert operations(first, "predict").count("transpose") == 2  # at the edges


def test_weights_are_not_made_over_where_outputs_are_fewer() -> None:
    model = keras.Sequential([keras.Input((100,)), layers.Dense(4), layers.BatchNormalization()])
    model.predict(numbers(3, 100), verbose=0)
    assert operations(model, "predict") == ["dense", "batch_norm_inference"]
    small = keras.Sequential([keras.Input((10,)), layers.Dense(4), layers.BatchNormalization(), layers.ReLU()])
    small.set_weights([np.abs(numbers(*w.shape)) for w in small.get_weights()])
    x = numbers(3, 10)
    np.testing.assert_allclose(small.predict(x, verbose=0), small(x), rtol=0, atol=1e-5)
    assert operations(small, "predict")[-1] == "dense_activation"


def test_a_frozen_layer_works_as_at_inference() -> None:
    model = network()
    model.layers[1].trainable = False
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    frozen, free = model.layers[1].get_weights(), model.layers[4].get_weights()
    model.fit(numbers(6, 8, 8, 3), np.arange(6) % 3, verbose=0)
    for a, b in zip(frozen, model.layers[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(np.array_equal(a, b) for a, b in zip(free, model.layers[4].get_weights(), strict=True))
    assert "batch_norm_inference" in operations(model, "train")
    x = numbers(5, 4)
    layer = layers.BatchNormalization(trainable=False)
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))


def test_called_on_arrays_it_moves_its_averages_only_in_training() -> None:
    x = numbers(10, 3)
    layer = layers.BatchNormalization(momentum=0.75)
    layer(x)
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(3))
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean, 0.25 * x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, 0.75 + 0.25 * x.var(axis=0), rtol=1e-6)


# Numbers.


def test_a_variance_far_below_the_square_of_the_mean_keeps_its_digits() -> None:
    x = (1000 + 0.01 * numbers(20_000, 2)).astype("float32")
    exact = x.astype("float64").var(axis=0)
    _, mean, variance = _by_plan(x)
    np.testing.assert_allclose(variance, exact, rtol=1e-6)  # one rounding, after sums of 11 digits left over
    np.testing.assert_allclose(mean, x.astype("float64").mean(axis=0), rtol=1e-7)


def _by_plan(x: Any) -> list[Any]:
    data = Tensor(TensorSpec(x.shape, x.dtype), "x")
    ones = np.ones(x.shape[-1], x.dtype)
    with tracing():
        y = batch_norm(data, ones, 0 * ones, epsilon=1e-5)
    assert y.node is not None
    return Plan(list(y.node.outputs), [data])(x)


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    numba = pytest.importorskip("numba")
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one processor")
    x = numbers(40, 50, 33)
    before, found = numba.get_num_threads(), []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            found.append(_by_plan(x))
    finally:
        numba.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
    ones = np.ones(33, "float32")
    np.testing.assert_allclose(found[0][0], batch_norm(x, ones, 0 * ones, epsilon=1e-5), rtol=0, atol=1e-5)


def test_an_empty_batch_has_an_empty_result() -> None:
    for layer in (layers.BatchNormalization(), layers.GroupNormalization(2), layers.LayerNormalization()):
        assert layer(np.zeros((0, 3, 4), "float32"), training=True).shape == (0, 3, 4)


# Errors, in the user's words.


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.BatchNormalization(momentum=1.5), "momentum"),
        (lambda: layers.BatchNormalization(epsilon=-1.0), "epsilon"),
        (lambda: layers.BatchNormalization(axis=[1, 2]), "one axis"),
        (lambda: layers.BatchNormalization(axis=3)(numbers(2, 3)), "no such axes"),
        (lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1.0}), "unknown bounds"),
        (lambda: layers.BatchNormalization()(numbers(2, 3), mask=np.ones(2, bool)), "masks"),
        (lambda: layers.LayerNormalization(rms_scaling=True), "rms_scaling"),
        (lambda: layers.LayerNormalization(axis="last"), "an axis is a number"),
        (lambda: layers.GroupNormalization(0), "groups"),
        (lambda: layers.GroupNormalization(4)(numbers(2, 6)), "cannot be cut into groups"),
        (lambda: layers.SpectralNormalization(layers.Flatten())(numbers(2, 6)), "no matrix"),
        (lambda: layers.SpectralNormalization(layers.Dense(2), power_iterations=0), "no turn"),
        (lambda: layers.SpectralNormalization("dense"), "a layer to wrap"),
    ],
)
def test_mistakes_are_named(make: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make()


def test_a_channel_axis_of_unknown_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="must be known"):
        layers.BatchNormalization()(keras.Input((3, None)))
    layer = layers.BatchNormalization()
    layer(numbers(2, 3))
    with pytest.raises(ShapeError) as caught:
        layer(numbers(2, 4))
    assert "3 on axis -1" in str(caught.value.expected)
