"""From a recipe to a network: preprocessing, hidden layers, and an output for the task."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.cli.recipes import Recipe
from chainrule.cli.sources import Dataset


def build(data: Dataset, recipe: Recipe) -> Any:
    """The network, with its preprocessing inside: it takes samples as the data set has them."""
    from chainrule.layers import Dense, Dropout, Flatten, Input, Normalization, Rescaling
    from chainrule.models import Sequential
    from chainrule.regularizers import L2

    shape = data.x_train.shape[1:]
    penalty = L2(recipe.l2) if recipe.l2 else None
    layers: list[Any] = [Input(shape)]
    if isinstance(data.scale, float):
        layers.append(Rescaling(data.scale))
    elif data.scale is not None:
        scaling = Normalization(axis=-1 if data.scale == "each" else None)
        scaling.adapt(data.x_train)
        layers.append(scaling)
    if len(shape) > 1:
        layers.append(Flatten())
    for number, units in enumerate(recipe.hidden, 1):
        start = "he_normal" if recipe.activation in ("relu", "leaky_relu", "elu") else "glorot_uniform"
        layers.append(
            Dense(
                units,
                activation=recipe.activation,
                kernel_initializer=start,
                kernel_regularizer=penalty,
                name=f"hidden_{number}",
            )
        )
        if recipe.dropout:
            layers.append(Dropout(recipe.dropout, name=f"dropout_{number}"))
    outputs = len(data.card.target.classes)
    if outputs:
        layers.append(Dense(outputs, activation="softmax", kernel_regularizer=penalty, name="output"))
    else:
        layers.append(Dense(1, kernel_regularizer=penalty, name="output"))
    return Sequential(layers, name="network")


def compile(model: Any, data: Dataset, recipe: Recipe, samples: int) -> None:
    """Give the network its optimizer and its loss.

    Args:
        model: the network.
        data: what it is for.
        recipe: optimizer, learning rate and its course.
        samples: training samples in an epoch, which the course of the rate depends on.
    """
    from chainrule import optimizers
    from chainrule.optimizers.schedules import CosineDecay

    optimizer = optimizers.get(recipe.optimizer)
    rate = float(np.asarray(optimizer.learning_rate)) if recipe.learning_rate is None else recipe.learning_rate
    steps = -(-samples // recipe.batch_size) * recipe.epochs
    optimizer.learning_rate = CosineDecay(rate, steps) if recipe.cosine else rate
    if data.card.target.is_class:
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model.compile(optimizer, "mean_squared_error", metrics=["mean_absolute_error"])
