"""Keras's first convolutional network: handwritten digits, in Keras's words.

python examples/mnist_convnet.py        15 epochs, as in Keras
python examples/mnist_convnet.py 3      fewer
"""

from __future__ import annotations

import sys

import chainrule as keras
from chainrule import layers


def main(epochs: int = 15) -> float:
    """Train; return the accuracy on the test set."""
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = x_train[..., None], x_test[..., None]  # a channel axis

    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=128, epochs=epochs, validation_split=0.1)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return float(accuracy)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
