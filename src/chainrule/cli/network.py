"""From a recipe to a network: preprocessing, hidden layers, and an output for the task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.cli.recipes import Recipe
from chainrule.cli.sources import Dataset
from chainrule.errors import ArgumentError


def build(data: Dataset, recipe: Recipe) -> Any:
    """The network, with its preprocessing inside: it takes samples as the data set has them.

    Raises:
        ArgumentError: it would be larger than a file may be that is loaded again.
    """
    from chainrule.layers import Dense, Dropout, Flatten, Input, Normalization, Rescaling
    from chainrule.models import Sequential
    from chainrule.regularizers import L2

    shape = data.x_train.shape[1:]
    outputs = len(data.card.target.classes)
    _check_size((math.prod(shape), *recipe.hidden, outputs or 1))
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
    if outputs:
        layers.append(Dense(outputs, activation="softmax", kernel_regularizer=penalty, name="output"))
    else:
        layers.append(Dense(1, kernel_regularizer=penalty, name="output"))
    return Sequential(layers, name="network")


def _check_size(widths: Sequence[int]) -> None:
    """See that the weights fit, before memory is asked for: a system may end a process that asks for too much."""
    from chainrule.saving.budget import DEFAULT_BYTES

    size = sum((inputs + 1) * units for inputs, units in pairwise(widths)) * np.dtype(np.float32).itemsize
    if size > DEFAULT_BYTES:
        raise ArgumentError(
            "the network is too large",
            where="-".join(map(str, widths)),
            expected=f"at most {DEFAULT_BYTES:,} bytes of weights",
            got=f"{size:,} bytes",
            hint="smaller layers: --hidden 256,128",
        )


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
