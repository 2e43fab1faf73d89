"""Make losses.json (values, gradients), loss_functions.json (per sample), loss_training.json (20 steps)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from golden import cases
from golden.cases import Array
from golden.maker import Spec, dense, entry, gradient, keras, new, save
from golden.training import train

# Class, function, y_true, y_pred, and arguments to try beside the defaults (with another y_pred or y_true).
Tried = tuple[str, str, str, str, list[tuple[Spec, Spec]]]
LOSSES: list[Tried] = [
    (
        "BinaryCrossentropy",
        "binary_crossentropy",
        "t.multilabel",
        "p.sigmoid",
        [
            ({"from_logits": True}, {"y_pred": "p.logits"}),
            ({"label_smoothing": 0.2}, {}),
            ({"from_logits": True, "label_smoothing": 0.1, "axis": 0}, {"y_pred": "p.logits"}),
        ],
    ),
    (
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        "t.multilabel",
        "p.sigmoid",
        [
            ({"from_logits": True, "gamma": 3.0}, {"y_pred": "p.logits"}),
            ({"apply_class_balancing": True, "alpha": 0.3, "label_smoothing": 0.1}, {}),
        ],
    ),
    (
        "CategoricalCrossentropy",
        "categorical_crossentropy",
        "t.onehot",
        "p.softmax",
        [
            ({"from_logits": True}, {"y_pred": "p.logits"}),
            ({"label_smoothing": 0.2}, {}),
            ({"from_logits": True, "label_smoothing": 0.1}, {"y_pred": "p.logits"}),
            ({"axis": 0}, {}),
            ({}, {"y_true": "t.distribution"}),
            ({}, {"y_pred": "p.sigmoid"}),
        ],
    ),
    (
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        "t.onehot",
        "p.softmax",
        [
            ({"from_logits": True, "gamma": 1.5}, {"y_pred": "p.logits"}),
            ({"alpha": 0.4, "label_smoothing": 0.1}, {}),
        ],
    ),
    (
        "CategoricalGeneralizedCrossEntropy",
        "categorical_generalized_cross_entropy",
        "t.labels",
        "p.softmax",
        [],
    ),
    ("CategoricalHinge", "categorical_hinge", "t.onehot", "p.logits", []),
    ("CosineSimilarity", "cosine_similarity", "t.real", "p.real", [({"axis": 0}, {})]),
    ("Dice", "dice", "t.multilabel", "p.sigmoid", [({"axis": 1}, {})]),
    ("Hinge", "hinge", "t.signs", "p.real", [({}, {"y_true": "t.binary", "y_pred": "p.binary_logits"})]),
    ("Huber", "huber", "t.real", "p.real", [({"delta": 0.4}, {})]),
    ("KLDivergence", "kl_divergence", "t.distribution", "p.softmax", []),
    ("LogCosh", "log_cosh", "t.real", "p.real", []),
    ("MeanAbsoluteError", "mean_absolute_error", "t.real", "p.real", []),
    ("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "t.real", "p.real", []),
    ("MeanSquaredError", "mean_squared_error", "t.real", "p.real", []),
    ("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "t.positive", "p.positive", []),
    ("Poisson", "poisson", "t.counts", "p.positive", []),
    (
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        "t.labels",
        "p.softmax",
        [
            ({"from_logits": True}, {"y_pred": "p.logits"}),
            ({"ignore_class": 2}, {"y_true": "t.ignored"}),
            ({"from_logits": True, "ignore_class": 2}, {"y_true": "t.ignored", "y_pred": "p.logits"}),
            ({}, {"y_pred": "p.sigmoid"}),
        ],
    ),
    ("SquaredHinge", "squared_hinge", "t.signs", "p.real", []),
    ("Tversky", "tversky", "t.multilabel", "p.sigmoid", [({"alpha": 0.3, "beta": 0.8, "axis": 1}, {})]),
    ("Circle", "circle", "t.groups", "p.unit", [({"gamma": 10.0, "margin": 0.2}, {})]),
]
EDGES: list[tuple[str, str, str]] = [
    ("BinaryCrossentropy", "t.edge", "p.edge"),
    ("BinaryFocalCrossentropy", "t.edge", "p.edge"),
    ("KLDivergence", "t.edge", "p.edge"),
    ("Poisson", "t.edge", "p.edge"),
    ("MeanAbsoluteError", "t.edge", "p.edge"),
    ("MeanAbsolutePercentageError", "t.edge", "p.edge"),
    ("MeanSquaredLogarithmicError", "t.edge", "p.edge"),
    ("Hinge", "t.edge", "p.edge"),
    ("CategoricalHinge", "t.edge", "p.edge"),
    ("CosineSimilarity", "t.edge", "p.edge"),
    ("Huber", "t.edge", "p.edge"),
]
REDUCTIONS = ("sum", "mean", "none", "mean_with_sample_weight")
PER_ROW = ("Dice", "Tversky")  # one number for the whole batch unless an axis is given

# y, last activation, its width, losses by string name
TRAINED: list[tuple[str, str | None, int, list[str]]] = [
    (
        "onehot",
        "softmax",
        4,
        ["categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence", "kld"],
    ),
    ("distribution", "softmax", 4, ["KLD"]),
    ("labels", "softmax", 4, ["sparse_categorical_crossentropy"]),
    ("labels.column", "softmax", 4, ["SparseCategoricalCrossentropy"]),
    ("onehot", None, 4, ["categorical_hinge"]),
    ("multilabel", "sigmoid", 4, ["bce", "BCE", "binary_focal_crossentropy", "dice", "tversky"]),
    ("binary", "sigmoid", 1, ["binary_crossentropy"]),
    ("signs", "tanh", 2, ["hinge", "squared_hinge"]),
    ("binary", "tanh", 1, ["Hinge"]),
    (
        "real",
        None,
        2,
        [
            "mse",
            "mae",
            "MSE",
            "MAE",
            "mean_squared_error",
            "mean_absolute_error",
            "huber",
            "log_cosh",
            "cosine_similarity",
        ],
    ),
    (
        "positive",
        "softplus",
        2,
        ["mape", "msle", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"],
    ),
    ("counts", "exponential", 2, ["poisson"]),
]
OBJECTS: list[tuple[str, str, str | None, int, Spec]] = [
    ("logits-sparse", "labels", None, 4, new("losses.SparseCategoricalCrossentropy", from_logits=True)),
    (
        "logits-onehot",
        "onehot",
        None,
        4,
        new("losses.CategoricalCrossentropy", from_logits=True, label_smoothing=0.1),
    ),
    ("logits-binary", "binary", None, 1, new("losses.BinaryCrossentropy", from_logits=True)),
    ("sum", "real", None, 2, new("losses.MeanSquaredError", reduction="sum")),
    ("mean", "real", None, 2, new("losses.MeanSquaredError", reduction="mean")),
    (
        "weighted-mean",
        "real",
        None,
        2,
        new("losses.MeanSquaredError", reduction="mean_with_sample_weight"),
    ),
]


def values() -> tuple[list[Spec], dict[str, Array]]:
    wanted: list[tuple[str, str, str, str, Spec, str | None]] = []
    for name, _, y_true, y_pred, variants in LOSSES:
        for number, (arguments, other) in enumerate([({}, {}), *variants]):
            true, predicted = other.get("y_true", y_true), other.get("y_pred", y_pred)
            weighted = not (name in PER_ROW and arguments.get("axis") is None) and arguments.get("axis") != 0
            label = name if not number else f"{name}-{number}"
            wanted.append((label, name, true, predicted, arguments, None))
            if weighted:
                wanted.append((f"{label}-weighted", name, true, predicted, arguments, "w.rows"))
        for reduction in REDUCTIONS:
            arguments = {"reduction": reduction}
            wanted.append((f"{name}-{reduction}", name, y_true, y_pred, arguments, None))
            if name not in PER_ROW:
                wanted.append((f"{name}-{reduction}-weighted", name, y_true, y_pred, arguments, "w.rows"))
    wanted += [(f"{name}-edges", name, y_true, y_pred, {}, None) for name, y_true, y_pred in EDGES]
    made, arrays = [], {}
    for label, name, y_true, y_pred, arguments, weight in wanted:
        spec = new(f"losses.{name}", **arguments)
        call = functools.partial(
            lambda p, loss, y, w: loss(y, p, sample_weight=w),
            loss=cases.build(keras, spec),
            y=cases.inputs(y_true),
            w=None if weight is None else cases.inputs(weight),
        )
        value, slope = gradient(call, cases.inputs(y_pred))
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            print(f"not finite: {label}")
        arrays[f"{label}/value"], arrays[f"{label}/gradient"] = value, slope
        made.append({"id": label, "loss": spec, "y_true": y_true, "y_pred": y_pred, "sample_weight": weight})
    return made, arrays


def functions() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for _, name, y_true, y_pred, variants in LOSSES:
        for number, (arguments, other) in enumerate([({}, {}), *variants]):
            if name == "categorical_generalized_cross_entropy":
                arguments = {"q": 0.5}
            label = name if not number else f"{name}-{number}"
            true, predicted = other.get("y_true", y_true), other.get("y_pred", y_pred)
            if name == "circle":
                continue  # it wants more than y_true and y_pred; the class covers it
            function = getattr(keras.losses, name)
            value: Any = function(cases.inputs(true), cases.inputs(predicted), **arguments)
            arrays[f"{label}/value"] = np.asarray(value)
            made.append(
                {
                    "id": label,
                    "function": f"losses.{name}",
                    "arguments": arguments,
                    "y_true": true,
                    "y_pred": predicted,
                }
            )
    return made, arrays


def training() -> list[Spec]:
    wanted: list[tuple[str, str, str | None, int, Any]] = [
        (name, y, activation, units, name) for y, activation, units, names in TRAINED for name in names
    ]
    made = [
        {
            "id": label,
            "model": [entry(8), dense(10, "tanh"), dense(units, activation)],
            "compile": {"optimizer": new("optimizers.SGD", learning_rate=0.02), "loss": loss},
            "x": "x",
            "y": y,
            "batch_size": 16,
            "epochs": 5,
        }
        for label, y, activation, units, loss in [*wanted, *OBJECTS]
    ]
    return made + [
        {**case, "id": f"{case['id']}-{weight}", "sample_weight": weight}
        for case in made
        if case["id"] in ("mse", "sparse_categorical_crossentropy", "sum", "weighted-mean")
        for weight in ("sample_weight", "sample_weight.zeros")
    ]


if __name__ == "__main__":
    save("losses", *values())
    save("loss_functions", *functions())
    save("loss_training", *train(keras, [cases.Case(case) for case in training()], by_fit=False))
