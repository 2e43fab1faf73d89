"""Bad input: each mistake gets an error that says what is wrong, where, and how to mend it, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import ops
from chainrule.errors import (
    ArgumentError,
    ChainruleError,
    DataError,
    NonFiniteError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)

X = np.random.default_rng(0).random((10, 4)).astype("float32")
Y = np.random.default_rng(1).random((10, 2)).astype("float32")
LABELS = np.arange(10) % 2
layers = keras.layers


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def network(loss: Any = "mse", units: int = 2, activation: Any = None, **compiled: Any) -> Any:
    model = keras.Sequential(
        [
            keras.Input((4,), name="flowers"),
            layers.Dense(3, activation="relu", name="hidden"),
            layers.Dense(units, activation=activation, name="answer"),
        ]
    )
    model.compile(**{"optimizer": "sgd", "loss": loss, **compiled})
    return model


def sparse(**compiled: Any) -> Any:
    return network("sparse_categorical_crossentropy", activation="softmax", **compiled)


def at(x: Any, where: tuple[int, ...], value: float) -> Any:
    x = x.copy()
    x[where] = value
    return x


# mistake: (model, x, y), the error, and the facts that its text must hold
MISTAKES: dict[str, tuple[Callable[[], Any], Any, Any, type[Exception], list[str]]] = {
    "too many features": (network, np.ones((10, 5)), Y, ShapeError, ["flowers", "(4,)", "(10, 5)", "4 features"]),
    "one sample": (network, X[0], Y[0], ShapeError, ["(4,)", "x[None]"]),
    "pictures": (network, np.ones((10, 2, 2)), Y, ShapeError, ["(2, 2)", "x.reshape(-1, 4)"]),
    "label too high": (sparse, X, LABELS * 4, DataError, ["y:", "out of range", "0 to 1", "0 to 4", "Dense(5)"]),
    "labels from one": (sparse, X, LABELS + 1, DataError, ["y:", "from 1 to 2", "y - 1"]),
    "label negative": (sparse, X, LABELS - 1, DataError, ["y:", "-1", "negative"]),
    "label fractional": (sparse, X, LABELS + 0.5, DataError, ["y:", "whole numbers", "0.5", "mean_squared_error"]),
    "one-hot for sparse": (sparse, X, np.eye(2)[LABELS], ShapeError, ["y:", "(10, 2)", "categorical_crossentropy"]),
    "three one-hot columns for two outputs": (
        sparse, X, np.eye(3)[LABELS], ShapeError, ["(10, 3)", "argmax", "Dense(3)"],
    ),
    "labels for one-hot": (
        lambda: network("categorical_crossentropy", activation="softmax"), X, LABELS, ShapeError,
        ["y:", "(samples, 2)", "(10,)", "sparse_categorical_crossentropy", "to_categorical(y, 2)"],
    ),
    "a column of labels for one-hot": (
        lambda: network("categorical_crossentropy", activation="softmax"), X, LABELS[:, None], ShapeError,
        ["(10, 1)", "sparse_categorical_crossentropy"],
    ),
    "labels for two sigmoids": (
        lambda: network("binary_crossentropy", activation="sigmoid"), X, LABELS, ShapeError, ["Dense(1", "sigmoid"],
    ),
    "labels -1 and 1 for binary": (
        lambda: network("binary_crossentropy", 1, "sigmoid"), X, 2 * LABELS - 1, DataError, ["-1 to 1", "(y > 0)"],
    ),
    "labels 1 and 2 for binary": (
        lambda: network("binary_crossentropy", 1, "sigmoid"), X, LABELS + 1, DataError, ["1 to 2", "y - 1"],
    ),
    "many classes for binary": (
        lambda: network("binary_crossentropy", 1, "sigmoid"), X, np.arange(10) % 3, DataError, ["0 to 2", "softmax"],
    ),
    "one target for two outputs": (network, X, Y[:, 0], ShapeError, ["y:", "(samples, 2)", "(10,)", "Dense(1)"]),
    "three targets for two outputs": (network, X, np.ones((10, 3)), ShapeError, ["y:", "(10, 3)", "Dense(3)"]),
    "NaN in x": (network, at(X, (3, 1), np.nan), Y, DataError, ["x:", "nan at x[3, 1]", "nan_to_num"]),
    "infinity in x": (network, at(X, (7, 0), -np.inf), Y, DataError, ["x:", "-inf at x[7, 0]"]),
    "NaN in y": (network, X, at(Y, (9, 1), np.nan), DataError, ["y:", "nan at y[9, 1]"]),
    "many infinities in y": (network, X, np.full_like(Y, np.inf), DataError, ["y:", "19 more"]),
    "no samples": (network, X[:0], Y[:0], DataError, ["no samples", "one or more"]),
    "an empty list": (network, [], [], DataError, ["x:", "no data"]),
    "no x": (network, None, None, DataError, ["x:", "no data", "fit(x, y)"]),
    "no y": (network, X, None, DataError, ["y:", "no targets", "fit(x, y)"]),
    "x and y in one tuple": (network, (X, Y), None, DataError, ["x:", "list of 2 arrays", "model.fit(x, y)"]),
    "fewer y than x": (network, X, Y[:9], DataError, ["x: 10", "y: 9", "first axis"]),
    "text in x": (network, np.full((10, 4), "red"), Y, DataError, ["x:", "not numbers", "red"]),
    "text in y": (sparse, X, ["cat", "dog"] * 5, DataError, ["y:", "cat", "np.unique(y, return_inverse=True)"]),
    "None among numbers": (network, np.array([[1, 2, None, 3]] * 10), Y, DataError, ["x:", "None"]),
    "complex numbers": (network, X.astype("complex64"), Y, DataError, ["complex64", "real and imaginary"]),
    "rows of different lengths": (network, [[1, 2, 3, 4], [1, 2]], Y[:2], DataError, ["x:", "4, 2", "pad or cut"]),
    "a list of samples": (network, [*X], Y, DataError, ["list of 10 arrays", "np.stack(x)"]),
    "a single number": (network, np.float32(3.0), Y, DataError, ["x:", "single number"]),
    "nothing trainable": (
        lambda: _frozen(), X, Y, ArgumentError, ["nothing to train", "trainable = True", "compile again"],
    ),
    "a loss without a derivative": (
        lambda: network(lambda y, p: ops.mean(ops.round(p))), X, Y, ArgumentError, ["no derivative", "hidden/kernel"],
    ),
    "a loss that returns nothing": (lambda: network(lambda y, p: None), X, Y, ArgumentError, ["tensor", "`return`"]),
    "NumPy in a loss": (lambda: network(lambda y, p: np.mean((y - p) ** 2)), X, Y, ChainruleError, ["chainrule.ops"]),
}  # fmt: skip


def _frozen() -> Any:
    model = network()
    model.trainable = False
    return model


def weights(model: Any) -> list[np.ndarray]:
    return [w.copy() for w in model.get_weights()]


def complete(error: ChainruleError) -> bool:
    """A place, and a fact or a way out."""
    return bool(error.problem and error.where and (error.got is not None or error.hint))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_data_that_cannot_be_trained_on(mistake: str) -> None:
    make, x, y, kind, facts = MISTAKES[mistake]
    model = make()
    before = weights(model)
    with pytest.raises(kind) as caught:
        model.fit(x, y, verbose=0)
    for fact in facts:
        assert fact in str(caught.value)
    assert isinstance(caught.value, ChainruleError)
    assert complete(caught.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)
    if make in (network, sparse):  # which still work
        model.fit(X, LABELS if make is sparse else Y, verbose=0)


@pytest.mark.parametrize("name", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_all_ways_in_check_alike(name: str) -> None:
    call = getattr(sparse(), name)
    with pytest.raises(DataError, match="out of range"):
        call(X, LABELS + 1)
    with pytest.raises(ShapeError, match="flowers"):
        call(np.ones((10, 5)), LABELS)
    with pytest.raises(DataError, match="y: 9"):
        call(X, LABELS[:9])


@pytest.mark.parametrize("name", ["predict", "predict_on_batch"])
def test_predictions_check_their_inputs(name: str) -> None:
    call = getattr(network(), name)
    with pytest.raises(ShapeError, match="flowers"):
        call(np.ones((10, 5)))
    with pytest.raises(DataError, match=r"nan at x\[0, 0\]"):
        call(at(X, (0, 0), np.nan))
    with pytest.raises(DataError, match="no samples"):
        call(X[:0])


def test_validation_data_is_checked_before_training() -> None:
    model = sparse()
    before = weights(model)
    for data in ((X, LABELS + 1), (X,), X, (X, LABELS[:5]), (X, LABELS, None, None)):
        with pytest.raises(DataError):
            model.fit(X, LABELS, validation_data=data, verbose=0)
    assert all(map(np.array_equal, before, model.get_weights()))
    with pytest.raises(DataError, match=r"^validation_data, x: the data holds numbers that are not finite"):
        model.fit(X, LABELS, validation_data=(at(X, (0, 1), np.nan), LABELS), verbose=0)


def test_weights_of_samples_are_checked() -> None:
    for weight, fact in ((np.ones(9), "sample_weight: 9"), (np.full(10, np.nan), "sample_weight"), ("auto", "auto")):
        with pytest.raises(DataError, match=fact):
            network().fit(X, Y, sample_weight=weight, verbose=0)
    with pytest.raises(ArgumentError, match="class_weight"):
        sparse().fit(X, LABELS, class_weight={"cat": 2.0}, verbose=0)


def test_columns_of_text_are_named() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["length", "width", "petals", "leaves"])
    frame["width"] = "broad"
    with pytest.raises(DataError, match="width"):
        network().fit(frame, Y, verbose=0)


# A loss that becomes NaN


def test_a_loss_that_becomes_nan_names_layer_and_step_and_leaves_the_weights() -> None:
    class Log(keras.Layer):
        def call(self, inputs: Any) -> Any:
            return ops.log(inputs)

    line = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), line, Log(name="logarithm")])
    model.compile("sgd", "mse")
    x = np.array([[1.0], [2.0], [-1.0], [3.0]])
    seen: list[Any] = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(weights(self.model))

    with pytest.raises(NonFiniteError) as caught:
        model.fit(x, np.ones(4), batch_size=1, shuffle=False, verbose=0, callbacks=[Watch()])
    text = str(caught.value)
    assert "nan" in text
    assert "step 3" in text
    assert "logarithm/log" in text
    assert "learning rate" in text
    assert np.array_equal(seen[2][0], model.get_weights()[0])
    assert int(model.optimizer.iterations) == 2


def test_a_training_that_diverges_ends_with_finite_weights() -> None:
    model = network(optimizer=keras.optimizers.SGD(1e20))
    with pytest.raises(NonFiniteError, match="smaller learning rate"):
        model.fit(X, Y, epochs=50, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_terminate_on_nan_ends_training_instead() -> None:
    model = network(optimizer=keras.optimizers.SGD(1e20))
    history = model.fit(X, Y, epochs=50, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.epoch) < 50


# Names


@pytest.mark.parametrize(
    ("make", "near"),
    [
        (lambda: network(optimizer="adm"), "'adam'"),
        (lambda: network("sparse_categorical_crossentropi"), "'sparse_categorical_crossentropy'"),
        (lambda: network("sparse_crossentropy"), "mean 'sparse_categorical_crossentropy'"),
        (lambda: keras.losses.get("SparseCrossentropy"), "mean 'SparseCategoricalCrossentropy'"),
        (lambda: layers.Dense(3, kernel_reg="l2"), "mean 'kernel_regularizer'"),
        (lambda: keras.optimizers.SGD(lr=0.1), "mean 'learning_rate'"),
        (lambda: network(metrics=["acuracy", "maee"]), "acuracy"),
        (lambda: network(weighted_metrics=["mean_absolute_eror"]), "'mean_absolute_error'"),
        (lambda: layers.Dense(3, activation="rleu"), "'relu'"),
        (lambda: layers.Activation("sofmax"), "'softmax'"),
        (lambda: layers.Dense(3, kernel_initializer="he_norml"), "'he_normal'"),
        (lambda: layers.Dense(3, kernel_regularizer="l12"), "'l1"),
        (lambda: layers.Dense(3, kernel_constraint="nonneg"), "non"),
        (lambda: layers.Dense(3, activaton="relu"), "'activation'"),
        (lambda: layers.Dropout(0.5, noise=3), "'noise_shape'"),
        (lambda: layers.Dense(3, dtype="flot32"), "'float32'"),
        (lambda: network().get_layer("hiden"), "'hidden'"),
        (lambda: network({"anser": "mse"}).fit(X, Y, verbose=0), "'answer'"),
        (lambda: network().fit(X, {"anser": Y}, verbose=0), "'answer'"),
        (lambda: two_inputs().fit({"left": X, "rigth": X}, Y, verbose=0), "'right'"),
        (lambda: keras.losses.Huber(reduction="summ"), "'sum'"),
    ],
)
def test_unknown_names_get_the_nearest_right_one(make: Any, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        make()
    assert "unknown" in str(caught.value)
    assert near in str(caught.value)


def test_unknown_attributes_are_attribute_errors() -> None:
    for module in (keras, keras.layers, keras.utils, keras.models):
        with pytest.raises(AttributeError, match="Dens"):
            module.Dens  # noqa: B018


def two_inputs() -> Any:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    model = keras.Model([left, right], layers.Dense(2)(layers.Add()([left, right])))
    model.compile("sgd", "mse")
    return model


# Models that cannot be


def disconnected() -> Any:
    return keras.Model(keras.Input((4,)), layers.Dense(2)(keras.Input((4,), name="elsewhere")))


def same_names() -> Any:
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(2, name="twin")(layers.Dense(2, name="twin")(inputs)))


@pytest.mark.parametrize(
    ("make", "facts"),
    [
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense]), ["Dense", "with its arguments"]),
        (lambda: keras.Sequential([keras.Input((4,)), "relu"]), ["only layers", "'relu'"]),
        (lambda: keras.Sequential([keras.Input((4,)), ops.relu]), ["only layers", "Activation"]),
        (lambda: keras.Sequential([4, 3]), ["only layers", "4"]),
        (lambda: keras.Sequential(layers.Dense(3)), ["list"]),
        (lambda: keras.Sequential([layers.Dense(2, name="twin"), layers.Dense(2, name="twin")]), ["twin", "name"]),
        (lambda: keras.Sequential([(d := layers.Dense(2)), d]), ["second"]),
        (lambda: keras.Sequential([layers.Dense(2), keras.Input((4,))]), ["Input comes first"]),
        (lambda: keras.Sequential([]).pop(), ["no layer"]),
        (same_names, ["twin", "same name"]),
        (disconnected, ["elsewhere", "inputs"]),
        (lambda: keras.Model(X, Y), ["Input", "ndarray"]),
        (lambda: keras.Model(keras.Input((4,)), Y), ["outputs", "ndarray"]),
        (lambda: two_inputs().fit(X, Y, verbose=0), ["left, right", "2"]),
        (lambda: keras.Input(), ["shape"]),
        (lambda: keras.Input(4), ["(4,)"]),
        (lambda: keras.Input((-4,)), ["-4"]),
        (lambda: layers.Dense(3.5), ["units", "3.5"]),
        (lambda: layers.Dense(0), ["units", "0"]),
        (lambda: layers.Dense("3"), ["units", "'3'"]),
        (lambda: layers.Dense(3, activation=layers.ReLU), ["ReLU()"]),
        (lambda: layers.Dense(3, name="a/b"), ["name", "a/b"]),
        (lambda: layers.Dense(3, dtype="float16"), ["half precision"]),
        (lambda: layers.Dropout(30), ["0 to 1", "30 per cent is 0.3"]),
        (lambda: layers.Dropout(-0.1), ["0 to 1"]),
        (lambda: layers.GaussianNoise(-1.0), ["negative"]),
        (lambda: layers.Permute((1, 3)), ["permutation", "(1, 3)"]),
        (lambda: layers.RepeatVector(2.5), ["2.5"]),
        (lambda: layers.Normalization(mean=1.0), ["variance"]),
        (lambda: layers.Add()(keras.Input((4,))), ["list", "Add()([a, b])"]),
        (lambda: keras.Layer()(X), ["call"]),
        (lambda: network().set_weights([np.ones((4, 3))]), ["hidden/kernel", "(4, 3)"]),
        (lambda: network(metrics=[3]).fit(X, Y, verbose=0), ["metric", "3"]),
        (lambda: network(3).fit(X, Y, verbose=0), ["loss", "3"]),
        (lambda: network().fit(X, Y, callbacks=[keras.callbacks.EarlyStopping]), ["EarlyStopping(…)"]),
        (lambda: network().fit(X, Y, callbacks="early stopping"), ["callback", "early stopping"]),
    ],
)
def test_models_and_arguments_that_cannot_be(make: Any, facts: list[str]) -> None:
    with pytest.raises(ChainruleError) as caught:
        make()
    for fact in facts:
        assert fact in str(caught.value)


@pytest.mark.parametrize(
    ("call", "facts"),
    [
        (lambda: layers.Dense(3, name="first")(X[0]), ["first", "2", "x[None]"]),
        (lambda: network()(np.ones((2, 5))), ["hidden", "4", "5"]),
        (lambda: layers.Dense(3, name="first")(keras.Input((None,))), ["first", "known size"]),
        (lambda: layers.Reshape((3, 3), name="square")(keras.Input((4,))), ["square", "4"]),
        (lambda: layers.Permute((2, 1), name="turn")(keras.Input((4,))), ["turn", "3"]),
        (lambda: layers.RepeatVector(2, name="again")(keras.Input((4, 2))), ["again", "2"]),
        (lambda: layers.Add(name="sum")([keras.Input((4,)), keras.Input((3,))]), ["sum", "(None, 4)", "(None, 3)"]),
        (lambda: layers.Concatenate(1, name="join")([keras.Input((4, 3)), keras.Input((4, 2))]), ["join", "axis 1"]),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer(call: Any, facts: list[str]) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    for fact in facts:
        assert fact in str(caught.value)


def test_what_is_not_known_yet() -> None:
    waiting = keras.Sequential([layers.Dense(3)])
    shapes = (lambda: waiting.output_shape, lambda: waiting.input, lambda: layers.Dense(3).output)
    for ask in (waiting.count_params, *shapes):
        with pytest.raises(NotBuiltError) as caught:
            ask()
        assert caught.value.hint


def test_python_on_tensors() -> None:
    x = keras.Input((4,))
    with pytest.raises(ChainruleError, match=r"ops\.where"):
        bool(x > 0)
    with pytest.raises(ShapeError, match="unknown size"):
        list(x)


def test_two_dtypes_in_one_model() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="float64"), layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ChainruleError, match="one dtype"):
        model.fit(X, Y, verbose=0)
