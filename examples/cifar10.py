"""Small colour photographs, few of them: augmentation shows each one in another way in every epoch.

CHAINRULE_DATA names the folder with cifar10/cifar10-4k-1k.npz: 4000 of CIFAR-10's training images and 1000
of its test images (Krizhevsky, 2009).

python examples/cifar10.py [EPOCHS]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import chainrule as keras
from chainrule import layers

DATA = Path(os.environ.get("CHAINRULE_DATA", "."), "cifar10", "cifar10-4k-1k.npz")
BATCH = 64


def main(epochs: int = 60) -> float:
    """Train; return the accuracy on the test images."""
    keras.utils.set_random_seed(0)
    with np.load(DATA) as arrays:
        x_train, y_train, x_test, y_test = (arrays[n] for n in ("x_train", "y_train", "x_test", "y_test"))

    model = network()
    steps = epochs * -(-len(x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(2e-4, 0.9 * steps, warmup_target=2e-3, warmup_steps=0.1 * steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=BATCH, epochs=epochs)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return float(accuracy)


def network() -> keras.Sequential:
    """Augmentation, which does nothing outside training, and three blocks of convolutions."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomZoom(0.1),
        ]
    )
    for filters in (32, 64, 128):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization(momentum=0.9))
            model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
