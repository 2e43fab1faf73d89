"""Convolutions: values and gradients of Keras and PyTorch, by formula and by plan; functions, errors, small nets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.errors import ArgumentError, ShapeError
from chainrule.graph.interpreter import interpret
from chainrule.graph.rewrite import simplify
from chainrule.graph.tensor import tracing
from chainrule.graph.variable import Variable
from chainrule.ops.conv import axes_of
from chainrule.plan.parameters import Parameters
from chainrule.plan.plan import Plan
from golden import cases

GOLDEN = cases.load("convolutions")
EPSILON = {"float32": 2.0**-24, "float64": 2.0**-53}


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def ready(case: cases.Case, dtype: str) -> tuple[Any, Any, list[Variable]]:
    """The layer of a case, the sum of its outputs times given numbers, and what that depends on."""
    shapes = [tuple(shape) for shape in (case["shape"], case["output_shape"])]
    layer = cases.build(keras, {**case["layer"], "config": {**case["layer"]["config"], "dtype": dtype}})
    layer.build(shapes[0])
    x, upstream, *weights = cases.draws([*shapes, *(w.shape for w in layer.weights)])
    layer.set_weights(weights)
    moved = [Variable(x, dtype=dtype, name="x"), *layer.weights]
    with tracing():
        loss = ops.sum(layer(moved[0]) * upstream.astype(dtype))
    return layer, loss, moved


def close(actual: Any, expected: Any, dtype: str) -> None:
    """Sums of at most some hundreds of products, whose roundings mostly cancel: 128 of the largest number's."""
    assert cases.gap(actual, expected) < 128 * EPSILON[dtype]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_formulas_give_the_values_of_keras_and_pytorch(case: cases.Case) -> None:
    layer, loss, moved = ready(case, "float64")
    assert list(layer.compute_output_shape((None, *case["shape"][1:])))[1:] == case["output_shape"][1:]
    close(layer(moved[0].value), case.array("value"), "float64")
    _, gradient = interpret(loss, {})
    for v, name in zip(moved, ["x", *case["weights"]], strict=True):
        close(gradient[v], case.array(f"d{name}"), "float64")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_plans_give_the_values_of_keras_and_pytorch(case: cases.Case) -> None:
    _, loss, moved = ready(case, "float32")
    (loss,) = simplify([loss])
    parameters = Parameters(moved)
    plan = Plan([loss], [], loss, parameters)
    plan.at(()).run()
    for view, name in zip(parameters.views(parameters.gradient), ["x", *case["weights"]], strict=True):
        close(view, case.array(f"d{name}"), "float32")


def test_most_values_are_those_of_both() -> None:
    assert sum(case["by"] == ["keras", "torch"] for case in GOLDEN) >= 45


# The same, said otherwise.


def numbers(*shape: int) -> Any:
    return np.random.default_rng(1).standard_normal(shape).astype("float32")


EITHER = [
    lambda x, w, **k: ops.conv(x, w, 2, "same", **k),
    lambda x, w, **k: ops.conv(x, w, padding=((1, 0), (2, 1)), **k),
    lambda x, w, **k: ops.depthwise_conv(x, w, dilation_rate=2, **k),
    lambda x, w, **k: ops.separable_conv(x, w, w[:1, :1].reshape(1, 1, 20, 1), **k),
    lambda x, w, **k: ops.conv_transpose(x, np.swapaxes(w, 2, 3), (2, 3), output_padding=(1, 0), **k),
]


@pytest.mark.parametrize("function", EITHER)
def test_channels_first_is_channels_last_with_the_axes_moved(function: Any) -> None:
    x, w = numbers(2, 6, 5, 4), numbers(3, 2, 4, 5)
    moved = np.moveaxis(x, -1, 1)
    last = function(x, w)
    np.testing.assert_array_equal(function(moved, w, data_format="channels_first"), np.moveaxis(last, -1, 1))
    keras.config.set_image_data_format("channels_first")
    try:
        np.testing.assert_array_equal(function(moved, w), np.moveaxis(last, -1, 1))
        assert layers.Conv2D(3, 2)(moved).shape == (2, 3, 5, 4)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_functions_are_the_layers_without_bias() -> None:
    x = numbers(2, 6, 5, 4)
    for layer, function in (
        (layers.Conv2D(6, (3, 2), 2, "same", groups=2, use_bias=False), ops.conv),
        (layers.DepthwiseConv2D((3, 2), 2, "same", 3, use_bias=False), ops.depthwise_conv),
        (layers.SeparableConv2D(3, (3, 2), 2, "same", use_bias=False), ops.separable_conv),
        (layers.Conv2DTranspose(3, (3, 2), 2, "same", use_bias=False), ops.conv_transpose),
    ):
        y = layer(x)
        np.testing.assert_array_equal(function(x, *layer.get_weights(), strides=2, padding="same"), y)


def test_a_transposed_convolution_is_the_adjoint() -> None:
    """<conv(x), y> = <x, conv_transpose(y)>, with the same filters."""
    x, w = numbers(2, 7, 8, 3).astype("float64"), numbers(3, 4, 3, 2).astype("float64")
    forth = ops.conv(x, w, (2, 3), "same")
    y = numbers(*forth.shape).astype("float64")
    pads = tuple((s.before, s.after) for s in axes_of(x.shape, w.shape, (2, 3), "same", (1, 1)))
    back = ops.conv_transpose(y, w, (2, 3), pads)
    np.testing.assert_allclose(np.vdot(forth, y), np.vdot(x, back), rtol=1e-13)


# A network.


def small() -> Any:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)), layers.Conv2D(4, 3, strides=3, activation="relu"),
            layers.DepthwiseConv2D(3, strides=2), layers.SeparableConv2D(5, 3, padding="same", use_bias=False),
            layers.Conv2DTranspose(2, 2, strides=2), layers.Flatten(), layers.Dense(3, activation="softmax"),
        ]
    )  # fmt: skip


def test_a_network_learns_is_described_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = numbers(20, 28, 28, 1), np.arange(20) % 3
    model = small()
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(x, y, batch_size=6, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.summary()
    assert "(None, 9, 9, 4)" in capsys.readouterr().out
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"model{ending}")
        again = keras.models.load_model(tmp_path / f"model{ending}")
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    model.save_weights(tmp_path / "model.weights.h5")
    again = small()
    again.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(3, 2), layers.Conv2D(4, 3, 2, "same", groups=2), layers.DepthwiseConv2D(2),
        layers.SeparableConv2D(3, 2, data_format="channels_first"), layers.Conv2DTranspose(3, 2, 2),
    ],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_empty_batches(layer: Any) -> None:
    assert layer(np.zeros((0, 6, 6, 6), "float32")).shape == (0, *layer(np.zeros((1, 6, 6, 6), "float32")).shape[1:])


def test_whole_numbers_take_the_dtype_of_the_weights() -> None:
    assert layers.Conv2D(2, 3)(np.ones((1, 5, 5, 1), "uint8")).dtype == "float32"


def test_images_of_any_size() -> None:
    inputs = keras.Input((None, None, 3))
    y = layers.Conv2DTranspose(2, 2, strides=2)(layers.Conv2D(4, 3, padding="same")(inputs))
    assert y.shape == (None, None, None, 2)
    model = keras.Model(inputs, y)
    for size in (4, 7):
        assert model.predict(numbers(1, size, size + 1, 3), verbose=0).shape == (1, 2 * size, 2 * size + 2, 2)


# Mistakes.

IMAGES_4 = numbers(2, 9, 9, 4)
MISTAKES: list[tuple[Any, type[Exception], tuple[str, ...]]] = [
    (lambda: layers.Conv2D(4, 3)(IMAGES_4[..., 0]), ShapeError, ("batch of images", "x[..., None]", "(N, H, W, C)")),
    (
        lambda: layers.Conv2D(4, 3, data_format="channels_first")(IMAGES_4[..., 0]),
        ShapeError, ("batch of images", "x[:, None]", "(N, C, H, W)"),
    ),
    (lambda: layers.Conv2D(4, 3)(keras.Input((28, 28))), ShapeError, ("Conv2D 'conv2d'", "x[..., None]")),
    (lambda: layers.Conv1D(4, 3)(IMAGES_4), ShapeError, ("batch of signals", "(N, L, C)")),
    (lambda: layers.Conv2DTranspose(4, 3)(IMAGES_4[0]), ShapeError, ("x[None]",)),
    (lambda: layers.Conv2D(4, 3)(keras.Input((9, 9, None))), ShapeError, ("number of channels is not known",)),
    (lambda: layers.Conv2D(6, 3, groups=3)(IMAGES_4), ShapeError, ("do not divide into the groups", "4 channels")),
    (lambda: layers.Conv2D(4, 3, groups=3), ArgumentError, ("filters do not divide", "filters=6")),
    (lambda: layers.Conv2D(4, 3)(IMAGES_4[:, :2]), ShapeError, ("too small for the window", "at least 3")),
    (lambda: layers.Conv2D(4, 3, 2, dilation_rate=2), ArgumentError, ("strides or dilation, not both",)),
    (lambda: layers.Conv2DTranspose(4, 3, 2, dilation_rate=2), ArgumentError, ("strides or dilation, not both",)),
    (lambda: layers.Conv2D(4, 3, padding="causal"), ArgumentError, ("no such padding", "only Conv1D")),
    (lambda: layers.Conv1D(4, 3, padding="full"), ArgumentError, ("no such padding", '"causal"')),
    (lambda: layers.Conv2D(0, 3), ArgumentError, ("filters",)),
    (lambda: layers.Conv2D(4, (3, 3, 3)), ArgumentError, ("kernel_size", "2 of them", "(3, 3, 3)")),
    (lambda: layers.Conv2D(4, 3, strides=0), ArgumentError, ("strides",)),
    (lambda: layers.Conv2D(4, 3, data_format="NHWC"), ArgumentError, ("no such data format",)),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), ArgumentError, ("depth_multiplier",)),
    (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=2), ArgumentError, ("output_padding is less",)),
    (
        lambda: layers.Conv2DTranspose(4, 2, 2, "same", output_padding=0)(IMAGES_4[:, :1]),
        ShapeError, ("nothing is left",),
    ),
    (lambda: ops.conv(IMAGES_4, numbers(3, 3, 3, 2)), ShapeError, ("do not divide into groups", "multiple of 3")),
    (lambda: ops.conv_transpose(IMAGES_4, numbers(3, 3, 2, 3)), ShapeError, ("do not fit", "w (..., F, C)")),
    (lambda: keras.config.set_image_data_format("NCHW"), ArgumentError, ("no such data format",)),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "kind", "words"), MISTAKES, ids=lambda value: None)
def test_mistakes_are_named(mistake: Any, kind: type[Exception], words: tuple[str, ...]) -> None:
    with pytest.raises(kind) as raised:
        mistake()
    for word in words:
        assert word in str(raised.value)


def test_a_built_layer_names_the_missing_channel_axis_too() -> None:
    layer = layers.Conv2D(4, 3)
    layer(IMAGES_4)
    with pytest.raises(ShapeError, match="channel axis"):
        layer(IMAGES_4[..., 0])
    with pytest.raises(ShapeError, match="does not fit the weights"):
        layer(IMAGES_4[..., :3])
