"""Models as things: how they are put together, named, taken apart, nested, listed and described."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.errors import ArgumentError, DataError, NotBuiltError, ShapeError, UnknownNameError
from chainrule.tree import flatten

X = np.random.default_rng(0).random((6, 4)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


def branches() -> Any:
    """x -> two layers -> sum, product and both joined; a layer used twice; two outputs."""
    x = keras.Input((4,), name="x")
    shared = layers.Dense(4, activation="tanh", name="shared")
    once, twice = shared(x), shared(shared(x))
    joined = layers.Concatenate(name="joined")([layers.Add()([once, twice]), layers.Multiply()([once, twice])])
    return keras.Model(x, [layers.Dense(2, name="p")(joined), layers.Dense(1, name="q")(once)], name="branches")


def test_a_functional_model_computes_what_its_layers_do() -> None:
    model = branches()
    shared = model.get_layer("shared")
    once, twice = shared(X), shared(shared(X))
    joined = np.concatenate([once + twice, once * twice], axis=1)
    p, q = model.predict(X, verbose=0)
    np.testing.assert_allclose(p, model.get_layer("p")(joined), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(q, model.get_layer("q")(once), rtol=1e-5, atol=1e-6)
    for predicted, called in zip((p, q), model(X), strict=True):
        np.testing.assert_allclose(predicted, called, rtol=1e-5, atol=1e-6)


def test_names_shapes_and_counts() -> None:
    model = branches()
    assert model.input_names == ["x"]
    assert model.output_names == ["p", "q"]
    assert model.input_shape == (None, 4)
    assert model.output_shape == [(None, 2), (None, 1)]
    assert model.count_params() == 20 + 18 + 5
    assert [w.path for w in model.weights][:2] == ["shared/kernel", "shared/bias"]
    assert model.get_layer("q") is model.get_layer(index=-1)
    with pytest.raises(UnknownNameError, match="joined"):
        model.get_layer("joind")
    with pytest.raises(ArgumentError):
        model.get_layer(index=99)


@pytest.mark.parametrize("make", [branches, lambda: sequential()])
def test_a_model_is_made_again_from_its_config(make: Any) -> None:
    model = make()
    again = type(model).from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    assert again.get_config() == model.get_config()
    for one, other in zip(*(flatten(m.predict(X, verbose=0)) for m in (model, again)), strict=True):
        assert np.array_equal(one, other)


def sequential() -> Any:
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.5), layers.Dense(2)])


def test_operators_and_operations_between_layers() -> None:
    x = keras.Input((4,))
    h = layers.Dense(4)(x)
    y = ops.tanh(h * 2.0 + x)[:, :2] ** 2
    model = keras.Model(x, y)
    h = model.layers[-1](X)
    np.testing.assert_allclose(model.predict(X, verbose=0), np.tanh(2 * h + X)[:, :2] ** 2, rtol=1e-4, atol=1e-6)
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(X, np.ones((6, 2))))


def test_models_inside_models() -> None:
    inner = sequential()
    x = keras.Input((4,))
    outer = keras.Model(x, layers.Dense(1)(inner(x)))
    assert outer.count_params() == inner.count_params() + 3
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.fit(X, np.ones(6), verbose=0)
    assert not np.array_equal(before[0], inner.get_weights()[0])
    deep = keras.Sequential([keras.Input((4,)), inner, layers.Dense(1)])
    assert deep.predict(X, verbose=0).shape == (6, 1)


def test_a_part_of_a_model_is_a_model() -> None:
    model = sequential()
    part = keras.Model(model.input, model.layers[0].output)
    np.testing.assert_allclose(part.predict(X, verbose=0), model.layers[0](X), rtol=1e-5, atol=1e-6)


def test_sequential_grows_and_shrinks() -> None:
    model = keras.Sequential(name="tower")
    model.add(keras.Input((4,)))
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    last = model.pop()
    assert last.units == 2
    assert model.output_shape == (None, 3)
    assert len(model.weights) == 2
    with pytest.raises(ArgumentError):
        keras.Sequential().pop()


@pytest.mark.parametrize("how", ["build", "call", "fit", "input_shape", "input_dim"])
def test_a_model_without_input_waits_for_its_shape(how: str) -> None:
    given = {"input_shape": {"input_shape": (4,)}, "input_dim": {"input_dim": 4}}.get(how, {})
    model = keras.Sequential([layers.Dense(3, **given), layers.Dense(1)])
    if not given:
        assert not model.built
        with pytest.raises(NotBuiltError):
            _ = model.output_shape
    if how == "build":
        model.build((None, 4))
    elif how == "call":
        model(X)
    elif how == "fit":
        model.compile("sgd", "mse")
        model.fit(X, np.ones(6), verbose=0)
    assert model.count_params() == 19
    assert model.predict(X, verbose=0).shape == (6, 1)
    assert [w.path for w in model.weights][:1] == ["sequential/dense/kernel"]


def test_freezing_a_model_freezes_what_is_inside() -> None:
    model = sequential()
    model.trainable = False
    assert model.trainable_weights == []
    assert all(not layer.trainable for layer in model.layers)
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_the_summary_lists_layers_shapes_and_counts(capsys: Any) -> None:
    model = sequential()
    model.summary()
    text = capsys.readouterr().out
    for fact in ("sequential", "dense (Dense)", "dropout (Dropout)", "(None, 3)", "15", "Total params: 23"):
        assert fact in text
    lines: list[str] = []
    branches().summary(line_length=120, print_fn=lines.append, show_trainable=True)
    assert "Connected to" in lines[0]
    assert max(map(len, lines[0].splitlines())) <= 120


def test_to_json_and_back() -> None:
    model = branches()
    assert keras.models.model_from_json(model.to_json()).get_config() == model.get_config()
    assert json.loads(model.to_json())["class_name"] == "Functional"


def test_layers_and_weights_come_in_the_order_of_keras() -> None:
    """The farthest from the outputs first: files and `get_weights` go by this order.

    The orders are those that Keras 3.15.1 gave for the same models.
    """
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")

    def dense(name: str) -> Any:
        return layers.Dense(4, name=name)

    short, long = dense("short")(b), dense("second")(dense("first")(a))
    model = keras.Model([a, b], dense("last")(layers.Add(name="add")([short, long])))
    assert [layer.name for layer in model.layers] == ["a", "b", "first", "short", "second", "add", "last"]
    assert [w.path for w in model.weights[::2]] == [f"{n}/kernel" for n in ("first", "short", "second", "last")]

    joined = layers.Concatenate(name="joined")([dense("d")(a), b])
    model = keras.Model({"a": a, "b": b}, {"out": dense("out")(joined)})
    assert [layer.name for layer in model.layers] == ["a", "d", "b", "joined", "out"]

    x = dense("x")(a)
    y = dense("y")(x)
    left, right = dense("left")(layers.Concatenate(name="c")([y, dense("w")(b), x])), dense("right")(y)
    wanted = {"a", "b", "x", "w", "y", "c"}
    for outputs, ends in (({"u": right, "t": left}, ["left", "right"]), ([right, left], ["right", "left"])):
        names = [layer.name for layer in keras.Model([a, b], outputs).layers]
        assert set(names[:-2]) == wanted
        assert names[-2:] == ends


def test_the_config_of_a_functional_model_is_a_models_config() -> None:
    model = branches()
    again = keras.Model.from_config(model.get_config())
    assert type(again) is type(model)
    assert again.get_config() == model.get_config()


def test_outputs_by_name_are_reported_in_the_order_of_keras() -> None:
    """Losses in the order of their dict, metrics by the names of their outputs, as Keras 3.15.1 does."""
    x = keras.Input((4,), name="x")
    z, b = layers.Dense(2, name="z")(x), layers.Dense(1, name="b")(x)
    model = keras.Model(x, {"z": z, "b": b})
    model.compile(loss={"z": "mse", "b": "mae"}, metrics={"z": ["mae"], "b": ["mse"]})
    assert model.output_names == ["b", "z"]
    targets = {"z": X[:, :2], "b": X[:, :1]}
    values, named = model.evaluate(X, targets, verbose=0), model.evaluate(X, targets, verbose=0, return_dict=True)
    assert values == [named[key] for key in ("loss", "z_loss", "b_loss", "b_mse", "z_mae")]


def test_the_summary_counts_the_optimizer_once_it_has_trained() -> None:
    model = sequential()
    model.compile("adam", "mse")
    text: list[str] = []
    model.summary(print_fn=text.append)
    assert "Optimizer" not in text[0]
    model.fit(X, np.zeros((6, *model.output_shape[1:])), verbose=0)
    model.summary(print_fn=text.append)
    own, slots = model.count_params(), 2 * model.count_params() + 2  # two moments, the rate and the count of steps
    assert f"Total params: {own + slots}" in text[1]
    assert f"Optimizer params: {slots}" in text[1]


class Small(keras.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(3)
        self.second = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))


class Built(Small):
    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return super().call(inputs) * self.scale


@pytest.mark.parametrize(("make", "weights"), [(Small, 4), (Built, 5)])
def test_a_subclassed_model_is_built_by_a_shape_or_by_a_call(make: Any, weights: int) -> None:
    by_shape, by_call = make(), make()
    by_shape.build((None, 4))
    by_call(X)
    for model in (by_shape, by_call):
        assert model.built
        assert [w.shape for w in model.weights] == [w.shape for w in by_call.weights]
        assert len(model.weights) == weights
    by_shape.set_weights(by_call.get_weights())
    np.testing.assert_array_equal(by_shape.predict(X, verbose=0), by_call.predict(X, verbose=0))



def test_missing_axes_of_what_is_added_are_those_after_the_samples() -> None:
    a, b = np.arange(24.0, dtype="float32").reshape(2, 3, 4), np.arange(8.0, dtype="float32").reshape(2, 4)
    np.testing.assert_array_equal(layers.Add()([a, b]), a + b[:, None])
    np.testing.assert_array_equal(layers.Multiply()([b, a]), a * b[:, None])
    assert layers.Add()([keras.Input((None, 4)), keras.Input((4,))]).shape == (None, None, 4)
    for shapes in (((3,), (4,)), ((3, 5), (4, 5))):
        with pytest.raises(ShapeError, match="Add 'sums'"):
            layers.Add(name="sums")([keras.Input(shape) for shape in shapes])
    with pytest.raises(ShapeError, match="different numbers of samples"):
        layers.Add()([a, a[:1]])


def test_predictions_of_the_same_shape_follow_the_weights_and_the_data() -> None:
    """The second call of a shape takes a shorter way."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = rng.standard_normal((4, 3)).astype("float32")
        weights = [rng.standard_normal(w.shape).astype("float32") for w in model.get_weights()]
        model.set_weights(weights)
        np.testing.assert_allclose(model.predict(x, verbose=0), x @ weights[0] + weights[1], rtol=1e-5, atol=1e-6)
    with pytest.raises(DataError, match="not finite"):
        model.predict(np.full((4, 3), np.nan, "float32"), verbose=0)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((4, 2)), verbose=0)  # the weights move into the optimizer's vector
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), x @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_predict_from_many_threads() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    batches = [np.full((n, 3), n, "float32") for n in range(1, 17)]
    expected = [model.predict(x, verbose=0) for x in batches]
    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            for actual, right in zip(pool.map(lambda x: model.predict(x, verbose=0), batches), expected, strict=True):
                np.testing.assert_array_equal(actual, right)
