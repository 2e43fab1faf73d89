"""scikit-learn's multilayer perceptron; a call of `partial_fit` is one pass over the data in batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bench.networks import Network


def dense(network: Network, batch: int) -> MLPClassifier | MLPRegressor:
    machine = MLPClassifier if network.loss == "classes" else MLPRegressor
    return machine(
        hidden_layer_sizes=network.widths[1:-1],
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=1e-3,
        random_state=0,
    )


BUILD = {"dense": dense}


def trainer(network: Network, x: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], float]:
    model = BUILD[network.kind](network, batch)
    if network.loss == "classes":
        model.partial_fit(x[:batch], y[:batch], classes=np.arange(network.widths[-1]))
    targets = y if network.loss == "classes" else y.ravel()

    def epoch() -> float:
        return float(model.partial_fit(x, targets).loss_)

    return epoch


def predictors(network: Network) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    rng = np.random.default_rng(0)
    classes = np.arange(network.widths[-1])
    x = rng.random((100, network.widths[0]), dtype=np.float32)
    model = BUILD[network.kind](network, 100).partial_fit(x, np.resize(classes, 100), classes=classes)
    return {"": model.predict_proba}
