"""Rosenblatt's perceptron (1958): one unit with a sign, learning from one sample at a time.

Two of the iris flowers are separable by a straight line, so the rule must find one.
Here the two classes are the zeros and ones of the built-in handwritten digits.
"""

from __future__ import annotations

import numpy as np

import chainrule as keras


def main() -> float:
    """Train until no sample is on the wrong side; return the accuracy on unseen samples."""
    keras.utils.set_random_seed(0)
    (x, labels), (x_test, labels_test) = keras.datasets.digits.load_data()
    x, t = samples(x, labels)
    x_test, t_test = samples(x_test, labels_test)

    unit = keras.layers.Dense(1, activation="sign", kernel_initializer="zeros")
    perceptron = keras.Sequential([keras.Input((64,)), unit])
    perceptron.compile(keras.optimizers.SGD(learning_rate=1.0), keras.losses.Perceptron())

    for epoch in range(20):
        errors = int((perceptron.predict(x, verbose=0) != t).sum())
        print(f"epoch {epoch}: {errors} of {len(x)} samples on the wrong side")
        if errors == 0:
            break
        perceptron.fit(x, t, batch_size=1, verbose=0)

    accuracy = float((perceptron.predict(x_test, verbose=0) == t_test).mean())
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


def samples(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The zeros as -1 and the ones as +1."""
    chosen = labels < 2
    return x[chosen].reshape(-1, 64) / 16.0, np.where(labels[chosen] == 1, 1.0, -1.0)[:, None]


if __name__ == "__main__":
    main()
