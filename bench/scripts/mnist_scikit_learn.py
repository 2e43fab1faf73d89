"""MNIST with scikit-learn, from a folder of `.npy` files."""

import sys
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

folder = Path(sys.argv[1])


def load(split: str) -> tuple[np.ndarray, np.ndarray]:
    x = np.load(folder / f"x_{split}.npy").reshape(-1, 784).astype(np.float32) / 255
    return x, np.load(folder / f"y_{split}.npy")


x_train, y_train = load("train")
x_test, y_test = load("test")
model = MLPClassifier((512,), alpha=0.0, batch_size=100)
model.partial_fit(x_train, y_train, classes=np.arange(10))
print("test accuracy:", model.score(x_test, y_test))
