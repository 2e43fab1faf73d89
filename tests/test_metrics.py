"""Metrics: Keras's results batch by batch, hand-worked examples, and properties."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest

import chainrule
from chainrule import metrics
from chainrule.errors import ArgumentError, DataError, ShapeError, UnknownNameError
from chainrule.metrics.confusion import count
from golden import cases

TOLERANCE = 1e-5  # what the project promises against Keras, in float32


def of_metrics(topic):
    return [case for case in cases.load(topic) if case["kind"] == "metrics"]


@pytest.mark.parametrize("case", cases.load("metrics"), ids=lambda case: case.id)
def test_results_are_keras_results(case):
    metric = cases.build(chainrule, case["metric"])
    for number, expected in enumerate(case["results"]):
        rows = slice(number * case["batch_size"], (number + 1) * case["batch_size"])
        values = [cases.inputs(case[key])[rows] for key in ("y_true", "y_pred") if case[key] is not None]
        weight = case["sample_weight"]
        metric.update_state(*values, sample_weight=None if weight is None else cases.inputs(weight)[rows])
        assert cases.gap(metric.result(), expected) < TOLERANCE
    assert [[v.name, list(v.shape)] for v in metric.variables] == case["variables"]
    metric.reset_state()
    assert all((v.value == 0).all() for v in metric.variables)


@pytest.mark.parametrize("case", cases.load("metric_functions"), ids=lambda case: case.id)
def test_function_is_keras_function(case):
    function = cases.resolve(chainrule, case["function"])
    value = function(cases.inputs(case["y_true"]), cases.inputs(case["y_pred"]), **case["arguments"])
    assert cases.gap(value, case.array("value")) < TOLERANCE


@pytest.mark.parametrize(
    "case", [c for c in cases.load("names") if c["kind"] == "metrics"], ids=lambda c: c.id
)
def test_string_names(case):
    assert type(metrics.get(case["name"])).__name__ == case["class_name"]


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "metrics"], ids=lambda c: c.id
)
def test_config_holds_keras_config(case):
    metric = cases.build(chainrule, case["object"])
    config = metric.get_config()
    expected = {key: value for key, value in case["get_config"].items() if key != "name"}
    assert {key: config[key] for key in expected} == expected
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == config
    assert metrics.deserialize(case["serialized"]).name == case["name"]


def counted(y_true, y_pred, weight, threshold):
    said = y_pred > threshold
    return [
        (weight * cell).sum() for cell in (said & y_true, said & ~y_true, ~said & ~y_true, ~said & y_true)
    ]


def test_all_thresholds_in_one_pass_count_what_one_by_one_counts():
    rng = np.random.default_rng(3)
    y_pred = rng.choice(np.linspace(0, 1, 9), 200)  # many predictions lie on a threshold
    y_true, weight = rng.random(200) < 0.4, rng.integers(0, 5, 200).astype(float)
    thresholds = rng.permutation(np.linspace(0, 1, 9))
    counts = np.stack(count(y_true[:, None], y_pred[:, None], weight[:, None], thresholds))[:, :, 0]
    expected = np.array([counted(y_true, y_pred, weight, t) for t in thresholds]).T
    np.testing.assert_allclose(counts, expected)


def test_auc_is_the_chance_to_rank_a_pair_rightly():
    rng = np.random.default_rng(5)
    y_true, y_pred = rng.random(300) < 0.3, rng.integers(0, 100, 300) / 100 + 0.005
    pairs = y_pred[y_true][:, None] - y_pred[~y_true]
    chance = (np.sum(pairs > 0) + np.sum(pairs == 0) / 2) / pairs.size
    area = metrics.AUC(num_thresholds=101)(y_true, y_pred)  # one threshold between any two predictions
    np.testing.assert_allclose(area, chance, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "expected", "weighted"),
    [
        ({"curve": "PRGAIN"}, 0.8261831, 0.7684201),
        ({"curve": "PR"}, 0.77643776, 0.7456998),
        ({"curve": "PR", "summation_method": "minoring"}, 0.7093941, 0.67995346),
        ({"thresholds": [0.2, 0.6]}, 0.7996323, 0.7748036),
    ],
    ids=str,
)
def test_areas_that_keras_gives(arguments, expected, weighted):
    rng = np.random.default_rng(1)
    y_true = (rng.random(50) < 0.4).astype("float32")
    y_pred = np.clip(y_true * 0.3 + rng.random(50) * 0.7, 0, 1).astype("float32")
    weight = rng.random(50).astype("float32")
    np.testing.assert_allclose(metrics.AUC(**arguments)(y_true, y_pred), expected, rtol=TOLERANCE)
    np.testing.assert_allclose(metrics.AUC(**arguments)(y_true, y_pred, weight), weighted, rtol=TOLERANCE)


def test_batches_add_up():
    rng = np.random.default_rng(2)
    y_true, y_pred = rng.random((60, 1)) < 0.5, rng.random((60, 1))
    for make in (metrics.Precision, metrics.AUC, metrics.BinaryAccuracy, metrics.R2Score, metrics.F1Score):
        whole, parts = make(), make()
        whole.update_state(y_true, y_pred)
        for rows in (slice(0, 7), slice(7, 40), slice(40, 60)):
            parts.update_state(y_true[rows], y_pred[rows])
        np.testing.assert_allclose(parts.result(), whole.result(), rtol=1e-5)


def test_a_weight_of_zero_is_a_sample_left_out():
    rng = np.random.default_rng(4)
    y_true, y_pred = (rng.random((30, 1)) < 0.5).astype(float), rng.random((30, 1))
    weight = (rng.random(30) < 0.6).astype(float)
    kept = weight > 0
    for make in (
        metrics.Recall,
        metrics.AUC,
        metrics.MeanSquaredError,
        metrics.R2Score,
        metrics.RootMeanSquaredError,
    ):
        np.testing.assert_allclose(
            make()(y_true, y_pred, sample_weight=weight), make()(y_true[kept], y_pred[kept]), rtol=1e-5
        )


def test_top_k_counts_ties_in_and_nan_out():
    scores = np.array([[0.5, 0.5, 0.1], [np.nan, 0.5, 0.1], [1.0, 2.0, 3.0]], "float32")
    values = metrics.sparse_top_k_categorical_accuracy(np.array([1, 0, 0]), scores, k=1)
    assert values.tolist() == [1.0, 0.0, 0.0]


def test_iou_by_hand():
    metric = metrics.IoU(3, [0, 2], dtype="float32")
    value = metric([0, 1, 2, 2], [0, 2, 2, 1], sample_weight=[0.3, 0.3, 0.3, 0.1])
    np.testing.assert_allclose(value, (0.3 / 0.3 + 0.3 / 0.7) / 2, rtol=1e-6)
    np.testing.assert_allclose(
        metrics.MeanIoU(4, ignore_class=-1)([0, -1, 2, 2], [0, 2, 2, 1]), 0.5, rtol=1e-6
    )


def test_stateless_calls_leave_the_metric_alone():
    metric = metrics.Mean()
    metric.update_state(2.0)
    values = metric.stateless_update_state(metric.variables, 4.0)
    assert [float(v) for v in values] == [6.0, 2.0]
    assert metric.stateless_result(values) == 3.0
    assert [float(v) for v in metric.stateless_reset_state()] == [0.0, 0.0]
    assert metric.result() == 2.0
    with pytest.raises(ShapeError):
        metric.stateless_result([1.0])


def test_names_are_numbered():
    first, second = metrics.AUC(), metrics.AUC()
    assert first.name.startswith("auc")
    assert second.name.startswith("auc_")
    assert first.name != second.name


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        ((None,), (None, 1), "BinaryAccuracy"),
        ((None, 1), (None, 1), "BinaryAccuracy"),
        ((None,), (None, 10), "SparseCategoricalAccuracy"),
        ((None, 1), (None, 10), "SparseCategoricalAccuracy"),
        ((None, 10), (None, 10), "CategoricalAccuracy"),
        ((None, 2), (None, 2), "CategoricalAccuracy"),
        ((None, 5), (None, 5, 3), "SparseCategoricalAccuracy"),
    ],
)
def test_accuracy_by_shape(true, predicted, expected):
    for name in ("accuracy", "acc", "ACC"):
        metric = metrics.resolve_metric(name, true, predicted)
        assert type(metric).__name__ == expected
        assert metric.name == name


def test_other_metrics_by_name_function_and_object():
    def worst(y_true, y_pred):
        return np.abs(y_true - y_pred).max(-1)

    assert metrics.resolve_metric("MSE", (None, 1), (None, 1)).name == "MSE"
    assert metrics.resolve_metric(worst, (None, 1), (None, 1)).name == "worst"
    own = metrics.MeanAbsoluteError(name="mine")
    assert metrics.resolve_metric(own, (None, 1), (None, 1)) is own
    logits = chainrule.losses.CategoricalCrossentropy(from_logits=True)
    assert metrics.resolve_metric("ce", (None, 3), (None, 3), logits).from_logits
    with pytest.raises(UnknownNameError, match="did you mean 'mean_squared_error'"):
        metrics.resolve_metric("mean_squared_eror", (None, 1), (None, 1))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: metrics.Precision(thresholds=[2.0]), ArgumentError),
        (lambda: metrics.PrecisionAtRecall(1.5), ArgumentError),
        (lambda: metrics.AUC(curve="roc curve"), UnknownNameError),
        (lambda: metrics.AUC(summation_method="mean"), UnknownNameError),
        (lambda: metrics.AUC(num_thresholds=1), ArgumentError),
        (lambda: metrics.F1Score(average="mean"), UnknownNameError),
        (lambda: metrics.FBetaScore(beta=0.0), ArgumentError),
        (lambda: metrics.R2Score(class_aggregation="sum"), UnknownNameError),
        (lambda: metrics.IoU(2, [2]), ArgumentError),
        (lambda: metrics.MeanIoU(2)([0, 2], [0, 1]), DataError),
        (lambda: metrics.F1Score()(np.ones(3), np.ones(3)), ShapeError),
        (lambda: metrics.R2Score()(np.ones(3), np.ones(3)), ShapeError),
        (lambda: metrics.Precision()(np.ones(3), np.ones(4)), ShapeError),
        (lambda: metrics.Mean()(np.ones(4), sample_weight=[1, 2, 3]), ShapeError),
        (lambda: metrics.Recall()(np.ones(4), np.ones(4), sample_weight=[1, 2, 3]), ShapeError),
        (lambda: metrics.sparse_categorical_accuracy(np.eye(3), np.eye(3)), ShapeError),
    ],
)  # fmt: skip
def test_mistakes_are_told(make, error):
    with pytest.raises(error):
        make()


@pytest.mark.parametrize(
    "name", ["accuracy", "base", "confusion", "fscore", "iou", "probabilistic", "regression", "resolve"]
)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"chainrule.metrics.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_a_metric_within_call_says_what_to_do_instead():
    class Watched(chainrule.layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = chainrule.metrics.Mean(name="watched")

        def call(self, inputs):
            self.mean.update_state(inputs)
            return inputs

    with pytest.raises(ArgumentError, match=r"watched: a metric counts numbers(.|\n)*compile\(metrics"):
        chainrule.Sequential([chainrule.Input((3,)), Watched()])
    assert Watched()(np.ones((2, 3))).shape == (2, 3)  # on arrays there is something to count
