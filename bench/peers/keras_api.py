"""Keras, and chainrule, which speaks the same API: the same lines for both."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import layers as facts
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


def build(keras: Any, network: Network) -> Any:
    """A model by the sequential API, or by the functional one where there are branches."""
    inputs = keras.Input(network.shape)
    if any(isinstance(layer, facts.Residual) for layer in network.layers):
        return keras.Model(inputs, connect(keras.layers, network.layers, inputs))
    return keras.Sequential([inputs, *(layer_of(keras.layers, layer) for layer in network.layers)])


def connect(layers: Any, stack: tuple[facts.Layer, ...], x: Any) -> Any:
    """Layers called one after the other, branches added."""
    for fact in stack:
        if isinstance(fact, facts.Residual):
            x = layers.Add()([connect(layers, fact.body, x), connect(layers, fact.shortcut, x)])
        else:
            x = layer_of(layers, fact)(x)
    return x


def layer_of(layers: Any, fact: facts.Layer) -> Any:
    """Keras's layer."""
    match fact:
        case facts.Dense(units, activation):
            return layers.Dense(units, activation=activation)
        case facts.Conv(filters, size, stride, padding, activation, bias):
            return layers.Conv2D(
                filters, size, strides=stride, padding=padding, activation=activation, use_bias=bias
            )  # fmt: skip
        case facts.Depthwise(size, stride):
            return layers.DepthwiseConv2D(size, strides=stride, padding="same", use_bias=False)
        case facts.BatchNorm():
            return layers.BatchNormalization(momentum=fact.momentum, epsilon=fact.epsilon)
        case facts.ReLU():
            return layers.ReLU()
        case facts.MaxPool(size):
            return layers.MaxPooling2D(size)
        case facts.GlobalAverage():
            return layers.GlobalAveragePooling2D()
        case facts.Flatten():
            return layers.Flatten()
        case facts.Dropout(rate):
            return layers.Dropout(rate)
    raise NotImplementedError(fact)


def parameters(model: Any) -> int:
    """Trainable numbers of a model."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def trainer(
    network: Network, x: np.ndarray, y: np.ndarray, batch: int, backend: str
) -> tuple[Callable[[], float], int]:
    keras = load(backend)
    keras.utils.set_random_seed(0)
    model = build(keras, network)
    loss = "sparse_categorical_crossentropy" if network.loss == "classes" else "mean_squared_error"
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3), loss=loss)

    def epoch() -> float:
        history = model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
        return float(history.history["loss"][-1])

    return epoch, parameters(model)


def predictors(network: Network, backend: str) -> tuple[dict[str, Callable[[np.ndarray], np.ndarray]], int]:
    keras = load(backend)
    model = build(keras, network)

    def call(x: np.ndarray) -> np.ndarray:
        return np.asarray(model(x, training=False))

    if backend == "torch":
        import torch

        def call(x: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return model(x, training=False).numpy()  # type: ignore[no-any-return]

    ways = {
        "predict": lambda x: model.predict(x, verbose=0),
        "predict_on_batch": model.predict_on_batch,
        "call": call,
    }
    return ways, parameters(model)
