"""scikit-learn's multilayer perceptron; a call of `partial_fit` is one pass over the data in batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bench.networks import Network


def build(network: Network, batch: int) -> MLPClassifier | MLPRegressor:
    """A stack of dense layers; it knows no others."""
    machine = MLPClassifier if network.loss == "classes" else MLPRegressor
    return machine(
        hidden_layer_sizes=network.widths[1:-1],
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=1e-3,
        random_state=0,
    )


def parameters(model: MLPClassifier | MLPRegressor) -> int:
    """Trainable numbers of a model that has seen data."""
    return sum(array.size for array in (*model.coefs_, *model.intercepts_))


def trainer(network: Network, x: np.ndarray, y: np.ndarray, batch: int) -> tuple[Callable[[], float], int]:
    model = build(network, batch)
    targets = y if network.loss == "classes" else y.ravel()
    classes = {"classes": np.arange(network.outputs)} if network.loss == "classes" else {}
    model.partial_fit(x[:batch], targets[:batch], **classes)

    def epoch() -> float:
        return float(model.partial_fit(x, targets).loss_)

    return epoch, parameters(model)


def predictors(network: Network) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    rng = np.random.default_rng(0)
    classes = np.arange(network.outputs)
    x = rng.random((100, network.widths[0]), dtype=np.float32)
    model = build(network, 100).partial_fit(x, np.resize(classes, 100), classes=classes)
    return {"": model.predict_proba}, parameters(model)
