"""Layers on images: Keras's values where nothing is left to chance, transforms by hand, distributions, bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as keras
from chainrule import layers
from chainrule.errors import ArgumentError, ChainruleError, ShapeError, UnknownNameError
from chainrule.graph.tensor import Tensor, tracing
from chainrule.kernels.threads import one_pool
from chainrule.ops.affine import affine_transform
from chainrule.plan.plan import Plan
from chainrule.spec import TensorSpec
from golden import cases
from golden.structure import plain

CASES = cases.load("images")
VALUES = [c for c in CASES if "x" in c]
ARRAYS = np.load(cases.DATA / "images.npz")
BATCH = np.random.default_rng(0).uniform(0, 1, (300, 4, 6, 2)).astype("float32")
RANDOM = {
    "flip": lambda **k: layers.RandomFlip(**k),
    "rotation": lambda **k: layers.RandomRotation(0.1, **k),
    "translation": lambda **k: layers.RandomTranslation(0.2, (-0.1, 0.3), **k),
    "zoom": lambda **k: layers.RandomZoom(0.3, **k),
    "crop": lambda **k: layers.RandomCrop(3, 4, **k),
    "contrast": lambda **k: layers.RandomContrast((0.5, 0.5), (0, 1), **k),
    "brightness": lambda **k: layers.RandomBrightness(0.3, (0, 1), **k),
}


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


# Keras's values


@pytest.mark.parametrize("case", VALUES, ids=lambda c: c.id)
def test_values_are_those_of_keras(case: cases.Case) -> None:
    """Places and weights are computed in float32 there, 255 times as coarse: eps 11 255 at a steep edge."""
    x, expected = ARRAYS[f"inputs/{case['x']}"], ARRAYS[f"{case.id}/value"]
    actual = cases.build(keras, case["layer"])(x)
    assert actual.dtype == expected.dtype
    if expected.dtype == np.uint8:
        assert (np.abs(actual.astype(int) - expected) <= 1).all()
        assert (actual != expected).mean() < 0.02  # halves, rounded after sums in another order
    else:
        np.testing.assert_allclose(actual, expected, atol=5e-4, rtol=0)


@pytest.mark.parametrize("case", [c for c in CASES if "get_config" in c], ids=lambda c: c["layer"]["class_name"])
def test_configs_are_those_of_keras(case: cases.Case) -> None:
    spec = {**case["layer"], "config": {**case["layer"]["config"], "name": case["get_config"]["name"]}}
    layer = cases.build(keras, spec)
    config = plain(json.loads(json.dumps(layer.get_config())))
    assert config == plain(case["get_config"])
    again = type(layer).from_config(layer.get_config())
    assert plain(json.loads(json.dumps(again.get_config()))) == config


# By hand


def ramp(h: int, w: int) -> Any:
    return np.arange(h * w, dtype="float32").reshape(1, h, w, 1)


def test_a_translation_by_whole_pixels_moves_pixels() -> None:
    x = ramp(4, 5)
    y = layers.RandomTranslation((0.25, 0.25), (-0.4, -0.4), fill_mode="constant", fill_value=-1.0)(x)
    np.testing.assert_allclose(y[0, 1:, :3, 0], x[0, :3, 2:, 0], atol=1e-5)
    assert (y[0, 0] == -1).all()
    assert (y[0, :, 3:] == -1).all()
    wrapped = layers.RandomTranslation((0.25, 0.25), (-0.4, -0.4), fill_mode="wrap", interpolation="nearest")(x)
    np.testing.assert_array_equal(wrapped, np.roll(x, (1, -2), (1, 2)))


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_turns_go_against_the_clock(quarter: int) -> None:
    x = ramp(5, 5)
    y = layers.RandomRotation((quarter / 4, quarter / 4))(x)
    np.testing.assert_allclose(y[0], np.rot90(x[0], quarter), atol=1e-4)


def test_a_rotation_is_its_formula() -> None:
    """A linear picture stays linear between its pixels: y(p) = x(R (p - c) + c)."""
    x, angle = ramp(9, 9), 0.03 * 2 * np.pi
    y = layers.RandomRotation((0.03, 0.03))(x)[0, 2:7, 2:7, 0]
    i, j = np.mgrid[2:7, 2:7] - 4.0
    a, b = np.sin(angle) * j + np.cos(angle) * i + 4, np.cos(angle) * j - np.sin(angle) * i + 4
    np.testing.assert_allclose(y, 9 * a + b, rtol=1e-5)


def test_zoom_spreads_and_shrinks_about_the_centre() -> None:
    x = ramp(5, 5)
    y = layers.RandomZoom((0.5, 0.5), (-0.5, -0.5))(x)[0, 1:4, :, 0]
    i, j = np.mgrid[1:4, 0:5] - 2.0
    np.testing.assert_allclose(y, 5 * (1.5 * i + 2) + 0.5 * j + 2, rtol=1e-6)


def test_a_one_pixel_image_stays_itself() -> None:
    x = np.full((3, 1, 1, 2), 0.5, "float32")
    for name in ("flip", "rotation", "translation", "zoom"):
        np.testing.assert_allclose(RANDOM[name]()(x), x, rtol=1e-6)


def test_crops_are_parts_of_the_images_at_one_place() -> None:
    x = np.broadcast_to(ramp(6, 7), (5, 6, 7, 1))
    corners = set()
    layer = layers.RandomCrop(4, 6, seed=1)
    for _ in range(60):
        y = layer(x)
        assert (y == y[:1]).all()
        row, column = divmod(int(y[0, 0, 0, 0]), 7)
        corners.add((row, column))
        np.testing.assert_array_equal(y[0], x[0, row : row + 4, column : column + 6])
    assert corners == {(i, j) for i in range(3) for j in range(2)}
    middle = layers.RandomCrop(6, 3)(x, training=False)
    np.testing.assert_array_equal(middle, x[:, :, 2:5])
    assert layers.RandomCrop(9, 4)(x).shape == (5, 9, 4, 1)


def test_contrast_keeps_the_mean_and_spreads() -> None:
    x = BATCH - 0.5
    y = layers.RandomContrast((0.4, 0.4), (-9, 9), seed=2)(x)
    np.testing.assert_allclose(y.mean((1, 2)), x.mean((1, 2)), atol=1e-6)
    factors = y.std((1, 2)) / x.std((1, 2))
    np.testing.assert_allclose(factors[:, 0], factors[:, 1], rtol=1e-4)
    assert 0.6 <= factors.min() < 0.65
    assert 1.35 < factors.max() <= 1.4
    assert layers.RandomContrast(0.5).factor == (0.0, 0.5)  # one number is the upper bound alone, as in Keras


# Distributions


def test_half_of_the_images_are_flipped() -> None:
    for mode, flipped in (("horizontal", np.s_[:, :, ::-1]), ("vertical", np.s_[:, ::-1]),
                          ("horizontal_and_vertical", np.s_[:, ::-1, ::-1])):  # fmt: skip
        y = layers.RandomFlip(mode, seed=4)(BATCH)
        there = (y == BATCH[flipped]).all((1, 2, 3))
        assert (there | (y == BATCH).all((1, 2, 3))).all()
        assert 115 < there.sum() < 185  # four standard deviations of 300 tosses


def test_brightness_goes_both_ways_within_its_range() -> None:
    x = np.full((400, 1, 1, 1), 100.0, "float32")
    d = layers.RandomBrightness(0.2, seed=1)(x).ravel() - 100
    assert -51 <= d.min() < -48
    assert 48 < d.max() <= 51
    assert abs(d.mean()) < 6  # four standard errors of the mean: 4 * 102 / sqrt(12 * 400)


def test_shifts_of_rows_and_columns_have_nothing_to_do_with_each_other() -> None:
    x = np.zeros((400, 41, 41, 2), "float32")
    x[..., 0], x[..., 1] = np.mgrid[:41, :41]
    y = layers.RandomTranslation(0.2, (-0.1, 0.3), seed=1)(x)[:, 20, 20]
    down, right = (20 - y.T) / 41
    assert -0.2 <= down.min() < -0.19
    assert 0.19 < down.max() <= 0.2
    assert -0.1 <= right.min() < -0.09
    assert 0.29 < right.max() <= 0.3
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.2


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_gives_its_bits_and_each_step_others(name: str) -> None:
    one, other = RANDOM[name](seed=3), RANDOM[name](seed=3)
    first, second = one(BATCH), one(BATCH)
    np.testing.assert_array_equal(first, other(BATCH))
    np.testing.assert_array_equal(second, other(BATCH))
    assert not np.array_equal(first, second)
    assert not np.array_equal(RANDOM[name](seed=4)(BATCH), first)


@pytest.mark.parametrize("name", RANDOM)
def test_nothing_happens_when_predicting(name: str) -> None:
    layer = RANDOM[name]()
    expected = layer(BATCH, training=False)
    if name != "crop":
        np.testing.assert_array_equal(expected, BATCH)
    model = keras.Sequential([keras.Input(BATCH.shape[1:]), layer])
    np.testing.assert_array_equal(model.predict(BATCH, verbose=0), expected)
    assert layer.generator.state.numpy()[1] == 0
    assert not np.array_equal(model(BATCH, training=True), expected)


def test_a_functional_model_says_whether_it_trains_as_in_keras() -> None:
    inputs = keras.Input(BATCH.shape[1:])
    model = keras.Model(inputs, layers.RandomBrightness(0.5, (0, 9))(inputs))
    assert [layer["inbound_nodes"][0]["kwargs"] for layer in model.get_config()["layers"][1:]] == [{"training": True}]
    assert not np.array_equal(model(BATCH), BATCH)
    np.testing.assert_array_equal(model(BATCH, training=False), BATCH)
    np.testing.assert_array_equal(model.predict(BATCH, verbose=0), BATCH)


def test_one_and_two_threads_have_the_same_bits() -> None:
    x = Tensor(TensorSpec((None, 33, 32, 3), np.dtype("float32")), "x")
    turned = layers.RandomRotation(0.1, seed=1)(x, training=True)
    shifted = layers.RandomTranslation(0.2, 0.2, seed=2)(turned, training=True)
    y = layers.Resizing(30, 40)(shifted)
    plan, data = Plan([y], [x]), np.random.default_rng(0).uniform(0, 1, (9, 33, 32, 3)).astype("float32")
    results = []
    before = keras.config.threads()
    try:
        for threads in (1, 2):
            keras.config.set_threads(threads)
            with one_pool():
                results.append(plan(data)[0])
    finally:
        keras.config.set_threads(before)
    np.testing.assert_array_equal(*results)


def test_a_plan_draws_what_a_call_draws() -> None:
    model = keras.Sequential([keras.Input((33, 32, 3)), layers.RandomTranslation(0.3, 0.3, seed=5)])
    data = np.random.default_rng(0).uniform(0, 1, (9, 33, 32, 3)).astype("float32")
    called = layers.RandomTranslation(0.3, 0.3, seed=5)(data)
    inputs = Tensor(TensorSpec(data.shape, np.dtype("float32")), "x")
    planned = Plan([model(inputs, training=True)], [inputs])(data)[0]
    np.testing.assert_array_equal(planned, called)


# What they take


@pytest.mark.parametrize("name", [*RANDOM, "resizing", "center"])
def test_bytes_single_images_empty_batches_and_channels_first(name: str) -> None:
    def make(**config: Any) -> Any:
        if name == "resizing":
            return layers.Resizing(3, 7, **config)
        return layers.CenterCrop(3, 4, **config) if name == "center" else RANDOM[name](seed=6, **config)

    x = (255 * BATCH[:2]).astype("uint8")
    y = make()(x)
    assert y.dtype == ("uint8" if name == "resizing" else "float32")
    np.testing.assert_array_equal(make()(x[0]), y[0])
    assert make()(x[:0]).shape == (0, *y.shape[1:])
    first = make(data_format="channels_first")(x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), y)
    expected = "float64" if name != "resizing" else "uint8"
    assert make(dtype="float64")(x).dtype == expected


def test_sizes_may_come_with_the_batch() -> None:
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.CenterCrop(4, 4)(layers.Resizing(6, 5, crop_to_aspect_ratio=True)(inputs)))
    assert model.output_shape == (None, 4, 4, 3)
    for shape in ((2, 9, 7, 3), (3, 4, 12, 3)):
        assert model.predict(np.ones(shape, "float32"), verbose=0).shape == (shape[0], 4, 4, 3)
    with pytest.raises(ShapeError, match="where to crop"):
        layers.RandomCrop(4, 4)(keras.Input((None, None, 3)))


def test_what_is_refused() -> None:
    refused = [
        (UnknownNameError, lambda: layers.RandomFlip("diagonal")),
        (UnknownNameError, lambda: layers.Resizing(3, 3, interpolation="area")),
        (UnknownNameError, lambda: layers.RandomRotation(0.1, fill_mode="mirror")),
        (UnknownNameError, lambda: layers.RandomZoom(0.1, interpolation="bicubic")),
        (ArgumentError, lambda: layers.RandomRotation(1.5)),
        (ArgumentError, lambda: layers.RandomRotation("0.1")),
        (ArgumentError, lambda: layers.RandomTranslation((0.1, 0.2, 0.3), 0.1)),
        (ArgumentError, lambda: layers.RandomZoom(-1.0)),
        (ArgumentError, lambda: layers.RandomContrast(-0.1)),
        (ArgumentError, lambda: layers.RandomBrightness(0.1, value_range=255)),
        (ArgumentError, lambda: layers.RandomBrightness(0.1, bounding_box_format="xyxy")),
        (ArgumentError, lambda: layers.Resizing(0, 3)),
        (ArgumentError, lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)),
        (ArgumentError, lambda: layers.Resizing(3, 3, fill_mode="reflect")),
        (ArgumentError, lambda: layers.RandomFlip()({"images": BATCH})),
        (ShapeError, lambda: layers.RandomFlip()(BATCH[0, 0])),
        (ShapeError, lambda: layers.Resizing(3, 3)(keras.Input((5, 5)))),
    ]
    for error, make in refused:
        with pytest.raises(ChainruleError) as caught:
            make()
        assert isinstance(caught.value, error)


def test_a_place_that_is_no_number_reads_inside_the_image() -> None:
    x = ramp(3, 3)
    transform = np.array([[np.nan, 0, 0, 0, np.inf, -1e300]])
    assert np.isfinite(affine_transform(x, transform, fill_mode="reflect")).all()


# In a model


def network() -> Any:
    return keras.Sequential([
        keras.Input((8, 8, 3)), layers.RandomFlip("horizontal", seed=1), layers.RandomTranslation(0.2, 0.2, seed=2),
        layers.RandomRotation(0.05, seed=3), layers.RandomBrightness(0.1, (0, 1), seed=4),
        layers.SpatialDropout2D(0.2, seed=5), layers.Flatten(), layers.Dense(4, "softmax"),
    ])  # fmt: skip


def test_a_model_that_begins_with_them_trains_and_resumes_from_its_file(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(0, 1, (40, 8, 8, 3)).astype("float32")
    labels = x[..., 0].mean((1, 2)).argsort() % 4

    def trained(epochs: int, model: Any) -> Any:
        model.fit(x, labels, batch_size=16, epochs=epochs, shuffle=False, verbose=0)
        return model

    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy")
    whole = network()
    whole.compile("sgd", "sparse_categorical_crossentropy")
    whole.set_weights(model.get_weights())
    trained(1, model).save(tmp_path / "model.keras")
    assert model.layers[0].generator.state.numpy().tolist() == [1, 3]
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].generator.state.numpy().tolist() == [1, 3]
    trained(1, loaded)
    trained(2, whole)
    for a, b in zip(loaded.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), loaded(x, training=False), rtol=1e-5)


# Spatial dropout


@pytest.mark.parametrize(
    ("layer", "shape", "places"),
    [
        (layers.SpatialDropout1D(0.4, seed=1), (50, 6, 8), (1,)),
        (layers.SpatialDropout2D(0.4, seed=1), (50, 3, 5, 8), (1, 2)),
        (layers.SpatialDropout2D(0.4, seed=1, data_format="channels_first"), (50, 8, 3, 5), (2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_channels(layer: Any, shape: tuple[int, ...], places: tuple[int, ...]) -> None:
    x = np.ones(shape, "float32")
    np.testing.assert_array_equal(layer(x), x)
    inputs = Tensor(TensorSpec((None, *shape[1:]), np.dtype("float32")), "x")
    with tracing():
        planned = Plan([layer(inputs, training=True)], [inputs])(x)[0]
    y = layer(x, training=True)
    np.testing.assert_array_equal(planned, y)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.6)}
    assert (y.min(places) == y.max(places)).all()
    assert abs((y.min(places) == 0).mean() - 0.4) < 0.1  # four standard deviations of 400 draws
