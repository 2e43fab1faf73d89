"""Data sets by name. Each has `load_data()`, which returns `(x_train, y_train), (x_test, y_test)`."""

from chainrule.datasets import digits, fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist"]
