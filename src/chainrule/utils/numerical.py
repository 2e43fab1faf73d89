"""Small conversions of arrays: classes to one-hot rows, vectors to length 1, one data set to two."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, DataError, ShapeError


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Turn class numbers into one-hot rows.

    Args:
        x: class numbers, 0 to num_classes - 1; what is behind a decimal point is cut off. A last axis of
            length 1 counts as none.
        num_classes: how many classes there are; the largest number plus one if None.

    Shapes:
        result: shape of x, then (num_classes,); float64 as in Keras.

    Raises:
        DataError: x is empty and num_classes is not given, or a number is no class.

    Example:
        >>> to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]])
    """
    labels = np.array(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes:
        if not labels.size:
            raise DataError(
                "no labels to count the classes of", where="to_categorical", hint="give num_classes"
            )
        num_classes = int(labels.max()) + 1
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        raise DataError(
            "a label is out of range",
            where="to_categorical",
            expected=f"0 to {num_classes - 1}",
            got=int(labels[outside][0]),
        )
    one_hot = np.zeros((labels.size, num_classes))
    one_hot[np.arange(labels.size), labels.ravel()] = 1
    return one_hot.reshape(*labels.shape, num_classes)


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """Divide vectors by their norm, so that it becomes 1; a vector of zeros stays as it is.

    Args:
        x: array of vectors.
        axis: the axis along which a vector lies.
        order: which norm: 2 for the Euclidean length, 1 for the sum of absolute values.

    Shapes:
        result: the shape of x. float32 stays float32; integers become float64.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    vectors = np.asarray(x)
    if vectors.ndim == 0:
        raise ShapeError("a number has no direction", where="normalize", expected="(..., n)", got="()")
    norm = np.linalg.norm(vectors, order, axis, keepdims=True)
    return vectors / np.where(norm == 0, 1, norm)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Split arrays into a left and a right part.

    Without shuffling the left part comes from the start and the right one from the end, as views, not copies.
    With the same seed, the order is the one that Keras shuffles into.

    Args:
        dataset: an array, or a tuple, list or dict of arrays of one length, such as `(x, y)`.
        left_size: a number of samples, or a share of them between 0 and 1.
        right_size: likewise. If one is None, it is what the other leaves.
        shuffle: shuffle before splitting.
        seed: of the shuffling; a random one if None.
        preferred_backend: "numpy" or None; the parts are arrays.

    Returns:
        Two data sets of the same structure. (Keras returns `tf.data` or torch data sets of them.)

    Raises:
        ArgumentError: the sizes leave a part empty, or are more than there is.
        DataError: the arrays differ in length.

    Example:
        >>> (x, y), (x_rest, y_rest) = split_dataset((np.arange(5), np.arange(5) ** 2), left_size=0.6)
        >>> x, y_rest
        (array([0, 1, 2]), array([ 9, 16]))
    """
    if preferred_backend not in (None, "numpy"):
        raise ArgumentError(
            "no such data sets here",
            where="split_dataset",
            expected='preferred_backend "numpy" or None',
            got=repr(preferred_backend),
        )
    arrays = _arrays(dataset)
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise DataError("the lengths differ", where="split_dataset", got=[len(array) for array in arrays])
    total = lengths.pop()
    left, right = _part_sizes(left_size, right_size, total)
    if not shuffle:
        return _select(dataset, slice(0, left)), _select(dataset, slice(total - right, total))
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return _select(dataset, np.array(order[:left])), _select(dataset, np.array(order[total - right :]))


def _arrays(dataset: Any) -> list[np.ndarray]:
    if isinstance(dataset, Mapping):
        found = [np.asarray(array) for array in dataset.values()]
    elif _holds_arrays(dataset):
        found = [np.asarray(array) for array in dataset]
    else:
        found = [np.asarray(dataset)]
    if not found or any(array.ndim == 0 or array.dtype == object for array in found):
        raise ArgumentError(
            "not a data set",
            where="split_dataset",
            expected="an array, or a tuple, list or dict of arrays",
            got=type(dataset).__name__,
        )
    return found


def _holds_arrays(dataset: Any) -> bool:
    """Whether it is several arrays, not one written as a list of numbers."""
    return isinstance(dataset, Sequence) and any(isinstance(item, np.ndarray | Sequence) for item in dataset)


def _select(dataset: Any, rows: slice | np.ndarray) -> Any:
    if isinstance(dataset, Mapping):
        return {name: np.asarray(array)[rows] for name, array in dataset.items()}
    if _holds_arrays(dataset):
        return type(dataset)(np.asarray(array)[rows] for array in dataset)
    return np.asarray(dataset)[rows]


def _part_sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    for name, size in (("left_size", left), ("right_size", right)):
        if size is None:
            continue
        share = isinstance(size, float)
        if isinstance(size, bool) or not 0 < size < (1 if share else total):
            raise ArgumentError(
                f"{name} is out of range",
                where="split_dataset",
                got=size,
                expected=f"a number of samples between 1 and {total - 1}, or a share between 0.0 and 1.0",
            )
    if left is None and right is None:
        raise ArgumentError("no size is given", where="split_dataset", expected="left_size or right_size")
    left, right = (round(size * total) if isinstance(size, float) else size for size in (left, right))
    left = total - int(right or 0) if left is None else left
    right = total - left if right is None else right
    if left + right > total or not left or not right:
        raise ArgumentError(
            "the parts do not fit",
            where="split_dataset",
            expected=f"two parts of {total} samples, none empty",
            got=f"{left} and {right}",
        )
    return int(left), int(right)
