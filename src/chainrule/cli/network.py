"""From a recipe to a network: preprocessing, hidden layers, and an output for the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.cli.recipes import Recipe
from chainrule.cli.sources import Dataset
from chainrule.errors import ArgumentError

WINDOW, POOL = 3, 2  # height and width of all convolutions' windows but the first one's, and of the pools
MOMENTUM = 0.9  # of the running means of normalization: few epochs are short for Keras's 0.99
RISE = 0.1  # of the top rate: where a rise begins


def build(data: Dataset, recipe: Recipe) -> Any:
    """The network, with its preprocessing inside: it takes samples as the data set has them.

    Raises:
        ArgumentError: it would be larger than a file may be that is loaded again.
    """
    from chainrule.layers import Dense, Dropout, Flatten, Input
    from chainrule.models import Sequential

    shape = data.x_train.shape[1:]
    outputs = len(data.card.target.classes)
    _check_size(shape, recipe, outputs or 1)
    layers: list[Any] = [Input(shape), *_scaling(data)]
    if recipe.filters:
        layers += [*_augmentation(shape, recipe), *_convolutions(shape, recipe)]
    if len(shape) > 1:
        layers.append(Flatten())
    if recipe.filters and recipe.dropout:
        layers.append(Dropout(recipe.dropout, name="dropout"))
    for number, units in enumerate(recipe.hidden, 1):
        layers.append(
            Dense(
                units,
                activation=recipe.activation,
                kernel_initializer=_start(recipe),
                kernel_regularizer=_penalty(recipe),
                name=f"hidden_{number}",
            )
        )
        if recipe.dropout:
            layers.append(Dropout(recipe.dropout, name=f"dropout_{number}"))
    if outputs:
        layers.append(Dense(outputs, activation="softmax", kernel_regularizer=_penalty(recipe), name="output"))
    else:
        layers.append(Dense(1, kernel_regularizer=_penalty(recipe), name="output"))
    return Sequential(layers, name="network")


def _scaling(data: Dataset) -> list[Any]:
    """What brings the samples to the scale of the weights."""
    from chainrule.layers import Normalization, Rescaling

    if data.scale is None:
        return []
    if isinstance(data.scale, float):
        return [Rescaling(data.scale)]
    scaling = Normalization(axis=-1 if data.scale == "each" else None)
    scaling.adapt(data.x_train)
    return [scaling]


def _augmentation(shape: tuple[int, ...], recipe: Recipe) -> list[Any]:
    """The channel axis, where there is none, and the changes of pictures; in training only."""
    from chainrule import layers

    down, right = (1.5 / side for side in shape[:2])  # in pixels, to the nearest: -1, 0 or 1, each as probable
    changes: dict[str, Callable[[], Any]] = {
        "flip": lambda: layers.RandomFlip("horizontal"),
        "nudge": lambda: layers.RandomTranslation(down, right, fill_mode="nearest", interpolation="nearest"),
        "shift": lambda: layers.RandomTranslation(0.1, 0.1),
        "rotate": lambda: layers.RandomRotation(0.03),  # of a full turn: 11 degrees
        "zoom": lambda: layers.RandomZoom(0.1),
    }
    channels = [layers.Reshape((*shape, 1), name="channel")] if len(shape) == 2 else []
    return [*channels, *(changes[name]() for name in recipe.augment)]


@dataclass(frozen=True)
class _Stage:
    """One convolution, and the pooling after it if there is one."""

    filters: int
    window: int
    padding: str
    pools: bool
    sides: tuple[int, int]  # of what comes out


def _stages(shape: Sequence[int], recipe: Recipe) -> list[_Stage]:
    """While pictures are large enough, convolutions see whole windows only, and pooling leaves two pixels."""
    stages = []
    height, width = shape[:2]
    for number, filters in enumerate(recipe.filters):
        window = WINDOW if number else recipe.kernel_size
        whole = min(height, width) > window
        height, width = (side - window + 1 if whole else side for side in (height, width))
        pools = min(height, width) >= 2 * POOL
        height, width = (side // POOL if pools else side for side in (height, width))
        stages.append(_Stage(filters, window, "valid" if whole else "same", pools, (height, width)))
    return stages


def _convolutions(shape: Sequence[int], recipe: Recipe) -> list[Any]:
    """For each stage a convolution, pooling, and normalization last: pooling leaves a quarter of the numbers to it."""
    from chainrule.layers import BatchNormalization, Conv2D, MaxPooling2D

    layers: list[Any] = []
    for number, stage in enumerate(_stages(shape, recipe), 1):
        layers.append(
            Conv2D(
                stage.filters,
                stage.window,
                padding=stage.padding,
                activation=recipe.activation,
                kernel_initializer=_start(recipe),
                kernel_regularizer=_penalty(recipe),
                name=f"convolution_{number}",
            )
        )
        if stage.pools:
            layers.append(MaxPooling2D(POOL, name=f"pooling_{number}"))
        layers.append(BatchNormalization(momentum=MOMENTUM, name=f"normalization_{number}"))
    return layers


def _start(recipe: Recipe) -> str:
    return "he_normal" if recipe.activation in ("relu", "leaky_relu", "elu") else "glorot_uniform"


def _penalty(recipe: Recipe) -> Any:
    from chainrule.regularizers import L2

    return L2(recipe.l2) if recipe.l2 else None


def _check_size(shape: Sequence[int], recipe: Recipe, outputs: int) -> None:
    """See that the weights fit, before memory is asked for: a system may end a process that asks for too much."""
    from chainrule.saving.budget import DEFAULT_BYTES

    features, weights = math.prod(shape), 0
    if recipe.filters:
        last = _stages(shape, recipe)[-1]
        features = math.prod(last.sides) * last.filters
        weights = sum(WINDOW**2 * inputs * filters for inputs, filters in pairwise(recipe.filters))
    widths = (features, *recipe.hidden, outputs)
    size = weights + sum((inputs + 1) * units for inputs, units in pairwise(widths))
    size *= np.dtype(np.float32).itemsize
    if size > DEFAULT_BYTES:
        raise ArgumentError(
            "the network is too large",
            where="-".join(map(str, (*recipe.filters, *widths))),
            expected=f"at most {DEFAULT_BYTES:,} bytes of weights",
            got=f"{size:,} bytes",
            hint="smaller layers: --hidden 256,128" + (" --filters 32,64" if recipe.filters else ""),
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
    rise = round(recipe.warmup * steps)
    if not recipe.cosine:
        optimizer.learning_rate = rate
    elif not rise:
        optimizer.learning_rate = CosineDecay(rate, steps)
    else:
        optimizer.learning_rate = CosineDecay(RISE * rate, steps - rise, warmup_target=rate, warmup_steps=rise)
    if data.card.target.is_class:
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model.compile(optimizer, "mean_squared_error", metrics=["mean_absolute_error"])
