"""Handwritten digits with a dense network, in Keras's words: only the import differs."""

from __future__ import annotations

import chainrule as keras
from chainrule import layers


def main(epochs: int = 10) -> float:
    """Train; return the accuracy on the test set."""
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()

    model = keras.Sequential(
        [
            keras.Input(shape=x_train.shape[1:]),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    model.fit(x_train, y_train, batch_size=100, epochs=epochs, validation_split=0.1)

    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return float(accuracy)


if __name__ == "__main__":
    main()
