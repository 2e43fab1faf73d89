"""Spoken digits: a spectrogram is a picture of a sound, and a convolutional network reads it.

CHAINRULE_DATA names the folder with fsdd/fsdd.npz: the Free Spoken Digit Dataset, 3000 recordings of six
people, with its official split (the first five recordings of each digit and person are the test).

python examples/spoken_digits.py [EPOCHS]
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

import chainrule as keras
from chainrule import layers

DATA = Path(os.environ.get("CHAINRULE_DATA", "."), "fsdd", "fsdd.npz")
WINDOW, HOP, FRAMES = 256, 96, 64  # samples at 8 kHz: 32 ms, 12 ms; 64 hops are 0.77 s, longer than most digits


def main(epochs: int = 30) -> float:
    """Train; return the accuracy on the official test recordings."""
    keras.utils.set_random_seed(0)
    with np.load(DATA) as arrays:
        samples, offsets, labels = arrays["samples"], arrays["offsets"], arrays["labels"]
        is_test = arrays["test"].astype(bool)
    x = np.stack([spectrogram(samples[i:j]) for i, j in pairwise(offsets)])
    x_train, y_train = x[~is_test], labels[~is_test]

    scaling = layers.Normalization(axis=None)
    scaling.adapt(x_train)
    model = keras.Sequential([keras.Input(x.shape[1:]), scaling, layers.RandomTranslation(0.05, 0.1)])
    for filters in (16, 32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(10, activation="softmax"))

    steps = epochs * -(-len(x_train) // 64)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=64, epochs=epochs)

    _, accuracy = model.evaluate(x[is_test], labels[is_test], verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return float(accuracy)


def spectrogram(sound: np.ndarray) -> np.ndarray:
    """Loudness of each frequency in each of the first FRAMES windows, (frequencies, FRAMES, 1), logarithmic."""
    padded = np.zeros(WINDOW + HOP * (FRAMES - 1), "float32")
    padded[: len(sound)] = sound[: len(padded)] / 32768
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.square(np.abs(np.fft.rfft(windows)[:, 1:]))  # (FRAMES, WINDOW / 2)
    bands = power.reshape(FRAMES, -1, 2).mean(axis=2)  # two neighbours in one: 62 Hz
    return np.log(bands.T[..., None] + 1e-4).astype("float32")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
