"""Pooling, repetition, padding and cropping: values and gradients of Keras and PyTorch, by formula and by plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.graph.interpreter import interpret
from chainrule.graph.tensor import tracing
from chainrule.graph.variable import Variable
from chainrule.ops.primitive import PRIMITIVES
from chainrule.plan.parameters import Parameters
from chainrule.plan.plan import Plan
from chainrule.spec import TensorSpec
from golden import cases

GOLDEN = cases.load("pooling")
EPSILON = {"float32": 2.0**-24, "float64": 2.0**-53}


def ready(case: cases.Case, dtype: str) -> tuple[Any, Variable, Any]:
    """The layer of a case, its inputs, and the sum of its outputs times given numbers."""
    layer = cases.build(keras, {**case["layer"], "config": {**case["layer"]["config"], "dtype": dtype}})
    x, upstream = cases.draws([tuple(case["shape"]), tuple(case["output_shape"])])
    inputs = Variable(x, dtype=dtype, name="x")
    with tracing():
        loss = ops.sum(layer(inputs) * upstream.astype(dtype))
    return layer, inputs, loss


def close(actual: Any, expected: Any, dtype: str) -> None:
    """A sum of fewer than 100 numbers, each of them rounded."""
    assert cases.gap(actual, expected) < 100 * EPSILON[dtype]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_formulas_give_the_values_of_keras_and_pytorch(case: cases.Case) -> None:
    layer, inputs, loss = ready(case, "float64")
    assert list(layer.compute_output_shape((None, *case["shape"][1:])))[1:] == case["output_shape"][1:]
    close(layer(inputs.value), case.array("value"), case["precision"])
    _, gradient = interpret(loss, {})
    close(gradient[inputs], case.array("dx"), case["precision"])


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_plans_give_the_values_of_keras_and_pytorch(case: cases.Case) -> None:
    _, inputs, loss = ready(case, "float32")
    parameters = Parameters([inputs])
    Plan([loss], [], loss, parameters).at(()).run()
    close(parameters.views(parameters.gradient)[0], case.array("dx"), "float32")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_layers_come_back_from_their_configs_and_take_empty_batches(case: cases.Case) -> None:
    layer = cases.build(keras, case["layer"])
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    empty = again(np.zeros((0, *case["shape"][1:]), "float32"))
    assert empty.shape == (0, *case["output_shape"][1:])


def test_a_model_of_such_layers_is_saved_and_summarized(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((7, 6, 2)), layers.ZeroPadding2D(), layers.MaxPool2D(padding="same"), layers.UpSampling2D(),
            layers.Cropping2D(((1, 0), (1, 1))), layers.AvgPool2D(3, strides=1), layers.GlobalMaxPool2D(),
        ]
    )  # fmt: skip
    x = np.random.default_rng(1).standard_normal((3, 7, 6, 2)).astype("float32")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "(None, 5, 4, 2)" in "\n".join(lines)


def test_aliases_are_the_same_layers() -> None:
    for rank in (1, 2, 3):
        for short, long in (("MaxPool", "MaxPooling"), ("AvgPool", "AveragePooling")):
            for prefix in ("", "Global"):
                assert getattr(layers, f"{prefix}{short}{rank}D") is getattr(layers, f"{prefix}{long}{rank}D")


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_first_of_equals_gets_the_derivative(padding: str) -> None:
    x = Variable(np.ones((1, 3, 3, 1)), dtype="float64", name="x")
    with tracing():
        loss = ops.sum(ops.max_pool(x, 2, padding=padding))
    _, gradient = interpret(loss, {})
    first = np.zeros((3, 3))
    first[np.ix_(*[range(0, 3 if padding == "same" else 2, 2)] * 2)] = 1
    np.testing.assert_array_equal(gradient[x][0, ..., 0], first)


def test_padding_is_never_the_largest() -> None:
    x = np.full((1, 2, 2, 1), -np.inf)
    y, place = PRIMITIVES["max_pool"].forward(x, window=(2, 2), strides=(1, 1), padding=((1, 1), (1, 1)))
    assert (y == -np.inf).all()
    np.testing.assert_array_equal(place[0, ..., 0], [[3, 2, 2], [1, 0, 0], [1, 0, 0]])


def test_the_first_nan_is_the_largest() -> None:
    x = np.array([1.0, np.nan, 3.0, np.nan])[None, :, None]
    y, place = PRIMITIVES["max_pool"].forward(x, window=(4,), strides=(4,), padding="valid")
    assert np.isnan(y).all()
    assert place.item() == 1


def kernel_max_pool(x: np.ndarray, dy: np.ndarray, place: np.ndarray, **attrs: Any) -> list[np.ndarray]:
    """y, place and dx by the kernels."""
    kernels = PRIMITIVES["max_pool"].kernels
    assert kernels is not None
    y, found, dx = np.empty_like(dy), np.empty_like(place), np.empty_like(x)
    kernels.forward(y, found, x, **attrs).run()
    kernels.vjp(dx, dy, found, x_shape=x.shape, **attrs).run()
    return [y, found, dx]


def check_max_pool(shape: tuple[int, ...], window: int, strides: int, rng: np.random.Generator) -> np.ndarray:
    """Kernels against formulas; the places."""
    attrs: dict[str, Any] = {"window": (window,) * 2, "strides": (strides,) * 2, "padding": "same"}
    max_pool = PRIMITIVES["max_pool"]
    assert max_pool.vjp is not None
    x = rng.integers(0, 9, shape).astype("float32")  # with many ties
    y, place = max_pool.forward(x, **attrs)
    dy = rng.integers(0, 9, y.shape).astype("float32")  # whose sums are exact
    (dx,) = max_pool.vjp(dy, place=place, x_shape=shape, **attrs)
    for actual, expected in zip(kernel_max_pool(x, dy, place, **attrs), (y, place, dx), strict=True):
        np.testing.assert_array_equal(actual, expected)
    return place


@pytest.mark.slow  # compiles
def test_windows_of_more_than_256_elements(rng: np.random.Generator) -> None:
    assert check_max_pool((1, 20, 19, 2), 17, 1, rng).dtype == "uint16"


@pytest.mark.slow  # compiles
def test_samples_shared_among_threads(rng: np.random.Generator) -> None:
    check_max_pool((40, 31, 27, 16), 2, 2, rng)


@pytest.mark.parametrize("name", ["mean", "max"])
def test_reductions_of_large_images(name: str, rng: np.random.Generator) -> None:
    """Large enough for loops of their own, with ties and a NaN."""
    x = rng.integers(0, 50, (4, 15, 17, 8)).astype("float32")
    x[0, 3, 4, 5] = np.nan
    attrs: dict[str, Any] = {"axis": (1, 2), "keepdims": False}
    primitive = PRIMITIVES[name]
    kernels = primitive.kernels
    assert kernels is not None
    assert kernels.vjp is not None
    assert primitive.vjp is not None
    (expected,) = primitive.forward(x, **attrs)
    y, dy, dx = np.empty_like(expected), rng.standard_normal(expected.shape).astype("float32"), np.empty_like(x)
    kernels.forward(y, x, **attrs).run()
    np.testing.assert_allclose(y, expected, rtol=255 * EPSILON["float32"])  # a sum of 255 positive numbers
    saved = {"x": x, "y": expected}
    scratch = kernels.vjp_workspace(TensorSpec.of(x), **attrs)
    given: dict[str, Any] = {"workspace": tuple(np.empty(s.shape, s.dtype) for s in scratch)} if scratch else {}
    shapes = {f"{k}_shape": saved[k].shape for k in primitive.shapes}
    kernels.vjp(dx, dy, *(saved[k] for k in primitive.saves), **shapes, **attrs, **given).run()
    with np.errstate(all="ignore"):
        (gradient,) = primitive.vjp(dy, **{k: saved[k] for k in primitive.saves}, **shapes, **attrs)
    np.testing.assert_allclose(dx, gradient, rtol=4 * EPSILON["float32"])


def test_errors_are_in_words_of_the_user() -> None:
    images = np.zeros((1, 3, 5, 2), "float32")
    with pytest.raises(ShapeError, match="at least 4 along axis 1") as caught:
        layers.MaxPooling2D(4)(images)
    assert 'padding="same"' in caught.value.hint
    assert "MaxPooling2D 'max_pooling2d" in caught.value.where
    with pytest.raises(ShapeError, match="too small"):
        keras.Sequential([keras.Input((2, 2, 1)), layers.MaxPooling2D(), layers.AveragePooling2D(2)])
    with pytest.raises(ShapeError, match="not a batch of images") as caught:
        layers.GlobalAveragePooling2D()(images[..., 0])
    assert "x[..., None]" in caught.value.hint
    with pytest.raises(ShapeError, match="nothing is left"):
        layers.Cropping2D(2)(images)
    for make in (
        lambda: layers.MaxPooling2D(0),
        lambda: layers.MaxPooling2D((2, 2, 2)),
        lambda: layers.AveragePooling1D(2, strides=1.5),
        lambda: layers.AveragePooling2D(2, padding="causal"),
        lambda: layers.ZeroPadding2D((1, -1)),
        lambda: layers.ZeroPadding2D((1, 2, 3)),
        lambda: layers.Cropping1D((1, 2, 3)),
        lambda: layers.UpSampling2D(0.5),
        lambda: layers.GlobalMaxPooling2D(data_format="channels"),
        lambda: ops.max_pool(images, 4, padding=((4, 4), (0, 0))),
    ):
        with pytest.raises(ArgumentError):
            make()
    with pytest.raises(UnknownNameError):
        layers.UpSampling2D(interpolation="area")


def test_sizes_that_are_not_known_yet() -> None:
    images = keras.Input((None, None, 3))
    assert layers.MaxPooling2D()(images).shape == (None, None, None, 3)
    assert layers.UpSampling2D()(images).shape == (None, None, None, 3)
    assert layers.GlobalAveragePooling2D()(images).shape == (None, 3)
    with pytest.raises(ShapeError, match="once their size is known"):
        layers.UpSampling2D(interpolation="bilinear")(images)


def test_a_mask_says_which_steps_count() -> None:
    x = np.array([[[1.0, 1.0], [5.0, 0.0], [2.0, 2.0]]], "float32")
    mask = np.array([[True, False, True]])
    for keepdims in (False, True):
        y = layers.GlobalAveragePooling1D(keepdims=keepdims)(x, mask=mask)
        np.testing.assert_array_equal(y, np.full((1, 1, 2) if keepdims else (1, 2), 1.5, "float32"))


def test_the_default_order_of_channels_is_that_of_the_settings() -> None:
    keras.config.set_image_data_format("channels_first")
    try:
        assert layers.GlobalMaxPooling2D()(np.zeros((2, 3, 5, 4), "float32")).shape == (2, 3)
        assert layers.MaxPooling2D().get_config()["data_format"] == "channels_first"
        assert ops.average_pool(np.zeros((2, 3, 5, 4), "float32"), 2).shape == (2, 3, 2, 2)
    finally:
        keras.config.set_image_data_format("channels_last")
