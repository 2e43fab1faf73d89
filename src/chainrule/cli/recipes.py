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
        hidden: sizes of the hidden layers.
        activation: of the hidden layers.
        dropout: share of each hidden layer's outputs left out in a training step.
        l2: factor of the penalty on squared weights.
        optimizer: its name.
        learning_rate: at the start; the optimizer's own if None.
        cosine: whether the rate falls to 0 over the epochs, along half a cosine.
        epochs: at most.
        batch_size: samples in a step.
        validation: share of the training part to validate on.
        patience: epochs without improvement after which training ends, with the best weights; 0 for never.
    """

    hidden: tuple[int, ...]
    activation: str
    dropout: float
    l2: float
    optimizer: str
    learning_rate: float | None
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
    hidden=(512,),
    activation="relu",
    dropout=0.4,
    l2=0.0,
    optimizer="adam",
    learning_rate=0.001,
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
SMALL, TINY = 5000, 500  # samples: below, smaller steps, so that an epoch has a few dozen of them


def for_pictures(samples: int) -> Recipe:
    """The recipe for so many pictures."""
    if samples >= SMALL:
        return PICTURES
    return FEW_PICTURES if samples >= TINY else replace(FEW_PICTURES, batch_size=8)


def for_rows(samples: int) -> Recipe:
    """The recipe for so many rows of a table."""
    return TABLE if samples >= SMALL else replace(TABLE, batch_size=16)
