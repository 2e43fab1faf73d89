"""What people do wrong with pictures, and what they are told."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers
from chainrule.errors import ArgumentError, ShapeError

BYTES = np.random.default_rng(0).integers(0, 256, (8, 6, 6, 1)).astype(np.uint8)
LABELS = np.arange(8) % 2


def network(*first: Any) -> keras.Sequential:
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), *first, layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


# The scale: bytes and numbers from 0 to 1.


@pytest.mark.parametrize("x", [BYTES, BYTES.astype("float32"), BYTES.astype("int64")], ids=lambda x: str(x.dtype))
def test_bytes_that_nothing_rescales_are_warned_of_once(x: np.ndarray) -> None:
    model = network()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.fit(x, LABELS, verbose=0)
        model.fit(x, LABELS, verbose=0)
    (warning,) = seen
    said = str(warning.message)
    assert re.match(r"x: the values go up to 25\d and no layer rescales them before 'conv2d", said)
    assert "x / 255.0" in said
    assert warning.filename == __file__


def test_validation_on_another_scale_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"validation_data: the values go up to 25\d and no layer rescales"):
        network().fit(BYTES / 255, LABELS, validation_data=(BYTES, LABELS), verbose=0)
    model = network(layers.Rescaling(1 / 255, name="scaling"))
    with pytest.warns(UserWarning, match="validation_data: the values go up to 1 and 'scaling' scales them down"):
        model.fit(BYTES, LABELS, validation_data=(BYTES / BYTES.max(), LABELS), verbose=0)


class Halves(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs / 255


@pytest.mark.parametrize(
    ("first", "x"),
    [
        ([], BYTES / 255),
        ([], BYTES // 16),  # sixteen shades
        ([], BYTES * 1.001),  # no whole numbers, so no bytes
        ([], BYTES.astype("float32") - 128),
        ([layers.Rescaling(1 / 255)], BYTES),
        ([layers.Rescaling(2.0, offset=-1.0)], BYTES / 255),
        ([layers.Normalization(mean=127.0, variance=5000.0)], BYTES),
        ([layers.Permute((2, 1, 3)), layers.Rescaling(1 / 255)], BYTES),
        ([Halves()], BYTES),  # a layer of the user's own may do anything
        ([keras.Sequential([layers.Rescaling(1 / 255)])], BYTES),
    ],
)
def test_pictures_on_the_right_scale_are_not_warned_of(first: list[Any], x: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(*first).fit(x, LABELS, verbose=0)


def test_tables_of_whole_numbers_are_not_warned_of() -> None:
    model = keras.Sequential([keras.Input((36,)), layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(BYTES.reshape(8, 36), LABELS, verbose=0)


# The shape.


def test_images_without_a_channel_axis_are_told_to_add_it() -> None:
    with pytest.raises(ShapeError, match=r"not a batch of images[\s\S]*channel axis: x\[\.\.\., None\]"):
        layers.Conv2D(2, 3)(np.zeros((8, 28, 28), "float32"))
    with pytest.raises(ShapeError, match=r"take a channel axis"):
        keras.Sequential([keras.Input((28, 28)), layers.Conv2D(2, 3)])
    colour = keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1)])
    colour.compile("sgd", "mse")
    with pytest.raises(ShapeError, match=r"samples of shape \(6, 6, 3\)"):
        colour.fit(BYTES[..., 0] / 255, LABELS, verbose=0)


def test_channels_that_do_not_divide_into_groups_name_the_numbers() -> None:
    with pytest.raises(ArgumentError, match=r"filters do not divide into the groups[\s\S]*filters=6"):
        layers.Conv2D(4, 3, groups=3)
    with pytest.raises(ShapeError, match=r"channels of the input do not divide[\s\S]*got +4 channels, 3 groups"):
        keras.Sequential([keras.Input((9, 9, 4)), layers.Conv2D(6, 3, groups=3, name="grouped")])


def test_images_smaller_than_a_window_name_the_layer() -> None:
    with pytest.raises(ShapeError, match=r"Conv2D 'wide'"):
        keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 5, name="wide")])


def test_images_too_small_for_the_pooling_name_the_layer_and_the_sizes() -> None:
    with pytest.raises(ShapeError, match=r"MaxPooling2D 'second'[\s\S]*too small for the window"):
        keras.Sequential([keras.Input((3, 3, 1)), layers.MaxPooling2D(), layers.MaxPooling2D(name="second")])
