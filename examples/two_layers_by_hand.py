"""A two-layer network twice: by hand in NumPy, and as a model.  Their weights end up the same.

    h = relu(x w1 + b1),  p = softmax(h w2 + b2),  loss = -mean log p[label]

The chain rule, from the loss backwards:

    dz2 = (p - onehot) / n    dw2 = h' dz2    db2 = sum dz2    dh = dz2 w2'
    dz1 = dh where h > 0      dw1 = x' dz1    db1 = sum dz1
"""

from __future__ import annotations

import numpy as np

import chainrule as keras

RATE, BATCH, EPOCHS = 0.5, 32, 3


def by_hand(x: np.ndarray, labels: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    """Gradient descent with every derivative written out."""
    w1, b1, w2, b2 = (w.copy() for w in weights)
    for _ in range(EPOCHS):
        for start in range(0, len(x), BATCH):
            batch, label = x[start : start + BATCH], labels[start : start + BATCH]
            h = np.maximum(batch @ w1 + b1, 0)
            z = h @ w2 + b2
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)

            dz2 = (p - np.eye(10, dtype=p.dtype)[label]) / len(batch)
            dh = dz2 @ w2.T
            dz1 = np.where(h > 0, dh, 0)
            w2 -= RATE * h.T @ dz2
            b2 -= RATE * dz2.sum(axis=0)
            w1 -= RATE * batch.T @ dz1
            b1 -= RATE * dz1.sum(axis=0)
    return [w1, b1, w2, b2]


def main() -> float:
    """Train both; return the largest difference between their weights."""
    keras.utils.set_random_seed(1)
    (x, labels), _ = keras.datasets.digits.load_data()
    x = (x.reshape(-1, 64) / 16).astype("float32")
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((64,)), dense(32, activation="relu"), dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(learning_rate=RATE), "sparse_categorical_crossentropy")

    expected = by_hand(x, labels, model.get_weights())
    model.fit(x, labels, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)

    difference = max(float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), expected, strict=True))
    print(f"largest difference between the weights: {difference:.1e}")
    return difference


if __name__ == "__main__":
    main()
