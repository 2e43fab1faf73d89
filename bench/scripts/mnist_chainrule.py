"""MNIST with chainrule, from a folder of `.npy` files."""

import sys
from pathlib import Path

import numpy as np

import chainrule as keras

folder = Path(sys.argv[1])
x_train, y_train, x_test, y_test = (np.load(folder / f"{n}.npy") for n in ("x_train", "y_train", "x_test", "y_test"))

model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Flatten(),
    keras.layers.Dense(512, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])  # fmt: skip
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=100, epochs=1, verbose=0)
print("test accuracy:", model.evaluate(x_test, y_test, verbose=0)[1])
