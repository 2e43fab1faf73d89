"""A denoising autoencoder (Vincent et al., 2008): from digits under noise to the digits.

The network never sees a clean digit, only what it should have answered; to answer well it must know
what digits look like.

python examples/denoising_autoencoder.py [EPOCHS]
"""

from __future__ import annotations

import sys

import numpy as np

import chainrule as keras
from chainrule import layers

NOISE = 0.5  # standard deviation; the ink is 1


def main(epochs: int = 5) -> float:
    """Train; return how much of the noise's squared error is left on the test set."""
    keras.utils.set_random_seed(0)
    (x_train, _), (x_test, _) = keras.datasets.mnist.load_data()
    clean, clean_test = x_train[..., None] / np.float32(255), x_test[..., None] / np.float32(255)
    rng = np.random.default_rng(0)
    noisy, noisy_test = noise(clean, rng), noise(clean_test, rng)

    model = autoencoder()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.fit(noisy, clean, batch_size=128, epochs=epochs, validation_split=0.1)

    restored = model.predict(noisy_test, batch_size=1000, verbose=0)
    before, after = error(noisy_test, clean_test), error(restored, clean_test)
    print(f"mean squared error: {before:.4f} under noise, {after:.4f} restored")
    for picture in (noisy_test[0], restored[0]):
        show(picture)
    return after / before


def autoencoder() -> keras.Sequential:
    """28x28 to 7x7 and back, by convolutions alone."""
    convolution = {"kernel_size": 3, "padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, **convolution),
            layers.MaxPooling2D(),
            layers.Conv2D(32, **convolution),
            layers.MaxPooling2D(),
            layers.Conv2DTranspose(32, strides=2, **convolution),
            layers.Conv2DTranspose(32, strides=2, **convolution),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )


def noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(x + NOISE * rng.standard_normal(x.shape, dtype="float32"), 0, 1)


def error(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.square(x - y).mean())


def show(picture: np.ndarray) -> None:
    for row in picture[::2, :, 0]:
        print("".join(" .:-=+*#%@"[int(9.99 * value)] for value in row))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
