"""What "better" means for a key of the logs."""

from __future__ import annotations

import operator
import warnings
from typing import Any

from chainrule.errors import ArgumentError

RISING = (
    "Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "TruePositives",
    "TrueNegatives", "Precision", "Recall", "AUC",
    "F1Score", "FBetaScore", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity",
    "SpecificityAtSensitivity", "IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU",
    "CosineSimilarity", "R2Score",
    "PearsonCorrelation", "ConcordanceCorrelation",
)  # fmt: skip
FALLING = (
    "FalsePositives", "FalseNegatives", "MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError",
    "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCoshError", "KLDivergence", "Poisson",
    "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "Hinge", "SquaredHinge",
    "CategoricalHinge",
)  # fmt: skip


def checked_mode(mode: str, where: str) -> str:
    """The mode; a warning and "auto" for one that does not exist."""
    if mode not in ("auto", "min", "max"):
        warnings.warn(f"{where} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
        return "auto"
    return mode


class Better:
    """Whether a value of a monitored key is better than another.

    Args:
        monitor: the key of the logs.
        mode: "min", "max", or "auto": what the loss or the metric of that name says.
        min_delta: by how much it must be better.
        where: the callback, for errors.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float, where: str) -> None:
        self.monitor, self.mode, self.min_delta, self.where = monitor, mode, abs(min_delta), where
        self._compare: Any = {"min": operator.lt, "max": operator.gt}.get(mode)

    def __call__(self, value: float, than: float | None, model: Any) -> bool:
        """Whether `value` is better; anything is better than None.

        Raises:
            ArgumentError: mode "auto", and nothing says which way is better.
        """
        if self._compare is None:
            self._compare = self._by_metric(model)
        if than is None:
            return True
        delta = self.min_delta if self._compare is operator.lt else -self.min_delta
        return bool(self._compare(value + delta, than))

    def _by_metric(self, model: Any) -> Any:
        key = self.monitor.removeprefix("val_")
        if key == "loss" or key.endswith("_loss"):
            return operator.lt
        for metric in getattr(model, "metrics", None) or ():
            if key == metric.name or key.endswith(f"_{metric.name}"):
                name = type(metric).__name__
                if name in RISING + FALLING:
                    return operator.gt if name in RISING else operator.lt
        raise ArgumentError(
            f"nothing says whether more or less of monitor={self.monitor} is better", where=self.where,
            hint="pass mode='max' to seek the highest value, or mode='min' to seek the lowest",
        )  # fmt: skip


def monitored(monitor: str, logs: dict[str, Any], doing: str) -> float | None:
    """The monitored value; None with a warning where the logs have none."""
    if monitor in logs:
        return float(logs[monitor])
    warnings.warn(
        f"{doing} conditioned on metric `{monitor}` which is not available. Available metrics are: "
        + ",".join(logs),
        stacklevel=3,
    )
    return None
