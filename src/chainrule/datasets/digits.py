"""Digits: 1,797 real handwritten digits, 8x8, that come with the package.

E. Alpaydin and C. Kaynak (1998), "Optical recognition of handwritten digits", UCI Machine Learning
Repository, doi:10.24432/C50P49. CC BY 4.0. See digits.ORIGIN.txt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chainrule.data.npz import read_npz

CLASS_NAMES = tuple("0123456789")
TEST_STRIDE = 5

Pair = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Pair, Pair]:
    """Load the digits.

    Test digits are every fifth one of the list sorted by class: a fifth of each class, always the same ones.
    Both parts keep the order of the original. The same people wrote both parts.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Shapes:
        x_train: (1437, 8, 8), uint8, 0 the background and 16 the ink.
        y_train: (1437,), uint8, 0 to 9.
        x_test: (360, 8, 8).
        y_test: (360,).

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, x_test.shape, int(x_train.max())
        ((1437, 8, 8), (360, 8, 8), 16)
    """
    arrays = read_npz(Path(__file__).with_name("digits.npz"), ("images", "labels"))
    x, y = arrays["images"], arrays["labels"]
    is_test = np.zeros(len(y), bool)
    is_test[np.argsort(y, kind="stable")[::TEST_STRIDE]] = True
    return (x[~is_test], y[~is_test]), (x[is_test], y[is_test])
