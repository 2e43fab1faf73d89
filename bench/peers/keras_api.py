"""Keras, and chainrule, which speaks the same API: the same lines for both."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import threads
from bench.networks import Network


def load(backend: str) -> Any:
    """Keras on a backend, or chainrule, with the right number of threads."""
    if backend == "chainrule":
        return importlib.import_module("chainrule")
    os.environ["KERAS_BACKEND"] = backend
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads.number())
        tf.config.threading.set_inter_op_parallelism_threads(threads.number())
    elif backend == "torch":
        import torch

        torch.set_num_threads(threads.number())
    return importlib.import_module("keras")


def dense(keras: Any, network: Network) -> Any:
    """A stack of Dense layers."""
    *hidden, outputs = network.widths[1:]
    last = "softmax" if network.loss == "classes" else None
    return keras.Sequential([
        keras.Input((network.widths[0],)),
        *(keras.layers.Dense(units, activation="relu") for units in hidden),
        keras.layers.Dense(outputs, activation=last),
    ])  # fmt: skip


BUILD = {"dense": dense}


def trainer(network: Network, x: np.ndarray, y: np.ndarray, batch: int, backend: str) -> Callable[[], float]:
    keras = load(backend)
    keras.utils.set_random_seed(0)
    model = BUILD[network.kind](keras, network)
    loss = "sparse_categorical_crossentropy" if network.loss == "classes" else "mean_squared_error"
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3), loss=loss)

    def epoch() -> float:
        history = model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
        return float(history.history["loss"][-1])

    return epoch


def predictors(network: Network, backend: str) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    keras = load(backend)
    model = BUILD[network.kind](keras, network)

    def call(x: np.ndarray) -> np.ndarray:
        return np.asarray(model(x, training=False))

    if backend == "torch":
        import torch

        def call(x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return model(x, training=False).numpy()  # type: ignore[no-any-return]

    return {
        "predict": lambda x: model.predict(x, verbose=0),
        "predict_on_batch": model.predict_on_batch,
        "call": call,
    }
