"""Adaline (Widrow and Hoff, 1960): a linear unit that makes its squared error small, sample by sample.

Its rule, w += eta (t - w x) x, is gradient descent on (t - w x)^2 / 2, and so the ancestor of
everything here: the first unit to follow a slope.
"""

from __future__ import annotations

import numpy as np

import chainrule as keras


def main() -> float:
    """Train on threes against eights; return the accuracy on unseen samples."""
    keras.utils.set_random_seed(0)
    (x, labels), (x_test, labels_test) = keras.datasets.digits.load_data()
    x, t = samples(x, labels)
    x_test, t_test = samples(x_test, labels_test)

    adaline = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    adaline.compile(keras.optimizers.SGD(learning_rate=0.002), "mean_squared_error")
    history = adaline.fit(x, t, batch_size=1, epochs=20, verbose=0)

    accuracy = float((np.sign(adaline.predict(x_test, verbose=0)) == t_test).mean())
    print(f"squared error: {history.history['loss'][0]:.3f} after 1 epoch, {history.history['loss'][-1]:.3f} after 20")
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


def samples(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The threes as -1 and the eights as +1."""
    chosen = (labels == 3) | (labels == 8)
    return x[chosen].reshape(-1, 64) / 16.0, np.where(labels[chosen] == 8, 1.0, -1.0)[:, None]


if __name__ == "__main__":
    main()
