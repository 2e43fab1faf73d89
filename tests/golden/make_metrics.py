"""Make metrics.json: every metric, updated with three batches of six, its results and its variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden import cases
from golden.cases import Array
from golden.maker import Spec, keras, new, save

# Class, y_true, y_pred, the arguments to try, and whether sample_weight is tried.
METRICS: list[tuple[str, str, str, list[Spec]]] = [
    ("Accuracy", "t.labels", "t.ignored", [{}]),
    ("BinaryAccuracy", "t.multilabel", "p.sigmoid", [{}, {"threshold": 0.7}]),
    ("CategoricalAccuracy", "t.onehot", "p.softmax", [{}]),
    ("SparseCategoricalAccuracy", "t.labels", "p.softmax", [{}]),
    ("TopKCategoricalAccuracy", "t.onehot", "p.softmax", [{"k": 2}, {"k": 1}, {}]),
    ("SparseTopKCategoricalAccuracy", "t.labels", "p.softmax", [{"k": 2}, {"k": 3}]),
    ("BinaryCrossentropy", "t.multilabel", "p.sigmoid", [{}, {"label_smoothing": 0.2}]),
    ("BinaryCrossentropy", "t.multilabel", "p.logits", [{"from_logits": True}]),
    ("CategoricalCrossentropy", "t.onehot", "p.softmax", [{}, {"label_smoothing": 0.2}]),
    ("CategoricalCrossentropy", "t.onehot", "p.logits", [{"from_logits": True}]),
    ("SparseCategoricalCrossentropy", "t.labels", "p.softmax", [{}]),
    ("SparseCategoricalCrossentropy", "t.labels", "p.logits", [{"from_logits": True}]),
    ("SparseCategoricalCrossentropy", "t.ignored", "p.softmax", [{"ignore_class": 2}]),
    ("KLDivergence", "t.distribution", "p.softmax", [{}]),
    ("Poisson", "t.counts", "p.positive", [{}]),
    ("MeanSquaredError", "t.real", "p.real", [{}]),
    ("RootMeanSquaredError", "t.real", "p.real", [{}]),
    ("MeanAbsoluteError", "t.real", "p.real", [{}]),
    ("MeanAbsolutePercentageError", "t.real", "p.real", [{}]),
    ("MeanSquaredLogarithmicError", "t.positive", "p.positive", [{}]),
    ("CosineSimilarity", "t.real", "p.real", [{}, {"axis": 0}]),
    ("LogCoshError", "t.real", "p.real", [{}]),
    (
        "R2Score",
        "t.real",
        "p.real",
        [
            {},
            {"class_aggregation": "variance_weighted_average"},
            {"class_aggregation": None},
            {"num_regressors": 2},
        ],
    ),
    ("PearsonCorrelation", "t.real", "p.real", [{}, {"axis": 0}]),
    ("ConcordanceCorrelation", "t.real", "p.real", [{}, {"axis": 0}]),
    ("Hinge", "t.signs", "p.real", [{}]),
    ("SquaredHinge", "t.signs", "p.real", [{}]),
    ("CategoricalHinge", "t.onehot", "p.logits", [{}]),
    *(
        (name, "t.binary", "p.binary", [{}, {"thresholds": 0.7}, {"thresholds": [0.2, 0.5, 0.8]}])
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
    ),
    *(
        (name, "t.multilabel", "p.sigmoid", [{}, {"thresholds": [0.3, 0.6]}, {"class_id": 2}, {"top_k": 2}])
        for name in ("Precision", "Recall")
    ),
    ("Precision", "t.onehot", "p.softmax", [{"top_k": 2, "class_id": 1}]),
    ("Recall", "t.onehot", "p.softmax", [{"top_k": 1, "class_id": 3}]),
    (
        "AUC",
        "t.binary",
        "p.binary",
        [
            {},
            {"num_thresholds": 7},
            {"thresholds": [0.1, 0.4, 0.6, 0.9]},
            {"curve": "PR"},
            {"summation_method": "minoring"},
            {"summation_method": "majoring", "num_thresholds": 20},
            {"curve": "PR", "summation_method": "majoring", "num_thresholds": 20},
        ],
    ),
    ("AUC", "t.binary", "p.binary_logits", [{"from_logits": True}]),
    (
        "AUC",
        "t.multilabel",
        "p.sigmoid",
        [
            {},
            {"multi_label": True, "num_labels": 4},
            {"multi_label": True, "num_labels": 4, "label_weights": [0.1, 0.2, 0.3, 0.4], "curve": "PR"},
        ],
    ),
    (
        "F1Score",
        "t.onehot",
        "p.softmax",
        [{}, {"average": "micro"}, {"average": "macro"}, {"average": "weighted"}, {"threshold": 0.4}],
    ),
    (
        "FBetaScore",
        "t.onehot",
        "p.softmax",
        [{"beta": 2.0}, {"beta": 0.5, "average": "macro", "threshold": 0.3}],
    ),
    ("BinaryIoU", "t.binary", "p.binary", [{}, {"target_class_ids": [1], "threshold": 0.4}]),
    ("IoU", "t.labels", "t.ignored", [{"num_classes": 4, "target_class_ids": [0, 2]}]),
    ("IoU", "t.labels", "p.softmax", [{"num_classes": 4, "target_class_ids": [1], "sparse_y_pred": False}]),
    ("MeanIoU", "t.labels", "t.ignored", [{"num_classes": 4}, {"num_classes": 4, "ignore_class": 0}]),
    ("OneHotIoU", "t.onehot", "p.softmax", [{"num_classes": 4, "target_class_ids": [0, 3]}]),
    ("OneHotMeanIoU", "t.onehot", "p.softmax", [{"num_classes": 4}]),
    (
        "SensitivityAtSpecificity",
        "t.binary",
        "p.binary",
        [{"specificity": 0.5}, {"specificity": 0.3, "num_thresholds": 9}],
    ),
    ("SpecificityAtSensitivity", "t.binary", "p.binary", [{"sensitivity": 0.5}]),
    ("PrecisionAtRecall", "t.binary", "p.binary", [{"recall": 0.6}]),
    ("RecallAtPrecision", "t.binary", "p.binary", [{"precision": 0.5}]),
    (
        "MeanMetricWrapper",
        "t.real",
        "p.real",
        [{"fn": {"function": "losses.mean_absolute_error"}, "name": "own"}],
    ),
]
AGGREGATES = ["Mean", "Sum"]
FUNCTIONS: list[tuple[str, str, str, Spec]] = [
    ("binary_accuracy", "t.multilabel", "p.sigmoid", {}),
    ("binary_accuracy", "t.multilabel", "p.sigmoid", {"threshold": 0.8}),
    ("categorical_accuracy", "t.onehot", "p.softmax", {}),
    ("sparse_categorical_accuracy", "t.labels", "p.softmax", {}),
    ("top_k_categorical_accuracy", "t.onehot", "p.softmax", {"k": 2}),
    ("sparse_top_k_categorical_accuracy", "t.labels", "p.softmax", {"k": 2}),
    ("pearson_correlation", "t.real", "p.real", {}),
    ("concordance_correlation", "t.real", "p.real", {}),
]


def make() -> tuple[list[Spec], dict[str, Array]]:
    made: list[Spec] = []
    wanted: list[tuple[str, Any, str | None, str, str | None]] = []
    for name, y_true, y_pred, variants in METRICS:
        for arguments in variants:
            # IoU counts in integers: fractional weights would be cut to zero.
            weights = (None,) if "IoU" in name else (None, "w.rows")
            wanted += [(name, arguments, y_true, y_pred, weight) for weight in weights]
    wanted += [
        (name, {}, None, values, weight)
        for name in AGGREGATES
        for values in ("p.real", "w.rows")
        for weight in (None, "w.rows")
    ]
    for number, (name, arguments, y_true, y_pred, weight) in enumerate(wanted):
        keras.backend.clear_session()
        spec = new(f"metrics.{name}", **arguments)
        metric = cases.build(keras, spec)
        results = []
        try:
            for start in range(0, 18, 6):
                rows = slice(start, start + 6)
                values = [cases.inputs(v)[rows] for v in (y_true, y_pred) if v is not None]
                metric.update_state(
                    *values, sample_weight=None if weight is None else cases.inputs(weight)[rows]
                )
                results.append(np.asarray(metric.result()).tolist())
        except Exception as error:  # what Keras itself refuses is no golden value
            print(f"refused: {name} {arguments} weight={weight}: {str(error).splitlines()[0][:80]}")
            continue
        made.append(
            {
                "id": f"{number}-{name}{'-weighted' if weight else ''}",
                "metric": spec,
                "name": metric.name,
                "y_true": y_true,
                "y_pred": y_pred,
                "sample_weight": weight,
                "batch_size": 6,
                "results": results,
                "variables": [[v.name, list(v.shape)] for v in metric.variables],
            }
        )
    return made, {}


def functions() -> tuple[list[Spec], dict[str, Array]]:
    made, arrays = [], {}
    for number, (name, y_true, y_pred, arguments) in enumerate(FUNCTIONS):
        label = f"{number}-{name}"
        function = getattr(keras.metrics, name)
        arrays[f"{label}/value"] = np.asarray(
            function(cases.inputs(y_true), cases.inputs(y_pred), **arguments)
        )
        made.append(
            {
                "id": label,
                "function": f"metrics.{name}",
                "arguments": arguments,
                "y_true": y_true,
                "y_pred": y_pred,
            }
        )
    return made, arrays


if __name__ == "__main__":
    save("metrics", *make())
    save("metric_functions", *functions())
