"""How good predictions are: per class for classification, in the target's units for regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassScores:
    """Scores of a classification, all from one table of counts.

    Shapes:
        confusion: (classes, classes): rows are the true classes, columns the predicted ones.
    """

    confusion: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share of samples that are right."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def support(self) -> np.ndarray:
        """Samples of each class."""
        return np.asarray(self.confusion.sum(axis=1))

    @property
    def precision(self) -> np.ndarray:
        """Of those taken for a class, the share that belongs to it; NaN if none was."""
        return _share(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def recall(self) -> np.ndarray:
        """Of those of a class, the share that was found; NaN if there are none."""
        return _share(self.confusion.diagonal(), self.support)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall: 2 hits / (taken for it + belonging to it)."""
        return _share(2 * self.confusion.diagonal(), self.confusion.sum(axis=0) + self.support)

    def text(self, part: str) -> str:
        """One line for the terminal."""
        return f"{part} accuracy: {self.accuracy:.4f}"


@dataclass(frozen=True)
class ValueScores:
    """Scores of a regression, in the target's own units.

    Args:
        rmse: root of the mean squared error.
        mae: mean absolute error.
        r2: 1 - squared error / squared deviation of the true values from their mean; NaN if that is 0.
    """

    rmse: float
    mae: float
    r2: float

    def text(self, part: str) -> str:
        """One line for the terminal."""
        return f"{part} RMSE: {self.rmse:.6g}   MAE: {self.mae:.6g}   R²: {self.r2:.4f}"


def score(y: np.ndarray, outputs: np.ndarray, classes: tuple[str, ...]) -> ClassScores | ValueScores:
    """Compare predictions with the truth.

    Args:
        y: class numbers, or true values.
        outputs: probabilities (N, classes), or values (N,).
        classes: names of the classes; empty for regression.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        >>> score(np.array([0, 1, 1]), probabilities, ("no", "yes")).text("test")
        'test accuracy: 0.6667'
        >>> score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]), ()).text("test")
        'test RMSE: 1.1547   MAE: 0.666667   R²: -1.0000'
    """
    if classes:
        count = len(classes)
        pairs = y.astype(np.int64) * count + outputs.argmax(axis=1)
        return ClassScores(np.bincount(pairs, minlength=count * count).reshape(count, count))
    truth = y.astype(np.float64)
    error = outputs - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    r2 = 1 - float((error**2).sum()) / spread if spread else float("nan")
    return ValueScores(float(np.sqrt((error**2).mean())), float(np.abs(error).mean()), r2)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    share: np.ndarray = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share
