"""fit, evaluate, predict and the methods on single batches: every argument, every kind of data, every kind of model."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import ops
from chainrule.callbacks import Callback
from chainrule.errors import ArgumentError, DataError, NotBuiltError

N, FEATURES, OUTPUTS = 10, 4, 2
X = np.random.default_rng(1).random((N, FEATURES)).astype("float32")
Y = np.random.default_rng(2).random((N, OUTPUTS)).astype("float32")
LABELS = np.arange(N) % 2


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


def regressor(**compiled: Any) -> Any:
    model = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(OUTPUTS)]
    )
    model.compile(**{"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], **compiled})
    return model


def classifier(**compiled: Any) -> Any:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(2, activation="softmax")])
    wanted = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{**wanted, **compiled})
    return model


def branched(**compiled: Any) -> Any:
    """Inputs a and b, outputs p and q, one layer shared by both inputs."""
    shared = keras.layers.Dense(3, activation="tanh", name="shared")
    a, b = keras.Input((FEATURES,), name="a"), keras.Input((FEATURES,), name="b")
    both = keras.layers.Concatenate()([shared(a), shared(b)])
    outputs = [keras.layers.Dense(OUTPUTS, name="p")(both), keras.layers.Dense(1, name="q")(both)]
    model = keras.Model([a, b], outputs)
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def flat(model: Any) -> np.ndarray:
    return np.concatenate([w.ravel() for w in model.get_weights()])


def mse(model: Any, x: Any = X, y: Any = Y) -> float:
    return float(np.mean((model.predict(x, verbose=0) - y) ** 2))


# What the loop does


def test_a_step_of_plain_gradient_descent_by_hand() -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(OUTPUTS)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    w, b = model.get_weights()
    error = X.astype(float) @ w + b - Y
    model.fit(X, Y, batch_size=N, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], w - 0.1 * X.T @ error * 2 / error.size, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], b - 0.1 * error.sum(axis=0) * 2 / error.size, rtol=1e-5)


def test_the_loss_of_an_epoch_weighs_each_sample_alike() -> None:
    model = regressor(optimizer=keras.optimizers.SGD(0.0), metrics=["mse"])
    history = model.fit(X, Y, batch_size=4, verbose=0).history  # batches of 4, 4 and 2
    assert history["loss"][0] == pytest.approx(mse(model), rel=1e-6)
    assert history["mse"][0] == pytest.approx(mse(model), rel=1e-6)


def test_the_history_has_a_value_for_each_key_and_epoch() -> None:
    history = regressor().fit(X, Y, epochs=3, validation_split=0.3, verbose=0)
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(len(values) == 3 and all(type(v) is float for v in values) for values in history.history.values())
    assert history.epoch == [0, 1, 2]
    assert history.params["epochs"] == 3


def test_initial_epoch_and_epochs_count_together() -> None:
    assert regressor().fit(X, Y, initial_epoch=2, epochs=5, verbose=0).epoch == [2, 3, 4]
    assert regressor().fit(X, Y, initial_epoch=5, epochs=5, verbose=0).epoch == []


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_any_batch_size_counts_each_sample_once(size: int) -> None:
    model = regressor(optimizer=keras.optimizers.SGD(0.0))
    assert model.fit(X, Y, batch_size=size, verbose=0).history["loss"][0] == pytest.approx(mse(model), rel=1e-6)


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_an_epoch_sees_each_sample_once(shuffle: Any) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(1e-12), loss=keras.losses.MeanAbsoluteError(reduction="sum"))
    seen: list[float] = []

    class Seen(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(logs["loss"])

    x = 2.0 ** np.arange(8)[:, None]
    model.fit(x, np.zeros(8), batch_size=1, shuffle=shuffle, verbose=0, callbacks=[Seen()])
    samples = np.diff([0.0, *(loss * (k + 1) for k, loss in enumerate(seen))])  # logs are running means
    assert sorted(np.round(samples)) == list(x[:, 0])
    assert (list(np.round(samples)) == list(x[:, 0])) == (shuffle is False)


def test_shuffling_batches_keeps_neighbours_together() -> None:
    starts = []
    data = keras.training.data.ArrayData([X], [Y], batch_size=3, shuffle="batch")  # type: ignore[attr-defined]
    for epoch in range(4):
        rows = [batch.rows for batch in data.epoch(epoch)]
        assert sorted((r.start, r.stop) for r in rows) == [(0, 3), (3, 6), (6, 9), (9, 10)]
        starts.append([r.start for r in rows])
    assert any(s != starts[0] for s in starts)


def test_steps_per_epoch_go_on_where_the_last_epoch_stopped() -> None:
    model = regressor()
    history = model.fit(X, Y, batch_size=5, steps_per_epoch=1, epochs=4, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == 4
    assert history.history["loss"][2] < history.history["loss"][0]  # the third epoch sees what the first saw


def test_an_epoch_ends_with_a_warning_where_the_samples_end_before_the_steps() -> None:
    """As in Keras: the next epoch begins anew."""
    steps: list[int] = []
    counting = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    options = {"batch_size": 4, "verbose": 0, "callbacks": [counting]}
    with pytest.warns(UserWarning, match="after 1 of 2 steps"):
        regressor().fit(X, Y, steps_per_epoch=2, epochs=4, **options)
    assert steps == [0, 1, 0, 0, 1, 0]
    steps.clear()
    with pytest.warns(UserWarning, match="after 3 of 5 steps"):
        regressor().fit(X, Y, steps_per_epoch=5, epochs=2, **options)
    assert steps == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("units", "activation", "targets", "loss"),
    [
        (1, "sigmoid", [0.0, 1.0, 1.0, 0.0], "binary_crossentropy"),
        (3, "softmax", [0, 1, 2, 0], "sparse_categorical_crossentropy"),
        (3, "softmax", np.eye(3)[[0, 1, 2, 0]], "categorical_crossentropy"),
    ],
)
def test_the_cross_entropy_is_chosen_by_the_shapes(units: int, activation: str, targets: Any, loss: str) -> None:
    results = []
    for name in ("crossentropy", "ce", loss):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation)])
        model.compile("sgd", name, metrics=["accuracy"])
        results.append(model.fit(X[:4], np.asarray(targets), epochs=2, verbose=0).history)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("class_weight", [{-1: 1.0}, {0: -1.0}, {0: "a"}, {0: np.nan}, {0.5: 1.0}, "balanced"])
def test_weights_of_classes_that_make_no_sense_are_refused(class_weight: Any) -> None:
    with pytest.raises(ArgumentError, match="class_weight maps each class to its weight"):
        regressor().fit(X, Y, class_weight=class_weight, verbose=0)


def test_what_compile_was_given_can_be_read() -> None:
    model = regressor()
    assert (model.run_eagerly, model.jit_compile) == (False, False)
    model.compile("sgd", "mse", run_eagerly=True, jit_compile=True)
    assert (model.run_eagerly, model.jit_compile) == (True, True)
    assert keras.Sequential([keras.layers.Dense(2)]).run_eagerly is False


# The same bits


def test_two_runs_from_one_seed_give_the_same_bits() -> None:
    runs = []
    for _ in range(2):
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(8), keras.layers.Dropout(0.5)])
        model.add(keras.layers.Dense(OUTPUTS))
        model.compile("adam", "mse")
        runs.append((model.fit(X, Y, epochs=3, batch_size=3, verbose=0).history["loss"], flat(model)))
    assert runs[0][0] == runs[1][0]
    assert np.array_equal(runs[0][1], runs[1][1])


def test_training_in_two_parts_is_training_in_one() -> None:
    ends = []
    for parts in ([(0, 4)], [(0, 2), (2, 4)]):
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(8), keras.layers.Dropout(0.5)])
        model.add(keras.layers.Dense(OUTPUTS))
        model.compile("adam", "mse")
        losses = []
        for start, end in parts:
            losses += model.fit(X, Y, initial_epoch=start, epochs=end, batch_size=3, verbose=0).history["loss"]
        ends.append((losses, flat(model)))
    assert ends[0][0] == ends[1][0]
    assert np.array_equal(ends[0][1], ends[1][1])


# Data


def finite() -> Any:
    return ((X[k : k + 5], Y[k : k + 5]) for k in (0, 5))


def endless() -> Any:
    while True:
        yield from finite()


class Batches:
    """A sequence as Keras 2 had it."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, k: int) -> Any:
        return X[5 * k : 5 * k + 5], Y[5 * k : 5 * k + 5]


def reference() -> np.ndarray:
    model = regressor()
    model.fit(X, Y, batch_size=5, shuffle=False, epochs=2, verbose=0)
    return flat(model)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda: (X, Y), id="arrays"),
        pytest.param(lambda: (X.tolist(), Y.tolist()), id="lists"),
        pytest.param(lambda: ([X], [Y]), id="lists of arrays"),
        pytest.param(lambda: (np.asfortranarray(X), np.asfortranarray(Y)), id="Fortran order"),
        pytest.param(lambda: (np.repeat(X, 2, axis=1)[:, ::2], np.flip(np.flip(Y).copy())), id="strides"),
        pytest.param(lambda: (X.astype("float64"), Y.astype(">f4")), id="other floats"),
        pytest.param(lambda: (X.astype("longdouble"), Y), id="long doubles"),
    ],
)
def test_the_form_of_arrays_does_not_matter(form: Any) -> None:
    expected = reference()
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    model = regressor()
    x, y = form()
    model.fit(x, y, batch_size=5, shuffle=False, epochs=2, verbose=0)
    assert np.array_equal(flat(model), expected)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int64", "bool", "float16", ">i2"])
def test_inputs_of_every_dtype_are_converted_on_the_way(dtype: str) -> None:
    x = (100 * X).astype(dtype)
    model, twin = (regressor(optimizer=keras.optimizers.SGD(1e-6)) for _ in range(2))
    twin.set_weights(model.get_weights())
    model.fit(x, Y, batch_size=4, verbose=0)
    twin.fit(x.astype("float32"), Y, batch_size=4, verbose=0)
    np.testing.assert_allclose(flat(model), flat(twin), rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x.astype("float32")), rtol=1e-5, atol=1e-6)


def test_memory_mapped_and_readonly_arrays(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    frozen = Y.copy()
    frozen.flags.writeable = False
    model = regressor()
    model.fit(mapped, frozen, batch_size=5, shuffle=False, epochs=2, verbose=0)
    np.testing.assert_array_equal(model.predict(mapped, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("source", "options"),
    [
        pytest.param(Batches, {}, id="sequence"),
        pytest.param(endless, {"steps_per_epoch": 2}, id="endless generator"),
        pytest.param(lambda: [*finite()].__iter__(), {"epochs": 1}, id="iterator"),
    ],
)
def test_batches_that_come_one_at_a_time(source: Any, options: dict[str, Any]) -> None:
    model = regressor()
    options = {"epochs": 2, **options}
    twin = regressor()
    twin.set_weights(model.get_weights())
    model.fit(source(), verbose=0, **options)
    twin.fit(X, Y, batch_size=5, shuffle=False, epochs=options["epochs"], verbose=0)
    assert np.array_equal(flat(model), flat(twin))


def test_a_generator_that_ends_ends_the_training() -> None:
    with pytest.warns(UserWarning, match="ended after 0 of the 2 steps"):
        history = regressor().fit(finite(), epochs=3, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="ended after 2 of the 5 steps"):
        history = regressor().fit(finite(), epochs=3, steps_per_epoch=5, verbose=0)
    assert history.epoch == [0]
    with pytest.raises(DataError, match="no samples"):
        regressor().fit(iter(()), verbose=0)


def test_evaluate_and_predict_take_generators() -> None:
    model = regressor()
    assert model.evaluate(finite(), verbose=0) == pytest.approx(model.evaluate(X, Y, batch_size=5, verbose=0))
    assert model.evaluate(endless(), steps=2, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(
        model.predict((x for x, _ in finite()), verbose=0), model.predict(X, verbose=0), rtol=1e-6
    )
    assert model.predict(endless(), steps=3, verbose=0).shape == (15, OUTPUTS)


def test_data_frames_and_series() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"), index=range(5, 15))
    labels = pd.Series(LABELS, index=range(7, 17), name="class")
    model, twin = classifier(), classifier()
    twin.set_weights(model.get_weights())
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "validation_split": 0.2, "class_weight": {1: 3.0}}
    assert model.fit(frame, labels, **options).history == twin.fit(X, LABELS, **options).history
    np.testing.assert_array_equal(model.predict(frame, verbose=0), twin.predict(X, verbose=0))


def test_one_sample_and_one_column() -> None:
    model = regressor()
    model.fit(X[:1], Y[:1], verbose=0)
    assert model.predict(X[:1], verbose=0).shape == (1, OUTPUTS)
    line = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    line.compile("sgd", "mse")
    line.fit(X[:, 0], Y[:, 0], verbose=0)
    assert line.predict(X[:, 0], verbose=0).shape == (N, 1)
    assert line.evaluate(X[:, :1], Y[:, :1], verbose=0) == pytest.approx(line.evaluate(X[:, 0], Y[:, 0], verbose=0))


def test_a_last_axis_of_one_may_be_missing_or_extra() -> None:
    images = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    assert images.predict(X.reshape(N, 2, 2), verbose=0).shape == (N, 1)
    assert regressor().predict(X[..., None], verbose=0).shape == (N, OUTPUTS)


# Validation


def test_validation_is_on_the_last_samples() -> None:
    model, twin = regressor(), regressor()
    twin.set_weights(model.get_weights())
    options = {"batch_size": 3, "epochs": 2, "verbose": 0}
    split = model.fit(X, Y, validation_split=0.3, **options)
    given = twin.fit(X[:7], Y[:7], validation_data=(X[7:], Y[7:]), **options)
    assert split.history["val_loss"][-1] == pytest.approx(mse(model, X[7:], Y[7:]), rel=1e-6)
    assert set(split.history) == set(given.history)


def test_validation_data_may_have_weights_or_be_a_generator() -> None:
    model = regressor(optimizer=keras.optimizers.SGD(0.0))
    only_first = np.r_[1.0, np.zeros(N - 1)]
    history = model.fit(X, Y, validation_data=(X, Y, only_first), verbose=0).history
    assert history["val_loss"][0] * N == pytest.approx(mse(model, X[:1], Y[:1]), rel=1e-5)
    history = model.fit(X, Y, validation_data=endless(), validation_steps=2, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(mse(model), rel=1e-5)
    history = model.fit(X, Y, validation_data=[X, Y], validation_batch_size=2, validation_steps=3, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(mse(model, X[:6], Y[:6]), rel=1e-5)


@pytest.mark.parametrize(("frequency", "epochs"), [(1, 4), (2, 2), (3, 1), ([1, 4], 2), ({2}, 1)])
def test_validation_frequency(frequency: Any, epochs: int) -> None:
    history = regressor().fit(X, Y, validation_data=(X, Y), validation_freq=frequency, epochs=4, verbose=0).history
    assert len(history["val_loss"]) == epochs
    assert len(history["loss"]) == 4


# Weights of samples and classes


def test_a_sample_of_weight_two_counts_as_two_samples() -> None:
    weights = np.r_[2.0, 1.0, np.zeros(N - 2)]
    model = regressor(optimizer=keras.optimizers.SGD(0.0), weighted_metrics=["mse"])
    history = model.fit(X, Y, sample_weight=weights, batch_size=N, verbose=0).history
    errors = np.mean((model.predict(X, verbose=0) - Y) ** 2, axis=1)
    assert history["loss"][0] == pytest.approx(float(weights @ errors) / N, rel=1e-5)
    assert history["mse"][0] == pytest.approx(float(weights @ errors) / 3, rel=1e-5)


@pytest.mark.parametrize("targets", ["labels", "column", "one-hot"])
def test_class_weights_are_sample_weights(targets: str) -> None:
    one_hot = targets == "one-hot"
    y = {"labels": LABELS, "column": LABELS[:, None], "one-hot": np.eye(2, dtype="float32")[LABELS]}[targets]
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    model, twin = classifier(loss=loss), classifier(loss=loss)
    twin.set_weights(model.get_weights())
    options = {"batch_size": 4, "shuffle": False, "epochs": 2, "verbose": 0}
    own = np.linspace(0.5, 1.5, N)
    model.fit(X, y, class_weight={0: 1.0, 1: 5.0}, sample_weight=own, **options)
    twin.fit(X, y, sample_weight=own * np.where(LABELS, 5.0, 1.0), **options)
    np.testing.assert_allclose(flat(model), flat(twin), rtol=1e-5)


def test_a_weight_for_each_step_of_a_sequence() -> None:
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = np.ones((4, 3, 2), "float32"), np.zeros((4, 3, 1), "float32")
    weight = np.zeros((4, 3))
    weight[:, 1] = 1.0
    loss = model.evaluate(x, y, sample_weight=weight, verbose=0)
    assert loss == pytest.approx(float(np.mean(model(x) ** 2)) / 3, rel=1e-5)


def test_weights_for_each_output() -> None:
    model = branched(weighted_metrics={"p": ["mse"], "q": ["mse"]})
    y = {"p": Y, "q": Y[:, :1]}
    nothing, all_ = np.zeros(N), np.ones(N)
    both = model.evaluate([X, X], y, sample_weight={"p": all_, "q": nothing}, verbose=0, return_dict=True)
    assert both["q_loss"] == both["q_mse"] == 0
    assert both["loss"] == pytest.approx(both["p_loss"], rel=1e-6)
    one = model.evaluate([X, X], y, sample_weight={"q": nothing}, verbose=0, return_dict=True)
    listed = model.evaluate([X, X], [Y, Y[:, :1]], sample_weight=[all_, nothing], verbose=0, return_dict=True)
    assert one == both == listed
    shared = model.evaluate([X, X], y, sample_weight=nothing, verbose=0, return_dict=True)
    assert shared["loss"] == 0


# What is returned


def test_types_and_orders_of_results() -> None:
    plain, measured = regressor(metrics=None), regressor(metrics=["mae", "mse"])
    for call in ("evaluate", "train_on_batch", "test_on_batch"):
        options = {"verbose": 0} if call == "evaluate" else {}
        assert type(getattr(plain, call)(X, Y, **options)) is float
        results = getattr(measured, call)(X, Y, **options)
        assert [type(v) for v in results] == [float] * 3
        named = measured.test_on_batch(X, Y, return_dict=True)
        assert list(named) == ["loss", "mae", "mse"]
        assert named["loss"] == pytest.approx(named["mse"], rel=1e-6)
    assert type(plain.predict(X, verbose=0)) is type(plain.predict_on_batch(X)) is np.ndarray
    assert plain.predict(X, verbose=0).dtype == np.float32
    assert plain.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"loss"}


def test_a_prediction_does_not_change_later() -> None:
    model = regressor()
    first = model.predict(X, verbose=0)
    kept = first.copy()
    model.predict(-X, verbose=0)
    model.predict_on_batch(-X)
    assert np.array_equal(first, kept)


def test_steps_of_predict_are_of_32_samples() -> None:
    x = np.zeros((100, FEATURES))
    assert regressor().predict(x, steps=2, verbose=0).shape == (64, OUTPUTS)
    assert regressor().predict(x, batch_size=7, verbose=0).shape == (100, OUTPUTS)


def test_calling_a_model_equals_predicting() -> None:
    model = regressor()
    np.testing.assert_allclose(model(X), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(X), model.predict_on_batch(X), rtol=1e-5, atol=1e-6)


# Several inputs and outputs


def test_several_inputs_and_outputs_by_list_and_by_name() -> None:
    by_name = ({"b": 2 * X, "a": X}, {"q": Y[:, :1], "p": Y})
    by_list = ([X, 2 * X], [Y, Y[:, :1]])
    histories, ends, predictions = [], [], []
    for x, y in (by_name, by_list):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model = branched(loss={"p": "mse", "q": "mae"}, loss_weights={"p": 1.0, "q": 0.5}, metrics={"q": ["mae"]})
        histories.append(model.fit(x, y, epochs=2, batch_size=4, validation_split=0.2, verbose=0).history)
        ends.append(flat(model))
        predictions.append(model.predict(x, verbose=0))
    keys = ["loss", "p_loss", "q_loss", "q_mae"]
    assert list(histories[0]) == [*keys, *(f"val_{key}" for key in keys)]
    assert histories[0] == histories[1]
    assert np.array_equal(*ends)
    assert type(predictions[0]) is list
    assert [p.shape for p in predictions[0]] == [(N, OUTPUTS), (N, 1)]
    for p, q in zip(*predictions, strict=True):
        assert np.array_equal(p, q)


def test_outputs_without_a_loss() -> None:
    for loss in ({"q": "mse"}, [None, "mse"]):
        model = branched(loss=loss, metrics={"q": ["mae"]})
        for y in ({"q": Y[:, :1]}, [Y, Y[:, :1]]):
            with pytest.warns(UserWarning, match="does not depend on p/kernel"):
                history = model.fit([X, X], y, verbose=0).history
            assert list(history) == ["loss", "q_mae"]


def test_outputs_in_a_dict() -> None:
    inputs = keras.Input((FEATURES,))
    outputs = {"u": keras.layers.Dense(OUTPUTS)(inputs), "v": keras.layers.Dense(1)(inputs)}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss={"u": "mse", "v": "mae"}, metrics={"u": ["mae"]})
    history = model.fit(X, {"v": Y[:, :1], "u": Y}, verbose=0).history
    assert list(history) == ["loss", "u_loss", "u_mae", "v_loss"]
    assert {k: v.shape for k, v in model.predict(X, verbose=0).items()} == {"u": (N, OUTPUTS), "v": (N, 1)}


def test_a_shared_layer_gets_the_sum_of_its_gradients() -> None:
    shared = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    a, b = keras.Input((1,)), keras.Input((1,))
    model = keras.Model([a, b], keras.layers.Add()([shared(a), shared(b)]))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit([np.ones(1), 2 * np.ones(1)], np.zeros(1), verbose=0)
    # loss = (w + 2w)^2, derivative 18 w
    assert shared.get_weights()[0][0, 0] == pytest.approx(1 - 0.1 * 18, rel=1e-5)


# Layers that come, go and are shared


def test_freezing_a_layer_and_compiling_again() -> None:
    model = regressor(optimizer="adam")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    frozen, trained = model.layers[0].get_weights()[0], model.layers[1].get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert np.array_equal(frozen, model.layers[0].get_weights()[0])
    assert not np.array_equal(trained, model.layers[1].get_weights()[0])
    model.layers[0].trainable = True
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(frozen, model.layers[0].get_weights()[0])


def test_layers_taken_off_and_added_after_training() -> None:
    model = regressor()
    model.fit(X, Y, verbose=0)
    hidden = model.layers[0].get_weights()[0]
    model.pop()
    model.add(keras.layers.Dense(5))
    model.add(keras.layers.Dense(1))
    assert model.output_shape == (None, 1)
    with pytest.raises(ArgumentError, match="compile the model again"):
        model.fit(X, Y[:, 0], verbose=0)
    assert np.array_equal(hidden, model.layers[0].get_weights()[0])
    model.compile("sgd", "mse")
    model.fit(X, Y[:, 0], epochs=2, verbose=0)
    assert model.predict(X, verbose=0).shape == (N, 1)


def test_weights_set_between_trainings_are_the_ones_trained() -> None:
    model = regressor(optimizer=keras.optimizers.SGD(0.1))
    start = model.get_weights()
    first = model.fit(X, Y, shuffle=False, verbose=0).history["loss"]
    model.set_weights(start)
    assert model.fit(X, Y, shuffle=False, verbose=0).history["loss"] == first
    kept = model.get_weights()
    kept[0][:] = 99  # a copy
    assert not np.array_equal(model.get_weights()[0], kept[0])


def test_models_that_share_weights_take_turns() -> None:
    """Weights move between the flat vectors of two optimizers and keep their values and momenta."""
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(FEATURES)])
    critic = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1, activation="sigmoid")])
    critic.compile("adam", "binary_crossentropy")
    z = keras.Input((3,))
    both = keras.Model(z, critic(generator(z)))
    both.compile("adam", "binary_crossentropy")
    noise = np.random.default_rng(5).standard_normal((N, 3)).astype("float32")
    for _ in range(3):
        critic.trainable = True
        fixed, moved = flat(generator), flat(critic)
        fakes = generator.predict(noise, verbose=0)
        critic.train_on_batch(np.concatenate([X, fakes]), np.r_[np.ones(N), np.zeros(N)])
        assert np.array_equal(fixed, flat(generator))
        assert not np.array_equal(moved, flat(critic))
        critic.trainable = False
        fixed, moved = flat(critic), flat(generator)
        both.train_on_batch(noise, np.ones(N))
        assert np.array_equal(fixed, flat(critic))
        assert not np.array_equal(moved, flat(generator))


def test_two_models_train_the_same_layer_in_turns() -> None:
    """What both do to the layer is what one model with the same steps would do."""
    layer = keras.layers.Dense(OUTPUTS)
    a, b = keras.Input((FEATURES,)), keras.Input((FEATURES,))
    one, other = keras.Model(a, layer(a)), keras.Model(b, layer(b))
    alone = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(OUTPUTS)])
    for model in (one, other, alone):
        model.compile(keras.optimizers.SGD(0.1), "mse")
    alone.set_weights(layer.get_weights())
    for k in range(4):
        (one if k % 2 else other).train_on_batch(X, Y)
        alone.train_on_batch(X, Y)
    np.testing.assert_allclose(flat(one), flat(alone), rtol=1e-6)
    assert one.evaluate(X, Y, verbose=0) == other.evaluate(X, Y, verbose=0)


# Users' own classes


class Scale(keras.Layer):
    """A layer of a user's own, with a weight, a penalty and operators."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: Any) -> Any:
        self.add_loss(0.5 * ops.sum(self.factor**2))
        return inputs * self.factor


def test_a_layer_of_ones_own_trains_by_its_penalty() -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), Scale()])
    model.compile(keras.optimizers.SGD(0.1))
    history = model.fit(X, epochs=3, verbose=0).history  # each step multiplies the factor by 1 - 0.1
    np.testing.assert_allclose(model.get_weights()[0], 0.9**3, rtol=1e-5)
    np.testing.assert_allclose(history["loss"], [2.0 * 0.81**k for k in range(3)], rtol=1e-5)
    assert model.evaluate(X, verbose=0) == pytest.approx(2 * 0.81**3, rel=1e-5)


def test_losses_of_ones_own() -> None:
    def squared(y_true: Any, y_pred: Any) -> Any:
        return ops.mean((y_true - y_pred) ** 2, axis=-1)

    class Squared(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return squared(y_true, y_pred)

    ends = []
    for loss in ("mse", squared, Squared()):
        keras.utils.set_random_seed(3)
        model = regressor(loss=loss)
        model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
        ends.append(flat(model))
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-5)
    np.testing.assert_allclose(ends[2], ends[0], rtol=1e-5)


def test_metrics_of_ones_own() -> None:
    def largest(y_true: Any, y_pred: Any) -> Any:
        return ops.max(ops.abs(y_true - y_pred), axis=-1)

    class Count(keras.Metric):
        def __init__(self, name: str = "count", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.total = self.add_weight(shape=(), initializer="zeros", name="total")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.total.assign_add(float(len(y_true)))

        def result(self) -> Any:
            return self.total

    model = regressor(optimizer=keras.optimizers.SGD(0.0), metrics=[largest, Count()])
    history = model.fit(X, Y, epochs=2, batch_size=3, verbose=0).history
    assert history["count"] == [N, N]
    assert history["largest"][0] == pytest.approx(np.abs(model(X) - Y).max(axis=1).mean(), rel=1e-5)


def test_a_callback_may_stop_in_the_middle_of_an_epoch() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                self.model.stop_training = True

    model = regressor()
    history = model.fit(X, Y, batch_size=2, epochs=5, validation_data=(X, Y), verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2
    assert len(history.history["val_loss"]) == 1
    assert model.fit(X, Y, batch_size=2, epochs=2, verbose=0).epoch == [0, 1]  # the wish is not kept


def test_a_subclassed_model() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = []
            for _ in range(2):
                self.blocks.append(keras.layers.Dense(3, activation="relu"))
            self.heads = {"main": keras.layers.Dense(OUTPUTS)}
            self.drop = keras.layers.Dropout(0.5)

        def call(self, inputs: Any, training: bool = False) -> Any:
            for block in self.blocks:
                inputs = block(inputs)
            return self.heads["main"](self.drop(inputs, training=training))

    model = Net()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert len(model.weights) == 6
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_allclose(model(X), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_a_subclassed_model_of_a_dict() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(OUTPUTS)

        def call(self, inputs: Any) -> Any:
            return {"out": self.dense(inputs["u"]) + inputs["v"]}

    model = Net()
    model.compile("sgd", {"out": "mse"})
    model.fit({"u": X, "v": Y}, {"out": Y}, verbose=0)
    predicted = model.predict({"v": Y, "u": X}, verbose=0)
    np.testing.assert_allclose(predicted["out"], model({"u": X, "v": Y})["out"], rtol=1e-5, atol=1e-6)


# Interruptions, settings, misuse


def test_an_interrupt_leaves_whole_weights() -> None:
    from chainrule.kernels import available

    class Interrupt(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                self.before = self.model.get_weights()
                raise KeyboardInterrupt

        def on_train_end(self, logs: Any = None) -> None:
            self.ended = True

    threads = []
    if available():
        from threadpoolctl import threadpool_info

        threads.append([pool["num_threads"] for pool in threadpool_info()])
    model, interrupt = regressor(), Interrupt()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=2, verbose=0, callbacks=[interrupt])
    if available():
        threads.append([pool["num_threads"] for pool in threadpool_info()][: len(threads[0])])
        assert threads[0] == threads[1]
    assert interrupt.ended
    assert int(model.optimizer.iterations) == 2
    for before, now in zip(interrupt.before, model.get_weights(), strict=True):
        assert np.array_equal(before, now)
    model.fit(X, Y, verbose=0)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread are POSIX's")
def test_a_real_interrupt_comes_through() -> None:
    model = regressor()
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT))
    model.fit(X, Y, verbose=0)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=1, epochs=10**6, verbose=0)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert np.isfinite(flat(model)).all()
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


def test_everything_in_float64() -> None:
    keras.config.set_floatx("float64")
    try:
        model = classifier(optimizer="adam")
        model.fit(X, LABELS, epochs=2, batch_size=4, validation_split=0.2, verbose=0)
        assert {w.dtype for w in model.get_weights()} == {np.dtype("float64")}
        predicted = model.predict(X, verbose=0)
        assert predicted.dtype == np.float64
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-14)
    finally:
        keras.config.set_floatx("float32")


def test_what_needs_compile_says_so() -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    assert model.predict(X, verbose=0).shape == (N, 1)
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(NotBuiltError, match="compile"):
            call(X, Y[:, :1])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"epochs": 2.5}, "epochs"),
        ({"epochs": "3"}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": -1}, "batch_size"),
        ({"batch_size": 2.0}, "batch_size"),
        ({"initial_epoch": -1}, "initial_epoch"),
        ({"steps_per_epoch": 0}, "steps"),
        ({"validation_split": 1.0}, "validation_split"),
        ({"validation_split": -0.1}, "validation_split"),
        ({"validation_split": 20}, "validation_split"),
        ({"validation_freq": 0, "validation_split": 0.5}, "validation_freq"),
        ({"shuffle": "yes"}, "shuffle"),
        ({"verbose": 7}, "verbose"),
        ({"class_weight": "balanced"}, "class_weight"),
        ({"sample_weight": "balanced"}, "sample_weight"),
    ],
)
def test_arguments_of_fit_out_of_range(arguments: dict[str, Any], named: str) -> None:
    model = regressor()
    before = flat(model)
    with pytest.raises((ArgumentError, DataError), match=named):
        model.fit(X, Y, **{"verbose": 0, **arguments})
    assert np.array_equal(before, flat(model))


def test_threads_predict_at_once() -> None:
    """Sixteen threads, while the model trains in another: each gets the outputs of its own inputs."""
    from concurrent.futures import ThreadPoolExecutor

    rng = np.random.default_rng(0)
    still = keras.Sequential([keras.Input((6,)), keras.layers.Dense(40, "relu"), keras.layers.Dense(3)])
    other = keras.Sequential([keras.Input((6,)), keras.layers.Dense(40, "relu"), keras.layers.Dense(3)])
    other.compile("sgd", "mse")
    inputs = [rng.standard_normal((n, 6)).astype("float32") for n in range(1, 65)]
    alone = [still.predict(x, verbose=0) for x in inputs]
    with ThreadPoolExecutor(17) as pool:
        training = pool.submit(other.fit, inputs[-1], alone[-1], epochs=20, verbose=0)
        together = list(pool.map(lambda x: still.predict(x, verbose=0), inputs))
        training.result()
    for one, same in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_loss_of_ones_own_sees_targets_of_the_rank_of_the_outputs() -> None:
    """Else (N,) less (N, 1) would be (N, N): every target against every output."""
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    model.compile(loss=lambda y, p: ops.mean(ops.square(y - p), axis=-1))
    want = np.square(Y[:, :1] - model.predict(X, verbose=0)).mean()
    np.testing.assert_allclose(model.evaluate(X, Y[:, 0], verbose=0), want, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, Y[:, :1], verbose=0), want, rtol=1e-5)


def test_each_validation_of_some_steps_sees_the_same_samples() -> None:
    model = regressor(optimizer=keras.optimizers.SGD(0.0))  # nothing changes but the samples
    history = model.fit(
        X, Y, epochs=3, validation_data=(X, Y), validation_steps=1, validation_batch_size=3, verbose=0
    ).history["val_loss"]
    assert history[0] == history[1] == history[2]
    np.testing.assert_allclose(history[0], model.evaluate(X[:3], Y[:3], verbose=0)[0], rtol=1e-6)


def test_scores_of_one_column_take_labels_of_one_column() -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=["R2Score", "sparse_categorical_accuracy"])
    flat, column = (model.evaluate(X, y, verbose=0) for y in (LABELS, LABELS[:, None]))
    assert flat == column
    assert flat[2] == 0.5


def test_a_generator_gives_its_weights_itself() -> None:
    with pytest.raises(ArgumentError, match="yield"):
        regressor().fit(((X, Y) for _ in range(2)), sample_weight=np.ones(N), verbose=0)


def test_a_loss_that_is_not_reduced_is_refused() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss=keras.losses.MeanSquaredError(reduction="none"))
    with pytest.raises(ArgumentError, match="reduction"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def test_metrics_without_a_name_are_counted() -> None:
    model = regressor(metrics=[lambda y, p: ops.max(ops.abs(y - p)), lambda y, p: ops.min(ops.abs(y - p))])
    assert list(model.fit(X, Y, verbose=0).history) == ["lambda", "lambda_1", "loss"]
