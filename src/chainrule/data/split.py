"""Which samples are for training and which for the test: the same ones each time, for the same seed."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ArgumentError


def permutation(count: int, seed: int) -> np.ndarray:
    """The numbers 0 … count-1 in a random order that depends on nothing but `seed`.

    Sorting random keys gives each order the same probability. The keys are the raw Philox stream, because
    NumPy promises that one to stay the same in later versions, and not what `shuffle` makes of it.

    Example:
        >>> sorted(permutation(5, seed=1).tolist())
        [0, 1, 2, 3, 4]
    """
    if seed < 0:
        raise ArgumentError("the seed must not be negative", expected="0 or more", got=seed)
    keys = np.random.Philox(key=seed).random_raw(count)
    return np.argsort(keys, kind="stable")


def train_test_indices(
    count: int, test_share: float, seed: int, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split `count` samples at random, both parts in random order.

    Args:
        count: how many samples there are.
        test_share: the share of them to put aside for the test, at least 0, less than 1.
        seed: the same seed splits the same way.
        labels: class of each sample; each class then gives its share (a stratified split).

    Returns:
        The indices of the training part and those of the test part.

    Example:
        >>> train, test = train_test_indices(10, 0.2, seed=0, labels=np.array([0] * 5 + [1] * 5))
        >>> len(train), sorted((test // 5).tolist())
        (8, [0, 1])
    """
    if not 0 <= test_share < 1:
        raise ArgumentError("test_share is out of range", expected="0 <= test_share < 1", got=test_share)
    order = permutation(count, seed)
    by_class = order if labels is None else order[np.argsort(labels[order], kind="stable")]
    # Every 1/share-th sample of the list sorted by class: each class is met in proportion to its size.
    quota = np.floor(np.arange(1, count + 1) * test_share + 0.5)
    is_test = np.zeros(count, bool)
    is_test[by_class[np.diff(quota, prepend=0.0) > 0]] = True
    return order[~is_test[order]], order[is_test[order]]
