"""One seed for everything that draws random numbers."""

from __future__ import annotations

import random as python_random

import numpy as np

from chainrule.random import set_seed


def set_random_seed(seed: int) -> None:
    """Seed initial weights, dropout, noise and shuffling, and Python's and NumPy's own generators as well.

    Args:
        seed: a whole number from 0 to 2^32 - 1.

    Raises:
        ArgumentError: another seed.

    Example:
        >>> import chainrule as keras
        >>> set_random_seed(3)
        >>> first = keras.layers.Dense(2)
        >>> first.build((None, 2))
        >>> set_random_seed(3)
        >>> second = keras.layers.Dense(2)
        >>> second.build((None, 2))
        >>> bool((first.kernel.numpy() == second.kernel.numpy()).all())
        True
    """
    set_seed(seed)
    python_random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (people's own code may still use it)
