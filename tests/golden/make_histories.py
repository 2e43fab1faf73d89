"""Make histories.json (what compile and fit report, by which keys) and callbacks.json (what callbacks do)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from golden import cases
from golden.cases import Case
from golden.maker import Spec, dense, entry, keras, new, save

SGD = new("optimizers.SGD", learning_rate=0.05)
TWO_OUTPUTS = {
    "inputs": {"x": entry(8, name="x")},
    "nodes": [
        ["h", dense(10, "tanh", name="h"), ["x"]],
        ["class", dense(4, "softmax", name="class"), ["h"]],
        ["value", dense(2, name="value"), ["h"]],
    ],
    "outputs": ["class", "value"],
}
VALIDATION = {"validation_data": ["validation.x", "validation.labels"]}


def network(units: int, activation: str | None) -> list[Spec]:
    return [entry(8), dense(10, "tanh"), dense(units, activation)]


def case(
    name: str, model: Any, y: Any, loss: Any, metrics: Any = None, compile: Spec | None = None, **more: Any
) -> Spec:
    how = {"optimizer": SGD, "loss": loss, "metrics": metrics, **(compile or {})}
    return {
        "id": name,
        "model": model,
        "compile": how,
        "x": "x",
        "y": y,
        "batch_size": 20,
        "epochs": 3,
        **more,
    }


def numbers(value: Any) -> Any:
    return [numbers(item) for item in value] if isinstance(value, list) else np.asarray(value).tolist()


def histories() -> list[Spec]:
    sparse, onehot = "sparse_categorical_crossentropy", "categorical_crossentropy"
    made = [
        case("no-metrics", network(4, "softmax"), "labels", sparse),
        case("accuracy-sparse", network(4, "softmax"), "labels", sparse, ["accuracy"], **VALIDATION),
        case("accuracy-sparse-column", network(4, "softmax"), "labels.column", sparse, ["accuracy"]),
        case("acc-onehot", network(4, "softmax"), "onehot", onehot, ["acc"]),
        case("accuracy-binary", network(1, "sigmoid"), "binary", "binary_crossentropy", ["accuracy"]),
        case("accuracy-multilabel", network(4, "sigmoid"), "multilabel", "binary_crossentropy", ["accuracy"]),
        case("accuracy-mse-onehot", network(4, "softmax"), "onehot", "mse", ["accuracy", "mae"]),
        case("accuracy-mse-binary", network(1, "sigmoid"), "binary", "mse", ["accuracy"]),
        case("accuracy-hinge", network(1, "tanh"), "binary", "hinge", ["accuracy"]),
        case(
            "regression",
            network(2, None),
            "real",
            "mse",
            ["mae", "mse", "mape", "r2_score", "cosine_similarity"],
        ),
        case(
            "strings",
            network(4, "softmax"),
            "onehot",
            onehot,
            ["categorical_accuracy", "AUC", "Precision", "recall", "mean_squared_error", "MAE"],
        ),
        case(
            "objects",
            network(4, "softmax"),
            "labels",
            new("losses.SparseCategoricalCrossentropy"),
            [
                new("metrics.SparseCategoricalAccuracy"),
                new("metrics.SparseTopKCategoricalAccuracy", k=2, name="top2"),
            ],
            **VALIDATION,
        ),
        case(
            "functions",
            network(2, None),
            "real",
            {"function": "losses.mean_squared_error"},
            [{"function": "losses.mean_absolute_error"}],
        ),
        case(
            "two-of-a-kind",
            network(1, "sigmoid"),
            "binary",
            "bce",
            [
                new("metrics.Precision", thresholds=0.3, name="p3"),
                new("metrics.Precision"),
                new("metrics.F1Score", threshold=0.5),
            ],
        ),
        case(
            "weighted-metrics",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            {"weighted_metrics": ["accuracy", "sparse_categorical_crossentropy"]},
            sample_weight="sample_weight",
        ),
        case(
            "weighted-metrics-only",
            network(2, None),
            "real",
            "mse",
            None,
            {"weighted_metrics": ["mae"]},
            sample_weight="sample_weight",
        ),
        case(
            "sample_weight",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            sample_weight="sample_weight",
        ),
        case(
            "sample_weight-validation",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            {"weighted_metrics": ["acc"]},
            sample_weight="sample_weight",
            validation_data=["validation.x", "validation.labels", "validation.sample_weight"],
        ),
        case(
            "class_weight",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            class_weight={"0": 1.0, "1": 2.0, "2": 0.5, "3": 3.0},
        ),
        case(
            "class_weight-onehot",
            network(4, "softmax"),
            "onehot",
            onehot,
            ["accuracy"],
            class_weight={"0": 1.0, "1": 2.0, "2": 0.5, "3": 3.0},
        ),
        case(
            "class_weight-binary", network(1, "sigmoid"), "binary", "bce", class_weight={"0": 1.0, "1": 3.0}
        ),
        case(
            "validation_split",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            fit={"validation_split": 0.25},
        ),
        case(
            "validation_split-weighted",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            sample_weight="sample_weight",
            fit={"validation_split": 0.3},
        ),
        case(
            "validation_freq",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            **(VALIDATION | {"epochs": 5}),
            fit={"validation_freq": 2, "validation_batch_size": 4},
        ),
        case(
            "steps_per_epoch",
            network(4, "softmax"),
            "labels",
            sparse,
            ["accuracy"],
            fit={"steps_per_epoch": 2},
        ),
        case(
            "initial_epoch", network(4, "softmax"), "labels", sparse, ["accuracy"], fit={"initial_epoch": 1}
        ),
        case(
            "regularized",
            [
                entry(8),
                dense(10, "tanh", kernel_regularizer="l2", activity_regularizer="l2"),
                dense(4, "softmax"),
            ],
            "labels",
            sparse,
            ["accuracy"],
            **VALIDATION,
        ),
        case(
            "sum-reduction",
            network(2, None),
            "real",
            new("losses.MeanSquaredError", reduction="sum"),
            ["mse"],
        ),
        case("loss_weights-single", network(2, None), "real", "mse", ["mse"], {"loss_weights": 0.5}),
    ]
    both = ["labels", "real"]
    two_validation = {"validation_data": ["validation.x", ["validation.labels", "validation.real"]]}
    made += [
        case("two-list", TWO_OUTPUTS, both, [sparse, "mse"], [["accuracy"], ["mae"]], **two_validation),
        case("two-no-metrics", TWO_OUTPUTS, both, [sparse, "mse"]),
        case(
            "two-dict",
            TWO_OUTPUTS,
            {"class": "labels", "value": "real"},
            {"class": sparse, "value": "mse"},
            {"class": ["accuracy"], "value": ["mae", "mse"]},
            {"loss_weights": {"class": 1.0, "value": 0.3}},
        ),
        case("two-weights", TWO_OUTPUTS, both, [sparse, "mse"], [[], ["mae"]], {"loss_weights": [0.5, 2.0]}),
        case("two-one-loss", TWO_OUTPUTS, ["onehot", "real"], "mse", [["accuracy"], ["mae"]]),
        case(
            "two-sample_weight",
            TWO_OUTPUTS,
            both,
            [sparse, "mse"],
            [["accuracy"], ["mae"]],
            sample_weight=["sample_weight", "sample_weight.zeros"],
        ),
    ]
    for number, one in enumerate(made):
        keras.backend.clear_session()
        one = Case(one)
        try:
            model = cases.ready(keras, one)
            ran = cases.fit(keras, one, model=model)
        except Exception as error:
            print(f"refused: {one.id}: {str(error)[:200]}")
            made[number] = {}
            continue
        weights = cases.named(one.get("sample_weight"))
        x, y = cases.inputs("x"), cases.named(one["y"])
        made[number] |= {
            "history": ran["history"],
            "order": list(ran["history"]),
            "weights_after": ran["weights"],
            "evaluate": numbers(model.evaluate(x, y, sample_weight=weights, batch_size=20, verbose=0)),
            "evaluate_dict": model.evaluate(
                x, y, sample_weight=weights, batch_size=20, verbose=0, return_dict=True
            ),
            "test_on_batch": numbers(model.test_on_batch(x, y, sample_weight=weights)),
            "metrics_names": model.metrics_names,
            "metrics": [metric.name for metric in model.metrics],
        }
        made[number]["epochs_run"] = model.history.epoch
    return [one for one in made if one]


TOY = {
    "model": network(4, "softmax"),
    "compile": {"optimizer": SGD, "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "x": "x",
    "y": "labels",
    "batch_size": 20,
    "epochs": 8,
    "validation_data": ["validation.x", "validation.labels"],
}
FAST = {
    "optimizer": new("optimizers.Adam", learning_rate=0.1),
    "loss": TOY["compile"]["loss"],
    "metrics": ["accuracy"],
}
CALLBACKS: list[tuple[str, Spec, Spec]] = [
    ("early", new("callbacks.EarlyStopping", patience=1), {"compile": FAST, "epochs": 20}),
    (
        "early-best",
        new("callbacks.EarlyStopping", patience=2, restore_best_weights=True),
        {"compile": FAST, "epochs": 20},
    ),
    (
        "early-start",
        new("callbacks.EarlyStopping", patience=1, start_from_epoch=6, restore_best_weights=True),
        {"compile": FAST, "epochs": 20},
    ),
    ("early-min_delta", new("callbacks.EarlyStopping", monitor="loss", min_delta=0.04), {}),
    ("early-max", new("callbacks.EarlyStopping", monitor="val_accuracy", patience=1), {}),
    ("early-baseline", new("callbacks.EarlyStopping", monitor="loss", baseline=0.9, patience=3), {}),
    (
        "early-baseline-reached",
        new("callbacks.EarlyStopping", monitor="loss", baseline=0.5, patience=2, min_delta=0.02),
        {"compile": FAST, "epochs": 20},
    ),
    (
        "plateau",
        new("callbacks.ReduceLROnPlateau", factor=0.5, patience=1, min_delta=0.02),
        {"compile": FAST, "epochs": 15},
    ),
    (
        "plateau-cooldown",
        new("callbacks.ReduceLROnPlateau", factor=0.3, patience=1, cooldown=2, min_lr=0.002, min_delta=0.02),
        {"compile": FAST, "epochs": 15},
    ),
    ("csv", new("callbacks.CSVLogger", filename="log.csv"), {"epochs": 3}),
    ("csv-separator", new("callbacks.CSVLogger", filename="log.csv", separator=";"), {"epochs": 2}),
    (
        "csv-validation_freq",
        new("callbacks.CSVLogger", filename="log.csv"),
        {"epochs": 3, "fit": {"validation_freq": 2}},
    ),
    (
        "checkpoint",
        new("callbacks.ModelCheckpoint", filepath="{epoch:02d}-{val_loss:.3f}.keras"),
        {"epochs": 3},
    ),
    (
        "checkpoint-best",
        new(
            "callbacks.ModelCheckpoint",
            filepath="{epoch}.weights.h5",
            save_best_only=True,
            save_weights_only=True,
        ),
        {"compile": FAST, "epochs": 8},
    ),
    (
        "checkpoint-batches",
        new(
            "callbacks.ModelCheckpoint",
            filepath="{epoch}-{batch}.weights.h5",
            save_weights_only=True,
            save_freq=3,
        ),
        {"epochs": 3},
    ),
    ("nan", new("callbacks.TerminateOnNaN"), {"epochs": 2}),
    (
        "nan-diverging",
        new("callbacks.TerminateOnNaN"),
        {
            "model": [entry(8), dense(2)],
            "compile": {"optimizer": new("optimizers.SGD", learning_rate=1e30), "loss": "mse"},
            "y": "real",
            "validation_data": ["validation.x", "validation.real"],
        },
    ),
    (
        "swap-ema",
        new("callbacks.SwapEMAWeights", swap_on_epoch=True),
        {
            "epochs": 3,
            "compile": {
                **FAST,
                "optimizer": new("optimizers.Adam", learning_rate=0.1, use_ema=True, ema_momentum=0.8),
            },
        },
    ),
    ("schedule-epoch", new("callbacks.LearningRateScheduler", schedule={"schedule": "epoch"}), {"epochs": 4}),
    ("schedule-rate", new("callbacks.LearningRateScheduler", schedule={"schedule": "rate"}), {"epochs": 4}),
]


def callbacks() -> list[Spec]:
    made = []
    for name, spec, changes in CALLBACKS:
        keras.backend.clear_session()
        one = Case({"id": name, **TOY, **changes, "callback": spec})
        with tempfile.TemporaryDirectory() as folder:
            model = cases.ready(keras, one)
            seen, recorder = cases.recorder(keras)
            ran = cases.fit(keras, one, [cases.build_callback(keras, spec, Path(folder)), recorder], model)
            files = sorted(path.name for path in Path(folder).iterdir())
            csv = (Path(folder) / "log.csv").read_text() if "log.csv" in files else None
        outcome = {"history": ran["history"], "order": list(ran["history"]), "weights_after": ran["weights"]}
        made.append(
            {**one, **outcome, "epochs_run": model.history.epoch, "files": files, "csv": csv, "calls": seen}
        )
        made[-1]["learning_rate_after"] = float(np.asarray(model.optimizer.learning_rate))
    return made


if __name__ == "__main__":
    save("histories", histories())
    save("callbacks", callbacks())
