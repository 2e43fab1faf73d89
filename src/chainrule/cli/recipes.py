"""How to train where nothing is asked for: one recipe for each kind of data.

Chosen on validation parts of the training data; the test parts were not looked at.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Recipe:
    """What the options of `chainrule train` say.

    Args:
        filters: channels of the convolutions, each followed by pooling; none: a dense network.
        kernel_size: height and width of the first convolution's windows; the others' are 3.
        augment: what is done to the pictures at random in training, by name.
        hidden: sizes of the hidden layers.
        activation: of the hidden layers.
        dropout: share of the outputs of each hidden layer, and of the convolutions, left out in a training step.
        l2: factor of the penalty on squared weights.
        optimizer: its name.
        learning_rate: at the start; the optimizer's own if None.
        warmup: share of the steps in which the rate rises from a tenth of it.
        cosine: whether the rate falls to 0 over the epochs, along half a cosine.
        epochs: at most.
        batch_size: samples in a step.
        validation: share of the training part to validate on.
        patience: epochs without improvement after which training ends, with the best weights; 0 for never.
    """

    filters: tuple[int, ...]
    kernel_size: int
    augment: tuple[str, ...]
    hidden: tuple[int, ...]
    activation: str
    dropout: float
    l2: float
    optimizer: str
    learning_rate: float | None
    warmup: float
    cosine: bool
    epochs: int
    batch_size: int
    validation: float
    patience: int

    def changed(self, asked: argparse.Namespace) -> Recipe:
        """The recipe with what was asked for on the command line."""
        given = {field.name: value for field in fields(self) if (value := getattr(asked, field.name, None)) is not None}
        recipe = replace(self, **given)
        if recipe.optimizer != self.optimizer and "learning_rate" not in given:
            # A rate that suits Adam is a hundredth of what SGD wants: another optimizer begins with its own.
            recipe = replace(recipe, learning_rate=None)
        return recipe


PICTURES = Recipe(
    filters=(),
    kernel_size=3,
    augment=(),
    hidden=(512,),
    activation="relu",
    dropout=0.4,
    l2=0.0,
    optimizer="adam",
    learning_rate=0.001,
    warmup=0.0,
    cosine=True,
    epochs=20,
    batch_size=128,
    validation=1 / 12,
    patience=0,
)
# Few small pictures: more passes over them, in smaller steps.
FEW_PICTURES = replace(PICTURES, epochs=60, batch_size=32, validation=0.1)
TABLE = replace(
    PICTURES,
    hidden=(128, 64),
    dropout=0.0,
    epochs=100,
    batch_size=64,
    validation=0.15,
    patience=20,
)
CONVOLUTIONAL = replace(
    PICTURES,
    filters=(32, 64, 128),
    augment=("nudge",),
    hidden=(),
    dropout=0.4,
    learning_rate=0.002,
    warmup=0.1,
    epochs=15,
)
# The quickest way to 99 % on MNIST: a small network, few epochs, and a rate that rises high and falls to 0.
FAST = replace(
    CONVOLUTIONAL,
    filters=(16, 32, 64),
    kernel_size=5,
    dropout=0.0,
    learning_rate=0.01,
    warmup=0.25,
    epochs=3,
    validation=1 / 60,
)
SMALL, TINY = 5000, 500  # samples: below, smaller steps, so that an epoch has a few dozen of them


def for_pictures(samples: int) -> Recipe:
    """The recipe for so many pictures."""
    if samples >= SMALL:
        return PICTURES
    return FEW_PICTURES if samples >= TINY else replace(FEW_PICTURES, batch_size=8)


def for_convolutions(samples: int, colour: bool, fast: bool) -> Recipe:
    """The recipe of a convolutional network for so many pictures.

    Args:
        samples: training pictures.
        colour: photographs, most likely: they mean the same in a mirror, as letters and digits do not.
        fast: in as little time as is honest.
    """
    recipe = FAST if fast else CONVOLUTIONAL
    if samples < SMALL:
        recipe = replace(recipe, epochs=20 if fast else 60, batch_size=32 if samples >= TINY else 8, validation=0.1)
    return replace(recipe, augment=("flip", "shift", "zoom")) if colour and not fast else recipe


def for_rows(samples: int) -> Recipe:
    """The recipe for so many rows of a table."""
    return TABLE if samples >= SMALL else replace(TABLE, batch_size=16)
