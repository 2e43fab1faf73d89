"""to_categorical, normalize and split_dataset: the results of Keras 3.15.1 on NumPy arrays."""

import numpy as np
import pytest

import chainrule.utils as utils
from chainrule.errors import ArgumentError, DataError, ShapeError


def test_to_categorical():
    np.testing.assert_array_equal(utils.to_categorical([[0], [1]]), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(utils.to_categorical(3), [0, 0, 0, 1])
    np.testing.assert_array_equal(utils.to_categorical([1.7, 0.2]), [[0, 1], [1, 0]])
    assert utils.to_categorical([[0, 1], [2, 2]]).shape == (2, 2, 3)
    assert utils.to_categorical([], num_classes=3).shape == (0, 3)
    assert utils.to_categorical([1]).dtype == np.float64
    for labels, classes in (([3], 3), ([-1, 2], None)):
        with pytest.raises(DataError, match="out of range"):
            utils.to_categorical(labels, classes)
    with pytest.raises(DataError, match="no labels"):
        utils.to_categorical([])


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=1), [[1, 1], [0, 0]])
    # 2^(-1/3): each vector is (1, 1), its cubic norm 2^(1/3)
    cubes = utils.normalize(np.ones((2, 2, 2), np.uint8), axis=1, order=3)
    np.testing.assert_allclose(cubes, np.full((2, 2, 2), 0.7937005259840997), rtol=1e-15)
    assert utils.normalize(np.ones((2, 2), np.float32)).dtype == np.float32
    with pytest.raises(ShapeError):
        utils.normalize(5.0)


def test_split_dataset():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    (x1, y1), (x2, y2) = utils.split_dataset((x, y), left_size=0.75)
    assert (y1.tolist(), y2.tolist()) == (list(range(8)), [8, 9])  # round(7.5) is 8
    assert np.shares_memory(x1, x)
    assert np.shares_memory(x2, x)
    left, right = utils.split_dataset(y, left_size=3, right_size=2)
    assert (left.tolist(), right.tolist()) == ([0, 1, 2], [8, 9])
    left, right = utils.split_dataset({"a": [1, 2, 3]}, right_size=1)
    assert (left["a"].tolist(), right["a"].tolist()) == ([1, 2], [3])
    left, right = utils.split_dataset([1, 2, 3, 4], 0.5)
    assert (left.tolist(), right.tolist()) == ([1, 2], [3, 4])


def test_split_dataset_shuffles_as_keras_does():
    # keras.utils.split_dataset(np.arange(10), left_size=6, shuffle=True, seed=3), Keras 3.15.1
    left, right = utils.split_dataset(np.arange(10), left_size=6, shuffle=True, seed=3)
    assert (left.tolist(), right.tolist()) == ([1, 5, 6, 0, 9, 4], [7, 2, 8, 3])


@pytest.mark.parametrize("sizes", [{}, {"left_size": 0}, {"left_size": 10}, {"left_size": 1.0},
                                   {"right_size": -1},
                                   {"left_size": 0.7, "right_size": 0.7}, {"left_size": 6, "right_size": 6},
                                   {"left_size": 0.01}, {"left_size": True}])  # fmt: skip
def test_split_dataset_refuses_sizes(sizes):
    with pytest.raises(ArgumentError):
        utils.split_dataset(np.arange(10), **sizes)


def test_split_dataset_refuses_other_data():
    with pytest.raises(DataError, match="lengths differ"):
        utils.split_dataset((np.arange(3), np.arange(4)), 0.5)
    with pytest.raises(ArgumentError, match="not a data set"):
        utils.split_dataset(iter([1, 2]), 0.5)
    with pytest.raises(ArgumentError, match="preferred_backend"):
        utils.split_dataset(np.arange(3), 0.5, preferred_backend="torch")


def test_names_are_found_when_used():
    assert {"read_table", "read_folder"} <= set(dir(utils))
    assert utils.read_table.__name__ == "read_table"
    with pytest.raises(AttributeError, match="no attribute"):
        utils.to_categorial  # noqa: B018
